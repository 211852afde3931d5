"""A few routes that show every way of failing, without a kernel: they do not touch the store."""

from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import psycopg
from fastapi import APIRouter
from starlette.requests import Request as Incoming

from shared.answers import Answer, Page, Request
from shared.caller import Caller, may, public
from shared.errors import Forbidden, NotFound, Refused
from shared.http import Api, create_app
from shared.idempotency import Idempotency
from shared.identity import Verifier
from shared.keyset import KeySet
from shared.personal import KeyAbsent, PersonErased
from shared.problems import problems
from shared.reading import ViewBehind, ViewParked
from shared.service import Service
from shared.settings import ServiceSettings
from shared.store import Conflict, KeyReused, Stale, TooLarge, Unavailable
from tests.shared.signing import GOOD_STANDINGS, Signer

SIGNER = Signer()


class SeatsTaken(Refused):
    """No seat is left."""


class Inner(Request):
    tags: tuple[str, ...] = ()


class Enrolment(Request):
    person_id: UUID
    seats: int = 1
    note: str = ""
    inner: Inner | None = None


FAULTS: dict[str, Exception] = {
    "refused": SeatsTaken(pointer="/person_id"),
    "not-found": NotFound(),
    "forbidden": Forbidden(),
    "conflict": Conflict(7),
    "stale": Stale(7),
    "key-reused": KeyReused(),
    "too-large": TooLarge(),
    "behind": ViewBehind(),
    "parked": ViewParked(),
    "key-absent": KeyAbsent(),
    "erased": PersonErased(),
    "unavailable": Unavailable("busy"),
    "database": psycopg.OperationalError("connection to secret-host failed"),
    "bug": RuntimeError("secret detail"),
}
router = APIRouter(tags=["classes"])


@router.post("/classes/{class_id}/enrolments", status_code=201, responses=problems(SeatsTaken, NotFound))
async def post_enrolment(
    class_id: UUID, body: Enrolment, caller: Annotated[Caller, may("enrolments.write", creates=True)]
) -> Answer[str]:
    """Enrol a student."""
    return caller.answer(body.note, "Student enrolled")


@router.get("/faults/{name}")
async def get_fault(name: str, caller: Annotated[Caller, public()]) -> Answer[str]:
    raise FAULTS[name]


@router.get("/pages")
async def get_pages(page: Page, caller: Annotated[Caller, public()]) -> Answer[list[str]]:
    after = page.after(str, UUID, int) or ("none",)
    return caller.answer([str(after[0])], "Page")


@router.post("/uploads")
async def post_upload(
    request: Incoming, caller: Annotated[Caller, may("imports.write", body_limit=2_000_000)]
) -> Answer[int]:
    """A route that streams its body."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return caller.answer(size, "Uploaded")


def make_app(folder: Path) -> Api:
    app = create_app(Service("academic", ()), ServiceSettings, routers=(router,))
    app.state.kernel = None
    app.state.verifier = Verifier(KeySet("http://127.0.0.1:9/", SIGNER.publish(folder)), "academic")
    app.state.standings = GOOD_STANDINGS
    app.state.idempotency = Idempotency(b"k" * 32)
    return app


URL = f"/classes/{uuid4()}/enrolments"
PERSON = "01990000-0000-7000-8000-000000000002"


def auth() -> dict[str, str]:
    """Signed when it is used: a token made at import would expire before a long run comes to its tests."""
    return SIGNER.bearer("enrolments.write", "imports.write") | {"Idempotency-Key": "key"}
