"""Families see themselves and their children, at the time asked, and nobody else."""

import random
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from academic.people.person import Person
from infra.testing.school import School
from shared.calls import Claim
from shared.ids import uuid7

FAMILY = {"within": {"family": ["people.read", "absences.read", "absences.write"]}}


@dataclass
class Account:
    """Somebody who signs in, and the person behind."""

    school: School
    user_id: UUID
    person_id: str

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        it = self.school.it
        token = it.signer.token(self.school.tenant_id, ["me"], ["guardian"], self.user_id, FAMILY)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}
        return await it.client.request(method, path, json=body, headers=headers)

    async def sees(self, person_id: str) -> bool:
        return bool((await self.ask("GET", f"/people/{person_id}")).status_code == 200)

    async def listed(self, path: str, field: str = "id") -> set[str]:
        await self.school.it.settle()
        return {line[field] for line in (await self.ask("GET", path)).json()["data"]}


async def account(school: School, person_id: str) -> Account:
    """As an accepted invitation links it."""
    user_id, call = uuid7(), school.it.call(school.tenant_id)
    claim = Claim(school.tenant_id, "user-account", str(user_id), UUID(person_id))
    await school.it.kernel.store.change(
        Person, UUID(person_id), lambda person: person.link_user_account(user_id, call.now), call=call, claims=[claim]
    )
    return Account(school, user_id, person_id)


async def family(school: School, name: str) -> tuple[Account, str]:
    """A guardian with an account, and the child."""
    child, guardian = await school.person(f"{name} junior"), await school.person(name, role="guardian")
    await school.did(f"/people/{child}/guardians", {"guardian_id": guardian})
    return await account(school, guardian), child


async def test_A22_a_guardian_sees_the_own_child_and_no_other(school: School) -> None:
    ann, child = await family(school, "Ann")
    _, other = await family(school, "Ben")
    await school.it.settle()
    assert (await ann.sees(child), await ann.sees(ann.person_id), await ann.sees(other)) == (True, True, False)
    assert await ann.listed("/people") == {child, ann.person_id}


async def test_A22_a_guardian_who_was_unlinked_sees_the_child_no_more(school: School) -> None:
    ann, child = await family(school, "Ann")
    await school.did(f"/people/{child}/guardians/{ann.person_id}/removal")
    await school.it.settle()
    assert not await ann.sees(child)
    assert await ann.listed("/people") == {ann.person_id}


async def test_A18_A22_a_guardian_gives_notice_for_the_own_child_alone(school: School) -> None:
    ann, child = await family(school, "Ann")
    _, other = await family(school, "Ben")
    notice = {"person_id": child, "first": "2026-09-07", "last": "2026-09-08", "reason": "A cold"}
    given = await ann.ask("POST", "/absence-notices", notice)
    assert given.status_code == 201
    foreign = await ann.ask("POST", "/absence-notices", notice | {"person_id": other})
    unknown = await ann.ask("POST", "/absence-notices", notice | {"person_id": str(uuid7())})
    assert (foreign.status_code, foreign.json()["code"]) == (unknown.status_code, unknown.json()["code"])
    assert foreign.status_code == 404
    await school.did("/absence-notices", notice | {"person_id": other})
    assert await ann.listed("/absence-notices", "person_id") == {child}
    notice_id = given.json()["data"]["id"]
    assert (await ann.ask("POST", f"/absence-notices/{notice_id}/approval")).status_code == 403
    assert (await ann.ask("POST", f"/absence-notices/{notice_id}/withdrawal")).status_code == 200


async def test_A22_an_account_that_is_linked_to_nobody_sees_nobody(school: School) -> None:
    _, child = await family(school, "Ann")
    nobody = Account(school, uuid7(), "")
    assert not await nobody.sees(child)
    assert await nobody.listed("/people") == set()
    assert await nobody.listed("/absence-notices") == set()


async def test_S3_A22_random_families_see_what_a_model_says(school: School) -> None:
    """400 decisions, also after links that come and go."""
    chance = random.Random(1)
    children = [await school.person(f"Child {n}") for n in range(6)]
    accounts = [await account(school, await school.person(f"Adult {n}", role="guardian")) for n in range(4)]
    accounts.append(await account(school, children[0]))
    guards: dict[str, set[str]] = {each.person_id: set() for each in accounts}
    people = [*children, *guards]
    for _ in range(8):
        for _ in range(3):
            child, guardian = chance.choice(children), chance.choice(accounts[:4]).person_id
            if child in guards[guardian]:
                await school.did(f"/people/{child}/guardians/{guardian}/removal")
                guards[guardian].remove(child)
            else:
                await school.did(f"/people/{child}/guardians", {"guardian_id": guardian})
                guards[guardian].add(child)
        await school.it.settle()
        for _ in range(50):
            who, whom = chance.choice(accounts), chance.choice(people)
            assert await who.sees(whom) == (whom == who.person_id or whom in guards[who.person_id])
        for who in accounts:
            assert await who.listed("/people") == {who.person_id, *guards[who.person_id]}
