"""The academic service on a real PostgreSQL; one for the tests of a file, a new school for each test."""

from collections.abc import AsyncIterator

import pytest

from academic.main import app
from academic.service import SERVICE
from academic.settings import AcademicSettings
from infra.testing.harness import Running, running
from infra.testing.school import School


@pytest.fixture(scope="module")
async def academic(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("academic")
    async with running(postgres, folder, SERVICE, AcademicSettings, app) as it:
        yield it


@pytest.fixture
async def school(academic: Running) -> School:
    return await School.founded(academic)
