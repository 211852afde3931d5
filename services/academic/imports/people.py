"""User rows with their roles and guardians, as people of the school. Personal fields are sealed here."""

from asyncio import sleep
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from academic.imports.counts import Action
from academic.imports.decided import Decided
from academic.imports.oneroster.records import RoleRow, UserRow
from academic.people.details import ClearDetails, sealed
from academic.people.person import Person, SealedDetails
from academic.source_ids import org_id, person_id, sourced
from shared.personal import Keyring, Sealer
from shared.store import EventStore


@dataclass(frozen=True, slots=True)
class PersonRows:
    """All rows of a bundle about one person. `guardians` are added, none is taken away."""

    sourced_id: str
    user: UserRow | None
    roles: tuple[RoleRow, ...] = ()
    guardians: tuple[str, ...] = ()
    all_roles: bool = False
    """The person has no roles but these (a bulk file, and the caller wants missing rows retired)."""


async def decide_people(
    store: EventStore, keyring: Keyring, tenant_id: UUID, now: datetime, people: Sequence[PersonRows]
) -> Decided:
    """Other requests of the process get their turn between two people."""
    ids = {rows.sourced_id: person_id(tenant_id, rows.sourced_id) for rows in people}
    found = await store.get_many(Person, ids.values(), tenant_id)
    names = [(id, "given_name", person.details.given_name) for id, person in found.items()]
    opened = zip(found, await keyring.open(tenant_id, names), strict=True)
    erased = {id for id, name in opened if name is None}
    sealers = await keyring.sealers(tenant_id, set(ids.values()) - erased)
    decided = Decided()
    for rows in people:
        await sleep(0)
        id = ids[rows.sourced_id]
        if id in erased:
            _erased(decided, rows)
        else:
            _decide(decided, tenant_id, now, rows, sealers[id], found.get(id))
    return decided


def _erased(decided: Decided, rows: PersonRows) -> None:
    for record in filter(None, (rows.user, *rows.roles)):
        text = "The personal data of this person was erased; nothing is taken over."
        decided.skipped(record, "sourcedId", "person-erased", text)


def _decide(
    decided: Decided, tenant_id: UUID, now: datetime, rows: PersonRows, sealer: Sealer, person: Person | None
) -> None:
    """`decided` is told each row once; the user row counts as revised whatever changed of the person."""
    row, known = rows.user, person.details.roles if person is not None else ()
    version = person.version if person is not None else 0
    if row is not None and row.status == "tobedeleted":
        if person is None:
            decided.skipped(row, "sourcedId", "never-known", "The school does not know this person.")
            return
        person.archive(now)
    elif row is not None and person is None:
        details = sealed(sealer, _clear(tenant_id, rows, row, None))
        person = Person.register(sealer.person_id, tenant_id, details, rows.sourced_id, now)
        decided.claims.append(sourced(tenant_id, "person", rows.sourced_id, person.id))
        decided.keys.extend(sealer.new)
    elif person is not None:
        _bring_up_to_date(person, rows, sealer, now)
    if person is None:
        return
    for guardian in rows.guardians if not person.archived else ():
        person.link_guardian(person_id(tenant_id, guardian), now)
    decided.keep(person)
    for role in rows.roles:
        in_use = role.role in known
        action: Action = "unchanged" if in_use else "created"
        if role.status == "tobedeleted":
            action = "retired" if in_use else "unchanged"
        decided.told(role, action)
    if row is not None:
        ended: Action = "retired" if row.status == "tobedeleted" else "revised"
        decided.told(row, "created" if not version else ended if person.version > version else "unchanged")


def _bring_up_to_date(person: Person, rows: PersonRows, sealer: Sealer, now: datetime) -> None:
    row = rows.user
    if row is None:
        roles, orgs = _roles(rows, person.details), _orgs(person.tenant_id, rows, person.details)
        person.correct(replace(person.details, roles=roles, org_ids=orgs), now)
    elif row.line > 0:
        person.restore(now)
        person.correct(sealed(sealer, _clear(person.tenant_id, rows, row, person.details), person.details), now)


def _clear(tenant_id: UUID, rows: PersonRows, row: UserRow, before: SealedDetails | None) -> ClearDetails:
    return ClearDetails(
        row.given_name,
        row.family_name,
        row.email or None,
        row.middle_name or None,
        row.username or None,
        row.phone or None,
        row.identifier or None,
        (row.role,) if row.role else _roles(rows, before),
        _orgs(tenant_id, rows, before),
        row.grades,
    )


def _roles(rows: PersonRows, before: SealedDetails | None) -> tuple[str, ...]:
    """The roles there were and those that the rows bring, without those that they end."""
    kept = () if before is None or rows.all_roles else before.roles
    ended = {role.role for role in rows.roles if role.status == "tobedeleted"}
    brought = [role.role for role in rows.roles if role.status == "active"]
    return tuple(dict.fromkeys([*(role for role in kept if role not in ended), *brought]))


def _orgs(tenant_id: UUID, rows: PersonRows, before: SealedDetails | None) -> tuple[UUID, ...]:
    named = [*(rows.user.orgs if rows.user else ()), *(r.org for r in rows.roles if r.org and r.status == "active")]
    kept = () if before is None or (rows.user is not None and rows.user.role) or rows.all_roles else before.org_ids
    return tuple(dict.fromkeys([*kept, *(org_id(tenant_id, org) for org in named)]))
