"""From the marks to the cent and back: preview, invoice, correction, credit note; and what can be taken away."""

import csv
import hashlib
import io

from infra.story_client import only
from infra.story_lessons import A_MONTH, PER_LESSON
from infra.story_school import Stage
from infra.story_teller import brief, day, money

TOTAL = 4 * PER_LESSON + A_MONTH


async def find_payer(stage: Stage) -> None:
    guardian, *children = stage.demo.family
    payer = {
        "kind": "family",
        "name": stage.name(guardian),
        "email": stage.people[guardian]["email"],
        "students": [stage.people[child]["id"] for child in children],
    }
    stage.account_id = (await stage.client.post("/billing/accounts", payer)).data["id"]
    path = f"/billing/accounts/{stage.account_id}/preview"
    preview = (await stage.client.get(path, month=stage.month)).data
    names = " and ".join(stage.people[child]["given_name"] for child in children)
    stage.teller.holds(
        preview["totals"] == [{"amount": TOTAL, "currency": "EUR"}],
        f"{payer['name']} pays for {names}; the next invoice would be {money(preview['totals'][0])}",
    )


async def issue_invoice(stage: Stage) -> None:
    drafted = await stage.client.post(f"/billing/accounts/{stage.account_id}/invoices", {"month": stage.month})
    stage.invoice_id = drafted.data["id"]
    await stage.client.post(f"/billing/invoices/{stage.invoice_id}/issue")
    invoice = (await stage.client.get(f"/billing/invoices/{stage.invoice_id}")).data
    lines = (await stage.client.get(f"/billing/invoices/{stage.invoice_id}/explanation")).data["lines"]
    stage.teller.headline(f"Invoice {invoice['number']}  {invoice['payer_name']}  {money(invoice['total'])}")
    for line in lines:
        head = f"{line['student_name']}, {line['class_title']}: {line['quantity']} x {money(line['unit_price'])}"
        stage.teller.say(f"{head} = {money(line['amount'])}  ({line['plan_title']}, version {line['plan_version']})")
        for item in line["items"]:
            why = f"mark {item['code']}" if item["code"] else f"until {day(item['until'])}"
            source = f"{why:<16} {money(item['amount']):>10}  event {item['source_event_id']}"
            stage.teller.say(f"  {day(item['held_on'])}  {source}", style="dim")
    stage.teller.holds(
        all(line["items_total"] == line["amount"] for line in lines)
        and sum(line["amount"]["amount"] for line in lines) == invoice["total"]["amount"] == TOTAL,
        "every line adds up from its items, the invoice from its lines, to the cent",
    )
    told = {item["source_event_id"] for line in lines for item in line["items"] if item["code"]}
    stage.teller.holds(told == await _marked(stage), "and each item names the very event of its mark in the register")


async def correct(stage: Stage) -> None:
    """A late word of the parents: nothing is overwritten, the difference is proposed as a credit note."""
    meeting, reason = stage.meetings[1], "Was ill; the note came late"
    register_id, enrolment_id = stage.registers[meeting["id"]], await _enrolment(stage)
    body = {"enrolment_id": enrolment_id, "code": "E", "reason": reason}
    await stage.client.post(f"/academic/registers/{register_id}/corrections", body)
    path = f"/academic/registers/{register_id}/marks/{enrolment_id}/history"
    first, *_, last = (await stage.client.get(path)).data
    stage.teller.holds(
        (first["code_to"], last["code_from"], last["code_to"], last["why"]) == ("P", "P", "E", reason),
        f"{day(meeting['held_on'])}: P becomes E, both stay in the history, with who and why",
    )
    proposal = only((await stage.client.get("/billing/proposals")).data, "proposed credit note")
    stage.teller.holds(
        proposal["source_event_id"] == last["event_id"] and proposal["invoice_id"] == stage.invoice_id,
        f"billing proposes to credit {money(proposal['amount'])}, because of event {brief(last['event_id'])}",
    )
    await stage.client.post(f"/billing/credit-notes/{proposal['id']}/approve")
    await stage.client.post(f"/billing/credit-notes/{proposal['id']}/issue")
    note = (await stage.client.get(f"/billing/credit-notes/{proposal['id']}")).data
    stage.teller.headline(
        f"Credit note {note['number']}  for invoice {note['invoice_number']}  {money(note['amount'])}"
    )
    stage.teller.holds(note["amount"]["amount"] == PER_LESSON, "approved and issued: exactly the lesson that was not")
    entries = (await stage.client.get(f"/billing/accounts/{stage.account_id}/statement")).data
    owed = entries[-1]["balance"]
    stage.teller.holds(
        [entry["kind"] for entry in entries] == ["invoice", "credit_note"] and owed["amount"] == TOTAL - PER_LESSON,
        f"the account's statement ends with what is owed: {money(owed)}",
    )


