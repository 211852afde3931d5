"""The history of any thing in words: who, when, from → to, why, to those who may read it."""

import random
import string
import time
from typing import Any
from uuid import UUID

import pytest

from academic.changes.field_classes import PERSONAL_FIELDS, READS, STAYS
from academic.histories.labels import LABELS, NOT_SHOWN
from academic.histories.templates import TEMPLATES
from academic.people.person import Person
from academic.service import AGGREGATES
from infra.readme_tables import names, tables
from infra.testing.harness import PERMISSIONS
from infra.testing.school import School
from shared.codec import Codec, EventType
from shared.ids import uuid7
from shared.personal import Keyring
from tests.academic.test_own_family import Account, account

TYPES = Codec(AGGREGATES).types
each_type = pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.topic)


@each_type
def test_N5_every_event_has_words_in_both_languages_that_its_fields_fill(kind: EventType) -> None:
    told = TEMPLATES[kind.topic.partition(".")[2]]
    for text in told:
        used = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        assert used <= {*kind.fields, "it"}, kind.topic
    assert told.en != told.es


@each_type
def test_N5_every_field_has_a_name_or_is_left_out_for_a_reason(kind: EventType) -> None:
    assert set(kind.fields) <= LABELS.keys() | NOT_SHOWN
    assert kind.aggregate_topic in READS


def test_N5_no_words_are_left_of_events_that_are_gone() -> None:
    assert {f"academic.{name}" for name in TEMPLATES} == TYPES.keys()
    assert TYPES.keys() >= STAYS


def test_N5_A30_what_is_sealed_is_personal_or_special_as_the_table_of_events_says() -> None:
    for row in tables("academic")["Events"]:
        cell = next(text for column, text in row.items() if column.startswith("fields"))
        for name in TYPES[names(row["stored name"])[0]].sealed:
            assert f"`{name}` {'personal' if name in PERSONAL_FIELDS else 'special'}" in cell


async def texts(school: School, path: str, **params: Any) -> list[str]:
    return [entry["text"] for entry in await school.got(f"/history{path}", **params)]


async def test_N5_A16_R4_23_R4_24_a_class_tells_who_changed_what_from_what_to_what(school: School) -> None:
    class_id = await school.class_("Piano A", capacity=8)
    ann = await school.person("Ann", "Lee")
    enrolment_id = await school.enrolment(class_id, ann)
    await school.did(f"/classes/{class_id}/capacity", {"capacity": 10})
    await school.did(f"/classes/{class_id}/enrolments/{enrolment_id}/withdrawal", {"on": "2026-10-01"})
    entries = await school.got(f"/history/classes/{class_id}")
    left, seats, came, opened = [each for each in entries if each["action"] != "academic.waitlist_started"]
    assert left["text"] == "Ann Lee left Piano A on 2026-10-01"
    assert came["text"] == "Ann Lee was enrolled in Piano A, from 2026-09-01"
    assert seats["changes"] == [{"field": "capacity", "label": "Seats", "before": "8", "after": "10"}]
    assert (opened["action"], opened["who"]["kind"], opened["who"]["role"]) == (
        "academic.class_opened",
        "user",
        "owner",
    )
    assert opened["at"] <= opened["recorded_at"]
    assert await texts(school, f"/classes/{class_id}/enrolments/{enrolment_id}") == [left["text"], came["text"]]
    spanish = await texts(school, f"/people/{ann}", language="es")
    assert spanish[:2] == ["Ann Lee dejó Piano A el 2026-10-01", "Ann Lee se matriculó en Piano A, desde 2026-09-01"]


