"""N12: a bulk action is undone by its correlation id, and nothing else is."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from academic.classes.seats import EARLIEST, Enrolment
from academic.main import app
from academic.source_ids import class_id, course_id, enrolment_id, org_id, person_id, session_id
from academic.undoing import commands
from academic.undoing.items import Item, Key, Use, without_used
from infra.demo_files import bundle
from infra.testing.harness import PERMISSIONS
from infra.testing.school import School
from shared.ids import uuid7
from tests.academic.test_import_routes import CLASS, COURSE, LEARNS, ORG, files, imported
from tests.academic.test_rollover import session, taught
from tests.pages import api_of, blocks_of, typed

PUPILS = 6


def item(number: int, state: Any = "to-do", *, created: bool = True) -> Item:
    return Item(Key(UUID(int=number)), "academic.org", created, 1, state)


def test_N12_what_something_that_stays_needs_stays_too_to_the_last_consequence() -> None:
    top, middle, leaf, apart = item(1), item(2), item(3, "kept"), item(4)
    uses = [Use(top.key, middle.key), Use(middle.key, leaf.key)]
    found = without_used([top, middle, leaf, apart], uses)
    assert [found[each.key].state for each in (top, middle, apart)] == ["kept", "kept", "to-do"]
    assert found[top.key].reason == "in-use"


def test_N12_what_was_there_before_is_changed_back_whoever_uses_it() -> None:
    changed = item(1, created=False)
    assert without_used([changed], [Use(changed.key, Key(UUID(int=9)))])[changed.key].state == "to-do"


def test_N12_somebody_who_was_never_in_takes_no_seat_and_hinders_no_enrolment() -> None:
    never = Enrolment(uuid7(), None, EARLIEST, withdrawn=True)
    assert never.empty
    assert not never.overlaps(Enrolment(never.person_id, None, None))


async def undo(school: School, correlation_id: object, **headers: str) -> Any:
    await school.it.settle()
    return await school.did(f"/bulk-actions/{correlation_id}/undo", None, **headers)


async def preview(school: School, correlation_id: object) -> Any:
    return await school.got(f"/bulk-actions/{correlation_id}/undo")


def pupils_file() -> bytes:
    """An org, a course, a class, six pupils who learn there."""
    users = [
        {"sourcedId": f"u{n}", "enabledUser": "true", "givenName": f"Pupil {n}", "familyName": "Lee"}
        for n in range(PUPILS)
    ]
    roles = [
        {"sourcedId": f"r{n}", "userSourcedId": f"u{n}", "roleType": "primary", "role": "student", "orgSourcedId": "o1"}
        for n in range(PUPILS)
    ]
    learns = [LEARNS | {"sourcedId": f"e{n}", "userSourcedId": f"u{n}"} for n in range(PUPILS)]
    whole = files(orgs=[ORG], courses=[COURSE], classes=[CLASS], users=users, roles=roles, enrollments=learns)
    return bundle(whole)


async def test_N12_an_import_is_undone_but_for_what_was_changed_or_used_since_and_each_is_named(
    school: School,
) -> None:
    report = await imported(school, pupils_file())
    tenant = school.tenant_id
    klass, changed, marked = (
        str(class_id(tenant, "c1")),
        str(person_id(tenant, "u0")),
        str(enrolment_id(tenant, "e1")),
    )
    await school.did(f"/people/{changed}/correction", {"given_name": "A", "family_name": "B", "roles": ["student"]})
    meeting = await school.meeting(klass)
    await school.did(f"/meetings/{meeting}/attendance", {"marks": [{"enrolment_id": marked, "code": "P"}]})
    told = await preview(school, report["id"])
    reasons = {(line["kind"], line["part"] or line["id"]): line["reason"] for line in told["kept_lines"]}
    assert reasons == {
        ("person", changed): "changed-since",
        ("class", marked): "marks-exist",
        ("person", str(person_id(tenant, "u1"))): "in-use",
        ("class", klass): "in-use",
        ("course", str(course_id(tenant, "k1"))): "in-use",
        ("org", str(org_id(tenant, "o1"))): "in-use",
        ("academic_session", str(session_id(tenant, "t1"))): "in-use",
    }
    done = await undo(school, report["id"])
    assert (done["undone"], done["kept"]) == (told["undoable"], told["kept"])
    roster = await school.got(f"/classes/{klass}/roster", as_of="2026-10-01")
    assert [line["enrolment_id"] for line in roster] == [marked]
    people = {line["id"]: line["archived"] for line in await school.got("/people")}
    assert sum(people.values()) == PUPILS - 2
    newest = (await school.got(f"/history/classes/{klass}"))[0]
    assert newest["correlation_id"] == done["id"]


async def test_N12_an_undo_again_changes_nothing_and_can_be_undone_itself(school: School) -> None:
    report = await imported(school, pupils_file())
    klass = class_id(school.tenant_id, "c1")
    first = await undo(school, report["id"], idempotency_key="undo-once")
    await school.it.settle()
    before = len(await school.events())
    assert await undo(school, report["id"], idempotency_key="undo-once") == first
    assert await undo(school, report["id"]) == first
    assert len(await school.events()) == before
    assert first["kept"] == 0
    assert await school.got(f"/classes/{klass}/roster", as_of="2026-10-01") == []
    assert (await school.got(f"/classes/{klass}"))["closed"]
    back = await undo(school, first["id"])
    assert back["kept"] == 0
    assert len(await school.got(f"/classes/{klass}/roster", as_of="2026-10-01")) == PUPILS
    assert not (await school.got(f"/classes/{klass}"))["closed"]


async def test_N12_two_undos_at_once_are_one(school: School) -> None:
    report = await imported(school, pupils_file())
    await school.it.settle()
    path = f"/bulk-actions/{report['id']}/undo"
    done = await asyncio.gather(*(school.did(path) for _ in range(2)))
    assert [each["kept"] for each in done] == [0, 0]
    assert len(await school.it.stored(school.tenant_id, "academic.class_closed")) == 1


async def test_N12_the_same_file_can_be_imported_after_its_undo(school: School) -> None:
    await undo(school, (await imported(school, pupils_file()))["id"])
    await imported(school, pupils_file())
    roster = await school.got(f"/classes/{class_id(school.tenant_id, 'c1')}/roster", as_of="2026-10-01")
    assert len(roster) == PUPILS


async def test_N12_an_undo_that_was_stopped_goes_on_where_it_stopped(school: School, monkeypatch: Any) -> None:
    report = await imported(school, pupils_file())
    whole = (await preview(school, report["id"]))["undoable"]
    monkeypatch.setattr(commands, "MANY", 1)
    saves = 0
    save = commands.undo_block

    async def killed(*args: Any) -> Any:
        nonlocal saves
        saves += 1
        if saves > 3:
            raise ConnectionError
        return await save(*args)

    monkeypatch.setattr(commands, "undo_block", killed)
    await school.it.settle()
    with pytest.raises(ConnectionError):
        await school.post(f"/bulk-actions/{report['id']}/undo", idempotency_key="stopped")
    monkeypatch.setattr(commands, "undo_block", save)
    half = await preview(school, report["id"])
    assert 0 < half["undone"] < whole
    done = await undo(school, report["id"], idempotency_key="stopped")
    assert (done["state"], done["undone"], done["kept"]) == ("finished", whole, 0)


async def test_N12_A34_a_rollover_is_undone_but_for_classes_that_somebody_joined(school: School) -> None:
    this, following = await session(school, 2026), await session(school, 2027)
    await taught(school, this, "First")
    await taught(school, this, "Second")
    await school.it.settle()
    answer = await school.post(f"/academic-sessions/{this}/rollover", {"into_id": following, "teachers": True})
    first, second = (receipt["id"] for receipt in answer.json()["data"])
    await school.enrolment(first, await school.person(), begin_on="2027-09-01")
    done = await undo(school, answer.headers["correlation-id"])
    assert [(line["id"], line["part"], line["reason"]) for line in done["kept_lines"]] == [(first, None, "in-use")]
    assert (await school.got(f"/classes/{second}"))["closed"]
    assert not (await school.got(f"/classes/{first}"))["closed"]


async def test_N12_meetings_of_a_wrong_pattern_are_undone_and_planned_again(school: School) -> None:
    klass = await school.class_()
    pattern = {"lessons": [{"weekday": 1, "starts": "17:00", "ends": "18:00"}], "begin_on": "2026-09-01"}
    await school.did(f"/classes/{klass}/weekly-pattern", pattern | {"end_on": "2027-07-01"})
    period = {"first": "2026-09-01", "last": "2026-09-30"}
    answer = await school.post(f"/classes/{klass}/meetings/from-pattern", period)
    planned = [receipt["id"] for receipt in answer.json()["data"]["planned"]]
    enrolment = await school.enrolment(klass, await school.person())
    await school.did(f"/meetings/{planned[0]}/attendance", {"marks": [{"enrolment_id": enrolment, "code": "P"}]})
    done = await undo(school, answer.headers["correlation-id"])
    assert [(line["id"], line["reason"]) for line in done["kept_lines"]] == [(planned[0], "marks-exist")]
    again = await school.did(f"/classes/{klass}/meetings/from-pattern", period)
    assert (len(again["planned"]), len(again["skipped"])) == (len(planned) - 1, 1)


async def test_N12_a_mass_enrolment_under_one_id_is_undone_and_what_has_no_way_back_is_named(school: School) -> None:
    klass, bulk = await school.class_(), str(uuid7())
    enrolments = []
    for name in ("Ann", "Ben"):
        stay = {"person_id": await school.person(name), "begin_on": "2026-09-01"}
        enrolments.append(await school.did(f"/classes/{klass}/enrolments", stay, correlation_id=bulk))
    ann, ben = (each["enrolment_id"] for each in enrolments)
    meeting = await school.meeting(klass)
    mark = {"marks": [{"enrolment_id": ann, "code": "P"}]}
    register = (await school.did(f"/meetings/{meeting}/attendance", mark, correlation_id=bulk))["id"]
    done = await undo(school, bulk)
    reasons = {line["part"] or line["id"]: line["reason"] for line in done["kept_lines"]}
    assert reasons == {ann: "marks-exist", register: "no-way-back", meeting: "no-way-back"}
    roster = await school.got(f"/classes/{klass}/roster", as_of="2026-09-07")
    assert [line["enrolment_id"] for line in roster] == [ann]
    (left, came) = await school.got(f"/history/classes/{klass}/enrolments/{ben}")
    assert (left["correlation_id"], came["correlation_id"]) == (done["id"], bulk)


async def test_N12_days_off_are_taken_back_and_who_may_not_decide_undoes_nothing(school: School) -> None:
    days = {"title": "Fair", "first": "2026-12-30", "last": "2027-01-02"}
    answer = await school.post("/calendar/non-teaching-days", days)
    correlation_id = answer.headers["correlation-id"]
    school.permissions = ("imports.write", "school.read")
    assert await school.refused(f"/bulk-actions/{correlation_id}/undo") == (403, "forbidden")
    school.permissions = ("school.write", "school.read")
    assert (await undo(school, correlation_id))["undone"] == 4
    assert await school.got("/calendar/non-teaching-days") == []


async def test_N12_an_id_under_which_nothing_was_done_is_unknown(school: School) -> None:
    other = await School.founded(school.it)
    foreign = (await other.post("/classes", {"title": "Theirs"})).headers["correlation-id"]
    for wrong in (uuid7(), foreign):
        assert await school.refused(f"/bulk-actions/{wrong}/undo") == (404, "not-found")


async def test_N12_N5_every_command_of_the_page_works(school: School, tmp_path: Path) -> None:
    klass = await school.class_()
    pattern = {"lessons": [{"weekday": 1, "starts": "17:00", "ends": "18:00"}], "begin_on": "2026-09-01"}
    await school.did(f"/classes/{klass}/weekly-pattern", pattern | {"end_on": "2027-07-01"})
    env = {
        "AUTH": f"Authorization: Bearer {school.it.signer.token(school.tenant_id, PERMISSIONS)}",
        "CLASS": klass,
        "ENROLMENT": await school.enrolment(klass, await school.person()),
    }
    async with api_of(app, "academic", school.it.settle) as api:
        said = await typed(blocks_of("undo-a-bulk-action.md"), env | {"API": api}, tmp_path)
    told = ["3 can be undone", "class_meeting stays: marks-exist", "3 undone, 1 kept"]
    assert [line for line in said if line in told] == told
    assert said[-1] == "La clase se canceló: deshecho"
