"""Billing's part of an erasure: a student's name goes; invoices of the payer are kept as long as the law wants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import BaseModel

from billing.accounts.commands import PAYER
from billing.erasures.erasure_answer import ErasureAnswer, answer_id
from billing.invoices.invoices import Invoices
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.personal import Keyring
from shared.reactions import Act, Fact, when
from shared.store import EventStore

KEPT_YEARS = 6
"""Commercial books in Spain: six years from the last entry (Código de Comercio, article 30)."""
REASON = "invoices"


class ErasureApproved(BaseModel):
    person_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class Last:
    issued_on: date | None


@when("auth.erasure_approved", name="billing.answer-erasure")
async def when_erasure_approved(fact: Fact[ErasureApproved], act: Act) -> None:
    claims = [Claim(fact.tenant_id, PAYER, str(person), person) for person in fact.data.person_ids]
    accounts = (await act.store.owners(fact.tenant_id, claims)).values() if claims else ()
    async with act.reading(Invoices) as read:
        last = await read.one(Last, LAST, accounts=list(accounts))
    until = None if last is None or last.issued_on is None else end_of(last.issued_on)
    await answer_erasure(act.store, act.call, fact.aggregate_id, fact.data.person_ids, until)


@command
async def answer_erasure(
    store: EventStore, call: Call, erasure_id: UUID, people: Sequence[UUID], until: date | None
) -> Saved:
    """The names of students go either way: invoices name them by id."""
    answer = ErasureAnswer(
        id=answer_id(erasure_id),
        tenant_id=call.tenant_id,
        erasure_id=erasure_id,
        person_ids=tuple(people),
        timestamp=call.now,
    )
    if until is None or until <= call.now.date():
        answer.done(call.now)
    else:
        answer.held(until, REASON, call.now)
    return await store.save(answer, call=call, keys=[Keyring.erased(call.tenant_id, person) for person in people])


def end_of(issued_on: date) -> date:
    """The term runs from the end of the year."""
    return date(issued_on.year + KEPT_YEARS + 1, 1, 1)


LAST = """
    SELECT max(issued_on) AS issued_on FROM invoice
    WHERE tenant_id = %(tenant)s AND account_id = ANY(%(accounts)s) AND state = 'issued'
"""
