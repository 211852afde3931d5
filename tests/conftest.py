"""Fixtures shared by all tests."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg import sql

from infra.native.running import Running, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever starts the whole product stays in one worker: it is heavy, and its tests kill its processes."""
    for item in items:
        if "product" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("product"))


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
