"""A running exports service on a real PostgreSQL; what academic would tell it is fed by hand."""

import asyncio
import base64
import contextlib
import importlib
import os
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.signing_keys.access_tokens import AUDIENCE, ISSUER, signed
from auth.signing_keys.private_keys import public_jwk
from exports.attendance.attendance import Attendance
from exports.service import SERVICE
from exports.settings import ExportsSettings
from shared.builds import ensure_builds, flip
from shared.database import Connection, connect, migrate, provision, scalar
from shared.following import Following
from shared.ids import uuid7
from shared.kernel import Kernel
from shared.key_relay import SentKey, store_keys
from shared.leader import Leadership
from shared.reader import Reader
from shared.records import Record, partition_of
from shared.revocations import Revocations
from shared.serve import server
from shared.token import Token

SECRET = "only-for-this-test-run"


@dataclass
class Academic:
    """Stands for academic's events and the key topic. Positions are contiguous, partitions chained."""

    kernel: Kernel
    connection: Connection
    reader: Reader
    position: int = 0
    tails: dict[int, int] = field(default_factory=dict)
    last: dict[UUID, int] = field(default_factory=dict)

    async def tell(self, tenant_id: UUID, topic: str, aggregate_id: UUID, **data: Any) -> int:
        self.position += 1
        partition = partition_of(tenant_id)
        now = datetime.now(UTC)
        meta = {"event_id": uuid7(), "time": now, "actor": {"kind": "user", "id": "u"}, "correlation_id": uuid7()}
        record = Record(
            position=self.position,
            tenant_id=tenant_id,
            aggregate_id=aggregate_id,
            version=1,
            topic=topic,
            state=orjson.dumps({"meta": meta, "data": data}),
            recorded_at=now,
            previous=self.tails.get(partition, 0),
            partition=partition,
            offset=self.position,
        )
        self.tails[partition] = self.last[tenant_id] = self.position
        await self.reader.apply([record])
        return self.position

    async def person(self, tenant_id: UUID, given: str, family: str, *, distribute: bool = True) -> UUID:
        person_id = uuid7()
        sealer = await self.kernel.keyring.sealer(tenant_id, person_id)
        if distribute:
            await self.distribute(sealer.new)
        await self.tell(
            tenant_id,
            "academic.person_registered",
            person_id,
            given_name=sealer.seal("given_name", given).text,
            family_name=sealer.seal("family_name", family).text,
            email=None,
            roles=["student"],
            source_id=None,
        )
        return person_id

    async def distribute(self, keys: Any) -> None:
        sent = [
            SentKey(
                str(key.tenant_id),
                str(key.person_id),
                key.version,
                None if key.wrapped is None else base64.b64encode(key.wrapped).decode(),
                "academic",
            )
            for key in keys
        ]
        await store_keys(self.connection, sent)

    async def opened(self, tenant_id: UUID, title: str) -> UUID:
        class_id = uuid7()
        await self.tell(tenant_id, "academic.class_opened", class_id, title=title, class_code="7A")
        return class_id

    async def marked(
        self, tenant_id: UUID, class_id: UUID, held_on: str, codes: dict[UUID, str], starts: str = "17:00"
    ) -> UUID:
        meeting_id = uuid7()
        await self.tell(
            tenant_id,
            "academic.meeting_planned",
            meeting_id,
            class_id=class_id,
            held_on=held_on,
            starts=starts,
            ends="18:30",
            zone="Europe/Madrid",
        )
        await self.tell(
            tenant_id,
            "academic.attendance_marked",
            uuid7(),
            class_id=class_id,
            meeting_id=meeting_id,
            course_id=None,
            held_on=held_on,
            minutes=90,
            marks=[mark(person, code) for person, code in codes.items()],
        )
        return meeting_id

    async def corrected(
        self, tenant_id: UUID, class_id: UUID, meeting_id: UUID, held_on: str, person: UUID, code: str
    ) -> None:
        await self.tell(
            tenant_id,
            "academic.attendance_corrected",
            uuid7(),
            class_id=class_id,
            meeting_id=meeting_id,
            course_id=None,
            held_on=held_on,
            minutes=90,
            enrolment_id=person,
            person_id=person,
            before=mark(person, "P"),
            after=mark(person, code),
            reason="v1.opaque",
        )

    def token(self, tenant_id: UUID) -> str:
        """What academic's answer to the last command would carry."""
        return Token({("academic", tenant_id): self.last.get(tenant_id, 0)}).encode()


def mark(person: UUID, code: str) -> dict[str, Any]:
    return {
        "enrolment_id": person,
        "person_id": person,
        "code": code,
        "code_version": 1,
        "present": code == "P",
        "billable": code == "P",
    }


