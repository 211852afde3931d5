"""Writes the documents of the events: docs/asyncapi.json, docs/events/*.json, and golden events of new versions."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.samples import sample
from infra.services import SERVICES
from shared.codec import Codec, EventType, Meta
from shared.envelope import headers_of
from shared.ids import PLATFORM
from shared.records import Record
from shared.service import Service
from shared.topics import events_topic

ROOT = Path(__file__).resolve().parents[1]
ASYNCAPI = ROOT / "docs" / "asyncapi.json"
SCHEMAS = ROOT / "docs" / "events"
RELEASED = SCHEMAS / "released"
GOLDEN = ROOT / "tests" / "contracts" / "golden"
SAMPLE_META: Meta = {
    "event_id": sample(Meta.__annotations__["event_id"]),
    "time": sample(Meta.__annotations__["time"]),
    "actor": {"kind": "user", "id": "text"},
    "correlation_id": sample(Meta.__annotations__["correlation_id"]),
}


def header_names() -> list[str]:
    """The headers that every message has, from the code that writes them."""
    state = json.dumps({"meta": {"event_id": "", "correlation_id": ""}}).encode()
    record = Record(1, PLATFORM, PLATFORM, 1, "", state, datetime.now(UTC), 0)
    return [name for name, _ in headers_of(record, "", 1, 0)]


def schemas(service: Service) -> dict[str, Any]:
    """name → version, class and JSON Schema of `data`, for every event of the service."""
    kinds = Codec(service.aggregates).types
    return {
        topic: {
            "version": kind.version,
            "public": kind.public,
            "personal": list(kind.sealed),
            "data": kind.data_adapter.json_schema(mode="serialization"),
        }
        for topic, kind in sorted(kinds.items())
    }


def asyncapi() -> dict[str, Any]:
    """The public events of every service as an AsyncAPI 3.0 document."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for service in SERVICES:
        public = {topic: entry for topic, entry in schemas(service).items() if entry["public"]}
        links = {topic: {"$ref": f"#/components/messages/{topic}"} for topic in public}
        channels[f"{service.name}.events"] = {
            "address": events_topic(service.name, 1),
            "title": f"Events of {service.name}",
            "description": "Key and order: the tenant. The number is the generation of the log.",
            "messages": links,
        }
        channel = f"#/channels/{service.name}.events"
        operations[f"{service.name}.tell"] = {
            "action": "send",
            "channel": {"$ref": channel},
            "messages": [{"$ref": f"{channel}/messages/{topic}"} for topic in public],
        }
        for topic, entry in public.items():
            data = {key: value for key, value in entry["data"].items() if key != "$defs"}
            messages[topic] = {
                "name": topic,
                "contentType": "application/json",
                "headers": {"$ref": "#/components/schemas/headers"},
                "payload": {
                    "type": "object",
                    "required": ["meta", "data"],
                    "properties": {"meta": {"type": "object"}, "data": data},
                    **({"$defs": entry["data"]["$defs"]} if "$defs" in entry["data"] else {}),
                },
                "x-version": entry["version"],
                "x-personal": entry["personal"],
            }
    names = header_names()
    headers = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Rollbook events", "version": "1"},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"headers": headers}},
    }


def golden(kind: EventType) -> str:
    """One stored event of today's version, as a line of JSON."""
    values = {name: sample(hint) for name, hint in kind.fields.items()}
    meta: Meta = {**SAMPLE_META}
    if kind.version > 1:
        meta["class_version"] = kind.version
    state = kind.adapter.dump_json({"meta": meta, "data": values})
    return json.dumps({"topic": kind.topic, "version": kind.version, "state": json.loads(state)}, ensure_ascii=False)


def add_golden(service: Service) -> None:
    """Golden events are only ever added: those of released versions are how old data really looks."""
    path = GOLDEN / f"{service.name}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    known = {(entry["topic"], entry["version"]) for entry in map(json.loads, lines)}
    kinds = Codec(service.aggregates).types.values()
    lines += [golden(kind) for kind in kinds if (kind.topic, kind.version) not in known]
    path.write_text("\n".join(lines) + "\n")


def dump(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def documents() -> dict[Path, str]:
    return {
        ASYNCAPI: dump(asyncapi()),
        **{SCHEMAS / f"{service.name}.json": dump(schemas(service)) for service in SERVICES},
    }


def main() -> int:
    """Writes all; `--release` also notes today's schemas as those that every later release must be able to read."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    found = documents()
    if "--release" in sys.argv:
        found |= {RELEASED / path.name: text for path, text in found.items() if path.parent == SCHEMAS}
    for path, text in found.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for service in SERVICES:
        add_golden(service)
    return 0


if __name__ == "__main__":
    sys.exit(main())
