"""How services stand: the log, its relay, every consumer, who leads what."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from aiokafka.errors import KafkaError
from cyclopts import Parameter
from rich.table import Column, Table

from infra.operator.access import SERVICES, Name, broker, complain, connected, console, print_json, service_of
from infra.operator.failing import sentence_of
from shared.operator.status import Status, source_ends, status_of


async def status(
    service: Name | None = None, /, *, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False
) -> None:
    """Of one service or of all; exit status 1 when something is away or nobody leads.

    Parameters
    ----------
    as_json: One line of JSON for each service.
    """
    faults: list[str] = []
    for name in [service] if service else SERVICES:
        try:
            found = await _status(name, faults)
        except Exception as error:  # noqa: BLE001 - the other services are shown all the same
            faults.append(sentence_of(error))
            continue
        if as_json:
            print_json(found)
        else:
            _show(found)
        if not any(leader.role == "relay" for leader in found.leaders):
            faults.append(f"No worker of {name} is running: start one, or nothing is published, shown or reacted to.")
    for fault in dict.fromkeys(faults):
        complain(fault)
    if faults:
        sys.exit(1)


async def _status(name: Name, faults: list[str]) -> Status:
    """Without the ends of other services' topics when Kafka is away."""
    service = service_of(name)
    async with connected(name) as connection:
        try:
            ends = await source_ends(connection, service, broker(name))
        except (KafkaError, TimeoutError) as error:
            ends = {}
            faults.append(sentence_of(error))
        return await status_of(connection, service, ends)


def _show(found: Status) -> None:
    log, relay = found.log, found.relay
    newest = "nothing stored yet" if log.newest is None else f"last event {_ago(log.newest)} ago"
    sessions = ", ".join(f"{number} of {role}" for role, number in log.connections.items()) or "none"
    behind = f"{relay.behind} events behind, oldest {relay.oldest:.1f} s" if relay.behind else "nothing to publish"
    console.print(f"{found.service}", style="bold", highlight=False)
    for line in (
        f"  log      generation {log.generation}, head {log.head}, {newest}",
        f"  relay    position {relay.position}, {behind}",
        f"  writers  {log.waiting} wait for the log; connections: {sessions}",
    ):
        console.print(line, highlight=False, markup=False)
    _print_table(
        ("consumer", "kind", "source", "behind", "parked"),
        [
            (
                each.name,
                f"{each.kind}, live" if each.live else each.kind,
                each.source,
                "unknown" if each.behind is None else str(each.behind),
                str(each.parked or ""),
            )
            for each in found.consumers
        ],
    )
    _print_table(
        ("leads", "process", "from", "connection", "since"),
        [
            (each.role, each.process, each.address or "", str(each.connection), f"{_ago(each.since)} ago")
            for each in found.leaders
            if not each.role.startswith("follow ")
        ],
    )


def _print_table(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(*(Column(name, overflow="fold") for name in columns))
    for row in rows:
        table.add_row(*row)
    if rows:
        console.print(table)


def _ago(moment: datetime) -> str:
    seconds = max(0.0, (datetime.now(UTC) - moment).total_seconds())
    return (
        f"{seconds:.1f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.0f} h"
    )
