"""One request is seen in every process it reaches: a traceparent sent to the gateway comes out in their spans."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.native.ports import SERVICES
from infra.native.running import Running, running
from infra.testing.client import Client
from infra.testing.month import Month
from tests.shared.kafkas import eventually
from tests.shared.serving import serving


@dataclass(frozen=True)
class Span:
    """`linked`: the traces that it names beside its own."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict[str, Any]
    linked: frozenset[str]
    links: int


class Collector:
    """Takes spans as OTLP over HTTP, as a collector of operators does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = ExportTraceServiceRequest.FromString(await Request(scope, receive).body())
        for of_process in sent.resource_spans:
            names = {one.key: one.value.string_value for one in of_process.resource.attributes}
            for scoped in of_process.scope_spans:
                self.spans += [read(names["service.name"], span) for span in scoped.spans]
        await Response(b"", media_type="application/x-protobuf")(scope, receive, send)

    def about(self, trace_id: str) -> set[tuple[str, str]]:
        """(process, span) of all that belongs to this trace or is linked to it."""
        return {
            (span.service, span.name) for span in self.spans if trace_id == span.trace_id or trace_id in span.linked
        }


def read(service: str, span: Any) -> Span:
    values = {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in span.attributes}
    linked = frozenset(link.trace_id.hex() for link in span.links)
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Span(service, span.name, *ids, values, linked, len(span.links))


@pytest.fixture(scope="module")
async def collector() -> AsyncIterator[tuple[Collector, str]]:
    taken = Collector()
    async with serving(taken) as url:
        yield taken, url


@pytest.fixture(scope="module")
async def traced(collector: tuple[Collector, str]) -> AsyncIterator[Running]:
    """A product of its own: the others run without a collector."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("gateway", *SERVICES):
            patch.setenv(f"{name.upper()}_OTLP_ENDPOINT", collector[1])
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        product = running()
        yield await asyncio.to_thread(product.__enter__)
        await asyncio.to_thread(product.__exit__, None, None, None)


@dataclass(frozen=True)
class Marked:
    """A register was marked under this trace."""

    trace_id: str
    echoed: str


@pytest.fixture(scope="module")
async def marked(traced: Running) -> Marked:
    trace_id = secrets.token_hex(16)
    async with Client(traced.base_url, traced.inbox_url) as client:
        await client.register_school("Traced school")
        month = Month(client)
        await month.open()
        marks = [{"enrolment_id": enrolment, "code": "P"} for enrolment in await month.enrolment_ids()]
        headers = client._headers() | {
            "Idempotency-Key": secrets.token_hex(8),
            "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
        }
        async with client._session.get(f"/api/academic/people/{TYPED}?search={TYPED}", headers=headers) as answer:
            assert answer.status in (404, 422)
        path = f"/api/academic/meetings/{month.meetings[0]}/attendance"
        async with client._session.post(path, json={"marks": marks}, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return Marked(trace_id, answer.headers["traceparent"])


TYPED = "canary"

CHAIN = {
    ("rollbook-gateway", "POST /api/{path}"),
    ("rollbook-academic", "POST /meetings/{meeting_id}/attendance"),
    ("rollbook-academic", "command"),
    ("rollbook-academic", "save"),
    ("rollbook-academic", "append"),
    ("rollbook-academic", "relay"),
    ("rollbook-academic", "fill"),
    ("rollbook-billing", "fill"),
    ("rollbook-billing", "reaction"),
    ("rollbook-billing", "save"),
    ("rollbook-billing", "append"),
    ("rollbook-billing", "relay"),
}


async def test_E11_one_traceparent_comes_out_in_the_spans_of_every_process(
    marked: Marked, collector: tuple[Collector, str]
) -> None:
    taken, _ = collector

    async def complete() -> bool:
        return taken.about(marked.trace_id) >= CHAIN

    try:
        await eventually(complete, within=30)
    except TimeoutError:
        pytest.fail(f"missing {CHAIN - taken.about(marked.trace_id)} in {taken.about(marked.trace_id)}")
    assert marked.trace_id in marked.echoed
    batches = [span for span in taken.spans if span.name in ("append", "relay", "fill")]
    assert all(span.trace_id != marked.trace_id and span.links <= 32 for span in batches)
    assert not any(TYPED in str(value) for span in taken.spans for value in (span.name, *span.attributes.values()))
    assert not any(span.name.endswith(("/metrics", "/readyz", "/livez")) for span in taken.spans)
