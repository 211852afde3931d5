"""Events that a release cannot read, and the release that can."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from shared import facts
from shared.ids import uuid7
from shared.records import Record

MARK = b"~"


def state_of(data: dict[str, Any], **meta: object) -> bytes:
    told = {"event_id": str(uuid7()), "time": datetime.now(UTC).isoformat(), "correlation_id": str(uuid7())}
    return json.dumps({"meta": {**told, "actor": {"kind": "user", "id": "poison"}, **meta}, "data": data}).encode()


def unparsable(state: bytes) -> bytes:
    return MARK + b64encode(state)


def newer(state: bytes) -> bytes:
    event = json.loads(state)
    event["meta"]["class_version"] = 2
    return json.dumps(event).encode()


def parsable(state: bytes) -> bytes:
    return b64decode(state[1:]) if state[:1] == MARK else state


def repaired(state: bytes) -> bytes:
    """The same as today's release writes it."""
    event = json.loads(parsable(state))
    event["meta"].pop("class_version", None)
    return json.dumps(event).encode()


@contextmanager
def able() -> Iterator[None]:
    """A release that can read them."""
    read_own, read_foreign = facts.read_own, facts.read_foreign

    def of(record: Record) -> Record:
        return record._replace(state=repaired(record.state))

    with (
        patch.object(facts, "read_own", lambda record, codec: read_own(of(record), codec)),
        patch.object(facts, "read_foreign", lambda record, *rest: read_foreign(of(record), *rest)),
    ):
        yield
