"""Secrets that are handed out and not stored: ids under a MAC of ours, one kind never taken for another."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from shared.personal import MasterKey

Kind = Literal["verify-email", "change-email", "reset-password", "invitation", "device", "set-up"]

MAC = 32
LinkToken = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class HandedOut:
    """A token is base64url of its ids and an HMAC-SHA256 over kind and ids. Whether it still counts is decided by
    what the ids name: who could read every table would still not hold a single token."""

    def __init__(self, master: MasterKey) -> None:
        self._key = master.derive("handed-out")

    def token(self, kind: Kind, *ids: UUID) -> str:
        return text_of(b"".join(each.bytes for each in ids) + self._mac(kind, ids))

    def ids(self, kind: Kind, token: str, count: int) -> tuple[UUID, ...] | None:
        """The ids of a token of this kind in its one spelling; None for everything else."""
        if len(token) > 512 or not token.isascii():
            return None
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            return None
        if len(raw) != 16 * count + MAC or text_of(raw) != token:
            return None
        ids = tuple(UUID(bytes=raw[at : at + 16]) for at in range(0, 16 * count, 16))
        return ids if hmac.compare_digest(raw[-MAC:], self._mac(kind, ids)) else None

    def _mac(self, kind: Kind, ids: tuple[UUID, ...]) -> bytes:
        return hmac.new(self._key, kind.encode() + b"\x1f" + b"".join(each.bytes for each in ids), sha256).digest()


def text_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
