"""Fixtures shared by all tests."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from psycopg import sql
from xdist.scheduler import LoadFileScheduling

from infra.native.running import Running, running

NEEDS_PRODUCT = re.compile(r"\bproduct: Running\b")


class FileByFile(LoadFileScheduling):  # type: ignore[misc]
    """The tests of a file share a database and a service: they go to one worker. So do all that need the whole product:
    it is heavy, and they kill its processes."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "product" if NEEDS_PRODUCT.search((self.config.rootpath / file).read_text()) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileByFile:
    return FileByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker is left alone with it."""
    items.sort(key=lambda item: ("product" not in getattr(item, "fixturenames", ()), item.path.name != "test_rows.py"))


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def started() -> Iterator[ExitStack]:
    """What a session fixture starts on demand ends with the session."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def postgres(started: ExitStack) -> str:
    """The superuser's DSN of a server with real settings; each test makes a database of its own."""
    given = os.environ.get("ROLLBOOK_TEST_POSTGRES")
    return given or started.enter_context(running("postgres")).dsn()


@pytest.fixture(scope="session")
def kafka(started: ExitStack) -> str:
    """Host and port of a real broker."""
    given = os.environ.get("ROLLBOOK_TEST_KAFKA")
    return given or started.enter_context(running("kafka")).kafka


@pytest.fixture(scope="module")
def superuser_dsn(postgres: str) -> Iterator[str]:
    """The superuser's DSN of an empty database for the tests of one file."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield f"{postgres.rpartition('/')[0]}/{name}"
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def product(started: ExitStack) -> Running:
    """The whole product under its launcher, on free ports. Tests may kill its processes: they come back."""
    return started.enter_context(running("all"))
