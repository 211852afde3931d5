"""Plain rows of the platform's tenant: a short transaction of their own, committed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.database import Connection, Pool
from shared.ids import PLATFORM


@asynccontextmanager
async def platform_rows(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("SELECT set_config('rollbook.tenant', %s, true)", (str(PLATFORM),))
        yield connection
