"""The object rule of families: oneself, and the students one is a guardian of, at the time asked."""

from typing import Final
from uuid import UUID

from academic.people.directory import Directory
from academic.people.person import Person
from shared.caller import Caller, Rule
from shared.calls import Claim
from shared.reach import Kind

FAMILY: Final[tuple[Kind, ...]] = ("family",)


def own_family(person_id: UUID) -> Rule:
    """Asked of the person itself: a guardian who was unlinked this moment is refused at once."""

    async def rule(caller: Caller) -> bool:
        me = await own_person(caller)
        if "family" not in caller.reach.kinds or me is None:
            return False
        person = await caller.store.find(Person, person_id, caller.tenant_id)
        return person is not None and (me == person_id or me in person.guardians)

    return rule


async def own_person(caller: Caller) -> UUID | None:
    """Who the caller is in this school's records; None for an account that is linked to nobody."""
    account = Claim(caller.tenant_id, "user-account", str(caller.user_id), caller.user_id)
    return (await caller.store.owners(caller.tenant_id, [account])).get((account.kind, account.key))


async def reached_people(caller: Caller) -> list[UUID] | None:
    """Whom a list may show; None: everybody."""
    if caller.reach.whole:
        return None
    caller.decided()
    me = await own_person(caller)
    if me is None or "family" not in caller.reach.kinds:
        return []
    async with caller.reading(Directory) as read:
        rows = await read.rows(
            "SELECT person_id FROM guardian WHERE tenant_id = %(tenant)s AND guardian_id = %(me)s", me=me
        )
    return [me, *(row["person_id"] for row in rows)]
