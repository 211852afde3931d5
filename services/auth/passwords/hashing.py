"""Argon2id in a few threads: never more hashes at once than processors, and a limit on those that wait."""

import asyncio
import os
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from auth.passwords.foreign_hashes import Bcrypt, DjangoPbkdf2
from shared.store import Unavailable

T = TypeVar("T")

MOST_WAITING = 64


class Hashing:
    """19 MiB, two passes, one lane. A hash names its parameters; an older one is replaced at sign-in."""

    def __init__(self, parallel: int | None = None) -> None:
        threads = parallel or os.cpu_count() or 1
        ours = Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._algorithm = PasswordHash((ours, Bcrypt(), DjangoPbkdf2()))
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._most = threads + MOST_WAITING
        self._running = 0
        self._dummy = self._algorithm.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._algorithm.hash(normal(password)))

    async def verify(self, password: str, known: str | None) -> tuple[bool, str | None]:
        """Whether it fits, and a better hash to keep. Without a known one the work is the same."""
        fits, better = await self._run(
            lambda: self._algorithm.verify_and_update(normal(password), known or self._dummy)
        )
        return (fits, better) if known else (False, None)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._running >= self._most:
            raise Unavailable("too many sign-ins wait")
        self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._running -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)
