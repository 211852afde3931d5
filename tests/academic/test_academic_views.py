"""Every view comes out the same when it is filled anew, in whatever batches, and when it is told everything twice."""

import inspect
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql

from academic.accounts.commands import link_or_leave
from academic.accounts.matching import Match
from academic.checkins.commands import check_in
from academic.checkins.meeting_codes import MeetingCodes
from academic.people.person import Person
from academic.service import SERVICE
from academic.signatures.commands import sign_register, sign_with_shown_code
from infra.testing.harness import Running
from infra.testing.school import School
from shared.database import Connection
from shared.ids import uuid7
from shared.log_feed import read_page
from shared.records import Record
from shared.tables import Rows
from shared.views import View

Contents = dict[str, list[Any]]
VIEWS = [
    view for view in SERVICE.views if view.SOURCE == "academic" and not view.__module__.startswith("academic.imports")
]
"""Those of the imports are told by imports: see there."""


async def life(school: School) -> None:
    """A school's life in which every kind of event of the views occurs."""
    year = {"title": "26/27", "type": "schoolYear", "start_on": "2026-09-01", "end_on": "2027-07-01"}
    year_id = (await school.did("/academic-sessions", year))["id"]
    await school.did(f"/academic-sessions/{year_id}/dates", {"start_on": "2026-09-02", "end_on": "2027-07-02"})
    org_id = (await school.did("/orgs", {"name": "Music"}))["id"]
    await school.did(f"/orgs/{org_id}/name", {"name": "Dance"})
    course_id = (await school.did("/courses", {"title": "Piano", "grades": ["1", 'a "b"', "c\\d"]}))["id"]
    await school.did(f"/courses/{course_id}/revision", {"title": "Piano I", "subjects": ["Music"]})
    class_id = await school.class_(course_id=course_id, capacity=3, academic_session_ids=[year_id])
    ann, ben, eva = await school.person("Ann"), await school.person("Ben"), await school.person("Eva", role="teacher")
    await school.did(f"/people/{ann}/guardians", {"guardian_id": eva})
    await school.did(f"/people/{ann}/correction", {"given_name": "Anna", "family_name": "L", "roles": ["student"]})
    first, second = await school.enrolment(class_id, ann), await school.enrolment(class_id, ben)
    teacher = (await school.did(f"/classes/{class_id}/teachers", {"person_id": eva, "primary": True}))["enrolment_id"]
    await school.did(f"/classes/{class_id}/teachers/{teacher}/removal", {"on": "2026-12-01"})
    path = f"/classes/{class_id}/enrolments/{second}"
    meeting_id = await school.meeting(class_id)
    marks = {"marks": [{"enrolment_id": first, "code": "P"}, {"enrolment_id": second, "code": "A"}]}
    register_id = (await school.did(f"/meetings/{meeting_id}/attendance", marks))["id"]
    await school.did(f"/registers/{register_id}/corrections", {"enrolment_id": second, "code": "E", "reason": "ill"})
    await school.did(f"/registers/{register_id}/closure")
    await school.did(f"{path}/withdrawal", {"on": "2026-11-01"})
    await school.did(f"{path}/withdrawal", {"on": "2026-10-01"})
    await school.did(f"{path}/dates", {"begin_on": "2026-09-01", "end_on": "2026-12-01"})
    await school.did(f"{path}/withdrawal", {"on": "2026-10-15"})
    await linked(school, eva)
    await in_the_room(school, UUID(meeting_id), UUID(ann))
    await sign_register(school.it.kernel.store, school.it.call(school.tenant_id), UUID(register_id), UUID(eva))
    await day_to_day(school, class_id, ann)
    other = await school.meeting(class_id, "2026-09-14")
    await school.did(f"/meetings/{other}/cancellation", {"reason": "weather"})
    await school.did("/attendance-codes/L/retirement")
    funding = {"funder": "FUNDAE", "action_number": "12", "group_number": "3", "planned_hours": 30}
    await school.did(f"/classes/{class_id}/funding", funding)
    await school.did("/retention/policy", {"years": 2})
    await school.did(f"/people/{ben}/archiving")
    await school.did(f"/classes/{class_id}/closure")


async def linked(school: School, person_id: str) -> None:
    """One account is a person's, another one is nobody's yet."""
    call = school.it.call(school.tenant_id)
    await school.it.kernel.store.change(
        Person, UUID(person_id), lambda person: person.link_user_account(uuid7(), call.now), call=call
    )
    await link_or_leave(school.it.kernel.store, call, uuid7(), Match(None, "no-such-person"))


