"""The proof that events are in the school's hash chain: from each to the next signed checkpoint, or to the head."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from shared.checkpoints import CheckpointKey
from shared.hash_chain import Head, microseconds, start_of
from shared.problems import NotAvailable
from shared.reading import Reading

HEAD = "SELECT position, chain_hash FROM hash_chain WHERE tenant_id = %(tenant)s ORDER BY position DESC LIMIT 1"
POINTS = (
    "SELECT position, chain_hash, made_at, key_id, signature FROM hash_chain_checkpoints"
    " WHERE tenant_id = %(tenant)s AND position < %(head)s ORDER BY position"
)
ENTRIES = (
    "SELECT position, event_hash FROM hash_chain"
    " WHERE tenant_id = %(tenant)s AND position BETWEEN %(first)s AND %(last)s ORDER BY position"
)
BEFORE = (
    "SELECT position, chain_hash FROM hash_chain"
    " WHERE tenant_id = %(tenant)s AND position < %(first)s ORDER BY position DESC LIMIT 1"
)


class Segment(NamedTuple):
    """Entries from the first event of a pack behind a checkpoint to the next one; None: to the head."""

    first: int
    last: int
    point: dict[str, Any] | None


async def head_of(read: Reading) -> Head:
    """The newest entry of the school. Raises NotAvailable where there is none yet."""
    rows = await read.rows(HEAD)
    if not rows:
        raise NotAvailable("The history of this school is not chained yet.")
    return Head(rows[0]["position"], rows[0]["chain_hash"])


async def proof_of(
    read: Reading, service: str, key: CheckpointKey, positions: Sequence[int], head: Head
) -> dict[str, Any]:
    """Checkpoints at the head itself are left out, so that one which is made later changes nothing."""
    points = await read.rows(POINTS, head=head.position)
    return {
        "service": service,
        "tenant_id": str(read.tenant_id),
        "segments": [await _told(read, service, each) for each in segments(positions, points, head.position)],
        "keys": keys_of(points, key),
    }


def segments(positions: Sequence[int], points: Sequence[dict[str, Any]], head: int) -> list[Segment]:
    """`positions` and `points` in order."""
    ends = [point["position"] for point in points]
    found = []
    for at, group in groupby(positions, key=lambda position: bisect_left(ends, position)):
        point = points[at] if at < len(points) else None
        found.append(Segment(next(group), head if point is None else ends[at], point))
    return found


def keys_of(points: Sequence[dict[str, Any]], key: CheckpointKey) -> list[dict[str, Any]]:
    """Which keys signed this school's history from when to when. The public key is told of the one in use: of former
    ones it is with whoever was given it."""
    found = []
    for key_id, group in groupby(points, key=lambda point: point["key_id"]):
        signed = list(group)
        times = {"from": signed[0]["made_at"].isoformat(), "to": signed[-1]["made_at"].isoformat()}
        found.append({"key_id": key_id, **times, "public_key": key.text if key_id == key.id else None})
    if not found or found[-1]["key_id"] != key.id:
        found.append({"key_id": key.id, "from": None, "to": None, "public_key": key.text})
    return found


async def _told(read: Reading, service: str, segment: Segment) -> dict[str, Any]:
    before = await read.rows(BEFORE, first=segment.first)
    start = before[0]["chain_hash"] if before else start_of(service, read.tenant_id).chain_hash
    entries = await read.rows(ENTRIES, first=segment.first, last=segment.last)
    return {
        "before": start.hex(),
        "entries": [[row["position"], row["event_hash"].hex()] for row in entries],
        "checkpoint": None if segment.point is None else _point(segment.point),
    }


def _point(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "position": row["position"],
        "made_at": microseconds(row["made_at"]),
        "chain_hash": row["chain_hash"].hex(),
        "key_id": row["key_id"],
        "signature": row["signature"].hex(),
    }
