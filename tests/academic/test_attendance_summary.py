"""Attendance summaries: against a fold of the history, with a threshold, in an order, page by page."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import given as each
from hypothesis import strategies as some

from infra.testing.harness import Running
from infra.testing.school import School
from shared.ids import uuid7

MONDAY = date(2026, 9, 7)
CODES = ("P", "L", "A", "E", None)


def week(number: int) -> str:
    return str(MONDAY + timedelta(weeks=number))


async def taught(school: School, *lessons: str, students: int = 2) -> tuple[str, list[str]]:
    """A class with a meeting for each word, of a letter for each student (`-`: not taken), and the students."""
    class_id = await school.class_()
    people = [await school.person(f"S{n}") for n in range(students)]
    enrolments = [await school.enrolment(class_id, person_id) for person_id in people]
    for number, letters in enumerate(lessons):
        meeting_id = await school.meeting(class_id, week(number))
        said = [(id, code) for id, code in zip(enrolments, letters, strict=True) if code != "-"]
        marks = [{"enrolment_id": id, "code": code} for id, code in said]
        await school.did(f"/meetings/{meeting_id}/attendance", {"marks": marks})
    return class_id, people


async def summary(school: School, class_id: str, **asked: Any) -> dict[str, Any]:
    lines = await school.got(f"/classes/{class_id}/attendance-summary", **asked)
    return {line["person_id"]: line for line in lines}


async def test_A12_not_taken_is_never_counted_as_absent(school: School) -> None:
    class_id, (ann, ben) = await taught(school, "PP", "-A", "-L")
    lines = await summary(school, class_id)
    told = ("lessons_held", "present", "absent", "not_taken", "share_present", "minutes_held", "minutes_attended")
    assert [lines[ann][name] for name in told] == [3, 1, 0, 2, 1.0, 270, 90]
    assert [lines[ben][name] for name in told] == [3, 2, 1, 0, 0.6667, 270, 180]
    assert lines[ben]["absent_by_category"] == {"Unexcused Absence": 1}
    assert (lines[ben]["given_name"], lines[ben]["family_name"]) == ("S1", "Lee")


async def test_A15_a_late_student_attended_the_minutes_that_were_marked(school: School) -> None:
    class_id, people = await taught(school, students=1)
    meeting_id = await school.meeting(class_id)
    (line,) = (await school.got(f"/meetings/{meeting_id}/register"))["lines"]
    late = {"enrolment_id": line["enrolment_id"], "code": "L", "arrived_at": "17:20", "left_at": "18:00"}
    await school.did(f"/meetings/{meeting_id}/attendance", {"marks": [late]})
    assert (await summary(school, class_id))[people[0]]["minutes_attended"] == 40


async def test_A20_the_threshold_is_the_share_of_marked_lessons_that_is_enough(school: School) -> None:
    class_id, (ann, ben) = await taught(school, "PP", "PP", "PA", "AA")
    assert {id: line["reached"] for id, line in (await summary(school, class_id)).items()} == {ann: True, ben: False}
    assert (await summary(school, class_id, threshold=76)).keys() & {ann} == {ann}
    assert [line["reached"] for line in (await summary(school, class_id, threshold=76)).values()] == [False, False]
    assert (await summary(school, class_id, reached="true")).keys() == {ann}
    assert (await summary(school, class_id, reached="false")).keys() == {ben}


async def test_A12_summaries_are_sorted_and_paged(school: School) -> None:
    class_id, people = await taught(school, "PAPE-", "PAPA-", students=5)
    by_share = [people[1], people[3], people[0], people[2], people[4]]
    for order, wanted in (("share", by_share), ("absent", by_share), ("student", people)):
        seen: list[str] = []
        cursor = None
        while cursor is not None or not seen:
            asked = {"order": order, "limit": 2} | ({} if cursor is None else {"cursor": cursor})
            answer = (await school.get(f"/classes/{class_id}/attendance-summary", asked)).json()
            seen += [line["person_id"] for line in answer["data"]]
            cursor = answer["meta"]["pagination"]["next"]
        assert seen == wanted, order


async def test_A24_a_summary_of_a_class_or_person_of_another_school_is_unknown(school: School) -> None:
    other = await School.founded(school.it)
    class_id, (ann, _) = await taught(other, "PP")
    for path in (f"/classes/{class_id}", f"/people/{ann}", f"/classes/{uuid7()}"):
        answer = await school.get(f"{path}/attendance-summary")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


students = some.lists(some.tuples(some.integers(0, 3), some.one_of(some.none(), some.integers(1, 4))), max_size=3)
lessons = some.lists(some.lists(some.sampled_from(CODES), min_size=3, max_size=3), max_size=4)
corrections = some.lists(some.tuples(some.integers(0, 3), some.integers(0, 2), some.sampled_from("PLAE")), max_size=3)
weeks = some.tuples(some.integers(0, 4), some.integers(0, 4))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@each(students, lessons, corrections, some.booleans(), weeks)
async def test_A12_A16_a_summary_equals_a_fold_of_the_history(
    academic: Running,
    students: list[tuple[int, int | None]],
    lessons: list[list[str | None]],
    corrections: list[tuple[int, int, str]],
    revised: bool,
    weeks: tuple[int, int],
) -> None:
    school = await School.founded(academic)
    class_id = await school.class_()
    stays = [(week(begin), None if end is None else week(begin + end)) for begin, end in students]
    enrolments = [await school.enrolment(class_id, await school.person(), *stay) for stay in stays]
    registers: dict[int, str] = {}
    for number, codes in enumerate(lessons):
        meeting_id = await school.meeting(class_id, week(number))
        there = (await school.got(f"/meetings/{meeting_id}/register"))["lines"]
        given = {id: code for id, code in zip(enrolments, codes, strict=False) if code is not None}
        ids = [line["enrolment_id"] for line in there if line["enrolment_id"] in given]
        if ids:
            marks = [{"enrolment_id": id, "code": given[id]} for id in ids]
            registers[number] = (await school.did(f"/meetings/{meeting_id}/attendance", {"marks": marks}))["id"]
        if revised and number == 1:
            meaning = {"title": "A", "present": False, "billable": False, "category": "Excused Absence"}
            await school.did("/attendance-codes/A/revision", meaning)
    for number, student, code in corrections:
        if number in registers and student < len(enrolments):
            corrected = {"enrolment_id": enrolments[student], "code": code, "reason": "seen"}
            await school.post(f"/registers/{registers[number]}/corrections", corrected)
    if enrolments:
        path = f"/classes/{class_id}/enrolments/{enrolments[0]}/withdrawal"
        await school.post(path, {"on": week(2)})
    first, last = week(min(weeks)), week(max(weeks))
    found = await summary(school, class_id, **{"from": first, "to": last})
    wanted = await folded(school, first, last)
    assert {id: {name: found[id][name] for name in wanted[id]} for id in wanted} == wanted
    assert found.keys() == wanted.keys()
    for person_id, line in found.items():
        asked = {"from": first, "to": last}
        assert await school.got(f"/people/{person_id}/attendance-summary", **asked) == [line]


class History:
    """What the events of a school say, by hand."""

    def __init__(self) -> None:
        self.stays: dict[str, Any] = {}
        self.meetings: dict[str, str] = {}
        self.held: set[str] = set()
        self.marks: dict[str, dict[str, Any]] = defaultdict(dict)
        self.categories: dict[tuple[str, int], str] = {}

    def add(self, topic: str, id: str, data: Any) -> None:
        getattr(self, topic.removeprefix("academic."), lambda id, data: None)(id, data)

    def code_defined(self, id: str, data: Any) -> None:
        self.categories[data["code"], data["code_version"]] = data["category"]

    code_revised = code_defined

    def student_enrolled(self, id: str, data: Any) -> None:
        self.stays[data["enrolment_id"]] = data

    def student_withdrawn(self, id: str, data: Any) -> None:
        self.stays[data["enrolment_id"]] |= {"end_on": data["on"]}

    def meeting_planned(self, id: str, data: Any) -> None:
        self.meetings[id] = data["held_on"]

    def meeting_held(self, id: str, data: Any) -> None:
        self.held.add(id)

    def attendance_marked(self, id: str, data: Any) -> None:
        self.marks[data["meeting_id"]] |= {mark["enrolment_id"]: mark for mark in data["marks"]}

    def attendance_corrected(self, id: str, data: Any) -> None:
        self.marks[data["meeting_id"]][data["enrolment_id"]] = data["after"]


async def folded(school: School, first: str, last: str) -> dict[str, dict[str, Any]]:
    """Every event of the school, in order, then every lesson and everybody in it."""
    history = History()
    for record in await school.it.log():
        if record.tenant_id == school.tenant_id:
            history.add(record.topic, str(record.aggregate_id), orjson.loads(record.state)["data"])
    lessons: dict[str, list[Any]] = defaultdict(list)
    for meeting_id in history.held:
        held_on = history.meetings[meeting_id]
        for enrolment_id, stay in history.stays.items():
            mark = history.marks[meeting_id].get(enrolment_id)
            inside = stay["begin_on"] <= held_on < (stay["end_on"] or "9999")
            if first <= held_on <= last and (mark is not None or inside):
                lessons[stay["person_id"]].append(mark)
    return {person_id: counted(of_person, history.categories) for person_id, of_person in lessons.items()}


def counted(marks: list[Any], categories: dict[tuple[str, int], str]) -> dict[str, Any]:
    present = [mark for mark in marks if mark is not None and mark["present"]]
    absent = [mark for mark in marks if mark is not None and not mark["present"]]
    taken = len(present) + len(absent)
    return {
        "lessons_held": len(marks),
        "present": len(present),
        "absent": len(absent),
        "not_taken": len(marks) - taken,
        "absent_by_category": dict(Counter(categories[mark["code"], mark["code_version"]] for mark in absent)),
        "minutes_held": 90 * len(marks),
        "minutes_attended": sum(90 if mark.get("minutes") is None else mark["minutes"] for mark in present),
        "share_present": round(len(present) / taken, 4) if taken else None,
        "reached": len(present) / taken >= 0.75 if taken else None,
    }
