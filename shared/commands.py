"""A command: a function that loads, decides and saves, tried again until its outcome is certain."""

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, cast

from shared import telemetry
from shared.calls import Call, Saved
from shared.errors import DomainError
from shared.store import Conflict, EventStore, Stale

P = ParamSpec("P")


def command(
    function: Callable[Concatenate[EventStore, Call, P], Awaitable[Saved]],
) -> Callable[Concatenate[EventStore, Call, P], Awaitable[Saved]]:
    """A function that loads, decides and saves. A copy of a command that came before gets the first one's answer
    before anything is decided, or instead of a refusal that its own effect caused while both were under way; a
    conflict with another process is decided again, until the call's deadline, or, where there is none, until nobody
    else writes."""

    @functools.wraps(function)
    async def run(store: EventStore, call: Call, *args: P.args, **kwargs: P.kwargs) -> Saved:
        with telemetry.span("command", command=function.__name__):
            return await tried(store, call, *args, **kwargs)

    async def tried(store: EventStore, call: Call, *args: P.args, **kwargs: P.kwargs) -> Saved:
        saved = await store.replayed(call)
        tries = 0
        before: Conflict | None = None
        while saved is None:
            try:
                saved = await function(store, call, *args, **kwargs)
            except (DomainError, Stale):
                saved = await store.replayed(call)
                if saved is None:
                    raise
            except Conflict as conflict:
                if call.deadline is None and conflict.repeats(before):
                    raise
                before = conflict
                tries += 1
                pause = random.uniform(0, min(0.005 * 2**tries, 0.5))  # noqa: S311
                if call.deadline is not None and asyncio.get_running_loop().time() + pause > call.deadline:
                    raise
                await asyncio.sleep(pause)
        return saved

    return cast(Callable[Concatenate[EventStore, Call, P], Awaitable[Saved]], run)
