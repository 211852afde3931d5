"""Verifies a copy of one tenant's history, alone: this file, Python 3.11 and `cryptography` are all it needs.

    python verify_chain.py COPY --key PUBLIC_KEY [--key …] [--checkpoint FILE …]

The format is described in docs/reference/hash-chain.md. Exit status: 0 intact, 1 not, 2 not to be judged."""

import argparse
import json
import re
import sys
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "rollbook hash chain 1"
POSITION = re.compile(rb'"position":([0-9]{1,18})[,}]')
REMEMBERED = 20_000
T = TypeVar("T")
Keys = Mapping[str, Ed25519PublicKey]


class Event(NamedTuple):
    """`recorded_at` counts microseconds since 1970."""

    aggregate_id: UUID
    version: int
    topic: str
    recorded_at: int
    state: bytes


class Entry(NamedTuple):
    """`previous` is the position of the tenant's event before."""

    previous: int
    event_hash: bytes
    chain_hash: bytes


class Header(NamedTuple):
    format: str
    service: str
    tenant_id: UUID


class Checkpoint(NamedTuple):
    position: int
    service: str
    tenant_id: UUID
    chain_hash: bytes
    made_at: int
    key_id: str
    signature: bytes


class Place(NamedTuple):
    """What stands at a position of the copy."""

    position: int
    event: Event | None
    entry: Entry | None


Named = Header | Checkpoint | Event | Entry


class Bad(NamedTuple):
    position: int
    reason: str


class Chain:
    """Follows the history of one tenant. `bad` is the first position that is not what was chained."""

    def __init__(self, service: str, tenant_id: UUID, keys: Keys) -> None:
        self.service, self.tenant_id = service, tenant_id
        self.bad: Bad | None = None
        self.events = self.position = self.signed = self.unsigned = 0
        self._keys = keys
        self._hash = sha256(b"rollbook start 1\n" + tenant_id.bytes + service.encode()).digest()
        self._unreadable: Bad | None = None
        self._before: deque[tuple[bytes, int]] = deque(maxlen=REMEMBERED)

    def follow(self, place: Place) -> None:
        """The next place of the copy."""
        position, event, entry = place
        if self.bad:
            self._look_back(position, entry)
        elif position <= self.position:
            self.bad = Bad(position, "it stands twice or out of order")
        elif entry is None:
            self.bad = Bad(position, "an event stands here that was never chained")
        elif chain_hash(self._hash, entry) != entry.chain_hash:
            self.bad = self._unchained(position, entry)
        elif entry.previous != self.position:
            self.bad = Bad(position, "its entry names another predecessor")
        elif event is None:
            self.bad = Bad(position, "the event is missing")
        elif event_hash(self.tenant_id, position, event) != entry.event_hash:
            self.bad = Bad(position, "the event is not the one that was chained")
        else:
            self.events, self.unsigned = self.events + 1, self.unsigned + 1
            self._before.append((self._hash, position))
            self.position, self._hash = position, entry.chain_hash

    def check(self, point: Checkpoint) -> None:
        """A checkpoint at the position just followed."""
        if self.bad:
            self._look_back(point.position, None)
        elif fault := self._fault(point):
            self.bad = Bad(point.position, fault)
        elif misplaced := self._followed_after(point.position):
            self.bad = Bad(misplaced, "it stands before the checkpoint of an earlier position")
        elif point.position != self.position:
            self.bad = Bad(point.position, f"it was signed and is missing, perhaps with others after {self.position}")
        elif point.chain_hash != self._hash:
            self.bad = Bad(point.position, f"signed history was rewritten after position {self.signed}")
        else:
            self.signed, self.unsigned = point.position, 0
            self._before.clear()

    def unreadable(self, number: int, line: bytes) -> None:
        """A changed line: nobody can say what stood there."""
        found = POSITION.search(line)
        here = Bad(int(found[1]) if found else self.position, f"line {number} of the copy cannot be read")
        if here.position > self.position - line.startswith(b'{"checkpoint"'):
            self.bad = self.bad or here
        self._unreadable = self._unreadable or here

    def end(self) -> None:
        """After the last position."""
        self.bad = self.bad or self._unreadable

    def _unchained(self, position: int, entry: Entry) -> Bad:
        if entry.previous > self.position:
            return Bad(entry.previous, f"it is missing, perhaps with others after {self.position}")
        for before, inserted in self._before:
            if chain_hash(before, entry) == entry.chain_hash:
                return Bad(inserted, "an event was inserted here")
        return Bad(position, f"its entry does not follow on position {self.position}")

    def _followed_after(self, position: int) -> int | None:
        later = [followed for _, followed in self._before if followed >= position]
        return later[1] if later[1:] and later[0] == position else None

    @property
    def intact(self) -> bool:
        """A copy of which nothing is signed may be anybody's."""
        return self.bad is None and (self.signed > 0 or self.events == 0)

    def verdict(self) -> str:
        whose = f"{self.service}, tenant {self.tenant_id}"
        if self.bad:
            return f"BAD: {whose}: first bad position {self.bad.position}: {self.bad.reason}"
        if not self.intact:
            return f"UNSIGNED: {whose}: {self.events} events fit together, but no checkpoint covers them"
        late = f", {self.unsigned} after it not signed yet" if self.unsigned else ""
        return f"intact: {whose}: {self.events} events, signed up to position {self.signed}{late}"

    def _look_back(self, position: int, entry: Entry | None) -> None:
        """What comes later may show that something is missing, or out of its place, before the bad position."""
        for earlier in (position, entry.previous if entry else position):
            if self.bad and self.position < earlier < self.bad.position:
                self.bad = Bad(earlier, "it is missing or out of order")

    def _fault(self, point: Checkpoint) -> str | None:
        if (point.service, point.tenant_id) != (self.service, self.tenant_id):
            return "its checkpoint is another tenant's"
        if point.key_id not in self._keys:
            return f"its checkpoint is signed with the key {point.key_id}, which was not given"
        try:
            self._keys[point.key_id].verify(point.signature, checkpoint_bytes(point))
        except (InvalidSignature, OverflowError):
            return "its checkpoint is forged"
        return None


