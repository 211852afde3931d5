"""Histories over HTTP: what happened to a thing of the school, in words."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from academic.absences.absence_notice import AbsenceNotice
from academic.classes.own_classes import OWN_CLASSES, own_class
from academic.codes.code_set import code_set_id
from academic.histories.asking import Asked, history
from academic.histories.history import HistoryEntry
from academic.histories.templates import Language
from academic.meetings.own_meetings import decide_on_meeting
from academic.people.own_family import FAMILY, own_family, own_person
from academic.registers.own_registers import decide_on_register
from shared.answers import Answer, Page
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(prefix="/history", tags=["history"], responses=problems(NotFound))

Said = Annotated[Language, Query(description="The language of `text`, `label` and words of lists")]
History = Answer[list[HistoryEntry]]
SchoolReader = Annotated[Caller, may("school.read")]


@router.get("/orgs/{org_id}")
async def get_org_history(org_id: UUID, paging: Page, caller: SchoolReader, language: Said = "en") -> History:
    """What happened to an org, its days without teaching included."""
    return await history(caller, Asked("academic.org", org_id), paging, language)


@router.get("/academic-sessions/{session_id}")
async def get_session_history(session_id: UUID, paging: Page, caller: SchoolReader, language: Said = "en") -> History:
    """What happened to an academic session."""
    return await history(caller, Asked("academic.academic_session", session_id), paging, language)


@router.get("/courses/{course_id}")
async def get_course_history(course_id: UUID, paging: Page, caller: SchoolReader, language: Said = "en") -> History:
    """What happened to a course."""
    return await history(caller, Asked("academic.course", course_id), paging, language)


@router.get("/attendance-codes")
async def get_code_history(paging: Page, caller: SchoolReader, language: Said = "en") -> History:
    """What happened to the attendance codes."""
    asked = Asked("academic.attendance_code_set", code_set_id(caller.tenant_id))
    return await history(caller, asked, paging, language)


@router.get("/rooms/{room_id}")
async def get_room_history(
    room_id: UUID, paging: Page, caller: Annotated[Caller, may("classes.read")], language: Said = "en"
) -> History:
    """What happened to a room."""
    return await history(caller, Asked("academic.room", room_id), paging, language)


@router.get("/people/{person_id}")
async def get_person_history(
    person_id: UUID, paging: Page, caller: Annotated[Caller, may("people.read", rule=FAMILY)], language: Said = "en"
) -> History:
    """What happened to a person: details, guardians, classes, absences. Families see their own."""
    await caller.decide(own_family(person_id))
    asked = Asked("academic.person", person_id, FAMILY, within=await family(caller, person_id))
    return await history(caller, asked, paging, language)


@router.get("/classes/{class_id}")
async def get_class_history(
    class_id: UUID,
    paging: Page,
    caller: Annotated[Caller, may("classes.read", rule=OWN_CLASSES)],
    language: Said = "en",
) -> History:
    """What happened to a class: its values, its seats, its waiting list, who came and went."""
    await caller.decide(own_class(class_id))
    return await history(caller, Asked("academic.class", class_id, OWN_CLASSES), paging, language)


@router.get("/classes/{class_id}/enrolments/{enrolment_id}")
async def get_enrolment_history(
    class_id: UUID,
    enrolment_id: UUID,
    paging: Page,
    caller: Annotated[Caller, may("enrolments.read", rule=OWN_CLASSES)],
    language: Said = "en",
) -> History:
    """What happened to one person's time in a class."""
    await caller.decide(own_class(class_id))
    asked = Asked("academic.class", enrolment_id, OWN_CLASSES, of=class_id)
    return await history(caller, asked, paging, language)


@router.get("/meetings/{meeting_id}")
async def get_meeting_history(
    meeting_id: UUID,
    paging: Page,
    caller: Annotated[Caller, may("classes.read", rule=OWN_CLASSES)],
    language: Said = "en",
) -> History:
    """What happened to a lesson and to its register."""
    await decide_on_meeting(caller, meeting_id)
    return await history(caller, Asked("academic.class_meeting", meeting_id, OWN_CLASSES), paging, language)


@router.get("/registers/{register_id}")
async def get_register_history(
    register_id: UUID,
    paging: Page,
    caller: Annotated[Caller, may("attendance.read", rule=OWN_CLASSES)],
    language: Said = "en",
) -> History:
    """What happened to a register."""
    await decide_on_register(caller, register_id)
    return await history(caller, Asked("academic.attendance_register", register_id, OWN_CLASSES), paging, language)


@router.get("/absence-notices/{notice_id}")
async def get_notice_history(
    notice_id: UUID, paging: Page, caller: Annotated[Caller, may("absences.read", rule=FAMILY)], language: Said = "en"
) -> History:
    """What happened to a notice of absence. Families see their own."""
    notice = await caller.store.get(AbsenceNotice, notice_id, caller.tenant_id)
    await caller.decide(own_family(notice.person_id))
    within = await family(caller, notice.person_id)
    return await history(caller, Asked("academic.absence_notice", notice_id, FAMILY, within=within), paging, language)


async def family(caller: Caller, person_id: UUID) -> frozenset[UUID] | None:
    """Whom a family may see named: the person asked for, and oneself."""
    if caller.reach.whole:
        return None
    return frozenset({person_id, await own_person(caller) or person_id})
