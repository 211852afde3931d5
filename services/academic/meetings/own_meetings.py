"""The object rule of meetings and registers: those of the classes within the caller's reach."""

from uuid import UUID

from academic.classes.own_classes import own_lesson
from academic.meetings.class_meeting import ClassMeeting
from shared.caller import Caller


async def decide_on_meeting(caller: Caller, meeting_id: UUID, *, writing: bool = False) -> None:
    """Raises NotFound."""
    if caller.reach.whole:
        return
    meeting = await caller.store.get(ClassMeeting, meeting_id, caller.tenant_id)
    lesson = own_lesson(meeting.class_id, meeting.slot.held_on, meeting.teacher_ids, writing=writing)
    await caller.decide(lesson)
