"""An approved erasure begins with auth's own part; what the services answer completes it."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from auth.erasures.commands import note_reply, request_erasure
from auth.erasures.erasure import Erasure, Reply
from auth.erasures.forgetting import forget_user
from shared.ids import derived
from shared.reactions import Act, Fact, when


class Done(BaseModel):
    erasure_id: UUID


class Held(Done):
    until: date
    reason: str


class LeaverHandedOver(BaseModel):
    person_id: UUID
    requested_by: UUID


@when("academic.leaver_handed_over", name="auth.erase-leaver")
async def when_leaver_handed_over(fact: Fact[LeaverHandedOver], act: Act) -> None:
    """Asked for in the name of who handed over: another person approves it, as any other."""
    erasure_id = derived(fact.event_id, "erasure")
    await request_erasure(act.store, act.call, erasure_id, None, (fact.data.person_id,), fact.data.requested_by)


@when(Erasure.Approved, name="auth.forget-user")
async def when_erasure_approved(fact: Fact[Erasure.Approved], act: Act) -> None:
    if fact.data.user_id is not None:
        await forget_user(act, fact.data.user_id)
    await note_reply(act.store, act.call, fact.aggregate_id, Reply("auth", "done", fact.position))


@when("academic.erasure_done", name="auth.erasure-done-in-academic")
async def when_done_in_academic(fact: Fact[Done], act: Act) -> None:
    await note_reply(act.store, act.call, fact.data.erasure_id, Reply("academic", "done", fact.position))


@when("exports.erasure_done", name="auth.erasure-done-in-exports")
async def when_done_in_exports(fact: Fact[Done], act: Act) -> None:
    await note_reply(act.store, act.call, fact.data.erasure_id, Reply("exports", "done", fact.position))


@when("billing.erasure_done", name="auth.erasure-done-in-billing")
async def when_done_in_billing(fact: Fact[Done], act: Act) -> None:
    await note_reply(act.store, act.call, fact.data.erasure_id, Reply("billing", "done", fact.position))


@when("billing.erasure_held", name="auth.erasure-held-in-billing")
async def when_held_in_billing(fact: Fact[Held], act: Act) -> None:
    reply = Reply("billing", "held", fact.position, fact.data.until, fact.data.reason)
    await note_reply(act.store, act.call, fact.data.erasure_id, reply)


REACTIONS = (
    when_leaver_handed_over,
    when_erasure_approved,
    when_done_in_academic,
    when_done_in_exports,
    when_done_in_billing,
    when_held_in_billing,
)