@dataclass
class Running:
    client: httpx2.AsyncClient
    academic: Academic
    artifacts: Path
    key: Ed25519PrivateKey
    worker: Kernel

    def headers(self, tenant_id: UUID, permissions: tuple[str, ...] = ("exports.read", "exports.write")) -> Any:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "ann",
            "jti": str(uuid7()),
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "tenant": str(tenant_id),
            "roles": ["owner"],
            "permissions": list(permissions),
            "sid": str(uuid7()),
        }
        header = {"alg": "EdDSA", "typ": "at+jwt", "kid": public_jwk(self.key).kid}
        return {"Authorization": f"Bearer {signed(self.key, header, claims)}"}

    async def ask(self, tenant_id: UUID, class_id: UUID, **changes: Any) -> httpx2.Response:
        body = {"kind": "class-attendance", "class_id": str(class_id), "from": "2026-09-01", "to": "2026-09-30"}
        headers = self.headers(tenant_id) | {
            "Idempotency-Key": changes.pop("key", str(uuid7())),
            "Consistency-Token": self.academic.token(tenant_id),
        }
        return await self.client.post("/exports", json=body | changes, headers=headers)

    async def finished(self, tenant_id: UUID, job_id: str) -> dict[str, Any]:
        while True:
            answer = await self.client.get(f"/exports/{job_id}", headers=self.headers(tenant_id))
            if answer.status_code == 200 and answer.json()["data"]["ended_at"] is not None:
                job: dict[str, Any] = answer.json()["data"]
                return job
            await asyncio.sleep(0.01)

    async def exported(self, tenant_id: UUID, class_id: UUID, **changes: Any) -> str:
        asked = await self.ask(tenant_id, class_id, **changes)
        assert asked.status_code == 202, asked.text
        job_id: str = asked.json()["data"]["id"]
        async with asyncio.timeout(20):
            job = await self.finished(tenant_id, job_id)
        assert job["state"] == "completed", job
        return job_id

    async def artifact(self, tenant_id: UUID, job_id: str) -> httpx2.Response:
        return await self.client.get(f"/exports/{job_id}/artifact", headers=self.headers(tenant_id))


def login_dsn(superuser_dsn: str, user: str) -> str:
    parts = urlsplit(superuser_dsn)
    return f"postgresql://{user}:{SECRET}@{parts.hostname}:{parts.port}{parts.path}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
async def exports(superuser_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    home = tmp_path_factory.mktemp("exports")
    dsns = {kind: login_dsn(superuser_dsn, f"exports_{kind}") for kind in ("owner", "api", "worker")}
    await provision(superuser_dsn, "exports", dict.fromkeys(dsns, SECRET))
    await migrate(dsns["owner"], "exports")
    (home / "master.key").write_bytes(base64.b64encode(os.urandom(32)))
    key = Ed25519PrivateKey.generate()
    jwk = public_jwk(key)
    (home / "jwks.json").write_bytes(orjson.dumps({"keys": [vars(jwk)]}))
    port = free_port()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "PORT": str(port),
            "API_DSN": dsns["api"],
            "WORKER_DSN": dsns["worker"],
            "STATE": str(home),
            "MASTER_KEY_FILE": str(home / "master.key"),
            "ARTIFACTS": str(home / "artifacts"),
            "LOG_LEVEL": "warning",
        }.items():
            environment.setenv(f"EXPORTS_{name}", value)
        settings = ExportsSettings()
        app = importlib.import_module("exports.main").app
        async with (
            working(settings, dsns["worker"]) as academic,
            serving(app, settings),
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            yield Running(client, academic, home / "artifacts", key, academic.kernel)


async def all_live(connection: Connection) -> None:
    """Until every view has a live build."""
    while True:
        if await scalar(connection, "SELECT count(*) FROM builds WHERE live") == len(SERVICE.views):
            return
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def serving(app: Any, settings: ExportsSettings) -> AsyncIterator[None]:
    running = server(app, settings)
    task = asyncio.create_task(running.serve())
    while not running.started:
        assert not task.done(), "the API did not start"
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        running.should_exit = True
        await task


@contextlib.asynccontextmanager
async def working(settings: ExportsSettings, dsn: str) -> AsyncIterator[Academic]:
    """The worker without Kafka: it follows the own log; academic's side is fed through a reader of its own."""
    async with (
        Kernel.open(SERVICE, settings, worker=True) as kernel,
        await connect(dsn, search_path="exports") as connection,
    ):
        for reaction in SERVICE.reactions:
            await connection.execute(
                "INSERT INTO reactions (name, origin) VALUES (%s, 'beginning') ON CONFLICT DO NOTHING",
                (reaction.name,),
            )
        builds = await ensure_builds(connection, "exports", [Attendance], 1)
        nobody_revoked = await ensure_builds(connection, "exports", [Revocations], 1)
        for build in (*builds, *nobody_revoked):
            await flip(connection, "exports", build)
        reader = Reader(kernel, connection, "academic", 1, builds, ())
        await reader.start()
        leadership = Leadership(dsn, "exports")
        task = asyncio.create_task(leadership.run({"read exports": Following(kernel, settings, "exports").run}))
        await all_live(connection)
        try:
            yield Academic(kernel, connection, reader)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
