"""Attendance over HTTP, on a real store."""

import asyncio

from infra.testing.harness import Running
from infra.testing.school import School


class Lesson:
    """A class of two with one meeting."""

    def __init__(self, class_id: str, meeting_id: str, ann: str, ben: str) -> None:
        self.class_id = class_id
        self.meeting_id = meeting_id
        self.ann = ann
        self.ben = ben


async def lesson(school: School) -> Lesson:
    class_id = await school.class_()
    ann = await school.enrolment(class_id, await school.person("Ann"))
    ben = await school.enrolment(class_id, await school.person("Ben"))
    return Lesson(class_id, await school.meeting(class_id), ann, ben)


def marks(**codes: str) -> dict[str, object]:
    return {"marks": [{"enrolment_id": id, "code": code} for id, code in codes.items()]}


async def marked(school: School) -> tuple[Lesson, str]:
    it = await lesson(school)
    done = await school.did(f"/meetings/{it.meeting_id}/attendance", marks(**{it.ann: "P", it.ben: "A"}))
    return it, done["id"]


async def test_A12_R0_5_a_whole_class_is_marked_in_one_append(school: School) -> None:
    it, register_id = await marked(school)
    assert (await school.events())[-3:] == [
        "academic.register_opened",
        "academic.attendance_marked",
        "academic.meeting_held",
    ]
    sheet = await school.got(f"/meetings/{it.meeting_id}/register")
    assert (sheet["register_id"], sheet["register_state"], sheet["meeting_state"]) == (register_id, "open", "held")
    lines = {line["given_name"]: (line["code"], line["present"], line["billable"]) for line in sheet["lines"]}
    assert lines == {"Ann": ("P", True, True), "Ben": ("A", False, True)}


async def test_A12_marking_again_records_nothing(school: School) -> None:
    it, register_id = await marked(school)
    before = await school.events()
    again = await school.did(f"/meetings/{it.meeting_id}/attendance", marks(**{it.ben: "A", it.ann: "P"}))
    assert again == {"id": register_id, "version": 2}
    assert await school.events() == before


async def test_R0_5_a_register_that_was_not_taken_has_lines_without_marks(school: School) -> None:
    it = await lesson(school)
    sheet = await school.got(f"/meetings/{it.meeting_id}/register")
    assert (sheet["register_state"], sheet["register_id"]) == ("not opened", None)
    assert [line["code"] for line in sheet["lines"]] == [None, None]


async def test_a_mark_for_somebody_else_points_at_the_mark(school: School) -> None:
    it = await lesson(school)
    other = await lesson(school)
    answer = await school.post(f"/meetings/{it.meeting_id}/attendance", marks(**{it.ann: "P", other.ann: "P"}))
    assert (answer.status_code, answer.json()["code"]) == (409, "not-enrolled-that-day")
    assert answer.json()["errors"][0]["pointer"] == "/marks/1/enrolment_id"
    assert "academic.register_opened" not in await school.events()


async def test_A13_a_code_must_be_in_use(school: School) -> None:
    it = await lesson(school)
    path = f"/meetings/{it.meeting_id}/attendance"
    assert await school.refused(path, marks(**{it.ann: "Z"})) == (409, "code-not-in-use")
    meaning = {"title": "Online", "present": True, "billable": True, "category": "In Attendance"}
    await school.did("/attendance-codes", {"code": "Z", **meaning})
    await school.did(path, marks(**{it.ann: "Z"}))


async def test_A14_a_mark_keeps_the_meaning_its_code_had(school: School) -> None:
    it, _ = await marked(school)
    meaning = {"title": "Present", "present": True, "billable": False, "category": "In Attendance"}
    await school.did("/attendance-codes/P/revision", meaning)
    later = await school.meeting(it.class_id, "2026-09-14")
    await school.did(f"/meetings/{later}/attendance", marks(**{it.ann: "P"}))

    async def anns(meeting_id: str) -> tuple[int, bool]:
        lines = (await school.got(f"/meetings/{meeting_id}/register"))["lines"]
        return next((line["code_version"], line["billable"]) for line in lines if line["given_name"] == "Ann")

    assert await anns(it.meeting_id) == (1, True)
    assert await anns(later) == (2, False)


