"""HTTP of a school's own life: its name, its settings, how far it is set up."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from auth.tenants.life import change_tenant_settings, rename_tenant
from auth.tenants.onboarding import EXPECTED, AcademicSetUp, BillingSetUp, Progress, academic_steps, billing_steps
from auth.tenants.routes import Name, Zone
from auth.tenants.tenant import Settings, TenantIsSuspended
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["schools"])


class NewName(Request):
    name: Name


class NewSettings(Request):
    """All settings at once. `language` is that of people who chose none; marks of a month are frozen on `freeze_day`
    of the next one, null: never."""

    zone: Zone
    language: Literal["en", "es"]
    freeze_day: Annotated[int, Field(ge=1, le=28)] | None = None


class Step(BaseModel):
    """Something that a service makes for a new school; `done_at` null: not yet."""

    service: str
    step: str
    done_at: datetime | None


class Onboarding(BaseModel):
    progress: Progress
    steps: list[Step]


@router.post("/tenant/name", responses=problems(NotFound, TenantIsSuspended))
async def post_name(body: NewName, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Rename the school."""
    return caller.accepted(await rename_tenant(caller.store, caller.call, body.name), "School renamed")


@router.post("/tenant/settings", responses=problems(NotFound, TenantIsSuspended))
async def post_settings(body: NewSettings, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Change the settings of the school."""
    settings = Settings(body.zone, body.language, body.freeze_day)
    return caller.accepted(await change_tenant_settings(caller.store, caller.call, settings), "Settings changed")


@router.get("/tenant/onboarding")
async def get_onboarding(caller: Annotated[Caller, may("school.read")]) -> Answer[Onboarding]:
    """How far a new school is set up: what each service makes for it, and since when it is there."""
    async with caller.reading(AcademicSetUp) as read:
        done = {("academic", row.step): row.done_at for row in await academic_steps(read)}
    async with caller.reading(BillingSetUp) as read:
        done |= {("billing", row.step): row.done_at for row in await billing_steps(read)}
    steps = [Step(service=each.service, step=each.step, done_at=done.get(each)) for each in EXPECTED]
    progress: Progress = "ready" if all(step.done_at for step in steps) else "setting-up"
    return caller.answer(Onboarding(progress=progress, steps=steps), "Onboarding")