async def take_away(stage: Stage) -> None:
    """The attendance of the class as a file that can be checked."""
    wanted = {
        "kind": "class-attendance",
        "class_id": stage.class_id,
        "from": stage.days[0].isoformat(),
        "to": stage.days[-1].isoformat(),
    }
    job_id = (await stage.client.post("/exports/exports", wanted)).data["id"]
    path = f"/exports/exports/{job_id}"
    job = (await stage.client.until(path, lambda answer: answer.data["state"] == "completed", "the export ends")).data
    told = only((await stage.client.get(f"{path}/manifest")).data["files"], "file in the manifest")
    content = (await stage.client.get(f"{path}/artifact")).content
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    child = stage.people[stage.demo.family[1]]
    corrected = only([row for row in rows if row["corrected"] == "1"], "corrected mark in the file")
    stage.teller.holds(
        hashlib.sha256(content).hexdigest() == told["sha256"] and len(content) == told["size"],
        f"{told['file']}: {len(content):,} bytes, SHA-256 {told['sha256'][:16]}… as the manifest says",
    )
    stage.teller.holds(
        job["percent"] == 100
        and len(rows) == told["rows"] == stage.marks
        and (corrected["code"], corrected["date"]) == ("E", stage.meetings[1]["held_on"])
        and (corrected["given_name"], corrected["family_name"]) == (child["given_name"], child["family_name"]),
        f"all {told['rows']} marks are in it, the corrected one as E",
    )


async def look_around(stage: Stage) -> None:
    parts = (await stage.client.get("/dashboards/school")).data
    academic, billing, exports = (parts[name]["data"] for name in ("academic", "billing", "exports"))
    stage.teller.holds(
        (academic["meetings_held"], academic["marks"], academic["corrections"]) == (4, stage.marks, 1)
        and academic["people"] == stage.demo.counts["users"],
        f"{academic['people']} people, {academic['classes']} classes, {academic['enrolments']} enrolments,"
        f" {academic['marks']} marks, {academic['corrections']} correction",
    )
    totals = only(billing["totals"], "currency")
    stage.teller.holds(
        totals["invoiced"]["amount"] == TOTAL and totals["credited"]["amount"] == PER_LESSON,
        f"invoiced {money(totals['invoiced'])}, credited {money(totals['credited'])},"
        f" {exports['completed']} export done",
    )


async def _enrolment(stage: Stage) -> str:
    child = stage.people[stage.demo.family[1]]["id"]
    roster = await stage.client.get(f"/academic/classes/{stage.class_id}/roster", as_of=stage.days[0].isoformat())
    return next(str(line["enrolment_id"]) for line in roster.data if line["person_id"] == child)


async def _marked(stage: Stage) -> set[str]:
    """The events of the child's marks, as the registers tell them."""
    enrolment_id, events = await _enrolment(stage), set()
    for register_id in stage.registers.values():
        history = await stage.client.get(f"/academic/registers/{register_id}/marks/{enrolment_id}/history")
        events |= {step["event_id"] for step in history.data}
    return events
