"""Other releases of the town's services, and processes that meet bad luck. Switched in like teeth; none is broken."""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from shared.database import Connection
from shared.facts import Fact
from shared.http import create_app
from shared.key_relay import follow_keys
from shared.positions import Move, move
from shared.reactions import Act
from shared.store import Conflict
from shared.topics import KEY_SETTINGS
from shared.views import Rows
from tests.faults.town import items, keepers, notes
from tests.faults.town.tallies import Tally, Totals

STUMBLES = "stumble"
"""A count with such a tag is more than the release `stumbles` can handle."""
KEYS_AFTER = "TOWN_KEYS_AFTER"
"""The file that must exist before keys arrive."""
DIES_AT = "TOWN_DIES_AT"
"""How many times a process moves the positions of its reactions: it dies before the last."""
CONTENDED = 6
"""Of 256 facts so many are contended for, and for so many seconds."""
CONTENDED_FOR = 5.0
SHORT = {
    "max.compaction.lag.ms": "500",
    "segment.ms": "500",
    "min.cleanable.dirty.ratio": "0.001",
    "file.delete.delay.ms": "100",
}


@contextmanager
def stumbles() -> Iterator[None]:
    handler = Totals.HANDLERS[Tally.Counted.TOPIC]

    async def counted(self: Totals, fact: Fact[Tally.Counted], rows: Rows) -> None:
        if fact.data.tag.startswith(STUMBLES):
            raise ValueError(fact.data.tag)
        await handler.function(self, fact, rows)

    with patch.dict(Totals.HANDLERS, {handler.topic: replace(handler, function=counted)}):
        yield


@contextmanager
def knows_keepers() -> Iterator[None]:
    """Billing shows and greets the keepers of academic's tallies."""
    service = keepers.with_keepers(items.SERVICE)
    app = create_app(service, items.TownSettings, routers=(items.router, keepers.router))
    with patch.object(items, "SERVICE", service), patch.object(items, "app", app):
        yield


@contextmanager
def takes_notes() -> Iterator[None]:
    """Billing has two reactions more."""
    with patch.object(items, "SERVICE", notes.with_notes(items.SERVICE)):
        yield


@contextmanager
def dies_between() -> Iterator[None]:
    """SIGKILL by itself when effects are stored and the positions are not."""
    left = int(os.environ[DIES_AT])

    async def die(connection: Connection, source: str, generation: int, moves: list[Move]) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        await move(connection, source, generation, moves)

    with patch("shared.reacting.move", die):
        yield


@contextmanager
def contended() -> Iterator[None]:
    """Some facts lose against others for longer than a reaction waits in place."""
    [reaction] = items.SERVICE.reactions
    since: dict[str, float] = {}
    versions = itertools.count(1)

    async def book(fact: Fact[items.Counted], act: Act) -> None:
        began = since.setdefault(fact.data.tag, time.monotonic())
        if int(fact.data.tag[-2:], 16) < CONTENDED and time.monotonic() - began < CONTENDED_FOR:
            raise Conflict(next(versions), fact.aggregate_id)
        await reaction.handler.function(fact, act)

    unlucky = replace(reaction, handler=replace(reaction.handler, function=book))
    with patch.object(items, "SERVICE", replace(items.SERVICE, reactions=(unlucky,))):
        yield


@contextmanager
def keys_come_late() -> Iterator[None]:
    async def late(connection: Connection, kafka: str) -> None:
        while not Path(os.environ[KEYS_AFTER]).exists():  # noqa: ASYNC110, ASYNC240 - the harness says when
            await asyncio.sleep(0.05)
        await follow_keys(connection, kafka)

    with patch("shared.worker.follow_keys", late):
        yield


@contextmanager
def short_lived_keys() -> Iterator[None]:
    """The topic of personal keys is compacted within seconds, and beaten on twice a second, in place of hours."""
    with patch.dict(KEY_SETTINGS, SHORT), patch("shared.key_relay.BEAT_EVERY", 0.5):
        yield


RELEASES: dict[str, Any] = {
    "stumbles": stumbles,
    "knows-keepers": knows_keepers,
    "takes-notes": takes_notes,
    "dies-between": dies_between,
    "contended": contended,
    "keys-come-late": keys_come_late,
    "short-lived-keys": short_lived_keys,
}
