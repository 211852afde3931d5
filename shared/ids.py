"""Ids: time-ordered ones for new things, derived ones where a thing is its key."""

import os
import threading
import time
from uuid import UUID, uuid5

PLATFORM = UUID("00000000-0000-7000-8000-000000000000")
"""The tenant of what belongs to no tenant: users, signing keys."""

MASK = (1 << 62) - 1
_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A new UUIDv7 (RFC 9562, method 1): ids of one process never go backwards, also within a millisecond."""
    global _last
    noise = int.from_bytes(os.urandom(9))
    with _lock:
        stamp = (time.time_ns() // 1_000_000) << 12 | noise >> 64
        _last = stamp if stamp > _last else _last + 1
        stamp = _last
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | noise & MASK
    return UUID(int=value)


def derived(namespace: UUID, *parts: object) -> UUID:
    """The one id that these parts have under this namespace (UUIDv5): the same parts give the same id."""
    return uuid5(namespace, "\x1f".join(str(part) for part in parts))


def uuid_or_none(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
