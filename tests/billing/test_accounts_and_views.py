"""Payers, their students, and views that come back identical from the events."""

from typing import Any

from billing.service import SERVICE
from shared.builds import builds_of
from shared.database import connect
from shared.verifying import verify


async def test_B16_a_student_has_one_payer_at_a_time(desk: Any) -> None:
    ann = await desk.student()
    first, second = await desk.account(ann), await desk.account()
    body = {"student_id": str(ann)}
    assert await desk.refused(f"/accounts/{second}/students", body) == (409, "student-has-payer")
    assert await desk.refused("/accounts", {"name": "x", "students": [str(ann)]}) == (
        409,
        "student-has-payer",
    )
    await desk.did(f"/accounts/{first}/students/{ann}/removal")
    await desk.did(f"/accounts/{second}/students", body)
    students = {one["id"]: one["students"] for one in await desk.got("/accounts")}
    assert students == {first: [], second: [str(ann)]}


async def test_the_payer_is_sealed_in_the_log_and_read_in_clear_text(desk: Any) -> None:
    account = await desk.account()
    await desk.did(f"/accounts/{account}/payer-details", {"name": "Núria Solé", "email": "n@example.org"})
    told = await desk.got(f"/accounts/{account}")
    assert (told["name"], told["address"], told["email"]) == ("Núria Solé", None, "n@example.org")
    log = b"".join(record.state for record in await desk.it.log())
    assert b"Mia Lee" not in log
    assert "Núria".encode() not in log


async def test_R4_59_R4_62_lists_come_in_pages(desk: Any) -> None:
    made = [await desk.account() for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = (await desk.get("/accounts", limit=2, **cursor)).json()
        seen += [one["id"] for one in answer["data"]]
        if answer["meta"]["pagination"]["next"] is None:
            break
        cursor = {"cursor": answer["meta"]["pagination"]["next"]}
    assert seen == sorted(made)


async def test_N8_a_client_sees_its_own_writes_after_the_reactions_to_them(desk: Any) -> None:
    ann = await desk.enrolled()
    await desk.mark({ann: True})
    plan = await desk.plan(("per_meeting", 2000))
    body = {"scope": "tenant", "plan_id": plan, "effective_on": "2026-09-01"}
    answer = await desk.post("/plan-assignments", body)
    headers = desk.it.headers(desk.tenant_id, consistency_token=answer.headers["Consistency-Token"])
    seen = await desk.it.client.get("/unpriced-marks", headers=headers)
    assert (seen.status_code, seen.json()["data"]) == (200, [])


async def test_every_own_view_comes_back_identical_from_the_events(desk: Any) -> None:
    await desk.priced(("per_meeting", 2000), ("monthly", 6000))
    ann = await desk.enrolled()
    meeting = await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    await desk.issued(account)
    await ann.correct(meeting, billable=False)
    await desk.mark({await desk.enrolled(): True}, "2026-08-01")
    views = [view for view in SERVICE.views if view.SOURCE == "billing"]
    async with await connect(desk.it.kernel.pool.conninfo, search_path="billing") as connection:
        for build in await builds_of(connection, views):
            differences = await verify(connection, "billing", desk.it.kernel.codec, build, 1, "")
            assert differences == [], build.view.NAME
