"""What operators do to a service: one row for each action, in the transaction of its effect."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import orjson
from psycopg.errors import UniqueViolation
from pydantic import BaseModel

from shared.database import Connection
from shared.errors import DomainError
from shared.store import KeyReused

Result = dict[str, Any]
Effect = Callable[[], Awaitable[Result]]

DONE = "done"


@dataclass(frozen=True)
class Operator:
    """`name` says by which way, too: `cli:anna`, `operator:anna`. `key` is the hash of an Idempotency-Key."""

    name: str
    key: bytes | None = None


class OperatorAction(BaseModel):
    """`outcome` is `done`, or the code of what refused it."""

    number: int
    at: datetime
    actor: str
    action: str
    arguments: dict[str, Any]
    outcome: str
    result: dict[str, Any]


class Action:
    """One thing that an operator asks for. A refusal inside is recorded, too; any other error left nothing behind."""

    def __init__(self, connection: Connection, operator: Operator, kind: str, **arguments: Any) -> None:
        self._connection = connection
        self._operator = operator
        self._kind = kind
        self._arguments: dict[str, Any] = orjson.loads(orjson.dumps(arguments))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, DomainError):
            await self.record(error.code, {})

    async def take(self, effect: Effect) -> Result:
        """What the effect gives; of a copy that came at the same time, what that one gave."""
        try:
            async with self._connection.transaction():
                result = await effect()
                await self.record(DONE, result, self._operator.key)
        except UniqueViolation as copy:
            before = await self.before()
            if copy.diag.constraint_name != "operator_actions_key" or before is None:
                raise
            return before
        return result

    async def record(self, outcome: str, result: Result, key: bytes | None = None) -> None:
        await self._connection.execute(
            "INSERT INTO operator_actions (actor, action, arguments, outcome, result, key_hash)"
            " VALUES (%s, %s, %s::jsonb, %s, %s::jsonb, %s)",
            (
                self._operator.name,
                self._kind,
                orjson.dumps(self._arguments).decode(),
                outcome,
                orjson.dumps(result, default=str).decode(),
                key,
            ),
        )

    async def before(self) -> Result | None:
        """What this very action gave when it came before under its key. Raises KeyReused."""
        if self._operator.key is None:
            return None
        cursor = await self._connection.execute(
            "SELECT action, arguments, result FROM operator_actions WHERE actor = %s AND key_hash = %s",
            (self._operator.name, self._operator.key),
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        action, arguments, result = row
        if (action, arguments) != (self._kind, self._arguments):
            raise KeyReused
        return dict(result)


async def list_actions(connection: Connection, limit: int, before: int | None = None) -> list[OperatorAction]:
    """The newest first; `before` is the number of the last one seen."""
    cursor = await connection.execute(
        "SELECT number, recorded_at, actor, action, arguments, outcome, result FROM operator_actions"
        " WHERE %(before)s::bigint IS NULL OR number < %(before)s ORDER BY number DESC LIMIT %(limit)s",
        {"before": before, "limit": limit},
    )
    names = list(OperatorAction.model_fields)
    return [OperatorAction(**dict(zip(names, row, strict=True))) for row in await cursor.fetchall()]
