"""Corrections after the invoice: proposed, approved by a person, issued."""

from typing import Any

EURO20 = {"amount": 2000, "currency": "EUR"}


async def invoiced(desk: Any) -> tuple[Any, Any, str, str]:
    """A student with one invoiced lesson."""
    await desk.priced()
    ann = await desk.enrolled()
    meeting = await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    return ann, meeting, account, await desk.issued(account)


async def test_N3_B22_a_mark_corrected_after_the_invoice_is_a_proposal_until_a_person_approves(
    desk: Any,
) -> None:
    ann, meeting, account, invoice = await invoiced(desk)
    source = await ann.correct(meeting, billable=False)
    (proposal,) = await desk.got("/proposals")
    assert (proposal["state"], proposal["amount"]) == ("proposed", EURO20)
    assert (proposal["source_event_id"], proposal["invoice_id"]) == (str(source), invoice)
    assert "credit_note_issued" not in await desk.events()
    path = f"/credit-notes/{proposal['id']}"
    assert await desk.refused(f"{path}/issue") == (409, "not-approved")
    await desk.did(f"{path}/approve")
    await desk.did(f"{path}/issue")
    note = await desk.got(path)
    year = note["issued_on"][:4]
    assert (note["number"], note["invoice_number"]) == (f"R{year}-000001", f"F{year}-000001")
    assert [one["balance"]["amount"] for one in await desk.got(f"/accounts/{account}/statement")] == [2000, 0]
    document = await desk.got(f"/invoices/{invoice}")
    assert (document["total"], document["credited"]) == (EURO20, EURO20)
    assert await desk.got("/proposals") == []


async def test_B13_a_credit_note_is_issued_once(desk: Any) -> None:
    ann, meeting, _, _ = await invoiced(desk)
    await ann.correct(meeting, billable=False)
    (proposal,) = await desk.got("/proposals")
    path = f"/credit-notes/{proposal['id']}"
    await desk.did(f"{path}/approve")
    await desk.did(f"{path}/issue")
    await desk.did(f"{path}/issue")
    assert await desk.refused(f"{path}/reject", {"reason": "disputed"}) == (409, "proposal-decided")
    assert (await desk.events()).count("credit_note_issued") == 1


async def test_N3_a_correction_taken_back_takes_the_proposal_back(desk: Any) -> None:
    ann, meeting, _, _ = await invoiced(desk)
    await ann.correct(meeting, billable=False)
    (proposal,) = await desk.got("/proposals")
    await desk.did(f"/credit-notes/{proposal['id']}/approve")
    await ann.correct(meeting, billable=True)
    assert await desk.got("/proposals") == []
    note = await desk.got(f"/credit-notes/{proposal['id']}")
    assert (note["state"], note["reason"]) == ("rejected", "superseded")


async def test_N3_what_was_credited_and_then_held_after_all_stands_on_the_next_invoice(desk: Any) -> None:
    ann, meeting, account, _ = await invoiced(desk)
    await ann.correct(meeting, billable=False)
    (proposal,) = await desk.got("/proposals")
    await desk.did(f"/credit-notes/{proposal['id']}/approve")
    await desk.did(f"/credit-notes/{proposal['id']}/issue")
    await ann.correct(meeting, billable=True)
    (line,) = (await desk.preview(account, "2026-10"))["lines"]
    assert (line["month"], line["amount"]) == ("2026-09", EURO20)
    second = await desk.issued(account, "2026-10")
    await ann.correct(meeting, billable=False)
    (proposal,) = await desk.got("/proposals")
    assert (proposal["invoice_id"], proposal["month"]) == (second, "2026-09")


async def test_a_rejected_proposal_leaves_the_invoice_as_it_is(desk: Any) -> None:
    ann, meeting, account, _ = await invoiced(desk)
    await ann.correct(meeting, billable=False)
    (proposal,) = await desk.got("/proposals")
    await desk.did(f"/credit-notes/{proposal['id']}/reject", {"reason": "settled_otherwise"})
    await ann.correct(meeting, billable=True)
    assert await desk.got("/proposals") == []
    assert (await desk.preview(account, "2026-10"))["lines"] == []


async def test_a_lesson_marked_after_the_invoice_stands_on_the_next_one(desk: Any) -> None:
    ann, _, account, _ = await invoiced(desk)
    await desk.mark({ann: True}, "2026-09-28")
    assert (await desk.events()).count("late_charge_carried") == 1
    (line,) = (await desk.preview(account, "2026-10"))["lines"]
    assert (line["month"], line["items"][0]["held_on"]) == ("2026-09", "2026-09-28")


async def test_N3_a_student_who_left_earlier_than_invoiced_gets_the_difference_proposed(desk: Any) -> None:
    await desk.priced(("monthly", 6000))
    ann = await desk.enrolled()
    account = await desk.account(ann.student_id)
    await desk.issued(account)
    left = {"enrolment_id": ann.enrolment_id, "person_id": ann.student_id}
    await desk.tell("student_withdrawn", desk.class_id, **left, on="2026-09-16")
    (proposal,) = await desk.got("/proposals")
    assert proposal["amount"] == {"amount": 3000, "currency": "EUR"}
    dates = {"begin_on": "2026-09-01", "end_on": "2026-09-21"}
    await desk.tell("enrollment_dates_changed", desk.class_id, **left, **dates)
    (proposal,) = await desk.got("/proposals")
    assert proposal["amount"] == {"amount": 2000, "currency": "EUR"}
