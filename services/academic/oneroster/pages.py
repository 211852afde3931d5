"""Pages of rows: what a request asks for, and the rows that answer it."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID

from academic.oneroster.filters import Filter
from academic.oneroster.refusals import FilterInvalid
from academic.oneroster.resources import Field, Resource
from academic.orgs.org import root_org_id
from academic.people.details import PERSONAL
from shared.personal import Keyring
from shared.reading import Reading
from shared.tables import Row

MOST_OPENED = 2_000
"""People whose sealed fields one request may compare."""


class Place(NamedTuple):
    """Where rows are looked for: `condition` over `r`, with `params`."""

    condition: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    filter: Filter
    sort: Field | None
    order: Literal["asc", "desc"]
    limit: int
    offset: int

    @property
    def sealed(self) -> bool:
        return self.filter.sealed or (self.sort is not None and self.sort.kind == "sealed")


class Found(NamedTuple):
    rows: list[Row]
    total: int


async def find(read: Reading, keyring: Keyring, resource: Resource, place: Place, asked: Asked) -> Found:
    """One page, and how many rows there are. Raises FilterInvalid."""
    if asked.sealed:
        return await _find_opened(read, keyring, resource, place, asked)
    query, params = _query(read, resource, place, asked.filter)
    ((total,),) = [row.values() for row in await read.rows(f"SELECT count(*) {query}", **params)]
    rows = await read.rows(
        f"SELECT r.* {query} ORDER BY {_order(asked)} LIMIT %(limit)s OFFSET %(offset)s",
        **params,
        limit=asked.limit,
        offset=asked.offset,
    )
    return Found(await opened(keyring, read.tenant_id, resource, rows), total)


async def one(read: Reading, keyring: Keyring, resource: Resource, place: Place) -> Row | None:
    query, params = _query(read, resource, place, Filter())
    rows = await read.rows(f"SELECT r.* {query} ORDER BY r.status, r.changed DESC, r.id LIMIT 1", **params)
    return (await opened(keyring, read.tenant_id, resource, rows))[0] if rows else None


async def opened(keyring: Keyring, tenant_id: UUID, resource: Resource, rows: list[Row]) -> list[Row]:
    """Personal fields in clear. Who was erased is to be deleted."""
    if resource.one != "user" or not rows:
        return rows
    texts = iter(await keyring.open(tenant_id, [(row["id"], name, row[name]) for row in rows for name in PERSONAL]))
    clear = [row | {name: next(texts) for name in PERSONAL} for row in rows]
    return [row if row["given_name"] is not None else row | {"status": "tobedeleted"} for row in clear]


async def _find_opened(read: Reading, keyring: Keyring, resource: Resource, place: Place, asked: Asked) -> Found:
    """Sealed fields are compared here: the database keeps them closed."""
    query, params = _query(read, resource, place, asked.filter)
    rows = await read.rows(f"SELECT r.* {query} ORDER BY r.sourced_id, r.id LIMIT {MOST_OPENED + 1}", **params)
    if len(rows) > MOST_OPENED:
        raise FilterInvalid(
            f"Names and addresses are sealed: they are compared among {MOST_OPENED} people at most. Narrow the filter "
            "by AND with a field that is not personal, or ask for the people of a class or school."
        )
    clear = await opened(keyring, read.tenant_id, resource, rows)
    held = [row for row in clear if asked.filter.holds(row)]
    if asked.sort is not None:
        column = asked.sort.column
        there = [row for row in held if row[column] is not None]
        there.sort(key=lambda row: row[column], reverse=asked.order == "desc")
        held = there + [row for row in held if row[column] is None]
    return Found(held[asked.offset : asked.offset + asked.limit], len(held))


def _query(read: Reading, resource: Resource, place: Place, filter: Filter) -> tuple[str, dict[str, Any]]:
    query = f"FROM ({resource.rows}) r WHERE {place.condition} AND {filter.sql()}"
    return query, {"root": str(root_org_id(read.tenant_id)), **place.params, **filter.params}


def _order(asked: Asked) -> str:
    if asked.sort is None:
        return "r.sourced_id, r.id"
    return f"r.{asked.sort.column} {asked.order} NULLS LAST, r.sourced_id, r.id"
