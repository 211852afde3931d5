"""What can be done with an absence notice: give it, approve, reject or withdraw it."""

from datetime import date
from uuid import UUID

from academic.absences.absence_notice import AbsenceNotice
from academic.loading import as_seen, named
from academic.people.person import Person
from shared.calls import Call, Saved
from shared.commands import command
from shared.personal import Keyring
from shared.store import EventStore


@command
async def notify_absence(
    store: EventStore,
    call: Call,
    keyring: Keyring,
    notice_id: UUID,
    person_id: UUID,
    first: date,
    last: date,
    reason: str | None,
) -> Saved:
    await named(store, call, Person, person_id, "/person_id")
    sealer = await keyring.sealer(call.tenant_id, person_id)
    sealed = None if reason is None else sealer.seal("reason", reason)
    notice = AbsenceNotice.notify(notice_id, call.tenant_id, person_id, first, last, sealed, call.now)
    return await store.save(notice, call=call, keys=sealer.new)


@command
async def approve_absence(store: EventStore, call: Call, notice_id: UUID) -> Saved:
    return await store.change(AbsenceNotice, notice_id, lambda notice: notice.approve(call.now), call=call)


@command
async def reject_absence(store: EventStore, call: Call, keyring: Keyring, notice_id: UUID, answer: str) -> Saved:
    async with store.turn(call, notice_id):
        notice = await store.get(AbsenceNotice, notice_id, call.tenant_id)
        as_seen(call, notice)
        sealer = await keyring.sealer(call.tenant_id, notice.person_id)
        notice.reject(sealer.seal("answer", answer), call.now)
        return await store.save(notice, call=call, keys=sealer.new)


@command
async def withdraw_notice(store: EventStore, call: Call, notice_id: UUID) -> Saved:
    return await store.change(AbsenceNotice, notice_id, lambda notice: notice.withdraw(call.now), call=call)
