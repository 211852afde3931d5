"""The object rule of registers: those of the meetings within the caller's reach."""

from uuid import UUID

from academic.meetings.own_meetings import decide_on_meeting
from academic.registers.register import AttendanceRegister
from shared.caller import Caller


async def decide_on_register(caller: Caller, register_id: UUID, *, writing: bool = False) -> None:
    """Raises NotFound."""
    if caller.reach.whole:
        return
    register = await caller.store.get(AttendanceRegister, register_id, caller.tenant_id)
    await decide_on_meeting(caller, register.lesson.meeting_id, writing=writing)
