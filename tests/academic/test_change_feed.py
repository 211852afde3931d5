"""A30: the feed of changes is in order, complete, repeatable from any position, and holds what the reader may see."""

import asyncio
import secrets
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from academic.main import app
from academic.people.person import Person
from infra.testing.school import School
from shared.personal import Keyring
from tests.academic.test_academic_views import life
from tests.pages import api_of, blocks_of, typed

ALL = ("school.read", "classes.read", "enrolments.read", "attendance.read", "people.read", "absences.read")


async def read(school: School, scopes: tuple[str, ...] = ALL, **params: Any) -> Any:
    """As a machine with these scopes."""
    await school.it.settle()
    headers = {"Authorization": f"Bearer {school.it.signer.token(school.tenant_id, scopes)}"}
    answer = await school.it.client.get("/changes", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def whole(school: School, scopes: tuple[str, ...] = ALL, *, limit: int = 200, after: int = 0) -> list[Any]:
    found: list[Any] = []
    while True:
        page = await read(school, scopes, after=after, limit=limit)
        found += page["changes"]
        after = page["next"]
        if not page["changes"]:
            return found


def unbroken(changes: list[Any], previous: int = 0) -> bool:
    return [each["previous"] for each in changes] == [previous, *(each["position"] for each in changes[:-1])]


async def test_A30_the_feed_is_the_public_log_in_order_whatever_the_pages_and_wherever_one_begins(
    school: School,
) -> None:
    other = await School.founded(school.it)
    await asyncio.gather(life(school), other.class_("Theirs"))
    await school.it.settle()
    types = school.it.kernel.codec.types
    log = [each for each in await school.it.log() if each.tenant_id == school.tenant_id and types[each.topic].public]
    changes = await whole(school)
    assert [each["position"] for each in changes] == [record.position for record in log]
    assert [each["id"] for each in changes] == [orjson.loads(record.state)["meta"]["event_id"] for record in log]
    assert unbroken(changes)
    assert await whole(school, limit=7) == changes
    for start in (1, len(changes) // 2, len(changes) - 1):
        rest = await whole(school, after=changes[start - 1]["position"], limit=50)
        assert rest == changes[start:]
    only = await read(school, types="academic.student_enrolled,academic.org_retired", limit=200)
    assert {each["type"] for each in only["changes"]} == {"academic.student_enrolled"}
    assert unbroken(only["changes"])


async def test_A30_S2_a_reader_gets_what_its_scopes_allow_and_no_reasons(school: School) -> None:
    await life(school)
    few = await whole(school, ("school.read",))
    kinds = {each["type"].partition(".")[2].split("_")[0] for each in few}
    assert kinds == {"org", "academic", "course", "code", "non"}
    assert unbroken(few)
    rosters = await whole(school, ("school.read", "enrolments.read"))
    assert not any(each["type"].startswith(("academic.person", "academic.attendance")) for each in rosters)
    everything = await whole(school)
    (registered, *_) = [each for each in everything if each["type"] == "academic.person_registered"]
    assert registered["data"]["given_name"] == "Ann"
    reasons = [each["data"]["reason"] for each in everything if each["type"] == "academic.absence_notified"]
    reasons += [each["data"]["reason"] for each in everything if each["type"] == "academic.attendance_corrected"]
    assert reasons == [None, None]


async def test_A30_nobody_without_the_scope_reads_the_feed(school: School) -> None:
    school.permissions = ("classes.read", "people.read")
    assert (await school.get("/changes")).status_code == 403


async def test_A30_N6_an_erased_person_has_no_name_in_changes_old_and_new(school: School) -> None:
    ann = await school.person("Ann", "Zeugma")
    assert "Zeugma" in str(await whole(school))
    call = school.it.call(school.tenant_id)
    marker = Keyring.erased(school.tenant_id, UUID(ann))
    await school.it.kernel.store.change(Person, UUID(ann), lambda each: each.erase(call.now), call=call, keys=[marker])
    changes = await whole(school)
    assert "Zeugma" not in str(changes)
    assert [each["data"].get("family_name") for each in changes if each["aggregate_id"] == ann] == [None, None]
    assert changes[-1]["type"] == "academic.person_erased"


async def test_A30_a_waiting_reader_is_answered_by_the_first_change(school: School) -> None:
    last = (await read(school))["next"]
    waiting = asyncio.create_task(read(school, after=last, wait=5))
    await school.class_("New")
    while not waiting.done():
        await school.it.settle()
        await asyncio.wait([waiting], timeout=0.05)
    assert [each["type"] for each in (await waiting)["changes"]] == ["academic.class_opened"]


async def test_A30_a_wait_without_a_change_ends_empty_and_says_where_to_go_on(school: School) -> None:
    last = (await read(school))["next"]
    page = await read(school, after=last, wait=1)
    assert page["changes"] == []
    assert page["next"] >= last


async def test_A30_a_reader_of_another_history_is_told(school: School) -> None:
    await school.class_()
    page = await read(school)
    headers = {"Authorization": f"Bearer {school.it.signer.token(school.tenant_id, ALL)}"}
    params = {"after": page["next"], "generation": page["generation"] + 1}
    answer = await school.it.client.get("/changes", params=params, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "history-replaced")
    assert (await read(school, after=page["next"], generation=page["generation"]))["changes"] == []


async def test_A30_every_command_of_the_page_works(school: School, tmp_path: Path) -> None:
    class_id, ann = await school.class_(), await school.person("Ann", "Lee")
    await school.enrolment(class_id, ann)
    token = school.it.signer.token(school.tenant_id, ALL, claims={"jti": secrets.token_hex(8)})
    async with api_of(app, "academic", school.it.settle) as api:
        blocks = blocks_of("follow-the-changes.md")
        said = await typed(blocks, {"API": api, "AUTH": f"Authorization: Bearer {token}"}, tmp_path)
    assert said[0].endswith("after 0: academic.org_created")
    assert "Ann Lee" in said
    assert "0 new" in said
    assert "academic.student_enrolled 36" in said
