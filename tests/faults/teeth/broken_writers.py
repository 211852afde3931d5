"""Writers that are broken in one way each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from shared.database import Connection
from shared.members import Member
from shared.writer import Lane


@contextmanager
def key_apart() -> Iterator[None]:
    """T7: the events are committed first, the command's row afterwards, in a transaction of its own."""
    append = Lane._call

    async def apart(self: Lane, connection: Connection, batch: list[Member]) -> list[Any]:
        rows = await append(self, connection, [replace(member, key=None) for member in batch])
        keyed = [
            replace(member, events=[], claims=(), releases=(), keys=(), position=row[1])
            for member, row in zip(batch, rows, strict=True)
            if member.key is not None and row[0] in ("saved", "replayed")
        ]
        if keyed:
            await append(self, connection, keyed)
        return rows

    with patch.object(Lane, "_call", apart):
        yield
