"""The billing service on a real PostgreSQL; academic and auth are told by hand, a new school for each test."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from httpx2 import Response

from billing.main import app
from billing.service import SERVICE
from billing.settings import BillingSettings
from infra.testing.harness import PERMISSIONS, Running, running
from shared.ids import uuid7
from shared.records import Record


@dataclass
class Desk:
    """One school's front desk: what academic tells, and what billing answers."""

    it: Running
    tenant_id: UUID = field(default_factory=uuid7)
    class_id: UUID = field(default_factory=uuid7)
    course_id: UUID = field(default_factory=uuid7)
    settling: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def found(self) -> "Desk":
        told = {"name": "Academy", "country": "ES", "currency": "EUR", "zone": "Europe/Madrid"}
        await self.it.feed("auth.tenant_registered", self.tenant_id, self.tenant_id, told | {"owner_id": uuid7()})
        await self.tell("class_opened", self.class_id, title="Piano A")
        await self.tell("course_created", self.course_id, title="Piano")
        return self

    async def tell(self, event: str, about: UUID, *, event_id: UUID | None = None, **data: Any) -> Record:
        return await self.it.feed(f"academic.{event}", self.tenant_id, about, data, event_id=event_id)

    async def student(self, given: str = "Ann", family: str = "Lee") -> UUID:
        student_id = uuid7()
        sealer = await self.it.kernel.keyring.sealer(self.tenant_id, student_id)
        await self.it.kernel.store.save(call=self.it.call(self.tenant_id), keys=sealer.new)
        names: dict[str, Any] = {"given_name": sealer.seal("given_name", given).text}
        names["family_name"] = sealer.seal("family_name", family).text
        await self.tell("person_registered", student_id, email=None, roles=["student"], **names)
        return student_id

    async def enrolled(self, student_id: UUID | None = None, begin: str | None = "2026-09-01") -> "Enrolled":
        student_id = student_id or await self.student()
        enrolment_id = uuid7()
        await self.tell(
            "student_enrolled",
            self.class_id,
            enrolment_id=enrolment_id,
            person_id=student_id,
            course_id=self.course_id,
            begin_on=begin,
            end_on=None,
        )
        return Enrolled(self, enrolment_id, student_id)

    async def mark(self, marks: dict["Enrolled", bool], day: str = "2026-09-07") -> UUID:
        """One lesson, told in one event; the meeting's id."""
        meeting_id = uuid7()
        told = [one.mark("P" if billable else "E", billable) for one, billable in marks.items()]
        await self.tell("attendance_marked", uuid7(), **self.lesson(meeting_id, day), marks=told)
        return meeting_id

    def lesson(self, meeting_id: UUID, day: str) -> dict[str, Any]:
        known = {"class_id": self.class_id, "course_id": self.course_id, "meeting_id": meeting_id}
        return {**known, "held_on": day, "minutes": 60}

    async def post(self, path: str, body: Any = None, **headers: str) -> Response:
        sent = self.it.headers(self.tenant_id, PERMISSIONS, **headers)
        answer = await self.it.client.post(path, json=body, headers=sent)
        async with self.settling:
            await self.it.settle()
        return answer

    async def get(self, path: str, **params: Any) -> Response:
        return await self.it.client.get(path, params=params, headers=self.it.headers(self.tenant_id))

    async def did(self, path: str, body: Any = None, **headers: str) -> Any:
        return data_of(await self.post(path, body, **headers))

    async def got(self, path: str, **params: Any) -> Any:
        return data_of(await self.get(path, **params))

    async def refused(self, path: str, body: Any = None) -> tuple[int, str]:
        answer = await self.post(path, body)
        return answer.status_code, answer.json()["code"]

    async def plan(self, *components: tuple[str, int], since: str = "2026-09-01") -> str:
        plan_id: str = (await self.did("/plans", {"title": "Lessons", "currency": "EUR"}))["id"]
        await self.publish(plan_id, *components, since=since)
        return plan_id

    async def publish(self, plan_id: str, *components: tuple[str, int], since: str) -> None:
        named = [
            {"name": kind, "kind": kind, "price": {"amount": amount, "currency": "EUR"}} for kind, amount in components
        ]
        await self.did(f"/plans/{plan_id}/versions", {"effective_on": since, "components": named})

    async def assign(self, plan_id: str, scope: str = "class", since: str = "2026-09-01") -> None:
        target = {"class": str(self.class_id), "course": str(self.course_id), "tenant": None}[scope]
        body = {"scope": scope, "target_id": target, "plan_id": plan_id, "effective_on": since}
        await self.did("/plan-assignments", body)

    async def priced(self, *components: tuple[str, int]) -> None:
        await self.assign(await self.plan(*(components or (("per_meeting", 2000),))))

    async def account(self, *students: UUID) -> str:
        body = {"name": "Mia Lee", "address": "Calle Sol 1", "students": [str(one) for one in students]}
        account_id: str = (await self.did("/accounts", body))["id"]
        return account_id

    async def issued(self, account_id: str, month: str = "2026-09") -> str:
        """Drafted and issued; the invoice's id."""
        invoice_id: str = (await self.did(f"/accounts/{account_id}/invoices", {"month": month}))["id"]
        await self.did(f"/invoices/{invoice_id}/issue")
        return invoice_id

    async def preview(self, account_id: str, month: str = "2026-09") -> Any:
        return await self.got(f"/accounts/{account_id}/preview", month=month)

    async def events(self) -> list[str]:
        return [topic.removeprefix("billing.") for topic in await self.it.events(self.tenant_id)]


@dataclass(frozen=True)
class Enrolled:
    desk: Desk = field(compare=False)
    enrolment_id: UUID
    student_id: UUID

    def mark(self, code: str, billable: bool) -> dict[str, Any]:
        known = {"enrolment_id": self.enrolment_id, "person_id": self.student_id, "code": code}
        return {**known, "code_version": 1, "present": billable, "billable": billable}

    async def correct(self, meeting_id: UUID, billable: bool, day: str = "2026-09-07") -> UUID:
        """The event that told it."""
        event_id = uuid7()
        await self.desk.tell(
            "attendance_corrected",
            uuid7(),
            event_id=event_id,
            **self.desk.lesson(meeting_id, day),
            enrolment_id=self.enrolment_id,
            person_id=self.student_id,
            before=self.mark("P", not billable),
            after=self.mark("P" if billable else "E", billable),
            reason="v1.opaque",
        )
        return event_id


def data_of(answer: Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()["data"]


@pytest.fixture(scope="module")
async def billing(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("billing")
    async with running(postgres, folder, SERVICE, BillingSettings, app) as it:
        yield it
        assert await it.parked() == []


@pytest.fixture
async def desk(billing: Running) -> Desk:
    return await Desk(billing).found()


@pytest.fixture
def today() -> date:
    """Where the academy is."""
    return datetime.now(ZoneInfo("Europe/Madrid")).date()
