"""The whole product for the tests that need every process: one for all of them."""

from collections.abc import Iterator

import pytest

from infra.native.running import Running, running


@pytest.fixture(scope="session")
def product() -> Iterator[Running]:
    with running("all") as started:
        yield started
