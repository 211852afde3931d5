"""The feed of changes over HTTP, for integrators."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query

from academic.changes.change_log import ChangeLog
from academic.changes.feed import ChangePage, HistoryReplaced, check_generation, page_after, topics_for
from shared.answers import MAX_PAGE, Answer
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.freshness import Positions
from shared.problems import problems
from shared.reading import Reading

router = APIRouter(tags=["changes"])

LONGEST = 5
"""Seconds of one wait: an answer has six."""
Position = Annotated[int, Query(ge=0, lt=2**63, description="The position from which to go on; 0: from the beginning")]


@router.get("/changes", responses=problems(HistoryReplaced))
async def get_changes(
    caller: Annotated[Caller, may("school.read", sensitive=True)],
    after: Position = 0,
    generation: Annotated[int | None, Query(ge=1, lt=2**31, description="The history that `after` is from")] = None,
    types: Annotated[str, Query(max_length=2000, description="Only these types of events, with commas between")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Changes of one answer")] = 100,
    wait: Annotated[int, Query(ge=0, le=LONGEST, description="Seconds to wait for the first change")] = 0,
) -> Answer[ChangePage]:
    """What happened in the school, in order, from any position on, for ever: public events of the kinds that your
    scopes allow to read. Sessions, orgs, courses and codes come with `school.read`, classes and lessons with
    `classes.read`, who is in them with `enrolments.read`, attendance with `attendance.read`, people with
    `people.read`."""
    if caller.identity is None:
        raise NotFound
    topics = topics_for(caller.identity, caller.kernel.codec, [each for each in types.split(",") if each])
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    while True:
        async with caller.reading(ChangeLog) as read:
            current = await check_generation(read, after, generation)
            changes, next_ = await page_after(read, caller.kernel.codec, caller.keyring, topics, after, limit)
        left = until - loop.time()
        if changes or left <= 0:
            page = ChangePage(generation=current, next=next_, changes=changes)
            return caller.answer(page, "Changes", read)
        await caller.kernel.freshness.until(moved_on(read), left)


def moved_on(read: Reading) -> Callable[[Positions], bool]:
    place, stood = (read.consumer, ChangeLog.SOURCE, 0), read.position
    return lambda positions: positions.get(place, 0) > stood