async def in_the_room(school: School, meeting_id: UUID, person_id: UUID) -> None:
    """Somebody checks in and signs, as if it were the time of the lesson."""
    it = school.it
    await school.did(
        f"/classes/{(await school.got(f'/meetings/{meeting_id}'))['class_id']}/check-in-policy", {"late_after": 5}
    )
    codes = MeetingCodes(it.kernel.keyring.master, school.tenant_id)
    call = it.call(school.tenant_id, now=datetime(2026, 9, 7, 15, 7, tzinfo=UTC))
    code = codes.shown(meeting_id, call.now).text
    await check_in(it.kernel.store, call, codes, meeting_id, person_id, code)
    await sign_with_shown_code(it.kernel.store, call, codes, meeting_id, person_id, code)


async def day_to_day(school: School, class_id: str, ann: str) -> None:
    """A room, a day off, a full class with somebody who waits, a notice, and an absence that a guardian hears of."""
    await school.did("/rooms", {"name": "Room 1", "capacity": 12})
    await school.did("/calendar/non-teaching-days", {"title": "Fair", "first": "2026-10-12", "last": "2026-10-13"})
    full = await school.class_("Full", capacity=0)
    await school.did(f"/classes/{full}/waitlist", {"person_id": ann, "begin_on": "2026-09-01"})
    notice = {"person_id": ann, "first": "2026-09-21", "last": "2026-09-22", "reason": "A cold"}
    notice_id = (await school.did("/absence-notices", notice))["id"]
    await school.did(f"/absence-notices/{notice_id}/approval")
    mother = {"given_name": "Mia", "family_name": "Lee", "roles": ["guardian"], "email": "mia@example.org"}
    await school.did(f"/people/{ann}/guardians", {"guardian_id": (await school.did("/people", mother))["id"]})
    choir = await school.class_("Choir")
    await apart(school, choir, ann)
    enrolment = await school.enrolment(choir, ann)
    guest = {"person_id": await school.person("Tom"), "kind": "trial"}
    await school.did(f"/meetings/{await school.meeting(choir, '2026-09-16')}/guests", guest)
    meeting = await school.meeting(choir, "2026-09-09")
    await school.did(f"/meetings/{meeting}/attendance", {"marks": [{"enrolment_id": enrolment, "code": "A"}]})


async def apart(school: School, class_id: str, person_id: str) -> None:
    """A class that somebody funds, another one no more; notes about a person, and who read them."""
    funding = {"funder": "FUNDAE", "action_number": "12", "group_number": "3", "planned_hours": 30}
    for each in (class_id, await school.class_("Free")):
        await school.did(f"/classes/{each}/funding", funding)
    await school.did(f"/classes/{each}/funding/removal")
    for kind in ("allergies", "custody"):
        note = (await school.did(f"/people/{person_id}/notes", {"kind": kind, "text": "x"}))["note_id"]
    await school.did(f"/people/{person_id}/notes/{note}/removal")
    await school.got(f"/people/{person_id}/notes")


async def filled(connection: Connection, it: Running, view: type[View], batches: Sequence[list[Record]]) -> Contents:
    schema = "bench"
    for table in view.TABLES:
        for statement in table.ddl(schema):
            await connection.execute(statement)
    readers = {topic: handler.reader(it.kernel.codec) for topic, handler in view.HANDLERS.items()}
    for batch in batches:
        rows = Rows(connection, schema)
        for record in batch:
            if record.topic in readers:
                outcome = view.HANDLERS[record.topic].function(view(), readers[record.topic](record), rows)
                if inspect.isawaitable(outcome):
                    await outcome
        await rows.flush()
    contents = await contents_of(connection, schema, view)
    for table in view.TABLES:
        await connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(schema, table.name)))
    return contents


async def contents_of(connection: Connection, schema: str, view: type[View]) -> Contents:
    found: Contents = {}
    for table in view.TABLES:
        query = sql.SQL("SELECT to_jsonb(t) FROM {} t ORDER BY 1").format(sql.Identifier(schema, table.name))
        found[table.name] = await (await connection.execute(query)).fetchall()
    return found


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.NAME)
async def test_a_view_is_the_same_filled_anew_or_told_twice(academic: Running, lived: School, view: type[View]) -> None:
    async with academic.kernel.pool.connection() as connection, connection.transaction(force_rollback=True):
        records = await read_page(connection, 0, 10_000)
        (live,) = await (
            await connection.execute("SELECT schema FROM builds WHERE view = %s AND live", [view.NAME])
        ).fetchall()
        await connection.execute("CREATE SCHEMA bench")
        expected = await contents_of(connection, live[0], view)
        assert all(expected.values()), expected
        one_by_one = [[record] for record in records]
        assert await filled(connection, academic, view, [records]) == expected
        assert await filled(connection, academic, view, one_by_one) == expected
        assert await filled(connection, academic, view, one_by_one + one_by_one) == expected


@pytest.fixture
async def lived(academic: Running, school: School) -> School:
    await life(school)
    await academic.settle()
    assert await academic.parked() == []
    return school