async def test_N5_every_kind_of_thing_has_a_history_page_by_page(school: School) -> None:
    year = {"title": "26/27", "type": "schoolYear", "start_on": "2026-09-01", "end_on": "2027-07-01"}
    session_id = (await school.did("/academic-sessions", year))["id"]
    await school.did(f"/academic-sessions/{session_id}/dates", {"start_on": "2026-09-02", "end_on": "2027-07-01"})
    org_id = (await school.did("/orgs", {"name": "Music"}))["id"]
    day_off = {"title": "Fair", "first": "2026-10-12", "last": "2026-10-12", "org_id": org_id}
    await school.did("/calendar/non-teaching-days", day_off)
    course_id = (await school.did("/courses", {"title": "Piano"}))["id"]
    room_id = (await school.did("/rooms", {"name": "Room 1", "capacity": 12}))["id"]
    assert await texts(school, f"/academic-sessions/{session_id}", limit=1) == [
        "26/27 now goes from 2026-09-02 to 2027-07-01"
    ]
    assert (await texts(school, f"/orgs/{org_id}"))[0] == "No teaching on 2026-10-12: Fair"
    assert await texts(school, f"/courses/{course_id}") == ["The course Piano was added"]
    assert await texts(school, f"/rooms/{room_id}") == ["The room Room 1 was added"]
    first = await school.get("/history/attendance-codes", {"limit": 2})
    cursor = first.json()["meta"]["pagination"]["next"]
    rest = await texts(school, "/attendance-codes", cursor=cursor)
    assert len(first.json()["data"]) == 2
    assert rest[-1] == "The attendance codes began"


async def corrected(school: School) -> tuple[str, str, str]:
    class_id, ann = await school.class_(), await school.person("Ann", "Lee")
    enrolment_id = await school.enrolment(class_id, ann)
    meeting_id = await school.meeting(class_id)
    marks = {"marks": [{"enrolment_id": enrolment_id, "code": "A"}]}
    register_id = (await school.did(f"/meetings/{meeting_id}/attendance", marks))["id"]
    change = {"enrolment_id": enrolment_id, "code": "E", "reason": "was at the doctor"}
    await school.did(f"/registers/{register_id}/corrections", change)
    return ann, meeting_id, register_id


async def test_N5_A16_why_a_mark_was_corrected_is_for_those_who_may_read_attendance(school: School) -> None:
    ann, meeting_id, register_id = await corrected(school)
    entry = (await school.got(f"/history/registers/{register_id}"))[0]
    assert entry["text"] == "The mark of Ann Lee was corrected: A to E"
    assert entry["why"] == "was at the doctor"
    assert [(each["before"], each["after"]) for each in entry["changes"]] == [("A", "E")]
    assert entry["text"] in await texts(school, f"/people/{ann}")
    assert entry["text"] in await texts(school, f"/meetings/{meeting_id}")
    school.permissions = ("classes.read",)
    seen = await school.get(f"/history/meetings/{meeting_id}")
    assert [each["action"] for each in seen.json()["data"]] == ["academic.meeting_held", "academic.meeting_planned"]
    assert "doctor" not in seen.text


async def test_N5_S2_names_are_for_those_who_may_read_people(school: School) -> None:
    class_id = await school.class_()
    await school.enrolment(class_id, await school.person("Ann", "Lee"))
    school.permissions = tuple(each for each in PERMISSIONS if each != "people.read")
    answer = await school.get(f"/history/classes/{class_id}")
    assert "somebody was enrolled" in answer.text
    assert "Lee" not in answer.text


async def test_N5_A22_a_family_reads_its_own_history_and_sees_nobody_else_named(school: School) -> None:
    child, mia = await school.person("Kim", "Lee"), await school.person("Mia", "Lee", "guardian")
    bob, other = await school.person("Bob", "Roe", "guardian"), await school.person("Una", "Poe")
    for guardian in (mia, bob):
        await school.did(f"/people/{child}/guardians", {"guardian_id": guardian})
    me: Account = await account(school, mia)
    await school.it.settle()
    answer = await me.ask("GET", f"/history/people/{child}")
    found = [entry["text"] for entry in answer.json()["data"]]
    assert found[:2] == ["somebody became a guardian of Kim Lee", "Mia Lee became a guardian of Kim Lee"]
    assert "Roe" not in answer.text
    assert (await me.ask("GET", f"/history/people/{other}")).status_code == 404


