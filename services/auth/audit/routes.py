"""HTTP of the audit: ask for entries, take them away as a file."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from auth.audit.audit_log import Audit
from auth.audit.entries import Entry, Filter, all_entries, entries
from shared.answers import Answer, Page
from shared.caller import Caller, may
from shared.csv_text import line
from shared.problems import problems

router = APIRouter(prefix="/audit", tags=["audit"])

MEDIA = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
COLUMNS = tuple(Entry.model_fields)
Auditor = Annotated[Caller, may("audit.read")]


async def wanted(
    actor: Annotated[str | None, Query(max_length=100, description="Who: an id")] = None,
    action: Annotated[str | None, Query(max_length=200, description="What: `auth.role_granted`, say")] = None,
    subject: Annotated[UUID | None, Query(description="The thing, or the user concerned")] = None,
    since: Annotated[datetime | None, Query(description="From here on")] = None,
    until: Annotated[datetime | None, Query(description="Up to here, not included")] = None,
) -> Filter:
    return Filter(actor, action, subject, since, until)


Wanted = Annotated[Filter, Depends(wanted)]


@router.get("", responses=problems())
async def get_audit(page: Page, caller: Auditor, filter: Wanted) -> Answer[list[Entry]]:
    """Who did what, from where, from → to, and what was refused; the newest first."""
    after = page.after(int)
    async with caller.reading(Audit) as read:
        found = await entries(caller, read, filter, after[0] if after else 2**62, page.limit + 1)
    return caller.page(found, "Audit", read, page, lambda entry: (entry.position,))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/x-ndjson": {}}, "description": "The file"}},
)
async def get_export(
    caller: Auditor, filter: Wanted, format: Annotated[Literal["csv", "ndjson"], Query()] = "csv"
) -> StreamingResponse:
    """The same as one file, without pages."""
    headers = {"Content-Disposition": f'attachment; filename="audit.{format}"', "Cache-Control": "no-store"}
    written = as_csv(caller, filter) if format == "csv" else as_ndjson(caller, filter)
    return StreamingResponse(written, media_type=MEDIA[format], headers=headers)


async def as_csv(caller: Caller, filter: Filter) -> AsyncIterator[bytes]:
    yield line(COLUMNS)
    async for page in all_entries(caller, filter):
        yield b"".join(line(cells_of(entry)) for entry in page)


async def as_ndjson(caller: Caller, filter: Filter) -> AsyncIterator[bytes]:
    async for page in all_entries(caller, filter):
        yield b"".join(orjson.dumps(entry.model_dump(mode="json")) + b"\n" for entry in page)


def cells_of(entry: Entry) -> list[str]:
    """Text, guarded against spreadsheets like any other."""
    values = entry.model_dump(mode="json").values()
    return ["" if v is None else v if isinstance(v, str) else orjson.dumps(v).decode() for v in values]
