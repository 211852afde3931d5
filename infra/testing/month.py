"""A small school with a month behind it, made through the gateway: one of everything, with ids to look for."""

from typing import Any

from infra.testing.client import Client

DAYS = ["2026-09-01", "2026-09-08", "2026-09-15", "2026-09-22"]
PRICE = {"amount": 1250, "currency": "EUR"}


class Month:
    """`ids` maps the names of path parameters to the school's things."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.ids: dict[str, str] = {}
        self.meetings: list[str] = []
        self.students: list[str] = []
        self.enrolments: list[str] = []

    async def open(self, students: int = 2, days: list[str] | None = None) -> None:
        """A class with students, a priced plan, and planned meetings."""
        post, ids = self.client.post, self.ids
        ids["org_id"] = (await self.client.get("/api/academic/orgs"))[0]["id"]
        session = {"title": "Autumn", "type": "term", "start_on": "2026-09-01", "end_on": "2026-12-20"}
        ids["session_id"] = (await post("/api/academic/academic-sessions", session))["id"]
        course = {"title": "Guitar", "org_id": ids["org_id"]}
        ids["course_id"] = (await post("/api/academic/courses", course))["id"]
        class_ = {"title": "Guitar, Tuesday", "org_id": ids["org_id"], "course_id": ids["course_id"]}
        ids["class_id"] = (await post("/api/academic/classes", class_))["id"]
        ids["plan_id"] = (await post("/api/billing/plans", {"title": "Per lesson", "currency": "EUR"}))["id"]
        lesson = {"name": "Lesson", "kind": "per_meeting", "price": PRICE}
        version = {"effective_on": "2026-01-01", "components": [lesson]}
        await post(f"/api/billing/plans/{ids['plan_id']}/versions", version)
        assignment = {"scope": "tenant", "plan_id": ids["plan_id"], "effective_on": "2026-01-01"}
        await post("/api/billing/plan-assignments", assignment)
        for n in range(students):
            person = {"given_name": f"Given{n}", "family_name": f"Family{n}", "roles": ["student"]}
            student = (await post("/api/academic/people", person))["id"]
            enrolment = {"person_id": student, "begin_on": "2026-09-01"}
            enrolled = await post(f"/api/academic/classes/{ids['class_id']}/enrolments", enrolment)
            self.students.append(student)
            self.enrolments.append(enrolled["id"])
        ids["person_id"], ids["student_id"] = self.students[0], self.students[0]
        await self.plan_meetings(days or DAYS)

    async def plan_meetings(self, days: list[str]) -> None:
        path = f"/api/academic/classes/{self.ids['class_id']}/meetings"
        await self.client.post(path, {"dates": days, "starts": "17:00", "ends": "18:00"})
        self.meetings = [meeting["id"] for meeting in await self.client.get(path)]
        self.ids["meeting_id"] = self.meetings[0]

    async def mark(self, meeting_id: str, code: str = "P") -> Any:
        path = f"/api/academic/meetings/{meeting_id}/attendance"
        marks = [{"enrolment_id": enrolment, "code": code} for enrolment in await self.enrolment_ids()]
        return await self.client.post(path, {"marks": marks})

    async def enrolment_ids(self) -> list[str]:
        path = f"/api/academic/classes/{self.ids['class_id']}/roster"
        lines = [line for line in await self.client.get(path) if line["person_id"] in self.students]
        self.ids["enrolment_id"] = lines[0]["enrolment_id"]
        return [line["enrolment_id"] for line in lines]
