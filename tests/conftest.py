"""Fixtures shared by all tests."""

import os
from collections.abc import Iterator

import pytest

from infra.native.running import Running, running


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def servers() -> Iterator[Running]:
    """One PostgreSQL and one Kafka for the whole run."""
    with running("servers") as started:
        yield started


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> str:
    """The superuser's DSN of a server with real settings; each test makes a database of its own."""
    given = os.environ.get("ROLLBOOK_TEST_POSTGRES")
    return given or request.getfixturevalue("servers").dsn()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """Host and port of a real broker."""
    given = os.environ.get("ROLLBOOK_TEST_KAFKA")
    return given or request.getfixturevalue("servers").kafka
