"""Preview, draft, issue, explain: over HTTP with a real PostgreSQL."""

from datetime import date
from typing import Any

from shared.ids import uuid7


async def test_N2_every_line_opens_to_its_marks_plan_version_rule_and_rounding(desk: Any) -> None:
    await desk.priced(("per_meeting", 2000), ("monthly", 1001))
    ann = await desk.enrolled(begin="2026-09-16")
    await desk.mark({ann: True}, "2026-09-21")
    await desk.mark({ann: True}, "2026-09-28")
    invoice = await desk.issued(await desk.account(ann.student_id))
    told = await desk.got(f"/invoices/{invoice}/explanation")
    flat, meetings = told["lines"]
    assert told["total"] == {"amount": 4501, "currency": "EUR"}
    assert all(line["items_total"] == line["amount"] for line in told["lines"])
    assert [item["held_on"] for item in meetings["items"]] == ["2026-09-21", "2026-09-28"]
    assert {(item["code"], item["code_version"], item["plan_version"]) for item in meetings["items"]} == {("P", 1, 1)}
    assert [step["rule"] for step in flat["items"][0]["steps"]] == ["plan", "price", "proration", "rounding"]
    assert flat["amount"]["amount"] == 501
    assert all(item["source_event_id"] for line in told["lines"] for item in line["items"])


