"""OpenTelemetry: spans of this process go to an OTLP collector over HTTP."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

SHARE = 0.05


def start(service: str, endpoint: str) -> trace.Tracer:
    """Samples 5 % of new traces, and every trace whose caller samples it."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"rollbook-{service}"}),
        sampler=ParentBased(TraceIdRatioBased(SHARE)),
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    return trace.get_tracer("rollbook")
