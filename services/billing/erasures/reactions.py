"""Billing's part of an erasure: names go; what invoices say of the payer is kept as long as the law wants."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import BaseModel

from billing.accounts.account import BillingAccount
from billing.accounts.commands import PAYER
from billing.credit_notes.credit_notes import CreditNotes
from billing.erasures.erasure_answer import ErasureAnswer, answer_id
from billing.invoices.invoices import Invoices
from billing.students.students import Students, students_of
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.personal import Keyring
from shared.reactions import Act, Fact, when
from shared.store import EventStore

KEPT_YEARS = 6
"""Commercial books in Spain: six years from the last entry (Código de Comercio, article 30)."""
REASON = "invoices"


class ErasureApproved(BaseModel):
    """`person_ids`: people of the school's records, and accounts for what is known of their payers."""

    person_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class Last:
    account_id: UUID
    issued_on: date


@when("auth.erasure_approved", name="billing.answer-erasure")
async def when_erasure_approved(fact: Fact[ErasureApproved], act: Act) -> None:
    people = fact.data.person_ids
    claims = [Claim(fact.tenant_id, PAYER, str(person), person) for person in people]
    payers = (await act.store.owners(fact.tenant_id, claims)).values() if claims else ()
    kept = await kept_until(act, {*payers, *people})
    async with act.reading(Students) as read:
        students = [row.id for row in await students_of(read, people)]
    await answer_erasure(act.store, act.call, fact.aggregate_id, people, students, kept)


async def kept_until(act: Act, accounts: Collection[UUID]) -> dict[UUID, date]:
    """Of accounts with documents: the day until which those are kept."""
    async with act.reading(Invoices) as read:
        lasts = await read.all(Last, LAST_INVOICES, accounts=list(accounts))
    async with act.reading(CreditNotes) as read:
        lasts += await read.all(Last, LAST_NOTES, accounts=list(accounts))
    return {last.account_id: end_of(last.issued_on) for last in sorted(lasts, key=lambda last: last.issued_on)}


@command
async def answer_erasure(
    store: EventStore,
    call: Call,
    erasure_id: UUID,
    people: Sequence[UUID],
    students: Sequence[UUID],
    kept: Mapping[UUID, date],
) -> Saved:
    """The names of students go either way: invoices name them by id. A payer who is named goes unless documents are
    kept. A key that is not ours to destroy stays: its owner does it, or has a reason not to."""
    accounts = await store.get_many(BillingAccount, people, call.tenant_id)
    held = {account_id: until for account_id, until in kept.items() if until > call.now.date()}
    going = [account for account in accounts.values() if account.id not in held]
    for account in going:
        account.erase(call.now)
    answer = ErasureAnswer(
        id=answer_id(erasure_id),
        tenant_id=call.tenant_id,
        erasure_id=erasure_id,
        person_ids=tuple(people),
        timestamp=call.now,
    )
    if held:
        answer.held(max(held.values()), REASON, call.now)
    else:
        answer.done(call.now)
    keys = [Keyring.erased(call.tenant_id, id) for id in (*students, *(account.id for account in going))]
    return await store.save(answer, *going, call=call, keys=keys)


def end_of(issued_on: date) -> date:
    """The term runs from the end of the year."""
    return date(issued_on.year + KEPT_YEARS + 1, 1, 1)


LAST_INVOICES = """
    SELECT account_id, max(issued_on) AS issued_on FROM invoice
    WHERE tenant_id = %(tenant)s AND account_id = ANY(%(accounts)s) AND state = 'issued' GROUP BY account_id
"""
LAST_NOTES = """
    SELECT account_id, max(issued_on) AS issued_on FROM credit_note
    WHERE tenant_id = %(tenant)s AND account_id = ANY(%(accounts)s) AND issued_on IS NOT NULL GROUP BY account_id
"""
