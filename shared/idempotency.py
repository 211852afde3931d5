"""Idempotency keys of clients: whose they are, how long they live, what they stand for."""

import hmac
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from shared.problems import Problem

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
KEPT_FOR_MONEY = timedelta(days=7)


class KeyMissing(Problem):
    """This command needs an Idempotency-Key, so that it can be repeated safely."""

    def __init__(self) -> None:
        super().__init__(400, "idempotency-key-missing", str(self.__doc__))


class KeyMalformed(Problem):
    """An Idempotency-Key has 1 to 200 printable ASCII characters."""

    def __init__(self) -> None:
        super().__init__(400, "idempotency-key-malformed", str(self.__doc__))


def read_key(header: str | None, *, required: bool) -> str | None:
    if header is None:
        if required:
            raise KeyMissing
        return None
    if not 1 <= len(header) <= 200 or not all("!" <= char <= "~" or char == " " for char in header):
        raise KeyMalformed
    return header


class Idempotency:
    """Keyed hashes: nobody meets another's answer, and no body can be guessed from its fingerprint."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def key(self, tenant_id: UUID, caller: str, route: str, client_key: str) -> bytes:
        return self._hash(b"key", tenant_id.bytes, caller.encode(), route.encode(), client_key.encode())

    def fingerprint(self, method: str, target: bytes, body: bytes) -> bytes:
        return self._hash(b"fingerprint", method.encode(), target, body)

    def _hash(self, *parts: bytes) -> bytes:
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(self._secret, framed, sha256).digest()
