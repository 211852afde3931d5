"""The history of a mark: from, to, who, why, when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from academic.registers.mark import Mark
from academic.registers.register import AttendanceRegister
from shared.errors import NotFound
from shared.personal import Keyring
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

STEPS = Table(
    "mark_step",
    key=("tenant_id", "register_id", "enrolment_id", "position"),
    columns={
        "tenant_id": "uuid",
        "register_id": "uuid",
        "enrolment_id": "uuid",
        "position": "int8",
        "event_id": "uuid",
        "person_id": "uuid",
        "code_from": "text",
        "code_to": "text",
        "code_version": "int4",
        "arrived_at": "text",
        "left_at": "text",
        "who": "jsonb",
        "why": "text",
        "decided_at": "timestamptz",
        "recorded_at": "timestamptz",
    },
)


class MarkHistory(View):
    """Every step of every mark. `why` stays sealed in the row."""

    NAME = "mark_history"
    VERSION = 2
    SOURCE = "academic"
    TABLES = (STEPS,)

    @on(AttendanceRegister.AttendanceMarked)
    def marked(self, fact: Fact[AttendanceRegister.AttendanceMarked], rows: Rows) -> None:
        for mark in fact.data.marks:
            self._step(fact, rows, mark, code_from=None, why=None)

    @on(AttendanceRegister.AttendanceCorrected)
    def corrected(self, fact: Fact[AttendanceRegister.AttendanceCorrected], rows: Rows) -> None:
        data = fact.data
        self._step(fact, rows, data.after, code_from=data.before.code, why=data.reason.text)

    @staticmethod
    def _step(fact: Fact[Any], rows: Rows, mark: Mark, *, code_from: str | None, why: str | None) -> None:
        rows.put(
            STEPS,
            {
                "tenant_id": fact.tenant_id,
                "register_id": fact.aggregate_id,
                "enrolment_id": mark.enrolment_id,
                "position": fact.position,
                "event_id": fact.event_id,
                "person_id": mark.person_id,
                "code_from": code_from,
                "code_to": mark.code,
                "code_version": mark.code_version,
                "arrived_at": mark.arrived_at,
                "left_at": mark.left_at,
                "who": fact.who,
                "why": why,
                "decided_at": fact.time,
                "recorded_at": fact.recorded_at,
            },
        )


class MarkStep(BaseModel):
    """`code_from` null: the first mark. `why` is null there, and for an erased person."""

    event_id: UUID
    person_id: UUID
    code_from: str | None
    code_to: str
    code_version: int
    arrived_at: str | None
    left_at: str | None
    who: dict[str, str]
    why: str | None
    decided_at: datetime
    recorded_at: datetime


async def history_of(read: Reading, keyring: Keyring, register_id: UUID, enrolment_id: UUID) -> list[MarkStep]:
    steps = await read.all(
        MarkStep,
        "SELECT event_id, person_id, code_from, code_to, code_version, arrived_at, left_at, who, why,"
        " decided_at, recorded_at"
        " FROM mark_step WHERE tenant_id = %(tenant)s AND register_id = %(register_id)s"
        " AND enrolment_id = %(enrolment_id)s ORDER BY position",
        register_id=register_id,
        enrolment_id=enrolment_id,
    )
    if not steps:
        raise NotFound
    reasons = await keyring.open(read.tenant_id, [(step.person_id, "reason", step.why) for step in steps])
    return [step.model_copy(update={"why": why}) for step, why in zip(steps, reasons, strict=True)]
