"""What can be done with a school's rules of attendance, and what other commands ask of them."""

from datetime import date, timedelta
from uuid import UUID

from academic.loading import as_seen
from academic.rules.attendance_rules import (
    AttendanceIsFrozen,
    AttendanceRules,
    FreezeReason,
    MakeUpPolicy,
    next_month,
    rules_id,
)
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def set_make_up_policy(store: EventStore, call: Call, policy: MakeUpPolicy) -> Saved:
    """Credits and bookings that are there keep what was said when they were made."""
    async with store.turn(call, rules_id(call.tenant_id)):
        rules = await rules_of(store, call)
        as_seen(call, rules)
        rules.set_make_up_policy(policy, call.now)
        return await store.save(rules, call=call)


@command
async def set_freeze_day(store: EventStore, call: Call, freeze_day: int | None, zone: str) -> Saved:
    async with store.turn(call, rules_id(call.tenant_id)):
        rules = await rules_of(store, call)
        rules.set_freeze_day(freeze_day, zone, call.now)
        return await store.save(rules, call=call)


async def rules_of(store: EventStore, call: Call) -> AttendanceRules:
    """Those of a school that decided nothing are new ones."""
    id: UUID = rules_id(call.tenant_id)
    found = await store.find(AttendanceRules, id, call.tenant_id)
    return found or AttendanceRules(id=id, tenant_id=call.tenant_id, timestamp=call.now)


async def late_reason(store: EventStore, call: Call, held_on: date, reason: FreezeReason | None) -> FreezeReason | None:
    """Why marks of this lesson change after its freeze day; None before it. Raises AttendanceIsFrozen."""
    # No freeze day comes before the next month does in some zone: a roll of today asks nothing of the store.
    if call.now.date() + timedelta(days=1) < next_month(held_on):
        return None
    rules = await rules_of(store, call)
    if not rules.frozen(held_on, call.now):
        return None
    if reason is None:
        raise AttendanceIsFrozen
    return reason
