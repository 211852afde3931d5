"""One service on a real PostgreSQL, in this process: its API over ASGI, its views and reactions on demand."""

import os
import secrets
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from psycopg import AsyncConnection, sql

from shared.builds import ensure_builds, flip, start_positions
from shared.calls import Actor, Call
from shared.database import Connection, connect, migrate, provision
from shared.ids import uuid7
from shared.kernel import Kernel
from shared.log_feed import read_page
from shared.reader import Reader
from shared.records import Record, partition_of
from shared.service import Service
from shared.settings import ServiceSettings

GENERATION = 1
PASSWORDS = {"owner": "owner-password-of-tests", "api": "api-password-of-tests", "worker": "worker-password-of-tests"}


class Signer:
    """Access tokens as auth signs them, for tests of the other services."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    def key_set(self) -> bytes:
        x = urlsafe_b64encode(self._key.public_key().public_bytes_raw()).rstrip(b"=").decode()
        key = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "test", "x": x}
        return orjson.dumps({"keys": [key]})

    def token(
        self,
        tenant_id: UUID,
        permissions: Iterable[str],
        roles: Iterable[str] = ("owner",),
        subject: UUID | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Of a new user, unless one is given; `claims` go before all others."""
        now = int(time.time())
        signed = {
            "iss": "rollbook",
            "aud": ["gateway", "auth", "academic", "billing", "exports"],
            "sub": str(subject or uuid7()),
            "jti": str(uuid7()),
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "tenant": str(tenant_id),
            "roles": list(roles),
            "permissions": list(permissions),
            "sid": str(uuid7()),
            **(claims or {}),
        }
        return jwt.encode(signed, self._key, algorithm="EdDSA", headers={"typ": "at+jwt", "kid": "test"})


PERMISSIONS = (
    "me",
    "school.write",
    "school.read",
    "classes.write",
    "classes.read",
    "enrolments.write",
    "enrolments.read",
    "attendance.mark",
    "attendance.correct",
    "attendance.read",
    "absences.write",
    "absences.decide",
    "absences.read",
    "people.write",
    "people.read",
    "notes.write",
    "notes.read",
    "audit.read",
    "imports.write",
    "imports.read",
    "plans.write",
    "plans.read",
    "accounts.write",
    "accounts.read",
    "invoices.draft",
    "invoices.issue",
    "invoices.read",
    "credit-notes.approve",
    "credit-notes.issue",
    "exports.write",
    "exports.read",
    "members.read",
    "members.write",
)


class Running:
    """`client` speaks HTTP to the API; `feed` brings foreign facts; `settle` lets views and reactions catch up."""

    def __init__(
        self, service: Service, kernel: Kernel, client: AsyncClient, signer: Signer, dsns: Mapping[str, str]
    ) -> None:
        self.dsns = dsns
        self.service = service
        self.kernel = kernel
        self.client = client
        self.signer = signer
        self._readers: dict[str, Reader] = {}
        self._connections: dict[str, Connection] = {}
        self._last: dict[tuple[str, int], int] = {}
        self._heads: dict[str, int] = {}

    async def open(self) -> None:
        for source in self.service.sources:
            connection = await connect(self.dsns["worker"], search_path=self.service.name)
            self._connections[source] = connection
            views = [view for view in self.service.views if source == view.SOURCE]
            builds = await ensure_builds(connection, self.service.name, views, GENERATION)
            for build in builds:
                await flip(connection, self.service.name, build)
            reactions = [reaction for reaction in self.service.reactions if reaction.source == source]
            for reaction in reactions:
                await start_positions(connection, self.service.name, reaction.name, source, GENERATION)
            reader = Reader(self.kernel, connection, source, GENERATION, builds, reactions)
            await reader.start()
            self._readers[source] = reader

    async def close(self) -> None:
        for connection in self._connections.values():
            await connection.close()

    def call(self, tenant_id: UUID, *, now: datetime | None = None, key: bytes | None = None) -> Call:
        return Call(
            tenant_id=tenant_id,
            actor=Actor("user", "test"),
            now=now or datetime.now(UTC),
            correlation_id=uuid7(),
            key=key,
            kind="test",
            fingerprint=b"test",
        )

    def headers(self, tenant_id: UUID, permissions: Iterable[str] = PERMISSIONS, **more: str) -> dict[str, str]:
        """Authorization for this tenant, of somebody who just signed in, a fresh Idempotency-Key, and what is given
        (`if_match=…`)."""
        given = {name.replace("_", "-"): value for name, value in more.items()}
        token = self.signer.token(tenant_id, permissions, claims={"amr": ["pwd"], "auth_time": int(time.time())})
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(8), **given}

    async def feed(
        self,
        topic: str,
        tenant_id: UUID,
        aggregate_id: UUID,
        data: Mapping[str, Any],
        *,
        version: int = 1,
        time: datetime | None = None,
        event_id: UUID | None = None,
    ) -> Record:
        """A fact of another service, as its relay would send it; then `settle`."""
        source = topic.partition(".")[0]
        partition = partition_of(tenant_id)
        position = self._heads[source] = self._heads.get(source, 0) + 1
        now = time or datetime.now(UTC)
        meta = {
            "event_id": str(event_id or uuid7()),
            "time": now.isoformat(),
            "actor": {"kind": "user", "id": "test"},
            "correlation_id": str(uuid7()),
        }
        state = orjson.dumps({"meta": meta, "data": data}, default=str)
        previous = self._last.get((source, partition), 0)
        self._last[source, partition] = position
        record = Record(
            position, tenant_id, aggregate_id, version, topic, state, now, previous, partition, position - 1
        )
        await self.deliver(source, record)
        return record

    async def deliver(self, source: str, *records: Record) -> None:
        """Delivers foreign records, also again; then own views and reactions catch up."""
        await self._readers[source].apply(list(records))
        await self.settle()

    async def settle(self) -> None:
        reader = self._readers[self.service.name]
        connection = self._connections[self.service.name]
        after = min((places[0].position for places in reader.places.values()), default=0)
        while page := await read_page(connection, after, 1000):
            await reader.apply(page)
            after = page[-1].position

    async def stored(self, tenant_id: UUID, topic: str) -> list[Any]:
        """The data of a tenant's events of one type, in order."""
        found = [each for each in await self.log() if each.topic == topic and each.tenant_id == tenant_id]
        return [orjson.loads(each.state)["data"] for each in found]

    async def events(self, tenant_id: UUID | None = None) -> list[str]:
        """The names of the events recorded, in order; of one tenant or of all."""
        return [record.topic for record in await self.log() if tenant_id in (None, record.tenant_id)]

    async def log(self) -> list[Record]:
        """Everything that is stored, in order."""
        return await read_page(self._connections[self.service.name], 0, 100_000)

    async def parked(self) -> list[tuple[str, str]]:
        """(consumer, error class) of whatever is parked."""
        cursor = await self._connections[self.service.name].execute("SELECT consumer, error_class FROM parked")
        return [(consumer, error) for consumer, error in await cursor.fetchall()]


