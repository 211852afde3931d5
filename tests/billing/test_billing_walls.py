"""What no client gets past: another school's ids, missing rights, input that is not what it should be."""

import re
from typing import Any

import pytest

from billing.main import app
from infra.testing.harness import PERMISSIONS
from shared.access import operations
from shared.ids import uuid7

BODIES: dict[str, Any] = {
    "/plans/{plan_id}/versions": {
        "effective_on": "2027-01-01",
        "components": [{"name": "x", "kind": "monthly", "price": {"amount": 1, "currency": "EUR"}}],
    },
    "/accounts/{account_id}/invoices": {"month": "2026-09"},
    "/accounts/{account_id}/payer-details": {"name": "x"},
    "/accounts/{account_id}/students": {"student_id": "{own_student}"},
    "/credit-notes/{credit_note_id}/reject": {"reason": "disputed"},
}
WITH_IDS = sorted(
    (method, operation.route.path, operation.access.permission or "")
    for operation in operations(app.routes)
    for method in operation.route.methods or ()
    if re.search(r"{\w+_id}", operation.route.path)
)


async def things(desk: Any) -> dict[str, str]:
    """One of everything that has an id."""
    plan = await desk.plan(("per_meeting", 2000))
    await desk.assign(plan)
    ann = await desk.enrolled()
    meeting = await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    invoice = await desk.issued(account)
    await ann.correct(meeting, billable=False)
    return {
        "plan_id": plan,
        "account_id": account,
        "invoice_id": invoice,
        "student_id": str(ann.student_id),
        "agreement_id": (await desk.got("/agreements"))[0]["id"],
        "credit_note_id": (await desk.got("/proposals"))[0]["id"],
    }


async def answered(desk: Any, method: str, path: str, ids: dict[str, str], student: str) -> tuple[int, Any]:
    body = BODIES.get(path)
    if body and "student_id" in body:
        body = {"student_id": student}
    target = path.format(**ids)
    month = {"month": "2026-09"} if "preview" in path else {}
    answer = await (desk.get(target, **month) if method == "GET" else desk.post(target, body))
    problem = answer.json()
    problem.pop("trace_id", None)
    return answer.status_code, problem


async def test_A24_a_foreign_id_and_an_unknown_id_answer_the_same_404(desk: Any) -> None:
    theirs = await type(desk)(desk.it).found()
    foreign = await things(theirs)
    student = str(await desk.student())
    unknown = {name: str(uuid7()) for name in foreign}
    before = await theirs.events()
    for method, path, _ in WITH_IDS:
        seen = [await answered(desk, method, path, ids, student) for ids in (foreign, unknown)]
        assert seen[0] == seen[1], (method, path)
        assert (seen[0][0], seen[0][1].get("code")) == (404, "not-found"), (method, path, seen[0])
    assert await theirs.events() == before


async def test_A24_ids_of_another_school_in_a_body_are_unknown(desk: Any) -> None:
    theirs = await type(desk)(desk.it).found()
    foreign = await things(theirs)
    mine = await desk.plan(("per_meeting", 2000))
    account = await desk.account()
    day = {"effective_on": "2026-09-01"}
    for path, body in (
        ("/plan-assignments", {"scope": "tenant", "plan_id": foreign["plan_id"], **day}),
        (
            "/plan-assignments",
            {"scope": "class", "target_id": str(theirs.class_id), "plan_id": mine, **day},
        ),
        (
            "/plan-assignments",
            {"scope": "course", "target_id": str(theirs.course_id), "plan_id": mine, **day},
        ),
        ("/accounts", {"name": "x", "students": [foreign["student_id"]]}),
        (f"/accounts/{account}/students", {"student_id": foreign["student_id"]}),
    ):
        assert await desk.refused(path, body) == (404, "not-found"), path


async def test_another_school_sees_nothing_in_any_list(desk: Any) -> None:
    await things(await type(desk)(desk.it).found())
    for path in (
        "/accounts",
        "/agreements",
        "/invoices",
        "/proposals",
        "/credit-notes",
        "/unpriced-marks",
        "/plan-assignments",
    ):
        assert await desk.got(path) == [], path
    assert len(await desk.got("/plans")) == 1
    assert (await desk.got("/summary"))["totals"] == []


