"""Reading a view: one tenant, one build, one position."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

from psycopg.rows import class_row, dict_row

from shared.database import Connection, Pool
from shared.views import View

M = TypeVar("M")


class ViewBehind(Exception):
    """The view has not come as far as the caller's token asks."""


class ViewParked(ViewBehind):
    """The caller's token lies at or beyond a fact that the view could not handle: an operator must act."""


class Reading:
    """Queries of one view. `position` was read before the rows: they are at least as new."""

    def __init__(self, connection: Connection, tenant_id: UUID, consumer: str, position: int) -> None:
        self._connection = connection
        self.tenant_id = tenant_id
        self.consumer = consumer
        self.position = position

    async def all(self, model: type[M], query: str, **params: Any) -> list[M]:
        """Rows as instances of `model`; `%(tenant)s` is always given."""
        async with self._connection.cursor(row_factory=class_row(model)) as cursor:
            await cursor.execute(query.encode(), {"tenant": self.tenant_id, **params}, prepare=True)
            return await cursor.fetchall()

    async def one(self, model: type[M], query: str, **params: Any) -> M | None:
        rows = await self.all(model, query, **params)
        return rows[0] if rows else None

    async def rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query.encode(), {"tenant": self.tenant_id, **params}, prepare=True)
            return await cursor.fetchall()

    async def stream(self, query: str, size: int, **params: Any) -> AsyncIterator[list[dict[str, Any]]]:
        """The rows of one statement, `size` at a time: one moment, and never all of them in memory."""
        async with self._connection.cursor("stream", row_factory=dict_row) as cursor:
            await cursor.execute(query.encode(), {"tenant": self.tenant_id, **params})
            while rows := await cursor.fetchmany(size):
                yield rows


@asynccontextmanager
async def reading(
    pool: Pool, view: type[View], tenant_id: UUID, partition: int, service: str
) -> AsyncIterator[Reading]:
    """One transaction that sees the live build of the view. Raises ViewBehind while there is none."""
    async with pool.connection() as connection, connection.transaction():
        cursor = await connection.execute(
            OPEN,
            {
                "tenant": str(tenant_id),
                "view": view.NAME,
                "version": view.VERSION,
                "source": view.SOURCE,
                "partition": partition,
                "service": service,
            },
            prepare=True,
        )
        row = await cursor.fetchone()
        if row is None:
            raise ViewBehind
        schema, position, *_ = row
        yield Reading(connection, tenant_id, schema, position or 0)


@asynccontextmanager
async def reading_all(pool: Pool, view: type[View]) -> AsyncIterator[Connection]:
    """The live build of a view over all tenants, for a worker's own work: an API's role would see none of them.
    Raises ViewBehind."""
    async with pool.connection() as connection, connection.transaction():
        cursor = await connection.execute(
            "SELECT set_config('search_path', schema, true) FROM builds WHERE view = %s AND version = %s AND live",
            (view.NAME, view.VERSION),
        )
        if await cursor.fetchone() is None:
            raise ViewBehind
        yield connection


OPEN = """
SELECT b.schema, p.position, set_config('rollbook.tenant', %(tenant)s, true),
       set_config('search_path', b.schema || ',' || %(service)s, true)
FROM builds b
LEFT JOIN LATERAL (
    SELECT position FROM positions
    WHERE consumer = b.schema AND source = %(source)s AND partition = %(partition)s
    ORDER BY generation DESC LIMIT 1
) p ON true
WHERE b.view = %(view)s AND b.version = %(version)s AND b.live
"""
