"""Absence alerts over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from academic.alerts.alert_list import AbsenceAlerts, AlertLine, Wanted, alerts
from academic.alerts.commands import accept_alerts, decline_alerts
from academic.classes.own_classes import OWN_CLASSES, reached_classes
from academic.fields import Day
from academic.people.own_family import FAMILY, own_family
from academic.people.person import AlertLanguage, PersonIsArchived
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["absences"])


class Acceptance(Request):
    language: AlertLanguage = "en"


@router.get("/absence-alerts")
async def get_alerts(
    paging: Page,
    caller: Annotated[Caller, may("attendance.read", rule=OWN_CLASSES)],
    person_id: Annotated[UUID | None, Query(description="Who was absent")] = None,
    first: Annotated[Day, Query(alias="from")] = date(1900, 1, 1),
    to: Day = date(2200, 1, 1),
) -> Answer[list[AlertLine]]:
    """Which guardian was alerted of which absence, the newest first."""
    only = await reached_classes(caller)
    async with caller.reading(AbsenceAlerts) as read:
        lines = await alerts(read, paging, Wanted(only, person_id, first, to))
    return caller.page(lines, "Absence alerts", read, paging, lambda line: (line.position,))


@router.post("/people/{person_id}/absence-alerts/refusal", responses=problems(NotFound))
async def post_refusal(person_id: UUID, caller: Annotated[Caller, may("people.write", rule=FAMILY)]) -> Answer[Receipt]:
    """This guardian gets no mails about absences any more."""
    await caller.decide(own_family(person_id))
    return caller.accepted(await decline_alerts(caller.store, caller.call, person_id), "Absence alerts declined")


@router.post("/people/{person_id}/absence-alerts/acceptance", responses=problems(NotFound, PersonIsArchived))
async def post_acceptance(
    person_id: UUID, body: Acceptance, caller: Annotated[Caller, may("people.write", rule=FAMILY)]
) -> Answer[Receipt]:
    """This guardian gets mails about absences, in this language. Without it guardians get them in English."""
    await caller.decide(own_family(person_id))
    saved = await accept_alerts(caller.store, caller.call, person_id, body.language)
    return caller.accepted(saved, "Absence alerts accepted")
