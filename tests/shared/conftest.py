"""The toy service and its store, for the kernel's tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from infra.testing.harness import Running, new_log, running
from infra.testing.toy import SERVICE, ToySettings, app
from shared.database import Connection, connect


@pytest.fixture
async def toy(postgres: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The toy service on a database of this test alone."""
    async with running(postgres, tmp_path, SERVICE, ToySettings, app) as it:
        yield it


@pytest.fixture(scope="module")
async def town(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The toy service on one database for a file: each test takes tenants of its own."""
    async with running(postgres, tmp_path_factory.mktemp("town"), SERVICE, ToySettings, app) as it:
        yield it


@pytest.fixture
async def worker(town: Running) -> AsyncIterator[Connection]:
    """A connection as the worker of the town has it."""
    async with await connect(town.dsns["worker"], search_path=SERVICE.name) as connection:
        yield connection


@pytest.fixture(scope="session")
def log(postgres: str, started: ExitStack) -> dict[str, str]:
    """DSNs, by role, of one store for many tests: each takes tenants of its own."""
    stack = asyncio.Runner()
    opened = new_log(postgres, SERVICE.name)
    dsns = stack.run(opened.__aenter__())
    started.callback(stack.close)
    started.callback(lambda: stack.run(opened.__aexit__(None, None, None)))
    return dsns


@pytest.fixture
async def empty_log(postgres: str) -> AsyncIterator[dict[str, str]]:
    """DSNs of an empty store of this test alone."""
    async with new_log(postgres, SERVICE.name) as dsns:
        yield dsns
