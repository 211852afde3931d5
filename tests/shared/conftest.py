"""A toy service for the kernel's tests: a shelf of books, in the schema of academic."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.testing.harness import Running, running
from infra.testing.toy import SERVICE, ToySettings, app


@pytest.fixture
async def toy(postgres: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(postgres, tmp_path, SERVICE, ToySettings, app) as it:
        yield it
