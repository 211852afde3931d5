"""Whose classes, rosters and registers somebody sees and marks: the relations of a school against a model."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from academic.people.person import Person
from infra.testing.harness import Running
from infra.testing.school import School
from shared.ids import uuid7

TODAY = datetime.now(UTC).date()
PERMISSIONS = ["classes.read", "enrolments.read", "attendance.read", "attendance.mark"]
STAYS: tuple[tuple[int | None, int | None], ...] = ((None, None), (-60, -20), (-60, None), (-3, None), (5, None))
"""From and to, in days from today."""
ROUNDS, DECISIONS = 20, 100


def day(offset: int | None) -> str | None:
    return None if offset is None else str(TODAY + timedelta(days=offset))


@dataclass
class Stay:
    id: str
    begin: int | None
    end: int | None

    def covers(self, offset: int) -> bool:
        return (self.begin is None or self.begin <= offset) and (self.end is None or offset < self.end)


@dataclass
class Meeting:
    id: str
    offset: int
    substitutes: set[str] = field(default_factory=set)
    register: str | None = None


@dataclass
class ClassOfModel:
    id: str
    org: str
    enrolment: str
    meetings: list[Meeting]
    teachers: dict[str, Stay] = field(default_factory=dict)


@dataclass(frozen=True)
class Somebody:
    """A user: the person behind the account, if there is one, and what the token says."""

    user: UUID
    person: str | None
    kinds: frozenset[str]
    orgs: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()

    def claims(self) -> dict[str, Any]:
        places = {"orgs": sorted(self.orgs), "classes": sorted(self.classes)}
        return {"within": dict.fromkeys(sorted(self.kinds), PERMISSIONS), "places": places}


@dataclass
class Model:
    """What should be, written down a second time and as simply as possible."""

    parents: dict[str, str | None]
    classes: list[ClassOfModel]

    def teaches(self, who: Somebody, class_: ClassOfModel, offsets: Iterable[int]) -> bool:
        stay = class_.teachers.get(who.person or "")
        return stay is not None and any(stay.covers(offset) for offset in offsets)

    def placed(self, who: Somebody, class_: ClassOfModel) -> bool:
        org: str | None = class_.org
        while org is not None:
            if org in who.orgs:
                return True
            org = self.parents[org]
        return class_.id in who.classes

    def reaches(self, who: Somebody, class_: ClassOfModel, *, taught: bool) -> bool:
        placed, limited = self.placed(who, class_), bool(who.orgs or who.classes)
        if "places" in who.kinds and placed:
            return True
        return "classes" in who.kinds and taught and (placed or not limited)

    def sees_class(self, who: Somebody, class_: ClassOfModel) -> bool:
        return self.reaches(who, class_, taught=self.teaches(who, class_, [0]))

    def sees_lesson(self, who: Somebody, class_: ClassOfModel, meeting: Meeting) -> bool:
        stands_in = who.person in meeting.substitutes and who.person not in class_.teachers
        return self.reaches(who, class_, taught=stands_in or self.teaches(who, class_, [0, meeting.offset]))

    def marks(self, who: Somebody, class_: ClassOfModel, meeting: Meeting) -> bool:
        stands_in = who.person in meeting.substitutes and who.person not in class_.teachers
        return self.reaches(who, class_, taught=stands_in or self.teaches(who, class_, [0]))


class Town:
    """A school with classes in a tree of orgs, and people who teach some of them."""

    def __init__(self, school: School, chance: random.Random) -> None:
        self.school = school
        self.chance = chance
        self.model = Model({}, [])
        self.people: list[Somebody] = []

    async def build(self) -> None:
        school = self.school
        branch = (await school.did("/orgs", {"name": "North"}))["id"]
        below = (await school.did("/orgs", {"name": "Music", "parent_id": branch}))["id"]
        other = (await school.did("/orgs", {"name": "South"}))["id"]
        self.model.parents = {branch: None, below: branch, other: None}
        student = await school.person("Ann")
        for number, org in enumerate((branch, below, below, other, other, other)):
            class_id = await school.class_(f"Class {number}", org_id=org)
            enrolment = await school.enrolment(class_id, student, begin_on=None)
            meetings = [Meeting(await self.planned(class_id, number, offset), offset) for offset in (-40, -10)]
            self.model.classes.append(ClassOfModel(class_id, org, enrolment, meetings))
        people = [await school.person(f"Teacher {number}", role="teacher") for number in range(4)]
        self.people = [Somebody(uuid7(), person, frozenset({"classes"})) for person in people]
        ids = [each.id for each in self.model.classes]
        self.people += [
            Somebody(uuid7(), None, frozenset({"classes"})),
            Somebody(uuid7(), None, frozenset({"places"}), orgs=frozenset({branch})),
            Somebody(uuid7(), None, frozenset({"places"}), classes=frozenset(ids[2:4])),
            Somebody(uuid7(), None, frozenset({"places"}), orgs=frozenset({below}), classes=frozenset(ids[4:5])),
            Somebody(uuid7(), None, frozenset({"places"})),
            Somebody(uuid7(), await school.person("Limited"), frozenset({"classes"}), orgs=frozenset({other})),
            Somebody(
                uuid7(), await school.person("Both"), frozenset({"classes", "places"}), classes=frozenset(ids[:1])
            ),
        ]
        for who in self.people:
            if who.person is not None:
                await link(school.it, school.tenant_id, who)

    async def planned(self, class_id: str, number: int, offset: int) -> str:
        plan = {"dates": [day(offset)], "starts": f"{10 + number}:00", "ends": f"{10 + number}:45"}
        return str((await self.school.did(f"/classes/{class_id}/meetings", plan))[0]["id"])

    async def change(self) -> None:
        """Somebody begins to teach a class, stops, or stands in for a lesson."""
        class_ = self.chance.choice(self.model.classes)
        person = self.chance.choice([who.person for who in self.people if who.person is not None])
        known = class_.teachers.get(person)
        open_meetings = [each for each in class_.meetings if each.register is None]
        if open_meetings and self.chance.random() < 0.3:
            meeting = self.chance.choice(open_meetings)
            if person not in meeting.substitutes:
                coming = {"substitute_id": person, "reason": "teacher"}
                await self.school.did(f"/meetings/{meeting.id}/substitution", coming)
                meeting.substitutes.add(person)
        elif known is None:
            begin, end = self.chance.choice(STAYS)
            body: dict[str, Any] = {"person_id": person, "begin_on": day(begin), "end_on": day(end)}
            done = await self.school.did(f"/classes/{class_.id}/teachers", body)
            class_.teachers[person] = Stay(done["enrolment_id"], begin, end)
        elif known.end is None:
            offset = self.chance.choice((-5, 0, 1))
            await self.school.did(f"/classes/{class_.id}/teachers/{known.id}/removal", {"on": day(offset)})
            class_.teachers[person] = Stay(known.id, known.begin, offset)
        await self.school.it.settle()

    async def ask(self, who: Somebody, method: str, path: str, body: Any = None) -> Any:
        it = self.school.it
        token = it.signer.token(self.school.tenant_id, ["me"], ["teacher"], who.user, who.claims())
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}
        return await it.client.request(method, path, json=body, headers=headers)

    async def decide(self) -> tuple[str, Any, Any]:
        """One random question: what was asked, what should be, what is."""
        who, class_ = self.chance.choice(self.people), self.chance.choice(self.model.classes)
        meeting = self.chance.choice(class_.meetings)
        match self.chance.choice(("list", "class", "roster", "meetings", "meeting", "register", "mark", "close")):
            case "list":
                answer = await self.ask(who, "GET", "/classes?limit=200")
                expected = {each.id for each in self.model.classes if self.model.sees_class(who, each)}
                return "list", expected, {each["id"] for each in answer.json()["data"]}
            case "mark":
                body = {"marks": [{"enrolment_id": class_.enrolment, "code": "P"}]}
                answer = await self.ask(who, "POST", f"/meetings/{meeting.id}/attendance", body)
                if answer.status_code == 201:
                    meeting.register = answer.json()["data"]["id"]
                return "mark", self.model.marks(who, class_, meeting), found(answer)
            case "close" if meeting.register is not None:
                path = f"/registers/{meeting.register}/marks/{class_.enrolment}/history"
                await self.school.it.settle()
                return "history", self.model.sees_lesson(who, class_, meeting), found(await self.ask(who, "GET", path))
            case "register" | "meeting" | "close" as what:
                path = f"/meetings/{meeting.id}" + ("/register" if what == "register" else "")
                return what, self.model.sees_lesson(who, class_, meeting), found(await self.ask(who, "GET", path))
            case what:
                path = f"/classes/{class_.id}" + ("" if what == "class" else f"/{what}")
                return what, self.model.sees_class(who, class_), found(await self.ask(who, "GET", path))


async def link(it: Running, tenant_id: UUID, who: Somebody) -> None:
    """As an accepted invitation does."""
    call = it.call(tenant_id)
    await it.kernel.store.change(
        Person, UUID(who.person), lambda person: person.link_user_account(who.user, call.now), call=call
    )


def found(answer: Any) -> bool:
    """Anything but these two answers is a fault."""
    assert answer.status_code in (200, 201, 404), answer.text
    return bool(answer.status_code != 404)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("run_key", [1, 2])
async def test_S3_C25_R4_14_every_decision_is_the_models_also_after_changes(school: School, run_key: int) -> None:
    """Twice 1,000 decisions: teachers, substitutes, those who left or will come, managers of orgs, visitors of classes,
    strangers; classes, rosters, meetings, registers, marks."""
    town = Town(school, random.Random(run_key))
    await town.build()
    asked: dict[tuple[str, bool], int] = {}
    for _ in range(ROUNDS // 2):
        for _ in range(6):
            await town.change()
        for _ in range(DECISIONS):
            what, expected, decided = await town.decide()
            assert decided == expected, what
            asked[what, bool(expected)] = asked.get((what, bool(expected)), 0) + 1
    assert sum(asked.values()) == ROUNDS // 2 * DECISIONS
    kinds = {what for what, _ in asked}
    assert all(asked.get((what, yes), 0) >= 5 for what in kinds for yes in (True, False)), asked


async def test_C25_a_class_of_others_answers_as_one_that_does_not_exist(school: School) -> None:
    town = Town(school, random.Random(0))
    await town.build()
    stranger, class_ = town.people[4], town.model.classes[0]
    for path in ("/classes/{}", "/classes/{}/roster", "/classes/{}/meetings"):
        answers = [await town.ask(stranger, "GET", path.format(id)) for id in (class_.id, uuid7())]
        problems = [answer.json() for answer in answers]
        for problem in problems:
            problem.pop("trace_id")
        assert problems[0] == problems[1]
        assert [answer.status_code for answer in answers] == [404, 404]


async def test_C25_a_reach_that_a_route_does_not_decide_on_is_no_permission(school: School) -> None:
    """A guardian's own family, or a teacher's classes where no rule is declared."""
    class_id = await school.class_()
    guardian = Somebody(uuid7(), None, frozenset({"family"}))
    town = Town(school, random.Random(0))
    assert (await town.ask(guardian, "GET", f"/classes/{class_id}")).status_code == 403
    teacher = Somebody(uuid7(), None, frozenset({"classes"}))
    assert (await town.ask(teacher, "POST", f"/classes/{class_id}/closure")).status_code == 403


async def test_C25_a_teacher_who_is_taken_off_a_class_is_refused_before_any_view_knows(school: School) -> None:
    town = Town(school, random.Random(0))
    await town.build()
    teacher, class_ = town.people[0], town.model.classes[0]
    body = {"person_id": teacher.person}
    assignment = (await school.did(f"/classes/{class_.id}/teachers", body))["enrolment_id"]
    assert (await town.ask(teacher, "GET", f"/classes/{class_.id}")).status_code == 404
    await school.it.settle()
    assert (await town.ask(teacher, "GET", f"/classes/{class_.id}")).status_code == 200
    await school.did(f"/classes/{class_.id}/teachers/{assignment}/removal", {"on": day(0)})
    assert (await town.ask(teacher, "GET", f"/classes/{class_.id}")).status_code == 404