async def test_N2_the_items_of_an_invoice_name_the_very_events_that_told_the_marks(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    record = await desk.tell(
        "attendance_marked", uuid7(), **desk.lesson(uuid7(), "2026-09-07"), marks=[ann.mark("P", True)]
    )
    invoice = await desk.issued(await desk.account(ann.student_id))
    ((item,),) = [line["items"] for line in (await desk.got(f"/invoices/{invoice}/explanation"))["lines"]]
    assert item["source_event_id"] in record.state.decode()


async def test_B8_a_preview_is_what_the_invoice_will_be_and_stores_nothing(desk: Any) -> None:
    await desk.priced(("per_meeting", 2000), ("monthly", 6000))
    ann = await desk.enrolled()
    await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    before = await desk.events()
    preview = await desk.preview(account)
    assert await desk.events() == before
    invoice = await desk.issued(account)
    document = await desk.got(f"/invoices/{invoice}")
    assert preview["totals"] == [document["total"]]
    amounts = [[line["amount"] for line in one["lines"]] for one in (preview, document)]
    assert sorted(map(str, amounts[0])) == sorted(map(str, amounts[1]))
    (agreement,) = await desk.got("/agreements")
    path = f"/agreements/{agreement['id']}/preview"
    assert (await desk.got(path, month="2026-09"))["lines"] == []
    assert (await desk.got(path, month="2026-10"))["totals"] == [{"amount": 6000, "currency": "EUR"}]


async def test_B9_a_draft_has_no_number_and_can_be_prepared_again(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    await desk.mark({ann: True}, "2026-09-07")
    account = await desk.account(ann.student_id)
    first = (await desk.did(f"/accounts/{account}/invoices", {"month": "2026-09"}))["id"]
    assert ((await desk.got(f"/invoices/{first}"))["number"]) is None
    await desk.mark({ann: True}, "2026-09-14")
    assert await desk.refused(f"/invoices/{first}/issue") == (409, "draft-outdated")
    second = (await desk.did(f"/accounts/{account}/invoices", {"month": "2026-09"}))["id"]
    assert second == first
    await desk.did(f"/invoices/{first}/issue")
    document = await desk.got(f"/invoices/{first}")
    year = document["issued_on"][:4]
    assert (document["state"], document["number"]) == ("issued", f"F{year}-000001")
    assert document["total"] == {"amount": 4000, "currency": "EUR"}


async def test_B12_an_issued_invoice_stays_as_it_is(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    await desk.mark({ann: True}, "2026-09-07")
    account = await desk.account(ann.student_id)
    invoice = await desk.issued(account)
    document = await desk.got(f"/invoices/{invoice}")
    await desk.mark({ann: True}, "2026-09-14")
    assert await desk.did(f"/invoices/{invoice}/issue")
    details = {"name": "Somebody Else", "address": "Elsewhere"}
    await desk.did(f"/accounts/{account}/payer-details", details)
    assert await desk.got(f"/invoices/{invoice}") == document
    parties = (document["issuer_name"], document["payer_name"], document["payer_address"])
    assert parties == ("Academy", "Mia Lee", "Calle Sol 1")
    assert (await desk.events()).count("invoice_issued") == 1
    other = (await desk.did(f"/accounts/{account}/invoices", {"month": "2026-10"}))["id"]
    assert other != invoice


async def test_B16_one_bill_for_siblings(desk: Any) -> None:
    await desk.priced()
    ann, ben = await desk.enrolled(await desk.student("Ann")), await desk.enrolled(await desk.student("Ben"))
    await desk.mark({ann: True, ben: True})
    account = await desk.account(ann.student_id, ben.student_id)
    document = await desk.got(f"/invoices/{await desk.issued(account)}")
    assert {(line["student_name"], line["class_title"]) for line in document["lines"]} == {
        ("Ann Lee", "Piano A"),
        ("Ben Lee", "Piano A"),
    }
    assert document["total"]["amount"] == 4000


async def test_B6_a_student_who_leaves_pays_for_the_days_until_then(desk: Any) -> None:
    await desk.priced(("monthly", 6000))
    ann = await desk.enrolled()
    account = await desk.account(ann.student_id)
    await desk.tell(
        "student_withdrawn",
        desk.class_id,
        enrolment_id=ann.enrolment_id,
        person_id=ann.student_id,
        on="2026-09-16",
    )
    (line,) = (await desk.preview(account))["lines"]
    assert (line["amount"]["amount"], line["items"][0]["until"]) == (3000, "2026-09-16")
    assert (await desk.preview(account, "2026-10"))["lines"] == []


async def test_B2_a_monthly_price_is_charged_once_a_month(desk: Any) -> None:
    await desk.priced(("monthly", 6000))
    ann = await desk.enrolled()
    account = await desk.account(ann.student_id)
    for month in ("2026-09", "2026-10"):
        invoice = await desk.issued(account, month)
        assert (await desk.got(f"/invoices/{invoice}"))["total"]["amount"] == 6000
        assert await desk.refused(f"/accounts/{account}/invoices", {"month": month}) == (
            409,
            "nothing-to-invoice",
        )


async def test_an_open_month_that_was_forgotten_comes_along_with_the_next_invoice(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    await desk.mark({ann: True}, "2026-09-07")
    await desk.mark({ann: True}, "2026-10-05")
    document = await desk.got(f"/invoices/{await desk.issued(await desk.account(ann.student_id), '2026-10')}")
    assert [line["month"] for line in document["lines"]] == ["2026-09", "2026-10"]


async def test_B29_a_repeated_command_answers_the_same_and_does_nothing(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    draft = await desk.did(f"/accounts/{account}/invoices", {"month": "2026-09"})
    key = {"Idempotency-Key": str(uuid7())}
    first, again = [await desk.post(f"/invoices/{draft['id']}/issue", **key) for _ in range(2)]
    assert first.content == again.content
    assert (await desk.events()).count("number_taken") == 1


async def test_an_issue_of_another_version_than_the_one_seen_is_refused(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    draft = await desk.did(f"/accounts/{account}/invoices", {"month": "2026-09"})
    answer = await desk.post(f"/invoices/{draft['id']}/issue", if_match='"1"')
    assert answer.status_code == 412
    assert "number_taken" not in await desk.events()


async def test_the_statement_and_the_summary_add_up(desk: Any, today: date) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    await desk.issued(account)
    (entry,) = await desk.got(f"/accounts/{account}/statement")
    assert (entry["kind"], entry["issued_on"], entry["balance"]["amount"]) == ("invoice", str(today), 2000)
    summary = await desk.got("/summary")
    assert summary["totals"] == [
        {
            "open": {"amount": 0, "currency": "EUR"},
            "invoiced": {"amount": 2000, "currency": "EUR"},
            "credited": {"amount": 0, "currency": "EUR"},
        }
    ]
    assert (summary["drafts"], summary["proposals"]) == (0, 0)


async def test_a_month_that_has_its_own_draft_stays_there(desk: Any) -> None:
    await desk.priced(("monthly", 6000))
    ann = await desk.enrolled()
    account = await desk.account(ann.student_id)
    drafts = [
        (await desk.did(f"/accounts/{account}/invoices", {"month": month}))["id"]
        for month in ("2026-09", "2026-10", "2026-11")
    ]
    for draft in reversed(drafts):
        await desk.did(f"/invoices/{draft}/issue")
        assert (await desk.got(f"/invoices/{draft}"))["total"]["amount"] == 6000
