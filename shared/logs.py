"""JSON log lines, one shape for our own code and for libraries. They carry ids, never what people typed."""

import logging
import sys
from collections.abc import Callable
from traceback import extract_tb
from typing import Any

import orjson
import structlog

QUIET = ("aiokafka", "asyncio", "faststream", "urllib3")


def configure(name: str, *, level: str, messages: bool, trace_id: Callable[[], str | None]) -> None:
    floor = logging.getLevelNamesMapping()[level.upper()]
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _Describe(name, messages, trace_id),
    ]
    structlog.configure(
        processors=[*common, structlog.processors.JSONRenderer(serializer=_dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(floor),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dumps_text),
            ],
        )
    )
    # The server's own line repeats the one that the 500 handler wrote, with the message in it.
    handler.addFilter(lambda record: not str(record.msg).startswith("Exception in ASGI application"))
    logging.basicConfig(handlers=[handler], level=floor, force=True)
    for library in QUIET:
        logging.getLogger(library).setLevel(max(floor, logging.WARNING))


class _Describe:
    """Adds service and trace, and replaces an exception by `describe`."""

    def __init__(self, service: str, messages: bool, trace_id: Callable[[], str | None]) -> None:
        self.service = service
        self.messages = messages
        self.trace_id = trace_id

    def __call__(self, logger: Any, method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        line["service"] = self.service
        if (found := self.trace_id()) is not None:
            line["trace_id"] = found
        fault = line.pop("exc_info", None)
        if fault:
            error = fault[1] if isinstance(fault, tuple) else fault
            line["exception"] = describe(
                error if isinstance(error, BaseException) else sys.exc_info()[1], self.messages
            )
        return line


def describe(error: BaseException | None, messages: bool) -> list[dict[str, Any]]:
    """Classes and lines of an exception and its causes. A message may hold personal data: developers only."""
    chain: list[dict[str, Any]] = []
    while error is not None and len(chain) < 5:
        frames = [f"{f.filename.rpartition('/')[2]}:{f.lineno} {f.name}" for f in extract_tb(error.__traceback__)]
        entry: dict[str, Any] = {"error": type(error).__qualname__, "at": frames[-12:]}
        if messages:
            entry["message"] = str(error)[:500]
        chain.append(entry)
        error = error.__cause__ or error.__context__
    return chain


def _dumps(line: Any, **_: Any) -> bytes:
    return orjson.dumps(line, default=str)


def _dumps_text(line: Any, **_: Any) -> str:
    return _dumps(line).decode()
