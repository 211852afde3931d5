"""The contract of the events: documents are true, old events are read for ever, readers read what is written."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.events import GOLDEN, RELEASED, documents, schemas
from infra.released import breaks
from infra.services import SERVICES
from shared.codec import Codec
from shared.facts import Handler
from shared.ids import uuid7
from shared.records import Record
from shared.service import Service


def golden(service: Service) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / f"{service.name}.jsonl").read_text().splitlines()]


def record(entry: dict[str, Any]) -> Record:
    state = json.dumps(entry["state"]).encode()
    return Record(1, uuid7(), uuid7(), 1, entry["topic"], state, datetime.now(UTC), 0)


def handlers(service: Service) -> Iterator[Handler]:
    for view in service.views:
        yield from view.HANDLERS.values()
    for reaction in service.reactions:
        yield reaction.handler


def test_E20_the_committed_documents_of_the_events_are_true() -> None:
    for path, text in documents().items():
        assert path.read_text() == text, f"{path.name} is stale: run `make events`"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_golden_event_of_every_version_loads(service: Service) -> None:
    codec = Codec(service.aggregates)
    for entry in golden(service):
        one = record(entry)
        _, event = codec.decode(one.topic, one.state, one.aggregate_id, 1, one.tenant_id)
        assert entry["topic"] == event.TOPIC


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_event_has_a_golden_line_for_each_of_its_versions(service: Service) -> None:
    known = {(entry["topic"], entry["version"]) for entry in golden(service)}
    for topic, kind in Codec(service.aggregates).types.items():
        assert {(topic, n) for n in range(1, kind.version + 1)} <= known, f"{topic}: run `make events`"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_reader_reads_every_version_that_its_source_ever_wrote(service: Service) -> None:
    written: dict[str, list[dict[str, Any]]] = {}
    for source in SERVICES:
        for entry in golden(source):
            written.setdefault(entry["topic"], []).append(entry)
    codec = Codec(service.aggregates)
    for handler in handlers(service):
        assert handler.topic in written, f"nobody writes {handler.topic}"
        for entry in written[handler.topic]:
            assert handler.reader(codec)(record(entry)).topic == handler.topic


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_reads_only_public_events_of_the_others(service: Service) -> None:
    public = {topic for source in SERVICES for topic, entry in schemas(source).items() if entry["public"]}
    foreign = {handler.topic for handler in handlers(service) if handler.source != service.name}
    assert foreign <= public


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_nothing_that_was_released_is_broken(service: Service) -> None:
    released = json.loads((RELEASED / f"{service.name}.json").read_text())
    assert breaks(released, schemas(service)) == []


def test_a_removed_renamed_or_newly_required_field_counts_as_broken() -> None:
    shape = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}
    before = {"x.happened": {"version": 1, "public": True, "data": shape}}
    without = {"properties": {"a": {"type": "string"}}, "required": ["a"]}
    required = {**shape, "required": ["a", "b"]}
    other = {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a"]}
    assert breaks(before, {}) == ["x.happened is gone: events keep their names for ever"]
    for broken in (without, required, other):
        assert len(breaks(before, {"x.happened": {"version": 1, "public": True, "data": broken}})) == 1
    assert breaks(before, {"x.happened": {"version": 2, "public": True, "data": without}}) == []


def test_a_value_object_may_gain_optional_fields_and_lose_none() -> None:
    def event(mark: dict[str, Any]) -> dict[str, Any]:
        return {"x.happened": {"version": 1, "public": True, "data": {"$defs": {"Mark": mark}, "properties": {}}}}

    code, minutes = {"code": {"type": "string"}}, {"minutes": {"type": "integer"}}
    mark: dict[str, Any] = {"properties": code, "required": ["code"], "type": "object"}
    more = {**mark, "properties": code | minutes}
    assert breaks(event(mark), event(more)) == []
    assert breaks(event(more), event(mark)) == ["x.happened: Mark: the field minutes is gone"]
    assert breaks(event(mark), event({**more, "required": ["code", "minutes"]})) == [
        "x.happened: Mark: the field minutes is required now"
    ]
    assert breaks(event(mark), event({**mark, "type": "string"})) == [
        "x.happened: the value object Mark has another shape"
    ]
