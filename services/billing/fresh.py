"""Reading what a client did a moment ago, here or in another service: after the reactions to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.caller import Caller
from shared.reading import Reading
from shared.views import View

SOURCES = ("auth", "billing")


@asynccontextmanager
async def caught_up(caller: Caller, view: type[View]) -> AsyncIterator[Reading]:
    """The view after the effects of everything that the caller's token names. Raises ViewBehind, ViewParked."""
    for source in SOURCES:
        async with caller.reading(view, after_reactions_of=source):
            pass
    async with caller.reading(view, after_reactions_of="academic") as read:
        yield read
