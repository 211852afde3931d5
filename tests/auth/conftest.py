"""A running auth service: its API on a port, its views followed, on a real PostgreSQL."""

import asyncio
import base64
import contextlib
import importlib
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest
from psycopg import AsyncConnection

from auth.desk import Desk
from auth.service import SERVICE
from auth.settings import AuthSettings
from auth.users.user import User
from shared.database import migrate, provision, scalar
from shared.following import Following
from shared.ids import PLATFORM, uuid7
from shared.kernel import Kernel
from shared.leader import Leadership
from shared.serve import server

OWN_VIEWS = sum(view.SOURCE == "auth" for view in SERVICE.views)
PASSWORD = "correct horse battery staple"


@dataclass
class Running:
    client: httpx2.AsyncClient
    kernel: Kernel
    desk: Desk
    owner_dsn: str
    superuser_dsn: str
    worker_dsn: str

    async def register(self, email: str, **changes: Any) -> httpx2.Response:
        key = changes.pop("key", str(uuid7()))
        verified = changes.pop("verified", True)
        owner = {"email": email, "password": PASSWORD, "given_name": "Ana", "family_name": "Sol"} | changes
        school = {"name": "Escuela Sol", "country": "ES", "currency": "EUR", "zone": "Europe/Madrid"}
        answer = await self.client.post(
            "/schools", json={"school": school, "owner": owner}, headers={"Idempotency-Key": key}
        )
        if verified and answer.status_code == 201:
            await self.verify(email, owner["password"])
        return answer

    async def user(self, email: str) -> User:
        user_id = await self.desk.credentials.user_of(email)
        assert user_id is not None
        return await self.kernel.store.get(User, user_id, PLATFORM)

    async def topics(self, aggregate_id: UUID) -> list[str]:
        """What happened to it, by name."""
        async with await AsyncConnection.connect(self.superuser_dsn) as connection:
            cursor = await connection.execute(
                "SELECT topic FROM auth.events WHERE originator_id = %s ORDER BY originator_version", (aggregate_id,)
            )
            return [topic for (topic,) in await cursor.fetchall()]

    async def verify(self, email: str, password: str = PASSWORD) -> httpx2.Response:
        """With the token that the mail would bring."""
        user = await self.user(email)
        token = self.desk.credentials.handed_out.token("verify-email", user.id, user.verification.id)
        return await self.client.post("/email-verifications", json={"token": token, "password": password})

    async def login(self, email: str, password: str = PASSWORD, **more: Any) -> httpx2.Response:
        return await self.client.post("/login", json={"email": email, "password": password, **more})

    async def signed_in(self, email: str, **more: Any) -> dict[str, str]:
        """Headers of somebody who signed in and wants to see everything up to now."""
        answer = await self.login(email, **more)
        assert answer.status_code == 200, answer.text
        token = answer.json()["data"]["access_token"]
        return {
            "Authorization": f"Bearer {token}",
            "Consistency-Token": answer.headers["Consistency-Token"],
        }


def login_dsn(superuser_dsn: str, user: str) -> str:
    parts = urlsplit(superuser_dsn)
    return f"postgresql://{user}:{PASSWORD.replace(' ', '-')}@{parts.hostname}:{parts.port}{parts.path}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State of the service: as long as its database, for that holds what the master key sealed."""
    folder = tmp_path_factory.mktemp("auth")
    (folder / "master.key").write_bytes(base64.b64encode(os.urandom(32)))
    return folder


@pytest.fixture(scope="module")
async def auth(superuser_dsn: str, home: Path) -> AsyncIterator[Running]:
    dsns = {kind: login_dsn(superuser_dsn, f"auth_{kind}") for kind in ("owner", "api", "worker")}
    await provision(superuser_dsn, "auth", dict.fromkeys(dsns, PASSWORD.replace(" ", "-")))
    await migrate(dsns["owner"], "auth")
    port = free_port()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "PORT": str(port),
            "API_DSN": dsns["api"],
            "WORKER_DSN": dsns["worker"],
            "STATE": str(home),
            "MASTER_KEY_FILE": str(home / "master.key"),
            "JWKS_URL": f"http://127.0.0.1:{port}/.well-known/jwks.json",
            "LOG_LEVEL": "warning",
        }.items():
            environment.setenv(f"AUTH_{name}", value)
        settings = AuthSettings()
        app = importlib.import_module("auth.main").app
        async with (
            serving(app, settings),
            following(settings),
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            yield Running(client, app.state.kernel, app.state.desk, dsns["owner"], superuser_dsn, dsns["worker"])


@contextlib.asynccontextmanager
async def serving(app: Any, settings: AuthSettings) -> AsyncIterator[None]:
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
async def following(settings: AuthSettings) -> AsyncIterator[None]:
    assert settings.worker_dsn is not None
    async with Kernel.open(SERVICE, settings, worker=True) as kernel:
        leadership = Leadership(settings.worker_dsn.get_secret_value(), "auth")
        task = asyncio.create_task(leadership.run({"read auth": Following(kernel, settings, "auth").run}))
        await all_live(kernel)
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def all_live(kernel: Kernel) -> None:
    """Until every view of the own log has a live build."""
    async with kernel.pool.connection() as connection:
        while True:
            if await scalar(connection, "SELECT count(*) FROM builds WHERE live") == OWN_VIEWS:
                return
            await asyncio.sleep(0.05)


@pytest.fixture
def email() -> str:
    return f"{uuid7().hex}@example.org"
