"""Logs, trace context and spans of a process. Logs carry ids, never what people typed."""

import logging
import secrets
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from traceback import extract_tb
from types import TracebackType
from typing import Any, Self

import orjson
import structlog
from opentelemetry import context, trace
from opentelemetry.propagate import extract

from shared.settings import Settings

QUIET = {"aiokafka": logging.WARNING, "asyncio": logging.WARNING, "faststream": logging.WARNING}
LEVELS = logging.getLevelNamesMapping()

log = structlog.stdlib.get_logger


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
        if (
            version == "ff"
            or (version == "00" and len(parts) > 4)
            or not int(trace_id, 16)
            or not int(span_id, 16)
        ):
            return None
        return cls(trace_id, span_id, flags)

    def hop(self) -> "Trace":
        return Trace(self.trace_id, secrets.token_hex(8), self.flags)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)
_tracer: trace.Tracer | None = None


def current_trace() -> Trace:
    """The trace of what is running: the open span when tracing is on, else the context of the request or event."""
    if _tracer is not None:
        span_context = trace.get_current_span().get_span_context()
        if span_context.is_valid:
            return Trace(
                f"{span_context.trace_id:032x}",
                f"{span_context.span_id:016x}",
                f"{span_context.trace_flags:02x}",
            )
    found = _trace.get()
    if found is None:
        found = Trace.new()
        _trace.set(found)
    return found


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
    attached = (
        None
        if _tracer is None or traceparent is None
        else context.attach(extract({"traceparent": traceparent}))
    )
    try:
        yield found
    finally:
        _trace.set(before)
        if attached is not None:
            context.detach(attached)


def span(name: str, **attributes: str | int | float | bool) -> AbstractContextManager[Any]:
    """One span for one unit of work (a command, a page, a batch). Costs nothing when tracing is off."""
    if _tracer is None:
        return nullcontext()
    return _tracer.start_as_current_span(name, attributes=attributes)


def bind(**values: str) -> None:
    """Adds ids (correlation, tenant) to every log line of the running request or event."""
    structlog.contextvars.bind_contextvars(**values)


def clear() -> None:
    structlog.contextvars.clear_contextvars()


def configure(name: str, settings: Settings) -> None:
    """Called once per process, before anything logs."""
    global _tracer
    messages = not settings.production
    level = LEVELS[settings.log_level.upper()]
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _Describe(name, messages),
    ]
    structlog.configure(
        processors=[*common, structlog.processors.JSONRenderer(serializer=_dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=lambda line, **_: _dumps(line).decode()),
            ],
        )
    )
    handler.addFilter(lambda record: not record.getMessage().startswith("Exception in ASGI application"))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for library, floor in QUIET.items():
        logging.getLogger(library).setLevel(max(level, floor))
    if settings.otlp_endpoint is not None:
        # Loaded only here: exporter and protobuf cost a process 15 MB.
        _tracer = import_module("shared.tracing").start(name, settings.otlp_endpoint)


def tracing() -> bool:
    return _tracer is not None


class _Describe:
    """Adds service and trace; replaces an exception by its class and the lines it passed. Its message may hold
    personal data and is shown to developers only."""

    def __init__(self, service: str, messages: bool) -> None:
        self.service = service
        self.messages = messages

    def __call__(
        self, logger: Any, method: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        line["service"] = self.service
        if (found := _trace.get()) is not None:
            line["trace_id"] = found.trace_id
        fault = line.pop("exc_info", None)
        if fault:
            error = (
                fault
                if isinstance(fault, BaseException)
                else (fault[1] if isinstance(fault, tuple) else sys.exc_info()[1])
            )
            line.update(describe(error, messages=self.messages))
        return line


def describe(error: BaseException | None, *, messages: bool = False) -> dict[str, Any]:
    """What may be logged of an exception."""
    chain = []
    while error is not None and len(chain) < 5:
        entry: dict[str, Any] = {"error": type(error).__qualname__, "at": _frames(error.__traceback__)}
        if messages:
            entry["message"] = str(error)[:500]
        chain.append(entry)
        error = error.__cause__ or error.__context__
    return {"exception": chain}


def _frames(traceback: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in extract_tb(traceback)[-12:]
    ]


def _dumps(line: Any, **_: Any) -> bytes:
    return orjson.dumps(line, default=str)
