"""Numbers without a hole: many issues at once, by several processes, over months and years."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from billing.invoices.commands import DraftOutdated, issue_invoice
from shared.store import EventStore
from shared.writer import Writer


async def drafts(desk: Any, count: int) -> list[UUID]:
    """One account's drafts of that many months."""
    ann = await desk.enrolled(begin=None)
    account = await desk.account(ann.student_id)
    months = [f"{2020 + n // 12}-{n % 12 + 1:02}" for n in range(count)]
    made = [await desk.did(f"/accounts/{account}/invoices", {"month": month}) for month in months]
    return [UUID(draft["id"]) for draft in made]


async def flat(desk: Any) -> None:
    await desk.assign(await desk.plan(("monthly", 6000), since="2000-01-01"), since="2000-01-01")


async def numbers(desk: Any) -> list[str]:
    rows = await desk.got("/invoices", limit=200)
    return sorted(row["number"] for row in rows if row["number"])


async def test_B10_G22_issues_at_the_same_time_get_consecutive_numbers(desk: Any) -> None:
    await flat(desk)
    ids = await drafts(desk, 12)
    answers = await asyncio.gather(*(desk.post(f"/invoices/{one}/issue") for one in ids))
    assert {answer.status_code for answer in answers} == {200}
    year = datetime.now(UTC).year
    assert await numbers(desk) == [f"F{year}-{n:06}" for n in range(1, 13)]


async def test_B10_G22_a_refused_issue_takes_no_number(desk: Any) -> None:
    await flat(desk)
    ids = await drafts(desk, 10)
    await desk.mark({}, "2026-09-07")
    later = await desk.plan(("monthly", 7000), since="2020-06-01")
    await desk.assign(later, since="2020-06-01")
    answers = await asyncio.gather(*(desk.post(f"/invoices/{one}/issue") for one in ids))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [409] * 5
    assert [number[-6:] for number in await numbers(desk)] == [f"{n:06}" for n in range(1, 6)]


async def test_B10_G22_several_processes_share_one_series(desk: Any) -> None:
    await flat(desk)
    ids = await drafts(desk, 12)
    call = desk.it.call(desk.tenant_id)
    writers = [Writer(desk.it.kernel.pool.conninfo, "billing") for _ in range(3)]
    stores = [EventStore("billing", desk.it.kernel.pool, writer, desk.it.kernel.codec) for writer in writers]
    for writer in writers:
        await writer.start()
    try:
        await asyncio.gather(*(issue_invoice(stores[n % 3], call, one) for n, one in enumerate(ids)))
    finally:
        for writer in writers:
            await writer.stop()
    await desk.it.settle()
    assert [number[-6:] for number in await numbers(desk)] == [f"{n:06}" for n in range(1, 13)]


async def test_B11_a_series_goes_on_over_months_and_begins_anew_each_year(desk: Any) -> None:
    await flat(desk)
    ids = await drafts(desk, 5)
    days = [(2027, 1, 31), (2027, 2, 1), (2027, 6, 30), (2027, 1, 31), (2028, 1, 1)]
    for one, day in zip(ids, days, strict=True):
        now = datetime(*day, 12, tzinfo=UTC)
        await issue_invoice(desk.it.kernel.store, desk.it.call(desk.tenant_id, now=now), one)
    await desk.it.settle()
    found = {row["id"]: row["number"] for row in await desk.got("/invoices")}
    assert [found[str(one)] for one in ids] == [
        "F2027-000001",
        "F2027-000002",
        "F2027-000003",
        "F2027-000004",
        "F2028-000001",
    ]


async def test_B11_the_year_of_a_number_is_the_year_at_the_school(desk: Any) -> None:
    await flat(desk)
    (one,) = await drafts(desk, 1)
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    await issue_invoice(desk.it.kernel.store, desk.it.call(desk.tenant_id, now=new_year), one)
    await desk.it.settle()
    (row,) = await desk.got("/invoices")
    assert (row["issued_on"], row["number"]) == ("2027-01-01", "F2027-000001")


async def test_B10_no_number_is_taken_by_an_issue_that_fails(desk: Any) -> None:
    await flat(desk)
    (one,) = await drafts(desk, 1)
    await desk.assign(await desk.plan(("monthly", 7000), since="2000-02-01"), since="2000-02-01")
    with pytest.raises(DraftOutdated):
        await issue_invoice(desk.it.kernel.store, desk.it.call(desk.tenant_id), one)
    assert not [name for name in await desk.events() if re.search("number_taken|invoice_issued", name)]