async def test_A16_the_history_of_a_mark_says_from_to_who_why_and_when(school: School) -> None:
    it, register_id = await marked(school)
    correction = {"enrolment_id": it.ben, "code": "E", "reason": "His mother had called"}
    await school.did(f"/registers/{register_id}/corrections", correction)
    first, second = await school.got(f"/registers/{register_id}/marks/{it.ben}/history")
    assert (first["code_from"], first["code_to"], first["why"]) == (None, "A", None)
    assert (second["code_from"], second["code_to"], second["why"]) == ("A", "E", "His mother had called")
    assert second["who"]["kind"] == "user"
    assert second["who"]["role"] == "owner"
    assert first["recorded_at"] < second["recorded_at"]
    sheet = await school.got(f"/meetings/{it.meeting_id}/register")
    assert [line["corrected"] for line in sheet["lines"] if line["given_name"] == "Ben"] == [True]


async def test_A16_the_reason_is_sealed_in_the_store(school: School, academic: Running) -> None:
    it, register_id = await marked(school)
    correction = {"enrolment_id": it.ben, "code": "E", "reason": "His mother had called"}
    await school.did(f"/registers/{register_id}/corrections", correction)
    stored = b"".join(record.state for record in await academic.log())
    assert b'"reason":"v1.' in stored
    assert b"mother" not in stored


async def test_A16_a_correction_needs_a_reason_and_a_mark(school: School) -> None:
    it, register_id = await marked(school)
    path = f"/registers/{register_id}/corrections"
    nothing = await school.post(path, {"enrolment_id": it.ben, "code": "E", "reason": "  "})
    assert nothing.status_code == 422
    stranger = {"enrolment_id": it.class_id, "code": "E", "reason": "x"}
    assert await school.refused(path, stranger) == (409, "not-marked")


async def test_another_code_without_a_reason_is_refused(school: School) -> None:
    it, _ = await marked(school)
    path = f"/meetings/{it.meeting_id}/attendance"
    assert await school.refused(path, marks(**{it.ann: "A"})) == (409, "already-marked")


async def test_a_register_is_closed_when_everybody_has_a_mark(school: School) -> None:
    it = await lesson(school)
    path = f"/meetings/{it.meeting_id}/attendance"
    register_id = (await school.did(path, marks(**{it.ann: "P"})))["id"]
    assert await school.refused(f"/registers/{register_id}/closure") == (409, "marks-missing")
    await school.did(path, marks(**{it.ben: "L"}))
    await school.did(f"/registers/{register_id}/closure")
    assert (await school.got(f"/meetings/{it.meeting_id}/register"))["register_state"] == "closed"
    late = await school.enrolment(it.class_id, await school.person("Eve"))
    assert await school.refused(path, marks(**{late: "P"})) == (409, "register-is-closed")


async def test_a_cancelled_meeting_takes_no_marks(school: School) -> None:
    it = await lesson(school)
    await school.did(f"/meetings/{it.meeting_id}/cancellation", {"reason": "holiday"})
    path = f"/meetings/{it.meeting_id}/attendance"
    assert await school.refused(path, marks(**{it.ann: "P"})) == (409, "meeting-is-cancelled")


async def test_If_Match_stops_a_correction_of_a_register_that_has_changed(school: School) -> None:
    it, register_id = await marked(school)
    path = f"/registers/{register_id}/corrections"
    correction = {"enrolment_id": it.ben, "code": "E", "reason": "x"}
    assert await school.refused(path, correction, if_match='"1"') == (412, "precondition-failed")
    await school.did(path, correction, if_match='"2"')


async def test_R0_5_the_school_summary_counts_marks_once(school: School) -> None:
    it, register_id = await marked(school)
    correction = {"enrolment_id": it.ben, "code": "L", "reason": "He came late"}
    await school.did(f"/registers/{register_id}/corrections", correction)
    assert await school.got("/summary") == {
        "people": 2,
        "classes": 1,
        "enrolments": 2,
        "meetings_planned": 0,
        "meetings_held": 1,
        "marks": 2,
        "present": 2,
        "corrections": 1,
    }


async def test_A12_two_who_mark_the_same_class_at_once_make_one_event(school: School) -> None:
    it = await lesson(school)
    body = marks(**{it.ann: "P", it.ben: "A"})
    answers = await asyncio.gather(*(school.post(f"/meetings/{it.meeting_id}/attendance", body) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert (await school.events()).count("academic.attendance_marked") == 1
