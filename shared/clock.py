"""The clock: due work, led by one worker, with the database's time as input."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.database import Connection
from shared.pulse import beat, pulse

if TYPE_CHECKING:
    from shared.kernel import Kernel

log = logging.getLogger(__name__)

TICK = 1.0
JUMP = timedelta(hours=1)


class ClockJumped(Exception):
    """The database's time moved by more than an hour: due work stops until the worker is restarted by somebody."""


@dataclass(frozen=True)
class Rule:
    """Due work: decided again at each run from what is stored, so that a run may be repeated or missed."""

    name: str
    every: timedelta
    run: Callable[[Connection, datetime], Awaitable[None]]


@dataclass(frozen=True)
class Due:
    """Due work of a service that decides by commands. Each command is saved by itself: a run may be repeated or
    missed."""

    name: str
    every: timedelta
    run: "Callable[[Kernel, datetime], Awaitable[None]]"

    def rule(self, kernel: "Kernel") -> Rule:
        async def run(connection: Connection, now: datetime) -> None:
            await self.run(kernel, now)

        return Rule(self.name, self.every, run)


async def expire_commands(connection: Connection, now: datetime) -> None:
    """Clients' idempotency keys end after their time; derived ones have none and stay."""
    await connection.execute(
        "DELETE FROM commands WHERE (tenant_id, key_hash) IN"
        " (SELECT tenant_id, key_hash FROM commands WHERE expires_at < %s LIMIT 5000)",
        (now,),
    )


async def forget_mails(connection: Connection, now: datetime) -> None:
    """What became of a mail is known for a month. An event that old queues none again."""
    await connection.execute(
        "DELETE FROM mails WHERE (tenant_id, mail_id) IN"
        " (SELECT tenant_id, mail_id FROM mails WHERE ended_at < %s LIMIT 5000)",
        (now - timedelta(days=30),),
    )


RULES: tuple[Rule, ...] = (
    Rule("expire-commands", timedelta(minutes=1), expire_commands),
    Rule("forget-mails", timedelta(minutes=10), forget_mails),
)


async def run_clock(connection: Connection, rules: Sequence[Rule] = RULES) -> None:
    """Endless. Raises ClockJumped."""
    loop = asyncio.get_running_loop()
    previous, seen = await time_of(connection), loop.time()
    last = {rule.name: previous - rule.every for rule in rules}
    while True:
        beat()
        now, at = await time_of(connection), loop.time()
        if abs((now - previous) - timedelta(seconds=at - seen)) > JUMP:
            raise ClockJumped
        previous, seen = now, at
        for rule in rules:
            if now - last[rule.name] >= rule.every:
                await rule.run(connection, now)
                last[rule.name] = now
        await asyncio.sleep(TICK)


async def run_until_it_jumps(connection: Connection, rules: Sequence[Rule] = RULES) -> None:
    """Endless. After a jump it does nothing more, and keeps its lock so that nobody else does: a leader would start
    it again, with the new time as the truth."""
    try:
        with pulse("clock"):
            await run_clock(connection, rules)
    except ClockJumped:
        log.critical("the database's clock jumped by more than an hour: due work stops; set it right, then restart")
        await asyncio.get_running_loop().create_future()


async def time_of(connection: Connection) -> datetime:
    cursor = await connection.execute("SELECT clock_timestamp()")
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101
    return row[0]  # type: ignore[no-any-return]
