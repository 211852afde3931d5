"""Mails that a person may decline: who did gets none, and each such mail carries the way to do so."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from shared.calls import Call, Saved
from shared.personal import MasterKey
from shared.store import EventStore

MAC = 32
KIND = re.compile(r"[a-z]+(-[a-z]+)*")


class Preference(NamedTuple):
    """`language` None: none was chosen."""

    wanted: bool
    language: str | None


@dataclass(frozen=True)
class Declinable:
    """A kind of mails. `kind` stands in links and is fixed for ever; `preference` is asked when a mail is written,
    `decline` is the service's own command, which the link calls."""

    kind: str
    preference: Callable[[EventStore, UUID, UUID], Awaitable[Preference]]
    decline: Callable[[EventStore, Call, UUID], Awaitable[Saved]]

    def __post_init__(self) -> None:
        if KIND.fullmatch(self.kind) is None:
            raise ValueError(f"{self.kind} is no kind of mails")


class Declining(NamedTuple):
    """What a link says: this person of this tenant wants no mails of this kind."""

    kind: str
    tenant_id: UUID
    person_id: UUID


class DeclineLinks:
    """A token is the kind, ids and an HMAC-SHA256 over all three. It is stored nowhere, works as often as it is used,
    and opens nothing else."""

    def __init__(self, master: MasterKey) -> None:
        self._key = master.derive("declined-mails")

    def token(self, wish: Declining) -> str:
        raw = wish.tenant_id.bytes + wish.person_id.bytes + self._mac(wish)
        return f"{wish.kind}.{text_of(raw)}"

    def read(self, token: str) -> Declining | None:
        """None for whatever we did not write, in its one spelling."""
        kind, _, rest = token.partition(".")
        try:
            raw = urlsafe_b64decode(rest + "=" * (-len(rest) % 4))
        except ValueError:
            return None
        if KIND.fullmatch(kind) is None or len(raw) != 32 + MAC or text_of(raw) != rest:
            return None
        wish = Declining(kind, UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]))
        return wish if hmac.compare_digest(raw[32:], self._mac(wish)) else None

    def _mac(self, wish: Declining) -> bytes:
        message = wish.kind.encode() + b"\x1f" + wish.tenant_id.bytes + wish.person_id.bytes
        return hmac.new(self._key, message, sha256).digest()


def text_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
