"""What the school offers, as billing knows it: titles of classes and courses, to assign a plan to."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

OFFERED = Table(
    "offered",
    key=("tenant_id", "kind", "id"),
    columns={"tenant_id": "uuid", "kind": "text", "id": "uuid", "title": "text"},
)


class Titled(BaseModel, frozen=True):
    title: str


@dataclass(frozen=True)
class Title:
    id: UUID
    title: str


class Offer(View):
    """One row a class, one a course."""

    NAME = "offer"
    VERSION = 1
    SOURCE = "academic"
    TABLES = (OFFERED,)

    @on("academic.class_opened", "academic.class_revised")
    def class_opened(self, fact: Fact[Titled], rows: Rows) -> None:
        self._put(fact, rows, "class")

    @on("academic.course_created", "academic.course_revised")
    def course_created(self, fact: Fact[Titled], rows: Rows) -> None:
        self._put(fact, rows, "course")

    @staticmethod
    def _put(fact: Fact[Titled], rows: Rows, kind: str) -> None:
        rows.put(
            OFFERED,
            {
                "tenant_id": fact.tenant_id,
                "kind": kind,
                "id": fact.aggregate_id,
                "title": fact.data.title,
            },
        )


async def titles_of(read: Reading, kind: str, ids: Iterable[UUID]) -> list[Title]:
    return await read.all(
        Title,
        "SELECT id, title FROM offered WHERE tenant_id = %(tenant)s AND kind = %(kind)s AND id = ANY(%(ids)s)",
        kind=kind,
        ids=list(ids),
    )
