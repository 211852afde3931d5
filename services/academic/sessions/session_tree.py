"""The academic sessions: school years with their terms and grading periods."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from academic.sessions.academic_session import AcademicSession
from academic.trees import depth_first
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

SESSIONS = Table(
    "academic_session",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "parent_id": "uuid",
        "type": "text",
        "title": "text",
        "start_on": "date",
        "end_on": "date",
        "school_year": "text",
        "source_id": "text",
        "closed": "bool",
    },
)


class SessionTree(View):
    """All academic sessions of a school."""

    NAME = "session_tree"
    SOURCE = "academic"
    TABLES = (SESSIONS,)

    @on(AcademicSession.Opened)
    def opened(self, fact: Fact[AcademicSession.Opened], rows: Rows) -> None:
        data = fact.data
        rows.put(
            SESSIONS,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                "parent_id": data.parent_id,
                "type": data.type,
                "title": data.title,
                "start_on": data.start_on,
                "end_on": data.end_on,
                "school_year": data.school_year,
                "source_id": data.source_id,
                "closed": False,
            },
        )

    @on(AcademicSession.DatesChanged)
    def dates_changed(self, fact: Fact[AcademicSession.DatesChanged], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id)
        rows.change(SESSIONS, key, start_on=fact.data.start_on, end_on=fact.data.end_on)

    @on(AcademicSession.Revised)
    def revised(self, fact: Fact[AcademicSession.Revised], rows: Rows) -> None:
        data = fact.data
        rows.change(
            SESSIONS,
            (fact.tenant_id, fact.aggregate_id),
            parent_id=data.parent_id,
            type=data.type,
            title=data.title,
            start_on=data.start_on,
            end_on=data.end_on,
            school_year=data.school_year,
        )

    @on(AcademicSession.Closed)
    def closed(self, fact: Fact[AcademicSession.Closed], rows: Rows) -> None:
        rows.change(SESSIONS, (fact.tenant_id, fact.aggregate_id), closed=True)

    @on(AcademicSession.Reopened)
    def reopened(self, fact: Fact[AcademicSession.Reopened], rows: Rows) -> None:
        rows.change(SESSIONS, (fact.tenant_id, fact.aggregate_id), closed=False)


class SessionNode(BaseModel):
    """`end_on` is the first day after the session; `depth` is 0 at the top."""

    id: UUID
    parent_id: UUID | None
    type: str
    title: str
    start_on: date
    end_on: date
    school_year: str | None
    source_id: str | None
    closed: bool
    depth: int = 0


async def session_tree(read: Reading) -> list[SessionNode]:
    nodes = await read.all(
        SessionNode,
        "SELECT id, parent_id, type, title, start_on, end_on, school_year, source_id, closed"
        " FROM academic_session WHERE tenant_id = %(tenant)s ORDER BY start_on, end_on DESC, id",
    )
    return [node.model_copy(update={"depth": depth}) for depth, node in depth_first(nodes)]
