"""To which traces a batch of stored events belongs: an event's meta names the request that it came from."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from opentelemetry.trace import Link, SpanContext, TraceFlags

from shared.records import Record

MOST = 32
HEAD = 4_096
"""Bytes in which the meta stands."""
RECENT = timedelta(minutes=10)
SAMPLED = re.compile(rb'"traceparent":"00-([0-9a-f]{32})-([0-9a-f]{16})-(?:[0-9a-f][13579bdf])"')


def links_to(states: Iterable[bytes]) -> list[Link]:
    """To what is sampled, each once, and no more than 32: nobody follows more, and a span must stay small."""
    found: dict[tuple[int, int], None] = {}
    for state in states:
        if (match := SAMPLED.search(state, 0, HEAD)) is not None:
            found[int(match[1], 16), int(match[2], 16)] = None
            if len(found) == MOST:
                break
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return [Link(SpanContext(*ids, is_remote=True, trace_flags=sampled)) for ids in found]


def recent(records: Sequence[Record]) -> Iterator[bytes]:
    """A rebuild reads history again: that is no work for the requests of those days."""
    since = datetime.now(UTC) - RECENT
    for record in records:
        if record.recorded_at > since:
            yield record.state
