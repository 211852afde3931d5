"""The public keys that access tokens are signed with: fetched from auth, kept across restarts."""

import asyncio
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

log = structlog.get_logger()

MAX_AGE = 300.0
REFRESH_AGE = 150.0
PATIENCE = 10.0
BURST = 5
MAX_BYTES = 65_536
TIMEOUT = aiohttp.ClientTimeout(total=2)


class KeysMissing(Exception):
    """No key set was ever loaded and auth does not answer."""


class KeySet:
    """Keys by `kid`. The last good set stays while auth is away; an unknown kid asks auth, but not often."""

    def __init__(self, url: str, cache: Path) -> None:
        self._url = url
        self._cache = cache
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched = 0.0
        self._tries: list[float] = []
        self._lock = asyncio.Lock()
        self._background: asyncio.Task[None] | None = None
        self._load()

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        age = time.time() - self._fetched
        if kid in self._keys and 0 <= age <= MAX_AGE:
            if age > REFRESH_AGE and self._background is None:
                self._background = asyncio.create_task(self._refresh())
                self._background.add_done_callback(self._refreshed)
            return self._keys[kid]
        await self._refresh(unless_after=time.monotonic())
        if not self._keys:
            raise KeysMissing
        return self._keys.get(kid)

    def _refreshed(self, task: "asyncio.Task[None]") -> None:
        self._background = None
        if not task.cancelled():
            task.result()

    async def close(self) -> None:
        if self._background is not None:
            self._background.cancel()

    async def _refresh(self, unless_after: float | None = None) -> None:
        """Fetches the set; those who wait for a fetch that began after they asked do not fetch again."""
        async with self._lock:
            now = time.monotonic()
            self._tries = [begun for begun in self._tries if now - begun < PATIENCE]
            if unless_after is not None and any(begun >= unless_after for begun in self._tries):
                return
            if len(self._tries) >= BURST:
                return
            self._tries.append(now)
            try:
                document = await self._fetch()
                keys = read_keys(orjson.loads(document))
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                log.warning("key set not fetched", reason=type(error).__name__)
                return
            self._keys, self._fetched = keys, time.time()
            await asyncio.to_thread(self._store, document)

    async def _fetch(self) -> bytes:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.get(self._url, allow_redirects=False) as response,
        ):
            body = await response.content.read(MAX_BYTES + 1)
            if response.status != 200 or len(body) > MAX_BYTES:
                raise ValueError("no key set")
            return body

    def _store(self, document: bytes) -> None:
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._cache.with_suffix(f".{os.getpid()}.new")
        fresh.write_bytes(document)
        fresh.replace(self._cache)

    def _load(self) -> None:
        try:
            self._keys = read_keys(orjson.loads(self._cache.read_bytes()))
            self._fetched = self._cache.stat().st_mtime
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            log.warning("stored key set not readable", reason=type(error).__name__)


def read_keys(document: Any) -> dict[str, Ed25519PublicKey]:
    """The usable keys of a JWKS. A kid that occurs twice names no key."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a key set")
    kids = [entry.get("kid") for entry in entries if isinstance(entry, dict)]
    usable = {}
    for entry in entries:
        if isinstance(entry, dict) and kids.count(entry.get("kid")) == 1:
            key = read_key(entry)
            if key is not None:
                usable[str(entry["kid"])] = key
    return usable


def read_key(entry: dict[str, Any]) -> Ed25519PublicKey | None:
    """A public Ed25519 key for signatures, in its canonical form, or nothing."""
    kid, x = entry.get("kid"), entry.get("x")
    shape = [entry.get(name) for name in ("kty", "crv", "use", "alg")]
    if shape != ["OKP", "Ed25519", "sig", "EdDSA"] or "d" in entry:
        return None
    if entry.get("key_ops", ["verify"]) != ["verify"] or not isinstance(kid, str) or not isinstance(x, str):
        return None
    try:
        raw = urlsafe_b64decode(x + "=" * (-len(x) % 4))
        if len(raw) != 32 or urlsafe_b64encode(raw).rstrip(b"=").decode() != x:
            return None
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        return None
