"""Every metric that a real process shows is on the page of metrics, and every one on the page is shown by one."""

import re
from collections.abc import Mapping
from uuid import uuid4

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from infra.native.running import Running
from infra.testing.client import Client
from infra.testing.month import Month
from tests.infra.metrics import Described, documented, labels_of, name_of

PROCESSES = {"gateway": "gateway", "api": "academic.api", "worker": "academic.worker"}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{24}|@")
OF_THE_LIBRARY = ("process_", "python_")


@pytest.fixture(scope="module")
async def shown(product: Running) -> Mapping[str, str]:
    """What each kind of process shows after a school has worked."""
    async with Client(product.base_url, product.inbox_url) as client:
        await client.register_school("Measured school")
        month = Month(client)
        await month.open()
        await client.ask("GET", f"/api/academic/classes/{uuid4()}")
        await client.ask("GET", f"/nowhere/{uuid4()}")
    return {kind: httpx2.get(f"{product.ports.url(name)}/metrics").text for kind, name in PROCESSES.items()}


def families_of(text: str) -> dict[str, Described]:
    return {
        name_of(family): Described(family.type, labels_of(family))
        for family in text_string_to_metric_families(text)
        if not family.name.startswith(OF_THE_LIBRARY)
    }


@pytest.mark.parametrize("kind", PROCESSES)
async def test_a_process_shows_the_metrics_the_page_names_for_it_and_no_others(
    shown: Mapping[str, str], kind: str
) -> None:
    page = {name: metric for name, metric in documented().items() if kind in metric.where}
    found = families_of(shown[kind])
    assert found.keys() == page.keys()
    assert {name: metric.kind for name, metric in found.items()} == {name: one.kind for name, one in page.items()}
    used = {name: set(metric.labels) for name, metric in found.items() if metric.labels}
    assert used == {name: set(page[name].labels) for name in used}


@pytest.mark.parametrize("kind", PROCESSES)
async def test_S30_no_label_holds_an_id_a_tenant_or_an_address(shown: Mapping[str, str], kind: str) -> None:
    values = [
        value
        for family in text_string_to_metric_families(shown[kind])
        for sample in family.samples
        for value in sample.labels.values()
    ]
    assert values
    assert [value for value in values if ID.search(value)] == []
    assert not any("tenant" in name for metric in families_of(shown[kind]).values() for name in metric.labels)


async def test_a_worker_shows_what_it_leads_and_how_its_store_is(shown: Mapping[str, str]) -> None:
    values = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(shown["worker"])
        for sample in family.samples
    }
    assert {values["rollbook_leads", ("role", role)] for role in ("relay", "vitals", "hash-chain", "clock")} == {1.0}
    for name in ("rollbook_relay_behind_events", "rollbook_oldest_transaction_seconds", "rollbook_log_head"):
        assert values[name,] >= 0
