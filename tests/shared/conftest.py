"""The toy service and its store, for the kernel's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.testing.harness import Running, new_log, running
from infra.testing.toy import SERVICE, ToySettings, app


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
async def log(postgres: str) -> AsyncIterator[dict[str, str]]:
    """DSNs of an empty store of this test alone, by role."""
    async with new_log(postgres, SERVICE.name) as dsns:
        yield dsns


@pytest.fixture(scope="module")
async def long_log(postgres: str) -> AsyncIterator[dict[str, str]]:
    """DSNs of one store for a file."""
    async with new_log(postgres, SERVICE.name) as dsns:
        yield dsns
