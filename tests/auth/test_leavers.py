"""A33: who is handed over by academic is erased as anybody else: asked for by one, approved by another."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from auth.erasures.commands import approve_erasure
from auth.erasures.erasure import Erasure, SecondPersonNeeded
from auth.main import app
from auth.service import SERVICE
from auth.settings import AuthSettings
from infra.testing.harness import Running, running
from shared.ids import derived, uuid7


@pytest.fixture(scope="module")
async def service(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(postgres, tmp_path_factory.mktemp("auth"), SERVICE, AuthSettings, app) as it:
        yield it


async def test_A33_C28_a_leaver_is_erased_only_when_another_person_approves(service: Running) -> None:
    school, person, clerk, head = uuid7(), uuid7(), uuid7(), uuid7()
    told = {"person_id": person, "requested_by": clerk}
    event_id = uuid7()
    fact = await service.feed("academic.leaver_handed_over", school, uuid7(), told, event_id=event_id)
    await service.deliver("academic", fact)
    (asked,) = await service.stored(school, "auth.erasure_requested")
    assert (asked["person_ids"], asked["requested_by"]) == ([str(person)], str(clerk))
    assert await service.stored(school, "auth.erasure_approved") == []
    erasure_id: UUID = derived(event_id, "erasure")
    store = service.kernel.store
    with pytest.raises(SecondPersonNeeded):
        await approve_erasure(store, service.call(school), erasure_id, clerk)
    await approve_erasure(store, service.call(school), erasure_id, head)
    assert (await store.get(Erasure, erasure_id, school)).approved
