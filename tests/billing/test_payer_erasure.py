"""A payer who asks to be erased: gone where no document is kept, kept where the law wants it."""

from typing import Any
from uuid import UUID

from shared.ids import uuid7


async def erase(desk: Any, *ids: UUID | str) -> list[str]:
    """What billing answered."""
    before = len(await desk.events())
    await desk.it.feed("auth.erasure_approved", desk.tenant_id, uuid7(), {"person_ids": [str(id) for id in ids]})
    return list((await desk.events())[before:])


async def test_C28_N6_a_payer_without_documents_is_erased_and_gets_no_invoice(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    draft = (await desk.did(f"/accounts/{account}/invoices", {"month": "2026-09"}))["id"]
    assert sorted(await erase(desk, account)) == ["erasure_done", "erasure_noted", "payer_erased"]
    told = await desk.got(f"/accounts/{account}")
    assert (told["name"], told["address"]) == (None, None)
    assert await desk.refused(f"/invoices/{draft}/issue") == (409, "payer-is-erased")
    assert await desk.refused(f"/accounts/{account}/invoices", {"month": "2026-09"}) == (409, "payer-is-erased")
    assert (await desk.refused(f"/accounts/{account}/payer-details", {"name": "Mia"}))[1] == "person-erased"


async def test_C28_F14_a_payer_with_an_issued_invoice_stays_as_long_as_the_books(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    invoice = await desk.issued(account)
    answered = await erase(desk, account, ann.student_id)
    assert "erasure_held" in answered
    assert "payer_erased" not in answered
    document = await desk.got(f"/invoices/{invoice}")
    assert document["payer_name"] == "Mia Lee"
    (held,) = await desk.it.stored(desk.tenant_id, "billing.erasure_held")
    assert held["until"] == f"{int(document['issued_on'][:4]) + 7}-01-01"


async def test_C28_the_payer_of_an_erased_student_stays_unless_named(desk: Any) -> None:
    student = await desk.student()
    account = await desk.account(student)
    assert "erasure_done" in await erase(desk, student)
    assert (await desk.got(f"/accounts/{account}"))["name"] == "Mia Lee"


async def test_C28_a_key_of_nobody_here_is_left_to_its_owner(desk: Any) -> None:
    stranger = uuid7()
    await erase(desk, stranger)
    sealer = await desk.it.kernel.keyring.sealer(desk.tenant_id, stranger)
    assert sealer.new
