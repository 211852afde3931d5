"""Who accepted an invitation is linked to a person of the school, or left for somebody to decide."""

from typing import Any
from uuid import UUID

import pytest

from academic.people.person import AccountTaken, Person, PersonIsArchived
from infra.testing.harness import PERMISSIONS
from infra.testing.school import School
from shared.given import given
from shared.ids import uuid7
from tests.academic.test_person import NOW, ann, archived

USER = uuid7()


def with_account() -> Person:
    person = ann()
    person.link_user_account(USER, NOW)
    return person


def test_F2_an_account_is_linked_once() -> None:
    given(ann()).when(lambda p: p.link_user_account(USER, NOW)).then(Person.UserAccountLinked, user_id=USER)
    given(with_account()).when(lambda p: p.link_user_account(USER, NOW)).then_nothing()
    given(with_account()).when(lambda p: p.link_user_account(uuid7(), NOW)).then_refused(AccountTaken)
    given(archived()).when(lambda p: p.link_user_account(USER, NOW)).then_refused(PersonIsArchived)


@pytest.fixture
def office(school: School) -> School:
    """The school, seen by somebody who may decide about members."""
    school.permissions = (*PERMISSIONS, "members.write")
    return school


async def person_with(school: School, email: str | None) -> UUID:
    body = {"given_name": "Ann", "family_name": "Lee", "roles": ["teacher"], "email": email}
    return UUID((await school.did("/people", body))["id"])


async def accepted(school: School, email: str, person_id: UUID | None = None, user_id: UUID | None = None) -> UUID:
    """The invitation of this address was accepted; the user."""
    it, invitation_id, user_id = school.it, uuid7(), user_id or uuid7()
    sealer = await it.kernel.keyring.sealer(school.tenant_id, invitation_id)
    await it.kernel.store.save(call=it.call(school.tenant_id), keys=sealer.new)
    told = {
        "user_id": user_id,
        "membership_id": uuid7(),
        "linked_person_id": person_id,
        "roles": ["teacher"],
        "email": sealer.seal("email", email).text,
    }
    await it.settle()
    await it.feed("auth.invitation_accepted", school.tenant_id, invitation_id, told)
    return user_id


async def account(school: School, user_id: UUID) -> dict[str, Any]:
    (line,) = [one for one in await school.got("/user-accounts") if one["user_id"] == str(user_id)]
    found: dict[str, Any] = line
    return found


async def test_F2_the_person_whom_the_invitation_names_gets_the_account(office: School) -> None:
    person_id = await person_with(office, None)
    user_id = await accepted(office, "ann@example.org", person_id)
    assert (await account(office, user_id))["person_id"] == str(person_id)
    assert (await office.events())[-1] == "academic.user_account_linked"


async def test_F2_without_a_name_the_verified_address_decides(office: School) -> None:
    await person_with(office, "bo@example.org")
    person_id = await person_with(office, "Ann@Example.ORG")
    user_id = await accepted(office, "ann@example.org")
    assert (await account(office, user_id))["person_id"] == str(person_id)


async def test_F2_an_ambiguous_match_waits_for_an_administrator(office: School) -> None:
    first, second = [await person_with(office, "family@example.org") for _ in range(2)]
    user_id = await accepted(office, "family@example.org")
    line = await account(office, user_id)
    assert (line["person_id"], line["why"]) == (None, "several")
    assert set(line["candidate_ids"]) == {str(first), str(second)}
    assert [one["user_id"] for one in await office.got("/user-accounts", waiting=True)] == [str(user_id)]
    await office.did(f"/people/{second}/user-account", {"user_id": str(user_id)})
    assert (await account(office, user_id))["person_id"] == str(second)
    assert await office.got("/user-accounts", waiting=True) == []
    refused = await office.refused(f"/people/{first}/user-account", {"user_id": str(user_id)})
    assert refused == (409, "account-taken")


async def test_F2_an_address_that_nobody_has_waits(office: School) -> None:
    user_id = await accepted(office, "nobody@example.org")
    assert (await account(office, user_id))["why"] == "nobody"


async def test_F2_a_person_of_another_school_is_none_of_this_one(office: School) -> None:
    other = await School.founded(office.it)
    elsewhere = await person_with(other, "ann@example.org")
    user_id = await accepted(office, "ann@example.org", elsewhere)
    assert (await account(office, user_id))["why"] == "unknown-person"
    assert "academic.user_account_linked" not in await other.events()


async def test_F2_a_person_who_has_an_account_keeps_it(office: School) -> None:
    person_id = await person_with(office, None)
    first = await accepted(office, "ann@example.org", person_id)
    second = await accepted(office, "bo@example.org", person_id)
    assert (await account(office, first))["person_id"] == str(person_id)
    line = await account(office, second)
    assert (line["person_id"], line["why"], line["candidate_ids"]) == (None, "person-has-account", [str(person_id)])


async def test_F2_one_account_is_one_person(office: School) -> None:
    person_id, other_id = [await person_with(office, None) for _ in range(2)]
    user_id = await accepted(office, "ann@example.org", person_id)
    await accepted(office, "ann@example.org", other_id, user_id)
    assert (await account(office, user_id))["person_id"] == str(person_id)
    assert await office.it.parked() == []


async def test_F2_an_account_that_no_invitation_brought_cannot_be_linked(office: School) -> None:
    person_id = await person_with(office, None)
    refused = await office.refused(f"/people/{person_id}/user-account", {"user_id": str(uuid7())})
    assert refused == (404, "not-found")
