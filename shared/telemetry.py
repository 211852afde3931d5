"""Trace context and spans of a process, and the one call that sets up its logs and tracing."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Self

import structlog
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.propagate import extract

from shared import logs
from shared.settings import Settings
from shared.span_links import links_to


@dataclass(frozen=True, slots=True)
class Trace:
    """W3C trace context: one hop of one trace."""

    trace_id: str
    span_id: str
    flags: str = "00"

    @classmethod
    def new(cls) -> Self:
        return cls(secrets.token_hex(16), secrets.token_hex(8))

    @classmethod
    def parse(cls, traceparent: str) -> Self | None:
        parts = traceparent.split("-")
        if len(parts) < 4 or [len(part) for part in parts[:4]] != [2, 32, 16, 2]:
            return None
        version, trace_id, span_id, flags = parts[:4]
        if not all(char in "0123456789abcdef" for char in version + trace_id + span_id + flags):
            return None
        if version == "ff" or (version == "00" and len(parts) > 4) or not int(trace_id, 16) or not int(span_id, 16):
            return None
        return cls(trace_id, span_id, flags)

    def hop(self) -> "Trace":
        return Trace(self.trace_id, secrets.token_hex(8), self.flags)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


FLUSH_MS = 2_000
OFF: AbstractContextManager[Any] = nullcontext()

_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)
_tracer: trace.Tracer | None = None


def configure(name: str, settings: Settings) -> None:
    """Called once per process, before anything logs."""
    global _tracer
    logs.configure(
        name,
        level=settings.log_level,
        messages=not settings.production,
        trace_id=lambda: current_trace().trace_id if _trace.get() or _tracer else None,
    )
    if settings.otlp_endpoint is not None:
        # Loaded only here: exporter and protobuf cost a process 15 MB.
        _tracer = import_module("shared.tracing").start(name, settings.otlp_endpoint)


def flush() -> None:
    """Sends the spans that wait. Called when a process stops: a signal may end it before its exit handlers run."""
    provider = trace.get_tracer_provider() if _tracer is not None else None
    if provider is not None and hasattr(provider, "force_flush"):
        provider.force_flush(FLUSH_MS)


def current_trace() -> Trace:
    """The open span when tracing is on, else the context of the running request or event."""
    if _tracer is not None:
        found = trace.get_current_span().get_span_context()
        if found.is_valid:
            return Trace(f"{found.trace_id:032x}", f"{found.span_id:016x}", f"{found.trace_flags:02x}")
    return _trace.get() or follow(None)


def current_traceparent() -> str:
    return str(current_trace())


def follow(traceparent: str | None) -> Trace:
    """From here on this task belongs to that trace (to a new one if there is none)."""
    parsed = None if traceparent is None else Trace.parse(traceparent)
    found = Trace.new() if parsed is None else parsed.hop()
    _trace.set(found)
    return found


@contextmanager
def following(traceparent: str | None) -> Iterator[Trace]:
    """The work inside belongs to the trace that a message carried."""
    before = _trace.get()
    found = follow(traceparent)
    attached = None
    if _tracer is not None and traceparent is not None:
        attached = context.attach(extract({"traceparent": traceparent}))
    try:
        yield found
    finally:
        _trace.set(before)
        if attached is not None:
            context.detach(attached)


def span(name: str, **attributes: str | int | float | bool) -> AbstractContextManager[Any]:
    """One span for one unit of work, as a command. Costs nothing when tracing is off."""
    if _tracer is None:
        return OFF
    return _open(_tracer, name, attributes)


def batch_span(name: str, states: Iterable[bytes], **attributes: int) -> AbstractContextManager[Any]:
    """One span for a batch of stored events, in a trace of its own, linked to the traces that they came from."""
    if _tracer is None:
        return OFF
    return _open(_tracer, name, attributes, Context(), links_to(states))


@contextmanager
def _open(
    tracer: trace.Tracer,
    name: str,
    attributes: Mapping[str, str | int | float | bool],
    parent: Context | None = None,
    links: Sequence[trace.Link] = (),
) -> Iterator[trace.Span]:
    """An error leaves its class: the library would keep its message, which may hold what people typed."""
    with tracer.start_as_current_span(
        name, parent, attributes=attributes, links=links, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(trace.StatusCode.ERROR)
            raise


def bind(**values: str) -> None:
    """Adds ids (correlation, tenant) to every log line of the running request or event."""
    structlog.contextvars.bind_contextvars(**values)


def clear() -> None:
    structlog.contextvars.clear_contextvars()
