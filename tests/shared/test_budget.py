"""The connection budget against real servers: who does not fit does not start, who cannot be upgraded is warned."""

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.native.running import Running, running
from infra.services import SERVICES
from infra.testing.harness import PASSWORDS, login
from infra.testing.toy import SERVICE, ToySettings
from shared.budget import ROLLING, Room, no_room, of_process, of_service, room_of
from shared.database import UnsafeDatabase, connect, migrate, provision
from shared.kernel import Kernel

MAX = 550
"""Connections of the server that the launcher starts."""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server of this file alone: it gets smaller from test to test."""
    with running("postgres") as server:
        yield server


@pytest.fixture(scope="module")
async def settings(server: Running, tmp_path_factory: pytest.TempPathFactory) -> ToySettings:
    folder = tmp_path_factory.mktemp("budget")
    (folder / "master.key").write_text(b64encode(bytes(32)).decode())
    await provision(server.dsn(), "academic", PASSWORDS)
    address, _, database = server.dsn().rpartition("/")
    dsns = {kind: login(address, f"academic_{kind}", PASSWORDS[kind], database) for kind in PASSWORDS}
    await migrate(dsns["owner"], "academic")
    return ToySettings(
        api_dsn=dsns["api"], worker_dsn=dsns["worker"], master_key_file=folder / "master.key", state=folder
    )


def leave_open(server: Running, connections: int) -> None:
    """All but so many are kept for superusers; that takes a restart."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET superuser_reserved_connections = {MAX - connections}")
    server.wait_restarted("postgres", server.kill("postgres"))


def test_a_worker_is_counted_with_every_consumer_of_its_sources() -> None:
    """Doubled for the upgrade, all services fit the server that the launcher starts."""
    needed = sum(of_process(service, kind) for service in SERVICES for kind in ("api", "worker"))
    assert ROLLING * needed <= MAX - 10
    consumers = len(SERVICE.views) + len(SERVICE.reactions)
    assert of_process(SERVICE, "worker") - of_process(SERVICE, "api") > consumers


def test_the_processes_of_a_service_are_a_setting() -> None:
    api, worker = of_process(SERVICE, "api"), of_process(SERVICE, "worker")
    assert of_service(SERVICE, ToySettings()) == api + worker
    assert of_service(SERVICE, ToySettings(api_processes=4, worker_processes=2)) == 4 * api + 2 * worker


def test_what_does_not_fit_says_how_much_would() -> None:
    assert no_room(Room(100, 3), 97) is None
    fault = no_room(Room(100, 3), 120)
    assert fault is not None
    assert "raise max_connections to 123" in fault


async def test_a_server_with_room_for_an_upgrade_is_taken_without_a_word(
    settings: ToySettings, caplog: pytest.LogCaptureFixture
) -> None:
    async with Kernel.open(SERVICE, settings, worker=True):
        assert "rolling upgrade" not in caplog.text


async def test_what_others_use_counts(settings: ToySettings, caplog: pytest.LogCaptureFixture) -> None:
    async with Kernel.open(SERVICE, settings.model_copy(update={"other_connections": MAX})):
        assert "a rolling upgrade needs up to" in caplog.text


async def test_without_room_for_a_rolling_upgrade_a_process_starts_and_warns(
    server: Running, settings: ToySettings, caplog: pytest.LogCaptureFixture
) -> None:
    leave_open(server, of_process(SERVICE, "worker") + 1)
    async with Kernel.open(SERVICE, settings, worker=True):
        assert "a rolling upgrade needs up to" in caplog.text


async def test_a_process_that_does_not_fit_the_server_is_refused(server: Running, settings: ToySettings) -> None:
    leave_open(server, of_process(SERVICE, "api") - 1)
    assert settings.api_dsn is not None
    async with await connect(settings.api_dsn.get_secret_value()) as connection:
        assert (await room_of(connection)).open == of_process(SERVICE, "api") - 1
    with pytest.raises(UnsafeDatabase, match="raise max_connections"):
        async with Kernel.open(SERVICE, settings):
            pass
    status, said = start_academic(settings)
    assert status != 0
    assert "academic: one api process needs up to" in said


def start_academic(settings: ToySettings) -> tuple[int, str]:
    assert settings.api_dsn is not None
    own = {
        "ACADEMIC_API_DSN": settings.api_dsn.get_secret_value(),
        "ACADEMIC_MASTER_KEY_FILE": str(settings.master_key_file),
        "ACADEMIC_STATE": str(Path(settings.state)),
        "ACADEMIC_PORT": "0",
    }
    ended = subprocess.run(
        (sys.executable, "-P", "-m", "academic.main"),
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr
