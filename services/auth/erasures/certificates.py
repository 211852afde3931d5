"""Erasures of a school: where each stands, and, once complete, its certificate."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from auth.erasures.erasure import Erasure
from shared.errors import NotFound
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ERASURES = Table(
    "erasure",
    key=("tenant_id", "erasure_id"),
    columns={
        "tenant_id": "uuid",
        "erasure_id": "uuid",
        "state": "text",
        "user_id": "uuid",
        "person_ids": "uuid[]",
        "requested_by": "uuid",
        "requested_at": "timestamptz",
        "decided_by": "uuid",
        "decided_at": "timestamptz",
        "replies": "jsonb",
        "completed_at": "timestamptz",
    },
)


class Certificate(BaseModel):
    """`replies`: of each service, what it did, when, at which position of its log, and what it keeps until when."""

    id: UUID
    state: Literal["requested", "rejected", "approved", "complete"]
    user_id: UUID | None
    person_ids: list[UUID]
    requested_by: UUID
    requested_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    replies: list[dict[str, Any]]
    completed_at: datetime | None


class Erasures(View):
    """One row an erasure."""

    NAME = "erasures"
    SOURCE = "auth"
    TABLES = (ERASURES,)

    @on(Erasure.Requested)
    def requested(self, fact: Fact[Erasure.Requested], rows: Rows) -> None:
        rows.put(
            ERASURES,
            {
                "tenant_id": fact.tenant_id,
                "erasure_id": fact.aggregate_id,
                "state": "requested",
                "user_id": fact.data.user_id,
                "person_ids": fact.data.person_ids,
                "requested_by": fact.data.requested_by,
                "requested_at": fact.time,
                "decided_by": None,
                "decided_at": None,
                "replies": [],
                "completed_at": None,
            },
        )

    @on(Erasure.Rejected)
    def rejected(self, fact: Fact[Erasure.Rejected], rows: Rows) -> None:
        values = {"state": "rejected", "decided_by": fact.data.rejected_by, "decided_at": fact.time}
        rows.change(ERASURES, (fact.tenant_id, fact.aggregate_id), **values)

    @on(Erasure.Approved)
    def approved(self, fact: Fact[Erasure.Approved], rows: Rows) -> None:
        values = {"state": "approved", "decided_by": fact.data.approved_by, "decided_at": fact.time}
        rows.change(ERASURES, (fact.tenant_id, fact.aggregate_id), **values)

    @on(Erasure.Answered)
    async def answered(self, fact: Fact[Erasure.Answered], rows: Rows) -> None:
        key, data = (fact.tenant_id, fact.aggregate_id), fact.data
        row = await rows.get(ERASURES, key)
        reply = {
            "service": data.service,
            "outcome": data.outcome,
            "position": data.position,
            "until": None if data.until is None else data.until.isoformat(),
            "reason": data.reason,
            "at": fact.time.isoformat(),
        }
        rows.change(ERASURES, key, replies=[*(row["replies"] if row else ()), reply])

    @on(Erasure.Completed)
    def completed(self, fact: Fact[Erasure.Completed], rows: Rows) -> None:
        rows.change(ERASURES, (fact.tenant_id, fact.aggregate_id), state="complete", completed_at=fact.time)


COLUMNS = """
    erasure_id AS id, state, user_id, person_ids, requested_by, requested_at, decided_by, decided_at, replies,
    completed_at
"""


async def certificates(read: Reading, after: UUID | None, limit: int) -> list[Certificate]:
    return await read.all(
        Certificate,
        f"SELECT {COLUMNS} FROM erasure WHERE tenant_id = %(tenant)s AND erasure_id > %(after)s"  # noqa: S608
        " ORDER BY erasure_id LIMIT %(limit)s",
        after=after or UUID(int=0),
        limit=limit,
    )


async def certificate(read: Reading, erasure_id: UUID) -> Certificate:
    """Raises NotFound."""
    found = await read.one(
        Certificate,
        f"SELECT {COLUMNS} FROM erasure WHERE tenant_id = %(tenant)s AND erasure_id = %(id)s",  # noqa: S608
        id=erasure_id,
    )
    if found is None:
        raise NotFound
    return found
