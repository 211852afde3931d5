"""All rows and teeth by id, in the order in which they run: each is a function in the module of its name."""

from collections.abc import Awaitable, Callable
from importlib import import_module

from tests.faults.arena import Arena

Row = Callable[[Arena], Awaitable[None]]

ROWS = {
    "G1": "rows.durable_reply",
    "G2": "rows.any_kill",
    "G3": "rows.order",
    "G4": "rows.one_writer_wins",
    "G5": "rows.safe_retry",
    "G6": "rows.reaches_kafka",
    "G7": "rows.two_relays",
    "G8": "rows.exactly_once",
    "G9": "rows.clean_stop",
    "G10": "rows.postgres_away",
    "G11": "rows.disk_full",
    "G12": "rows.clock_jump",
    "G13": "rows.poison_event",
    "G14": "rows.cut_network",
    "G15": "rows.frozen_writer",
    "G16": "rows.slow_consumer",
    "G17": "rows.rebuild",
    "G18": "rows.old_events",
    "G20": "rows.simulated",
    "G21": "rows.own_writes",
    "G23": "rows.reactions",
    "G24": "rows.erasure",
    "T1": "teeth.no_lock",
    "T2": "teeth.acknowledge_first",
    "T3": "teeth.position_apart",
    "T4": "teeth.no_positions",
    "T6": "teeth.no_chain",
    "T7": "teeth.key_apart",
    "T8": "teeth.no_tenant",
    "T10": "teeth.by_offset",
    "T11": "teeth.no_compare",
}


def row(name: str) -> Row:
    module, function = f"tests.faults.{ROWS[name]}", ROWS[name].partition(".")[2]
    found: Row = getattr(import_module(module), function)
    return found
