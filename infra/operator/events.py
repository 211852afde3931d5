"""What a service remembers: one event, a stream, or the end of the log. Personal fields stay sealed unless asked."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cyclopts import App, Parameter
from cyclopts.validators import Number

from infra.operator.access import (
    Name,
    connected,
    console,
    dsn,
    master_key,
    operator,
    print_json,
    refuse,
    service_of,
)
from shared.codec import Codec
from shared.database import Connection, open_pool
from shared.envelope import meta_of
from shared.log_feed import PAGE, read_head, read_page
from shared.operator.actions import DONE, Action
from shared.personal import KeyAbsent, Keyring
from shared.records import Record

COLUMNS = "SELECT notification_id, tenant_id, originator_id, originator_version, topic, state, recorded_at FROM events"
SEALED, ERASED = "(sealed)", "(erased)"
AsJson = Annotated[bool, Parameter(name="--json", negative=())]
Opened = Annotated[bool, Parameter(name="--open", negative=())]
Show = Callable[[Record], Awaitable[None]]

app = App(name="events", help=__doc__)


@app.command
async def show(service: Name, position: int, *, as_json: AsJson = False, opened: Opened = False) -> None:
    """The event at a position of the log.

    Parameters
    ----------
    as_json: One line of JSON.
    opened: Show personal fields in clear. That it was done is recorded.
    """
    async with _showing(service, as_json, opened, position=position) as (connection, shown):
        records = await read_page(connection, position - 1, 1) if position > 0 else []
        if not records:
            refuse(f"{service} has no event {position}: its log ends at {await read_head(connection)}.")
        await shown(records[0])


@app.command
async def stream(service: Name, aggregate_id: UUID, *, as_json: AsJson = False, opened: Opened = False) -> None:
    """All events of one aggregate, in order.

    Parameters
    ----------
    as_json: A line of JSON for each event.
    opened: Show personal fields in clear. That it was done is recorded.
    """
    async with _showing(service, as_json, opened, aggregate=str(aggregate_id)) as (connection, shown):
        query = f"{COLUMNS} WHERE originator_id = %s ORDER BY originator_version"
        rows = await (await connection.execute(query.encode(), (aggregate_id,))).fetchall()
        if not rows:
            refuse(f"{service} has no aggregate {aggregate_id}.")
        for row in rows:
            await shown(Record.of_log(row))


@app.command
async def tail(
    service: Name,
    *,
    tenant: UUID | None = None,
    topic: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=0, lte=10_000))] = 10,
    follow: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> None:
    """The newest events, and with `--follow` those that come, until Ctrl-C.

    Parameters
    ----------
    topic: The whole name of an event, as `academic.student_enrolled`.
    limit: How many of those that are stored.
    as_json: A line of JSON for each event.
    """
    known = Codec(service_of(service).aggregates).types
    if topic is not None and topic not in known:
        refuse(f"{service} tells no {topic}; it tells {', '.join(sorted(known))}.")
    async with _showing(service, as_json, False) as (connection, shown):
        await connection.execute(f"LISTEN rollbook_{service}".encode())
        head = await read_head(connection)
        query = (
            f"{COLUMNS} WHERE notification_id <= %(head)s AND (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s)"
            " AND (%(topic)s::text IS NULL OR topic = %(topic)s) ORDER BY notification_id DESC LIMIT %(limit)s"
        )
        cursor = await connection.execute(
            query.encode(), {"head": head, "tenant": tenant, "topic": topic, "limit": limit}
        )
        for row in reversed(await cursor.fetchall()):
            await shown(Record.of_log(row))
        while follow:
            async for _ in connection.notifies(timeout=0.5, stop_after=1):
                pass
            for record in await read_page(connection, head, PAGE):
                head = record.position
                if tenant in (None, record.tenant_id) and topic in (None, record.topic):
                    await shown(record)


@asynccontextmanager
async def _showing(service: Name, as_json: bool, opened: bool, **what: Any) -> AsyncIterator[tuple[Connection, Show]]:
    """A connection, and what prints an event in the way that was asked for."""
    codec = Codec(service_of(service).aggregates)
    sealed = {name: kind.sealed for name, kind in codec.types.items()}
    async with connected(service) as connection:
        if not opened:

            async def closed(record: Record) -> None:
                _print(_described(record, dict.fromkeys(sealed.get(record.topic, ()), SEALED)), as_json)

            yield connection, closed
            return
        await Action(connection, operator(), "events.open", **what).record(DONE, {})
        async with open_pool(dsn(service, "worker"), size=1) as pool:
            keyring = Keyring(master_key(service), pool)

            async def clear(record: Record) -> None:
                texts = {name: await _text(keyring, record, name) for name in sealed.get(record.topic, ())}
                _print(_described(record, texts), as_json)

            yield connection, clear


async def _text(keyring: Keyring, record: Record, field: str) -> str:
    """What a person's key opens; sealed where there is no such key here."""
    person = next(iter(meta_of(record.state).get("subjects", ())), None)
    value = _content(record)["data"].get(field)
    if person is None or value is None:
        return SEALED
    try:
        (text,) = await keyring.open(record.tenant_id, [(UUID(person), field, value)])
    except (KeyAbsent, InvalidTag):
        return SEALED
    return ERASED if text is None else text


def _content(record: Record) -> dict[str, Any]:
    """`meta` and `data` as they are stored; bytes that nobody can read are shown as such."""
    try:
        content = orjson.loads(record.state)
    except ValueError:
        content = None
    readable = isinstance(content, dict) and all(isinstance(content.get(part), dict) for part in ("meta", "data"))
    return content if readable else {"meta": {}, "data": {"unreadable": record.state.decode(errors="replace")}}


def _described(record: Record, instead: Mapping[str, str]) -> dict[str, Any]:
    """`instead` takes the place of fields that hold something."""
    content = _content(record)
    data = {key: instead.get(key, value) if value is not None else None for key, value in content["data"].items()}
    return {
        "position": record.position,
        "recorded_at": record.recorded_at,
        "topic": record.topic,
        "tenant_id": record.tenant_id,
        "aggregate_id": record.aggregate_id,
        "version": record.version,
        "meta": content["meta"],
        "data": data,
    }


def _print(event: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(event)
        return
    console.print(f"{event['position']}  {event['topic']}  {event['recorded_at']}", style="bold", highlight=False)
    console.print(
        f"tenant {event['tenant_id']}  aggregate {event['aggregate_id']}  version {event['version']}", highlight=False
    )
    console.print_json(data={"meta": event["meta"], "data": event["data"]}, indent=2)
    sys.stdout.flush()
