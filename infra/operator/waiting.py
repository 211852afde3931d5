"""Waiting for a build: a progress bar, with an estimate from the rate of the last half minute."""

import asyncio
import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from infra.operator.access import Name, broker, console, refuse, service_of
from shared.builds import BuildUnknown
from shared.database import Connection
from shared.operator.builds import BuildProgress, build_of, list_builds
from shared.operator.status import leaders_of
from shared.service import follower_of

LOOK_EVERY = 0.5
WINDOW = 30.0
STILL = 60.0
"""Seconds without any progress after which is asked whether a worker fills it: indexes of a large table take long."""


async def wait_for_build(connection: Connection, service: Name, number: int) -> None:
    """Until it has read what its source held at the last look. Raises BuildUnknown when it is dropped meanwhile."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        speed_estimate_period=WINDOW,
    )
    with bar:
        task = bar.add_task(f"build {number}", total=None)
        reached, since = -1, time.monotonic()
        while True:
            now = await _progress(connection, service, number)
            bar.update(task, completed=now.position, total=now.end)
            if now.percent == 100:
                return
            if now.position > reached:
                reached, since = now.position, time.monotonic()
            if time.monotonic() - since > STILL and not await _is_led(connection, service, number):
                refuse(f"Build {number} stands at {reached}: start {service}'s worker, it goes on from there.")
            await asyncio.sleep(LOOK_EVERY)


async def _is_led(connection: Connection, service: Name, number: int) -> bool:
    consumer = (await build_of(connection, service_of(service), number)).consumer
    leaders = await leaders_of(connection, service_of(service), [consumer])
    return any(leader.role == follower_of(consumer) for leader in leaders)


async def _progress(connection: Connection, service: Name, number: int) -> BuildProgress:
    """The one place that knows where progress is read."""
    for build in await list_builds(connection, service_of(service), broker(service)):
        if build.build == number:
            return build
    raise BuildUnknown(f"Build {number} of {service} is gone: begin another one.")
