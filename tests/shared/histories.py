"""Chained histories of a store, copies of them, and what somebody with all rights may do to them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
from psycopg import sql

from infra.verifier.live import Verdict, verify_store
from infra.verifier.stored import copy_of
from infra.verifier.verify_chain import Checkpoint, Keys, read_keys
from shared.checkpoints import CheckpointKey
from shared.clock import time_of
from shared.database import Connection, connect
from shared.hash_chain import EPOCH
from shared.hashing import HashChain
from shared.ids import uuid7
from shared.personal import MasterKey
from tests.shared.stores import append, event_of, member_of

Dsns = dict[str, str]
SECRET = b"the master key of these tests, 32 bytes and more"
KEY = CheckpointKey("academic", MasterKey(SECRET))
KEYS: Keys = read_keys([KEY.text])


PATTERN = "ABAABABAABAB"
"""Whose event stands at each position; checkpoints are signed after the sixth and after the last."""


async def two_histories(connection: Connection) -> tuple[UUID, UUID]:
    tenants = {"A": uuid7(), "B": uuid7()}
    for part in (PATTERN[:6], PATTERN[6:]):
        await store(connection, *(tenants[letter] for letter in part))
        await chain_up(connection)
    return tenants["A"], tenants["B"]


async def store(connection: Connection, *tenants: UUID) -> None:
    """An event of each of these, in order, each in a save of its own."""
    await append(connection, *(member_of(event_of(tenant, state=b'{"n": %d}' % n)) for n, tenant in enumerate(tenants)))


async def chain_up(connection: Connection, *, sign: bool = True) -> HashChain:
    """As a worker that comes late: everything that is stored, then checkpoints."""
    chain = HashChain(connection, "academic", KEY)
    await chain.start()
    while await chain.extend():
        pass
    if sign:
        chain._signed_at = EPOCH
        await chain.sign(await time_of(connection))
    return chain


async def verified(
    dsns: Dsns, keys: Keys = KEYS, *, tenant: UUID | None = None, outside: list[Checkpoint] | None = None
) -> Verdict:
    async with await connect(dsns["worker"], search_path="academic") as connection:
        return await verify_store(connection, "academic", keys, tenant_id=tenant, outside=outside or ())


async def copied(dsns: Dsns, tenant: UUID) -> list[bytes]:
    """The lines of an export."""
    async with await connect(dsns["worker"], search_path="academic") as connection:
        return [line async for line in copy_of(connection, "academic", tenant)]


async def tamper(dsns: Dsns, statements: str) -> None:
    """With all rights and without triggers."""
    async with await connect(dsns["superuser"], search_path="academic") as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(statements.encode())


@asynccontextmanager
async def clone(superuser_dsn: str, dsns: Dsns) -> AsyncIterator[Dsns]:
    """The same store in a database of its own."""
    old, new = dsns["superuser"].rpartition("/")[2], f"clone_{uuid7().hex}"
    async with await psycopg.AsyncConnection.connect(superuser_dsn, autocommit=True) as admin:
        await admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (new, old))))
        try:
            yield {role: dsn.removesuffix(old) + new for role, dsn in dsns.items()}
        finally:
            await admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(new)))
