"""HTTP for operators: how one service stands, its builds, parked facts, reactions, generation and audit."""

from contextlib import suppress
from typing import Annotated, Literal
from uuid import UUID

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from shared.answers import Answer, Meta, Page, Request
from shared.builds import BehindLive, BuildLive, BuildUnknown
from shared.operator.actions import OperatorAction, list_actions
from shared.operator.builds import (
    BuildOutdated,
    BuildProgress,
    ViewUnknown,
    begin_build,
    flip_build,
    list_builds,
    remove_build,
)
from shared.operator.desk import AtDesk, operates
from shared.operator.generations import Generation, SourceSilent, show_generation
from shared.operator.parked import ParkedTenant, list_parked, retry_parked
from shared.operator.status import Ends, Status, source_ends, status_of
from shared.operator.verifications import Verification, VerificationRunning, VerificationUnknown
from shared.problems import problems
from shared.starting import Origin, ReactionStart, ReactionStarted, ReactionUnknown, list_reactions, start_reaction

PREFIX = "/operator"
router = APIRouter(prefix=PREFIX, tags=["operator"])

Number = Annotated[int, Path(ge=1, lt=2**31)]
Called = Annotated[AtDesk, operates()]
Creating = Annotated[AtDesk, operates(creates=True)]


class BuildNumber(BaseModel):
    build: int


class Retry(Request):
    """All that is parked, or of one consumer or tenant."""

    consumer: str | None = Field(None, max_length=200)
    tenant: UUID | None = None


class Retried(BaseModel):
    facts: int


class Start(Request):
    """With the first fact of its source, or with the next one."""

    origin: Origin


class Started(BaseModel):
    name: str
    origin: Literal["beginning", "now"]


@router.get("/status")
async def get_status(called: Called) -> Answer[Status]:
    """How the service stands: its log, relay, consumers and leaders."""
    desk = called.desk
    async with desk.connected() as connection:
        ends: Ends = {}
        with suppress(KafkaError, TimeoutError):
            ends = await source_ends(connection, desk.service, desk.kafka)
        return Answer(data=await status_of(connection, desk.service, ends), message="Status")


@router.get("/views")
async def get_views(called: Called) -> Answer[list[BuildProgress]]:
    """Every build with its position and the end of its source."""
    async with called.desk.connected() as connection:
        builds = await list_builds(connection, called.desk.service, called.desk.kafka)
    return Answer(data=builds, message="Builds")


@router.post("/views/{view}/builds", status_code=201, responses=problems(ViewUnknown, SourceSilent))
async def post_build(view: Annotated[str, Path(pattern="^[a-z0-9_]{1,63}$")], called: Creating) -> Answer[BuildNumber]:
    """Begin a new build of a view, which the worker fills."""
    async with called.desk.connected() as connection:
        number = await begin_build(connection, called.desk.service, called.desk.kafka, called.operator, view)
    return Answer(data=BuildNumber(build=number), message="Build begun")


@router.post("/builds/{build}/flip", responses=problems(BuildUnknown, BehindLive))
async def post_flip(build: Number, called: Called) -> Answer[BuildNumber]:
    """Make a build the live one of its view."""
    async with called.desk.connected() as connection:
        await flip_build(connection, called.desk.service, called.operator, build)
    return Answer(data=BuildNumber(build=build), message="Build live")


@router.delete("/builds/{build}", responses=problems(BuildUnknown, BuildLive))
async def delete_build(build: Number, called: Called) -> Answer[BuildNumber]:
    """Remove a build that is not live, with its tables."""
    async with called.desk.connected() as connection:
        await remove_build(connection, called.desk.service, called.operator, build)
    return Answer(data=BuildNumber(build=build), message="Build removed")


@router.post(
    "/builds/{build}/verifications",
    status_code=202,
    responses=problems(BuildUnknown, BuildOutdated, SourceSilent, VerificationRunning),
)
async def post_verification(build: Number, called: Called, response: Response) -> Answer[Verification]:
    """Begin to compare a build with a fold of the whole history; ask for its outcome at `Location`."""
    async with called.desk.connected() as connection:
        begun = await called.desk.verifications.begin(connection, called.operator, build)
    response.headers["Location"] = f"{PREFIX}/verifications/{begun.id}"
    return Answer(data=begun, message="Verification begun")


@router.get("/verifications/{verification}", responses=problems(VerificationUnknown))
async def get_verification(verification: UUID, called: Called) -> Answer[Verification]:
    """What a comparison has found, or that it is running."""
    async with called.desk.connected() as connection:
        found = await called.desk.verifications.find(connection, verification)
    return Answer(data=found, message="Verification")


@router.get("/parked")
async def get_parked(called: Called) -> Answer[list[ParkedTenant]]:
    """What failed, per consumer and tenant, and how many facts wait behind it."""
    async with called.desk.connected() as connection:
        return Answer(data=await list_parked(connection), message="Parked")


@router.post("/parked/retries")
async def post_retry(body: Retry, called: Called) -> Answer[Retried]:
    """Ask the worker to try parked facts again, in order."""
    async with called.desk.connected() as connection:
        facts = await retry_parked(connection, called.operator, body.consumer, body.tenant)
    return Answer(data=Retried(facts=facts), message="Will be tried again")


@router.get("/reactions")
async def get_reactions(called: Called) -> Answer[list[ReactionStart]]:
    """Every reaction of this release, and where the started ones began."""
    async with called.desk.connected() as connection:
        return Answer(data=await list_reactions(connection, called.desk.service), message="Reactions")


@router.post("/reactions/{name}/start", responses=problems(ReactionUnknown, ReactionStarted))
async def post_start(
    name: Annotated[str, Path(pattern="^[a-z0-9_. -]{1,200}$")], body: Start, called: Called
) -> Answer[Started]:
    """Start a reaction."""
    desk = called.desk
    async with desk.connected() as connection:
        await start_reaction(connection, desk.service, desk.kafka, called.operator, name, body.origin)
    return Answer(data=Started(name=name, origin=body.origin), message="Reaction started")


@router.get("/generation")
async def get_generation(called: Called) -> Answer[Generation]:
    """The generation of the log, and whether it was written on the server that runs now."""
    async with called.desk.connected() as connection:
        return Answer(data=await show_generation(connection), message="Generation")


@router.get("/audit")
async def get_audit(called: Called, paging: Page) -> Answer[list[OperatorAction]]:
    """What operators did and what was refused them, the newest first."""
    after = paging.after(int)
    async with called.desk.connected() as connection:
        actions = await list_actions(connection, paging.limit + 1, None if after is None else after[0])
    page, pagination = paging.cut(actions, lambda action: (action.number,))
    return Answer(data=page, message="Actions", meta=Meta(pagination=pagination))