@asynccontextmanager
async def new_log(
    superuser_dsn: str, service: str, passwords: Mapping[str, str] = PASSWORDS
) -> AsyncIterator[dict[str, str]]:
    """The empty store of a service in a database of its own, which is dropped afterwards: DSNs by role.

    Roles belong to the whole server: `passwords` are those that its other databases know, if there are any."""
    name = f"{service}_{secrets.token_hex(6)}"
    server = superuser_dsn.rpartition("/")[0]
    async with await AsyncConnection.connect(superuser_dsn, autocommit=True) as admin:
        await admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            await provision(f"{server}/{name}", service, passwords)
            dsns = {kind: login(server, f"{service}_{kind}", passwords[kind], name) for kind in passwords}
            await migrate(dsns["owner"], service)
            yield {**dsns, "superuser": f"{server}/{name}"}
        finally:
            await admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@asynccontextmanager
async def running(
    superuser_dsn: str, folder: Path, service: Service, settings_type: type[ServiceSettings], app: FastAPI
) -> AsyncIterator[Running]:
    """The service on a database of its own. `superuser_dsn` ends with a database."""
    async with AsyncExitStack() as stack:
        dsns = await stack.enter_async_context(new_log(superuser_dsn, service.name))
        signer = Signer()
        (folder / "jwks.json").write_bytes(signer.key_set())
        if not (folder / "master.key").exists():
            (folder / "master.key").write_text(b64encode(secrets.token_bytes(32)).decode())
        prefix = settings_type.model_config.get("env_prefix", "")
        values = {
            "API_DSN": dsns["api"],
            "WORKER_DSN": dsns["worker"],
            "STATE": str(folder),
            "MASTER_KEY_FILE": str(folder / "master.key"),
            "ARTIFACTS": str(folder / "artifacts"),
        }
        with environment({prefix + key: value for key, value in values.items()}):
            await stack.enter_async_context(app.router.lifespan_context(app))
            kernel = await stack.enter_async_context(Kernel.open(service, settings_type(), worker=True))
        client = await stack.enter_async_context(
            AsyncClient(transport=ASGITransport(app=app), base_url="http://service")
        )
        it = Running(service, kernel, client, signer, dsns)
        stack.push_async_callback(it.close)
        await it.open()
        yield it


def login(server: str, user: str, password: str, database: str) -> str:
    """`server` is `postgresql://…@host:port`."""
    return f"postgresql://{user}:{password}@{server.rpartition('@')[2]}/{database}"


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
