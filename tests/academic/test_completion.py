"""Funding and completion: hours against the funder's plan, finished or not, and why."""

from typing import Any

from infra.testing.school import School
from shared.ids import uuid7

FUNDING = {"funder": "FUNDAE", "action_number": "12", "group_number": "3", "planned_hours": 3, "threshold": 75}


class Course:
    """Two lessons of 90 minutes were held, one is to come; Ann came twice, Ben once and late."""

    def __init__(self, school: School, class_id: str, people: dict[str, str]) -> None:
        self.school, self.class_id, self.people = school, class_id, people

    @classmethod
    async def held(cls, school: School, **funding: Any) -> "Course":
        class_id = await school.class_("Excel")
        people = {name: await school.person(name) for name in ("Ann", "Ben")}
        ids = {name: await school.enrolment(class_id, person) for name, person in people.items()}
        for day, late in (("2026-09-07", {"code": "L", "arrived_at": "18:00"}), ("2026-09-14", {"code": "A"})):
            marks = [{"enrolment_id": ids["Ann"], "code": "P"}, {"enrolment_id": ids["Ben"]} | late]
            await school.did(f"/meetings/{await school.meeting(class_id, day)}/attendance", {"marks": marks})
        await school.meeting(class_id, "2026-09-21")
        if funding:
            await school.did(f"/classes/{class_id}/funding", funding)
        return cls(school, class_id, people)

    async def lines(self, **asked: Any) -> dict[str, tuple[int, int, str]]:
        """Name: minutes attended, of those planned, why."""
        lines = await self.school.got("/completion", **asked)
        return {line["given_name"]: (line["minutes_attended"], line["minutes_planned"], line["why"]) for line in lines}


async def test_A20_completion_is_by_the_funders_hours_and_threshold(school: School) -> None:
    course = await Course.held(school, **FUNDING, employer="Acme")
    assert await course.lines() == {"Ann": (180, 180, "reached"), "Ben": (30, 180, "too-few-hours")}
    (ann,) = await school.got("/completion", finished=True)
    assert (ann["share"], ann["threshold"], ann["finished"], ann["minutes_held"]) == (1.0, 75, True, 180)
    assert (ann["funder"], ann["action_number"], ann["group_number"], ann["employer"]) == ("FUNDAE", "12", "3", "Acme")
    await school.did(f"/classes/{course.class_id}/funding", FUNDING | {"threshold": 50})
    assert (await course.lines())["Ben"] == (30, 180, "still-possible")


async def test_A20_a_class_that_nobody_funds_is_measured_by_its_own_lessons(school: School) -> None:
    course = await Course.held(school)
    assert await course.lines() == {"Ann": (180, 270, "still-possible"), "Ben": (30, 270, "too-few-hours")}
    assert (await course.lines(threshold=60))["Ann"] == (180, 270, "reached")
    assert await school.got(f"/classes/{course.class_id}/funding") is None
    empty = await school.class_("Empty")
    await school.enrolment(empty, course.people["Ann"])
    assert await course.lines(class_id=empty) == {"Ann": (0, 0, "nothing-planned")}


async def test_A20_completion_is_filtered_searched_ordered_and_paged(school: School) -> None:
    course = await Course.held(school, **FUNDING)
    org = (await school.did("/orgs", {"name": "North"}))["id"]
    other = await school.class_("Other", org_id=org)
    await school.enrolment(other, course.people["Ann"])
    assert list(await course.lines(order="share", class_id=course.class_id)) == ["Ben", "Ann"]
    for asked, count in (
        ({}, 3),
        ({"class_id": other}, 1),
        ({"org_id": org}, 1),
        ({"class_id": course.class_id, "org_id": org}, 0),
        ({"person_id": course.people["Ann"]}, 2),
        ({"funded": True}, 2),
        ({"funded": False}, 1),
        ({"finished": False}, 2),
        ({"search": "fundae 12"}, 2),
        ({"search": "100%"}, 0),
    ):
        assert len(await school.got("/completion", **asked)) == count, asked
    first = (await school.get("/completion", {"order": "share", "limit": 2})).json()
    rest = await school.got("/completion", order="share", limit=2, cursor=first["meta"]["pagination"]["next"])
    assert [line["minutes_attended"] for line in first["data"] + rest] == [0, 30, 180]


async def test_A20_funding_is_one_event_for_each_change_and_can_be_removed(school: School) -> None:
    class_id = await school.class_()
    path, before = f"/classes/{class_id}/funding", await school.events()
    for _ in range(2):
        await school.did(path, FUNDING)
    assert await school.got(path) == FUNDING | {"employer": None}
    for _ in range(2):
        await school.did(f"{path}/removal")
    assert await school.got(path) is None
    new = (await school.events())[len(before) :]
    assert new == ["academic.class_funding_started", "academic.funding_set", "academic.funding_removed"]
    for wrong in ({"planned_hours": 0}, {"threshold": 101}, {"funder": ""}, {"planned_hours": "3"}):
        assert (await school.post(path, FUNDING | wrong)).status_code == 422, wrong
    assert await school.refused(f"/classes/{uuid7()}/funding", FUNDING) == (404, "not-found")
