"""Logs and traces: one JSON shape, the trace of the caller, nothing that people typed."""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision

from shared import logs, span_links, telemetry, tracing
from shared.records import Record
from shared.settings import Settings
from shared.telemetry import Trace

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def lines(capfdbinary: pytest.CaptureFixture[bytes]) -> Iterator[Any]:
    """What was written, as objects. Logging is put back as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    telemetry.clear()

    def read() -> list[dict[str, Any]]:
        sys.stdout.flush()
        return [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]

    yield read
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    telemetry.clear()


def configure(*, messages: bool = False, level: str = "info") -> None:
    logs.configure("academic", level=level, messages=messages, trace_id=lambda: telemetry.current_trace().trace_id)


def test_E11_a_line_carries_trace_correlation_and_tenant(lines: Any) -> None:
    configure()
    telemetry.follow(PARENT)
    telemetry.bind(correlation_id="c", tenant="t")
    structlog.get_logger().info("request", status=200)
    [line] = lines()
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "service": "academic",
        "status": 200,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "correlation_id": "c",
        "tenant": "t",
    }


def test_lines_of_libraries_have_the_same_shape(lines: Any) -> None:
    configure()
    logging.getLogger("uvicorn.error").warning("closing %s", "now")
    [line] = lines()
    assert (line["event"], line["logger"], line["level"]) == ("closing now", "uvicorn.error", "warning")


def test_debug_lines_are_left_out(lines: Any) -> None:
    configure()
    structlog.get_logger().debug("noise")
    logging.getLogger("x").debug("noise")
    assert lines() == []


@pytest.mark.parametrize("library", [True, False])
def test_S30_an_exception_is_logged_without_its_message(lines: Any, library: bool) -> None:
    configure()
    try:
        fail("Ann Example")
    except RuntimeError as error:
        if library:
            logging.getLogger("x").error("failed", exc_info=True)
        else:
            structlog.get_logger().error("failed", exc_info=error)
    [line] = lines()
    assert "Ann" not in json.dumps(line)
    assert [entry["error"] for entry in line["exception"]] == ["RuntimeError", "ValueError"]
    assert line["exception"][0]["at"][-1].endswith(" fail")


def fail(name: str) -> None:
    try:
        raise ValueError(name)
    except ValueError as error:
        raise RuntimeError(name) from error


def test_a_developer_sees_the_message() -> None:
    assert logs.describe(ValueError("why"), True)[0]["message"] == "why"


def test_E11_a_trace_goes_on_with_a_new_hop() -> None:
    with telemetry.following(PARENT) as found:
        assert telemetry.current_traceparent() == str(found)
        assert found.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert found.span_id != "00f067aa0ba902b7"
        assert str(found).endswith("-01")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        PARENT.upper(),
        PARENT + "-more",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
    ],
)
def test_E11_a_malformed_parent_begins_a_new_trace(header: str) -> None:
    assert Trace.parse(header) is None
    with telemetry.following(header) as found:
        assert Trace.parse(str(found)) == found


def test_a_later_version_of_the_header_is_understood() -> None:
    assert Trace.parse("01" + PARENT[2:] + "-more") is not None


def test_a_span_costs_nothing_while_tracing_is_off() -> None:
    with telemetry.span("append", events=3) as span:
        assert span is None


def test_configuring_twice_writes_each_line_once(lines: Any) -> None:
    telemetry.configure("academic", Settings())
    telemetry.configure("academic", Settings())
    logging.getLogger("x").info("one")
    assert [line["event"] for line in lines()] == ["one"]


def state_of(traceparent: str) -> bytes:
    return json.dumps({"meta": {"traceparent": traceparent}, "data": {}}, separators=(",", ":")).encode()


def test_E11_a_batch_is_linked_to_the_sampled_traces_of_its_events_and_to_no_more_than_32() -> None:
    other = PARENT.replace("4bf9", "4bf8")
    states = [b"{}", state_of(PARENT), state_of(PARENT), state_of(PARENT[:-2] + "00"), state_of(other)]
    links = span_links.links_to(states)
    assert [f"{link.context.trace_id:032x}" for link in links] == [PARENT[3:35], other[3:35]]
    assert all(link.context.trace_flags.sampled and link.context.is_remote for link in links)
    assert len(span_links.links_to(state_of(str(Trace(f"{n:032x}", "1" * 16, "01"))) for n in range(1, 90))) == 32


def test_E11_what_a_rebuild_reads_again_is_no_work_of_its_old_requests() -> None:
    def record(at: datetime) -> Record:
        return Record(1, uuid4(), uuid4(), 1, "a.b", state_of(PARENT), at, 0)

    now = datetime.now(UTC)
    assert len(list(span_links.recent([record(now - timedelta(hours=1)), record(now)]))) == 1


def test_E11_a_batch_with_something_of_a_sampled_trace_is_sampled() -> None:
    sampler = tracing.LinkedOrShare()
    never = 2**64 - 1
    """An id that the share leaves out."""
    links = span_links.links_to([state_of(PARENT)])
    assert sampler.should_sample(None, never, "fill", links=links).decision is Decision.RECORD_AND_SAMPLE
    assert sampler.should_sample(None, never, "fill", links=[]).decision is Decision.DROP


def test_S30_a_span_keeps_neither_an_errors_message_nor_what_people_look_for(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(tracing.NothingTyped())
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    with pytest.raises(ValueError, match="Ann"), telemetry.span("command", **{"url.query": "search=Ann"}):
        raise ValueError("Ann")
    with pytest.raises(ValueError, match="Ann"), telemetry.batch_span("fill", [state_of(PARENT)], records=1):
        raise ValueError("Ann")
    for span in kept.get_finished_spans():
        assert "Ann" not in span.to_json()
        assert span.attributes is not None
        assert span.attributes["error.type"] == "ValueError"
        assert not span.status.is_ok


def test_a_batch_looks_at_no_event_while_tracing_is_off() -> None:
    def states() -> Iterator[bytes]:
        pytest.fail("nobody wants to know")
        yield b""

    with telemetry.batch_span("fill", states(), records=1) as span:
        assert span is None
    assert telemetry.span("append") is telemetry.batch_span("fill", states()) is telemetry.OFF
