"""A lesson that takes place now, whatever the hour: a teacher and participants with logins of their own."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from httpx2 import Response

from academic.people.person import Person
from infra.testing.harness import PERMISSIONS, Running
from infra.testing.school import School, data_of
from shared.calls import Claim
from shared.ids import uuid7

STARTED = timedelta(minutes=5)


@dataclass
class Login:
    """Somebody who signs in as this person."""

    school: School
    person_id: str
    permissions: tuple[str, ...]
    enrolment_id: str = ""
    user_id: UUID = field(default_factory=uuid7)
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return self.school.it.signer.token(
            self.school.tenant_id, self.permissions, ("student",), self.user_id, self.claims
        )

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        await self.school.it.settle()
        sent = {"authorization": f"Bearer {self.token}", "idempotency-key": uuid7().hex}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.school.it.client.request(method, path, json=body, headers=sent)

    async def did(self, path: str, body: Any = None, **headers: str) -> Any:
        return data_of(await self.ask("POST", path, body, **headers))

    async def got(self, path: str) -> Any:
        return data_of(await self.ask("GET", path))

    async def refused(self, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        answer = await self.ask("POST", path, body, **headers)
        return answer.status_code, answer.json()["code"]


@dataclass
class LessonNow:
    """It began some minutes ago, about noon where the school is."""

    school: School
    class_id: str
    meeting_id: str
    teacher: Login
    ann: Login
    ben: Login

    async def roll(self, ann: str = "P", ben: str = "A") -> str:
        """The teacher takes it; the register's id."""
        marks = [
            {"enrolment_id": self.ann.enrolment_id, "code": ann},
            {"enrolment_id": self.ben.enrolment_id, "code": ben},
        ]
        return str((await self.teacher.did(f"/meetings/{self.meeting_id}/attendance", {"marks": marks}))["id"])


def noon_zone(now: datetime) -> str:
    """Where it is between twelve and one."""
    ahead = 12 - now.astimezone(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


async def linked(school: School, person_id: str, permissions: tuple[str, ...]) -> Login:
    login, call = Login(school, person_id, permissions), school.it.call(school.tenant_id)
    claim = Claim(school.tenant_id, "user-account", str(login.user_id), UUID(person_id))
    await school.it.kernel.store.change(
        Person, UUID(person_id), lambda p: p.link_user_account(login.user_id, call.now), call=call, claims=[claim]
    )
    return login


async def lesson_now(it: Running) -> LessonNow:
    now = datetime.now(UTC)
    zone = noon_zone(now)
    school = await School.founded(it, zone)
    begin = (now - STARTED).astimezone(ZoneInfo(zone))
    class_id = await school.class_()
    day = {"dates": [str(begin.date())], "starts": f"{begin:%H:%M}", "ends": "14:30"}
    meeting_id = (await school.did(f"/classes/{class_id}/meetings", day))[0]["id"]
    teacher = await linked(school, await school.person("Eva", role="teacher"), PERMISSIONS)
    await school.did(f"/classes/{class_id}/teachers", {"person_id": teacher.person_id, "primary": True})
    students = [await linked(school, await school.person(name), ("me",)) for name in ("Ann", "Ben")]
    for student in students:
        student.enrolment_id = await school.enrolment(class_id, student.person_id, None)
    return LessonNow(school, class_id, meeting_id, teacher, *students)
