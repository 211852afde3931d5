"""What was published: how far the relay has come, and whether the topic holds the log."""

from collections.abc import Mapping
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from infra.operator.access import Name, broker, complain, connected, console, operator, refuse
from shared.database import scalar
from shared.operator.rewinding import ends_to_go_back_to, rewind
from shared.operator.status import log_of, relay_lag
from shared.operator.topic_verifying import Findings, first_fault, noted_links, verify_topic
from shared.tails import Link, Tail, tails_of
from shared.topics import events_topic

app = App(name="relay", help=__doc__)


@app.command
async def status(service: Name) -> None:
    """How far it has come, and whether each partition ends where it left it; exit status 1 when one does not."""
    async with connected(service) as connection:
        log = await log_of(connection, service)
        relay = await relay_lag(connection, log)
        noted = await noted_links(connection, log.generation)
    tails = await tails_of(broker(service), events_topic(service, log.generation))
    console.print(f"{service}: position {relay.position}, {relay.behind} events to send", highlight=False)
    table = Table("partition", "noted position", "noted offset", "end in Kafka", "state")
    states = {number: _state(noted.get(number, Link()), tail) for number, tail in tails.items()}
    for number, tail in tails.items():
        link = noted.get(number, Link())
        if not link.position and not tail.end:
            continue
        table.add_row(str(number), str(link.position), str(link.offset), str(tail.end), states[number])
    console.print(table)
    if "shorter" in states.values():
        refuse(f"Kafka has lost records: `rollbook relay verify {service}` says which.")


def _state(noted: Link, tail: Tail) -> str:
    if tail.end <= noted.offset:
        return "shorter"
    return "as noted" if (tail.link, tail.end) == (noted, noted.offset + 1) else "longer"


@app.command
async def verify(service: Name, *, repair: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Read the topic from its beginning and compare it with the log; exit status 1 when it is not the same.

    Parameters
    ----------
    repair: Let the relay send again what readers cannot come to because something before it is missing.
    """
    async with connected(service) as connection:
        generation = int(await scalar(connection, "SELECT generation FROM event_log"))
        findings = await verify_topic(connection, broker(service), service, generation)
        _show(findings)
        fault = first_fault(findings)
        if fault is None:
            console.print(f"{events_topic(service, generation)} holds what the log says.", highlight=False)
            return
        complain(
            f"The first bad position is {fault.position}, in partition {fault.partition}: {fault.wrong}."
            f" {sum(found.lacking for found in findings.values())} published events cannot be reached by readers."
        )
        ends = ends_to_go_back_to(findings)
        if not repair:
            refuse(f"Say `rollbook relay verify {service} --repair` to have them sent again.")
        position = await rewind(connection, operator(), generation, ends)
    console.print(
        f"The relay of {service} goes on behind position {position}, at the latest in half a minute; readers skip what"
        " they know. Verify again when nothing is left to publish.",
        highlight=False,
    )


def _show(findings: Mapping[int, Findings]) -> None:
    table = Table("partition", "events", "duplicates", "did not follow", "foreign", "missing")
    for number, found in sorted(findings.items()):
        counts = (found.events, found.duplicates, found.broken, found.foreign, found.lacking)
        if any(counts):
            table.add_row(str(number), *map(str, counts))
    console.print(table)