async def test_N5_A32_who_changed_a_students_data_is_named_with_what_stood_there_before(school: School) -> None:
    ann, eva = await school.person("Ann", "Lee"), await school.person("Eva", "Sol", "staff")
    clerk: Account = await account(school, eva)
    token = school.it.signer.token(school.tenant_id, PERMISSIONS, ["front_desk"], clerk.user_id)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}
    married = {"given_name": "Ann", "family_name": "Roe", "roles": ["student"], "phone": "600"}
    assert (await school.it.client.post(f"/people/{ann}/correction", json=married, headers=headers)).status_code == 200
    newest = (await school.got(f"/history/people/{ann}"))[0]
    assert (newest["who"]["id"], newest["who"]["role"], newest["who"]["name"]) == (
        str(clerk.user_id),
        "front_desk",
        "Eva Sol",
    )
    told = {each["field"]: (each["before"], each["after"]) for each in newest["changes"]}
    assert told == {"family_name": ("Lee", "Roe"), "phone": (None, "600")}


async def test_N5_random_changes_are_told_one_after_the_other_up_to_what_the_lists_show(school: School) -> None:
    """What was after one change is before the next, and the last is what the list has."""
    chance = random.Random(5)
    class_id = await school.class_("T0", capacity=5)
    for _ in range(30):
        if chance.random() < 0.5:
            await school.did(f"/classes/{class_id}/capacity", {"capacity": chance.randrange(1, 9)})
        else:
            await school.did(f"/classes/{class_id}/revision", {"title": f"T{chance.randrange(5)}"})
    now = await school.got(f"/classes/{class_id}")
    known: dict[str, str | None] = {}
    for entry in reversed(await school.got(f"/history/classes/{class_id}", limit=200)):
        for change in entry["changes"]:
            assert change["before"] == known.get(change["field"]), entry
            assert change["before"] != change["after"], entry
            known[change["field"]] = change["after"]
    assert (known["title"], known["capacity"]) == (now["title"], str(now["capacity"]))


async def test_N5_N6_an_erased_person_reads_as_erased(school: School) -> None:
    ann, _, register_id = await corrected(school)
    call = school.it.call(school.tenant_id)
    person = UUID(ann)
    store = school.it.kernel.store
    marker = Keyring.erased(school.tenant_id, person)
    await store.change(Person, person, lambda each: each.erase(call.now), call=call, keys=[marker])
    answers = [await school.get(f"/history/{path}") for path in (f"people/{ann}", f"registers/{register_id}")]
    entry = answers[1].json()["data"][0]
    assert (entry["text"], entry["why"]) == ("The mark of (erased) was corrected: A to E", "(erased)")
    assert not any(secret in answer.text for answer in answers for secret in ("Ann", "Lee", "doctor"))


async def test_N5_a_sensitive_note_is_in_no_history_to_be_read(school: School) -> None:
    ann = await school.person("Ann", "Lee")
    proof = {"amr": ["pwd"], "auth_time": int(time.time())}
    token = school.it.signer.token(school.tenant_id, PERMISSIONS, claims=proof)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}
    note = {"kind": "custody", "text": "only the mother"}
    assert (await school.it.client.post(f"/people/{ann}/notes", json=note, headers=headers)).status_code == 201
    answer = await school.get(f"/history/people/{ann}")
    assert "A note about Ann Lee was written" in [entry["text"] for entry in answer.json()["data"]]
    assert "custody" not in answer.text
    assert "mother" not in answer.text


async def test_N5_A24_a_thing_of_another_kind_has_no_history_here(school: School) -> None:
    class_id, ann = await school.class_(), await school.person()
    for path in (f"people/{class_id}", f"classes/{ann}", f"orgs/{uuid7()}", f"classes/{class_id}/enrolments/{ann}"):
        assert (await school.get(f"/history/{path}")).status_code == 404
