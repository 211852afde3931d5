"""Names of the ids that events hold: of people where the reader may see them, of everything else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from academic.classes.class_list import ClassList
from academic.classes.teaching import Teaching
from academic.courses.catalogue import Catalogue
from academic.orgs.org_tree import OrgTree
from academic.people.directory import Directory, names_of
from academic.rooms.room_list import RoomList
from academic.sessions.session_tree import SessionTree
from shared.caller import Caller
from shared.views import View

TITLES: Mapping[type[View], str] = {
    ClassList: "SELECT id, title AS name FROM class WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)",
    Catalogue: "SELECT id, title AS name FROM course WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)",
    SessionTree: "SELECT id, title AS name FROM academic_session WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)",
    OrgTree: "SELECT id, name FROM org WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)",
    RoomList: "SELECT id, name FROM room WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)",
}
ACCOUNTS = (
    "SELECT user_id, person_id FROM teaching_account WHERE tenant_id = %(tenant)s AND user_id::text = ANY(%(users)s)"
)


def ids_in(values: Iterable[Any]) -> set[UUID]:
    found: set[UUID] = set()
    for value in values:
        if isinstance(value, UUID):
            found.add(value)
        elif isinstance(value, tuple | list):
            found |= {each for each in value if isinstance(each, UUID)}
    return found


async def titles(caller: Caller, ids: Sequence[UUID]) -> dict[UUID, str | None]:
    found: dict[UUID, str | None] = {}
    for view, query in TITLES.items():
        async with caller.reading(view) as read:
            found |= {row["id"]: row["name"] for row in await read.rows(query, ids=list(ids))}
    return found


async def people(caller: Caller, ids: Iterable[UUID]) -> dict[UUID, str | None]:
    """None for an erased person."""
    async with caller.reading(Directory) as read:
        named = await names_of(read, caller.keyring, ids)
    return {id: " ".join(filter(None, (each.given_name, each.family_name))) or None for id, each in named.items()}


async def accounts(caller: Caller, users: Iterable[str]) -> dict[str, UUID]:
    """Which person an account stands for."""
    async with caller.reading(Teaching) as read:
        rows = await read.rows(ACCOUNTS, users=list(users))
    return {str(row["user_id"]): row["person_id"] for row in rows}