async def test_every_route_needs_its_permission(desk: Any) -> None:
    for operation in operations(app.routes):
        path, permission = operation.route.path, operation.access.permission
        target = re.sub(r"{\w+_id}", str(uuid7()), path)
        rest = [each for each in PERMISSIONS if each != permission]
        headers = desk.it.headers(desk.tenant_id, rest)
        for method in operation.route.methods or ():
            answer = await desk.it.client.request(method, target, json={}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path


EURO = {"amount": 2000, "currency": "EUR"}
COMPONENT = {"name": "Lesson", "kind": "per_meeting", "price": EURO}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/plans", {"title": "", "currency": "EUR"}),
        ("/plans", {"title": "x\x00", "currency": "EUR"}),
        ("/plans", {"title": "x", "currency": "EURO"}),
        ("/plans", {"title": "x", "currency": "XXX"}),
        ("/plans", {"title": "x", "currency": "EUR", "price": 1}),
        ("/plans", ["x"]),
        ("/plans", None),
        ("/accounts", {"name": "x", "students": ["7"]}),
        ("/accounts", {"name": "x", "email": "nobody"}),
        ("/accounts", {"name": 7}),
        ("/accounts", {"name": "x", "kind": "state"}),
        ("/plan-assignments", {"scope": "class", "plan_id": str(uuid7()), "effective_on": "2026-09-01"}),
        (
            "/plan-assignments",
            {
                "scope": "tenant",
                "target_id": str(uuid7()),
                "plan_id": str(uuid7()),
                "effective_on": "2026-09-01",
            },
        ),
        ("/plan-assignments", {"scope": "tenant", "plan_id": str(uuid7()), "effective_on": 0}),
    ],
)
async def test_bad_input_is_refused_with_a_pointer_and_records_nothing(desk: Any, path: str, body: Any) -> None:
    before = await desk.events()
    answer = await desk.post(path, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"], answer.text
    assert await desk.events() == before


async def test_bad_versions_of_a_plan_are_refused(desk: Any) -> None:
    plan = await desk.plan(("per_meeting", 2000))
    path = f"/plans/{plan}/versions"
    good = {"effective_on": "2027-01-01", "components": [COMPONENT]}
    wrongs: tuple[dict[str, Any], ...] = (
        {"effective_on": "2026-02-30"},
        {"effective_on": "0001-01-01"},
        {"components": []},
        {"components": [COMPONENT | {"price": {"amount": -1, "currency": "EUR"}}]},
        {"components": [COMPONENT | {"price": {"amount": 10**30, "currency": "EUR"}}]},
        {"components": [COMPONENT | {"price": {"amount": 12.5, "currency": "EUR"}}]},
        {"components": [COMPONENT | {"price": {"amount": "2000", "currency": "EUR"}}]},
        {"components": [COMPONENT | {"kind": "per_year"}]},
        {"components": [COMPONENT | {"tax_category": "S"}]},
        {"rounding": "down"},
    )
    for wrong in wrongs:
        assert (await desk.post(path, good | wrong)).status_code == 422, wrong
    refusals: tuple[tuple[dict[str, Any], str], ...] = (
        ({"effective_on": "2026-09-01"}, "version-not-later"),
        ({"components": [COMPONENT, COMPONENT]}, "component-named-twice"),
        ({"components": [COMPONENT | {"price": {"amount": 1, "currency": "USD"}}]}, "currency-differs"),
    )
    for wrong, code in refusals:
        assert await desk.refused(path, good | wrong) == (409, code)


async def test_bad_months_are_refused(desk: Any) -> None:
    account = await desk.account()
    for month in ("2026-13", "2026-9", "september", "2026-09-01", "0000-01", "9999-12", "2026-09\n"):
        answer = await desk.get(f"/accounts/{account}/preview", month=month)
        assert answer.status_code == 422, month
        assert (await desk.post(f"/accounts/{account}/invoices", {"month": month})).status_code == 422, month


async def test_a_month_far_ahead_is_not_invoiced(desk: Any) -> None:
    account = await desk.account()
    path = f"/accounts/{account}/invoices"
    assert await desk.refused(path, {"month": "2199-01"}) == (409, "month-too-far-ahead")


async def test_an_account_without_charges_has_an_empty_preview_and_no_invoice(desk: Any) -> None:
    account = await desk.account()
    assert (await desk.preview(account))["lines"] == []
    assert await desk.refused(f"/accounts/{account}/invoices", {"month": "2026-09"}) == (
        409,
        "nothing-to-invoice",
    )
