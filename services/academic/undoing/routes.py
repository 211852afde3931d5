"""Undoing bulk actions over HTTP: what would be undone, and the undo."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from academic.undoing.bulk_undo import BulkUndo
from academic.undoing.commands import kept_line, undo_bulk_action
from academic.undoing.planning import Plan, plan_of
from shared.answers import Answer
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["bulk actions"])

SHOWN = 500


class KeptLine(BaseModel):
    """Something that stays as it is. `part`: an enrolment of a class, a day of a calendar. `reason`: `changed-since`,
    `marks-exist`, `in-use`, `erased`, `no-way-back`, or the code of what a rule of the school refuses."""

    kind: str
    id: UUID
    part: str | None
    reason: str


class CountOfKind(BaseModel):
    kind: str
    undoable: int
    undone: int
    kept: int


class UndoPreview(BaseModel):
    """`id`: the correlation id that the undo has. `kept_lines` are the first 500."""

    id: UUID
    undoable: int
    undone: int
    kept: int
    kinds: list[CountOfKind]
    kept_lines: list[KeptLine]


class UndoReport(BaseModel):
    """`id` is the undo's own correlation id: it can be undone, too. `kept_lines` are the first 500."""

    id: UUID
    state: Literal["begun", "finished"]
    undone: int
    kept: int
    kept_lines: list[KeptLine]


@router.get("/bulk-actions/{correlation_id}/undo", responses=problems(NotFound))
async def get_undo(correlation_id: UUID, caller: Annotated[Caller, may("school.write")]) -> Answer[UndoPreview]:
    """What can be undone of all that was done under this correlation id, what cannot, and why. Nothing is changed.

    The correlation id of an import is its id; of a rollover or a planning it is the header `Correlation-Id` of the
    answer, and every history names it."""
    return caller.answer(preview(await plan_of(caller, correlation_id)), "What can be undone")


@router.post("/bulk-actions/{correlation_id}/undo", status_code=201, responses=problems(NotFound))
async def post_undo(
    correlation_id: UUID, caller: Annotated[Caller, may("school.write", creates=True)]
) -> Answer[UndoReport]:
    """Undo a bulk action: an import, a rollover, a planning, a mass enrolment. Nothing is deleted: what it made
    is taken out of use, what it changed is changed back. Interrupted, the same request goes on where it stopped."""
    saved = await caller.store.replayed(caller.call)
    if saved is None:
        plan = await plan_of(caller, correlation_id)
        saved = await undo_bulk_action(caller.store, caller.call, correlation_id, plan)
    undo = await caller.store.get(BulkUndo, saved.id, caller.tenant_id)
    caller.moved(saved)
    return caller.answer(report(undo), "Undone")


def preview(plan: Plan) -> UndoPreview:
    counts = Counter((item.kind.partition(".")[2], item.state) for item in plan.items)
    total = Counter(item.state for item in plan.items)
    kept = filter(None, (kept_line(item, {}) for item in plan.items))
    return UndoPreview(
        id=plan.undo_id,
        undoable=total["to-do"],
        undone=total["done"],
        kept=total["kept"],
        kinds=[
            CountOfKind(
                kind=kind, undoable=counts[kind, "to-do"], undone=counts[kind, "done"], kept=counts[kind, "kept"]
            )
            for kind in kinds_of(plan)
        ],
        kept_lines=[KeptLine(**vars(line)) for line in list(kept)[:SHOWN]],
    )


def kinds_of(plan: Plan) -> Iterable[str]:
    return dict.fromkeys(item.kind.partition(".")[2] for item in plan.items)


def report(undo: BulkUndo) -> UndoReport:
    return UndoReport(
        id=undo.id,
        state=undo.state,
        undone=undo.undone,
        kept=undo.kept,
        kept_lines=[KeptLine(**vars(line)) for line in undo.items[:SHOWN]],
    )
