"""OpenTelemetry: spans of this process go to an OTLP collector over HTTP."""

from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

SHARE = 0.05
TYPED = frozenset({"url.path", "url.query", "http.request.method_original"})


class LinkedOrShare(Sampler):
    """For spans that begin a trace: a batch that holds something of a sampled trace is sampled with it."""

    def __init__(self) -> None:
        self._share = TraceIdRatioBased(SHARE)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        sampler: Sampler = ALWAYS_ON if links else self._share
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return f"LinkedOr{self._share.get_description()}"


class NothingTyped(SpanProcessor):
    """The framework's span of a request names its route; path and query hold what people look for."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for name in TYPED.intersection(span.attributes or ()):
            span.set_attribute(name, "REDACTED")


def start(service: str, endpoint: str) -> trace.Tracer:
    """Samples 5 % of new traces, every trace whose caller samples it, and the batches that carry such a one."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"rollbook-{service}"}),
        sampler=ParentBased(LinkedOrShare()),
    )
    provider.add_span_processor(NothingTyped())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    return trace.get_tracer("rollbook")