def chain_hash(before: bytes, entry: Entry) -> bytes:
    return sha256(b"rollbook entry 1\n" + before + entry.event_hash).digest()


def event_hash(tenant_id: UUID, position: int, event: Event) -> bytes:
    """What fits no field has no hash: it was never chained."""
    try:
        topic = event.topic.encode()
        numbers = b"".join(n.to_bytes(8, "big", signed=True) for n in (position, event.version, event.recorded_at))
    except (OverflowError, UnicodeEncodeError):
        return b""
    ids = tenant_id.bytes + event.aggregate_id.bytes
    return sha256(b"rollbook event 1\n" + ids + numbers + len(topic).to_bytes(4, "big") + topic + event.state).digest()


def checkpoint_bytes(point: Checkpoint) -> bytes:
    numbers = point.position.to_bytes(8, "big", signed=True) + point.made_at.to_bytes(8, "big", signed=True)
    return b"rollbook checkpoint 1\n" + point.tenant_id.bytes + numbers + point.chain_hash + point.service.encode()


def read_keys(texts: Iterable[str]) -> dict[str, Ed25519PublicKey]:
    """Raises ValueError."""
    raw = [b64decode(text, validate=True) for text in texts]
    return {sha256(key).hexdigest()[:16]: Ed25519PublicKey.from_public_bytes(key) for key in raw}


def line_of(value: Header | Checkpoint | Place) -> bytes:
    """As an export writes it: bytes in hexadecimal, no spaces."""
    parts = value._asdict() if isinstance(value, Place) else {type(value).__name__.lower(): value}
    plain = {name: part._asdict() if isinstance(part, Named) else part for name, part in parts.items()}
    return json.dumps(plain, separators=(",", ":"), default=plain_text).encode()


def plain_text(value: bytes | UUID) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def typed(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Raises ValueError, KeyError, TypeError."""
    readers: Mapping[Any, Callable[[Any], Any]] = {int: int, str: str, UUID: UUID, bytes: bytes.fromhex}
    return kind(**{name: readers[hint](fields[name]) for name, hint in kind.__annotations__.items()})


def read_line(line: bytes) -> Header | Checkpoint | Place | None:
    """None for whatever is not written as an export writes it, to the byte."""
    line = line.removesuffix(b"\n")
    try:
        value = json.loads(line)
        read: Header | Checkpoint | Place
        if "header" in value:
            read = typed(Header, value["header"])
        elif "checkpoint" in value:
            read = typed(Checkpoint, value["checkpoint"])
        else:
            event = None if value["event"] is None else typed(Event, value["event"])
            entry = None if value["entry"] is None else typed(Entry, value["entry"])
            read = Place(int(value["position"]), event, entry)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return read if line == line_of(read) else None


def read_checkpoints(paths: Iterable[Path]) -> list[Checkpoint]:
    """Those kept outside, in order. Raises ValueError, OSError."""
    lines = [read_line(line) for path in paths for line in path.read_bytes().splitlines()]
    points = [line for line in lines if isinstance(line, Checkpoint)]
    if len(points) < len(lines):
        raise ValueError("a file of checkpoints holds something else")
    return sorted(points)


def verify_copy(lines: Iterator[bytes], keys: Keys, outside: Iterable[Checkpoint] = ()) -> Chain:
    header = read_line(next(lines, b""))
    if not isinstance(header, Header) or header.format != FORMAT:
        chain = Chain("unknown service", UUID(int=0), keys)
        chain.bad = Bad(0, "the first line is not that of a copy")
        return chain
    chain = Chain(header.service, header.tenant_id, keys)
    kept = deque(point for point in outside if (point.service, point.tenant_id) == header[1:])
    for number, line in enumerate(lines, 2):
        read = read_line(line)
        if read is None or isinstance(read, Header):
            chain.unreadable(number, line)
            continue
        while kept and kept[0].position < read.position:
            chain.check(kept.popleft())
        if isinstance(read, Checkpoint):
            chain.check(read)
        else:
            chain.follow(read)
    for point in kept:
        chain.check(point)
    chain.end()
    return chain


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("copy", type=Path)
    parser.add_argument("--key", action="append", required=True)
    parser.add_argument("--checkpoint", action="append", type=Path, default=[])
    given = parser.parse_args()
    try:
        keys, outside = read_keys(given.key), read_checkpoints(given.checkpoint)
        with given.copy.open("rb") as lines:
            chain = verify_copy(lines, keys, outside)
    except (ValueError, OSError) as error:
        sys.stdout.write(f"cannot be judged: {error}\n")
        return 2
    sys.stdout.write(f"{chain.verdict()}\n")
    return 0 if chain.intact else 1


if __name__ == "__main__":
    sys.exit(main())
