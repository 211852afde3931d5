"""What is refused to people of a school stands in its audit: who, what, with which answer; a flood in a few rows."""

from collections.abc import Iterable
from typing import Any

import psycopg
import pytest

from academic.main import app
from infra.testing.harness import Running
from infra.testing.school import School
from shared.database import connect
from shared.ids import uuid7
from shared.refused_actions import EACH, MOST, OF_ONE, RefusedActions


@pytest.fixture
async def refused(academic: Running) -> RefusedActions:
    """Nothing of other tests waits."""
    found: RefusedActions = app.state.refused_actions
    await found.store(everything=True)
    return found


class Person:
    """Somebody of a school, with these permissions."""

    def __init__(self, school: School, *permissions: str, **claims: Any) -> None:
        self.school, self.id = school, uuid7()
        self._token = school.it.signer.token(
            school.tenant_id, permissions, ("teacher",), self.id, {"rights": 2**30, **claims}
        )

    async def post(self, path: str, body: Any = None) -> int:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": uuid7().hex}
        return (await self.school.it.client.post(path, json=body, headers=headers)).status_code


async def rows(school: School, refused: RefusedActions, **filter: Any) -> list[dict[str, Any]]:
    await refused.store(everything=True)
    headers = school.it.headers(school.tenant_id, ["audit.read"])
    answer = await school.it.client.get("/refused-actions", params={"limit": 200, **filter}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def told(found: Iterable[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(row["action"], row["outcome"], row["tries"]) for row in found]


async def test_C26_what_a_role_does_not_allow_has_a_line_with_who_and_as_whom(
    school: School, refused: RefusedActions
) -> None:
    act = {"sub": str(uuid7()), "sid": str(uuid7()), "rights": 2**30}
    alone, acting = Person(school, "classes.read"), Person(school, "classes.read", act=act)
    assert await alone.post("/courses", {"title": "Mine"}) == 403
    assert await acting.post("/courses", {"title": "Mine"}) == 403
    second, first = await rows(school, refused)
    assert (first["actor_id"], first["on_behalf_of"], first["actor_role"]) == (str(alone.id), None, "teacher")
    assert (second["actor_id"], second["on_behalf_of"]) == (act["sub"], str(acting.id))
    assert told([first]) == [("POST /courses", "forbidden", 1)]
    assert await rows(school, refused, actor=str(alone.id)) == [first]


async def test_C26_a_body_that_cannot_be_read_hides_no_refusal(school: School, refused: RefusedActions) -> None:
    person = Person(school, "classes.read")
    headers = {"Authorization": f"Bearer {person._token}", "Idempotency-Key": "x", "Content-Type": "application/json"}
    assert (await school.it.client.post("/courses", content=b"{", headers=headers)).status_code == 403
    assert told(await rows(school, refused)) == [("POST /courses", "forbidden", 1)]


async def test_C26_S3_what_lies_outside_of_the_reach_and_what_is_another_schools_has_a_line(
    school: School, refused: RefusedActions
) -> None:
    foreign = (await (await School.founded(school.it)).did("/courses", {"title": "Theirs"}))["id"]
    assert await Person(school, "school.write").post(f"/courses/{foreign}/retirement") == 404
    narrow = Person(school, within={"family": ["people.write"]})
    assert await narrow.post(f"/people/{uuid7()}/absence-alerts/refusal") == 404
    assert told(await rows(school, refused)) == [
        ("POST /people/{person_id}/absence-alerts/refusal", "outside-reach", 1),
        ("POST /courses/{course_id}/retirement", "not-found", 1),
    ]
    assert await rows(await School.founded(school.it), refused) == []


async def test_S29_a_flood_is_a_few_rows_and_hides_nobody_else(school: School, refused: RefusedActions) -> None:
    loud, quiet = Person(school), Person(school)
    for _ in range(EACH + 1):
        await loud.post("/courses", {"title": "Mine"})
        await refused.store()
    for _ in range(3):
        await loud.post("/courses", {"title": "Mine"})
    await refused.store()
    assert len(await rows_of(school)) == EACH
    (whose,) = [key for key in refused._rows if key[2] == str(loud.id)]
    refused._rows[whose] = OF_ONE
    await loud.post("/orgs", {})
    await quiet.post("/courses", {"title": "Mine"})
    found = await rows(school, refused)
    assert told(row for row in found if row["actor_id"] == str(quiet.id)) == [("POST /courses", "forbidden", 1)]
    assert sorted(told(found))[:2] == [("*", "more-refusals", 1), ("POST /courses", "forbidden", 1)]
    assert ("POST /courses", "forbidden", 4) in told(found)


async def rows_of(school: School) -> list[Any]:
    async with await connect(school.it.dsns["superuser"], search_path="academic") as connection:
        cursor = await connection.execute("SELECT 1 FROM refused_actions WHERE tenant_id = %s", (school.tenant_id,))
        return await cursor.fetchall()


async def test_S29_a_school_has_so_many_rows_a_day_and_then_counts(school: School, refused: RefusedActions) -> None:
    one = Person(school)
    await one.post("/courses", {"title": "Mine"})
    await refused.store()
    (whose,) = [key for key in refused._rows if key[0] == school.tenant_id and key[2] == ""]
    refused._rows[whose] = MOST
    await one.post("/orgs", {})
    (last, _) = await rows(school, refused)
    assert (last["actor_kind"], last["actor_id"], *told([last])[0]) == ("unknown", "", "*", "more-refusals", 1)


async def test_S29_nobody_changes_or_removes_what_was_refused(school: School, refused: RefusedActions) -> None:
    await Person(school).post("/courses", {"title": "Mine"})
    await rows(school, refused)
    for role in ("api", "worker", "owner", "superuser"):
        async with await connect(school.it.dsns[role], search_path="academic") as connection:
            for verb in ("UPDATE refused_actions SET tries = 0", "DELETE FROM refused_actions"):
                if role != "owner":
                    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)):
                        await connection.execute(verb.encode())
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)):
                await connection.execute(b"TRUNCATE refused_actions")


async def test_C27_S2_who_reads_no_audit_reads_no_refusals(school: School) -> None:
    answer = await school.it.client.get(
        "/refused-actions", headers=school.it.headers(school.tenant_id, ["school.read"])
    )
    assert answer.status_code == 403
