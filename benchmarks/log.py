"""A log of attendance for the workloads of the kernel: real events of academic, by the product's bulk append."""

import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from academic.registers.mark import Lesson, Mark
from academic.registers.register import AttendanceRegister
from academic.service import SERVICE
from infra.native.running import Running
from infra.testing.harness import new_log
from shared.calls import Actor, Call
from shared.codec import Codec
from shared.database import Connection, connect, open_pool, scalar
from shared.ids import uuid7
from shared.service import Service
from shared.store import EventStore
from shared.writer import Writer

GENERATION = 1
MARKS = 30
A_REGISTER = MARKS + 1
"""Events of one register: opened, and one mark after the other."""
A_SAVE = 64
"""Registers in one save."""
NOW = datetime(2026, 9, 1, 17, 0, tzinfo=UTC)
DAY = date(2026, 9, 1)


@dataclass(frozen=True)
class Log:
    """`dsns` by role, and `superuser`; `environment` is what a process on this log is told."""

    dsns: dict[str, str]
    store: EventStore
    admin: Connection
    environment: dict[str, str]
    schools: tuple[UUID, ...]

    async def head(self) -> int:
        return int(await scalar(self.admin, "SELECT log_head()"))

    async def fill(self, events: int) -> int:
        """Appends at least so many events; how many marks are among them."""
        registers = -(-events // A_REGISTER)
        for first in range(0, registers, A_SAVE):
            tenant = self.schools[first // A_SAVE % len(self.schools)]
            some = [register(tenant) for _ in range(min(A_SAVE, registers - first))]
            await self.store.save(*some, call=call_of(tenant))
        return registers * MARKS


def register(tenant: UUID, marks: int = MARKS, each: int = 1) -> AttendanceRegister:
    """A register that was marked so many times, so many students at a time."""
    lesson = Lesson(uuid7(), uuid7(), uuid7(), DAY, 45)
    made = AttendanceRegister.open(tenant, lesson, NOW)
    for _ in range(marks):
        some = [Mark(uuid7(), uuid7(), "P", 1, True, True) for _ in range(each)]
        made.mark(some, {mark.enrolment_id: mark.person_id for mark in some}, NOW)
    return made


def call_of(tenant: UUID) -> Call:
    return Call(tenant_id=tenant, actor=Actor("user", "bench"), now=NOW, correlation_id=uuid7())


@asynccontextmanager
async def academic_log(servers: Running, schools: int = 2, service: Service = SERVICE) -> AsyncIterator[Log]:
    """Empty, in a database of its own; `service` is another one in the place of academic."""
    async with AsyncExitStack() as stack:
        dsns = await stack.enter_async_context(new_log(servers.dsn(), SERVICE.name))
        pool = await stack.enter_async_context(open_pool(dsns["api"]))
        writer = Writer(dsns["api"], SERVICE.name)
        await writer.start()
        stack.push_async_callback(writer.stop)
        admin = await stack.enter_async_context(await connect(dsns["superuser"], search_path=SERVICE.name))
        yield Log(
            dsns,
            EventStore(SERVICE.name, pool, writer, Codec(service.aggregates)),
            admin,
            environment_of(dsns, servers),
            tuple(uuid7() for _ in range(schools)),
        )


def environment_of(dsns: dict[str, str], servers: Running) -> dict[str, str]:
    key = servers.folder / "bench.key"
    if not key.exists():
        key.write_text(b64encode(secrets.token_bytes(32)).decode())
        key.chmod(0o600)
    kafka = {"KAFKA": servers.kafka} if "kafka" in servers.pids else {}
    told = kafka | {"API_DSN": dsns["api"], "WORKER_DSN": dsns["worker"], "MASTER_KEY_FILE": str(key)}
    return {f"BENCH_{name}": value for name, value in (told | {"STATE": str(Path(servers.folder))}).items()}
