"""What a check of the doctor says: one line, and what to do."""

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

from infra.operator.failing import sentence_of

Level = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    level: Level
    check: str
    text: str


async def tried(check: str, looked: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    """A check that cannot be made has failed."""
    try:
        return await looked()
    except Exception as error:  # noqa: BLE001 - the other checks are made all the same
        return [Finding("fail", check, sentence_of(error))]
