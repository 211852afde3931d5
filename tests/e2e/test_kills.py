"""Killed processes: nothing is lost, nothing counts twice."""

import asyncio
from datetime import date, timedelta

from infra.native.running import Running
from infra.testing.client import Client
from infra.testing.month import Month

STUDENTS, MEETINGS = 5, 20
DAYS = [(date(2026, 9, 1) + timedelta(days=n)).isoformat() for n in range(MEETINGS)]
KILLED_BEFORE = {4: "billing.worker", 9: "academic.api", 14: "kafka"}


async def test_every_mark_is_billed_exactly_once_while_worker_api_and_kafka_are_killed(product: Running) -> None:
    async with Client(product.base_url, product.inbox_url) as client:
        await client.register_school("Killed school")
        month = Month(client)
        await month.open(students=STUDENTS, days=DAYS)
        payer = {"name": "Payer", "students": month.students}
        account = (await client.post("/api/billing/accounts", payer))["id"]

        for n, meeting in enumerate(month.meetings):
            if n in KILLED_BEFORE:
                await asyncio.to_thread(product.kill, KILLED_BEFORE[n])
            await month.mark(meeting)
        await asyncio.to_thread(product.wait_ready)

        lines = (await client.get(f"/api/billing/accounts/{account}/preview?month=2026-09"))["lines"]
        items = [item for line in lines for item in line["items"]]
        billed = {(line["student_id"], item["meeting_id"]) for line in lines for item in line["items"]}
        assert billed == {(student, meeting) for student in month.students for meeting in month.meetings}
        assert len(items) == STUDENTS * MEETINGS
        assert len({item["item_id"] for item in items}) == len(items)
        assert sum(line["amount"]["amount"] for line in lines) == STUDENTS * MEETINGS * 1250
