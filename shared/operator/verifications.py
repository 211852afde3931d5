"""Comparisons of builds with history that a worker runs for operators: one at a time, their outcome is kept."""

import asyncio
import logging
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.database import Connection, connect
from shared.errors import DomainError, NotFound, Refused
from shared.ids import uuid7
from shared.operator.actions import DONE, Action, Operator
from shared.operator.builds import BuildDifference, verifiable, verify_build
from shared.service import Service

log = logging.getLogger(__name__)

OPTIONS = {"statement_timeout": "600s"}
STOP_WITHIN = 5.0
FAILED = "failed"
VERIFY = "build.verify"
FIND = (
    "SELECT (arguments ->> 'build')::int, outcome, result FROM operator_actions"
    " WHERE action = %s AND arguments ->> 'verification' = %s"
)


class VerificationRunning(Refused):
    """This worker compares another build just now: wait until it has."""


class VerificationUnknown(NotFound):
    """There is no such verification, or the worker that ran it has ended: begin another one."""


class Verification(BaseModel):
    """`state` is `refused` when the build went away meanwhile, `failed` with the class of the `error` that it met. Of
    many differences some are named, all are counted."""

    id: UUID
    build: int
    state: Literal["running", "identical", "different", "refused", "failed"]
    count: int = 0
    differences: list[BuildDifference] = []
    error: str | None = None


class Verifications:
    def __init__(self, service: Service, dsn: str, kafka: str) -> None:
        self._service = service
        self._dsn = dsn
        self._kafka = kafka
        self._running: Verification | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self, connection: Connection, operator: Operator, number: int) -> Verification:
        """Raises BuildUnknown, BuildOutdated, VerificationRunning."""
        async with Action(connection, operator, VERIFY, build=number):
            await verifiable(connection, self._service, self._kafka, number)
            if self._running is not None:
                raise VerificationRunning
            self._running = begun = Verification(id=uuid7(), build=number, state="running")
        self._task = asyncio.create_task(self._run(begun, operator))
        return begun

    async def find(self, connection: Connection, verification: UUID) -> Verification:
        """Also one that another worker has ended. Raises VerificationUnknown."""
        if self._running is not None and self._running.id == verification:
            return self._running
        cursor = await connection.execute(FIND, (VERIFY, str(verification)))
        row = await cursor.fetchone()
        if row is None:
            raise VerificationUnknown
        build, outcome, result = row
        states = {DONE: "different" if result.get("count") else "identical", FAILED: FAILED}
        return Verification(id=verification, build=build, state=states.get(outcome, "refused"), **result)

    async def close(self) -> None:
        """Ends what runs; its tables are removed, and it has no outcome."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=STOP_WITHIN)

    async def _run(self, begun: Verification, operator: Operator) -> None:
        """On a connection of its own. Between pages of history everything else of this process has its turn."""
        given = {"verification": str(begun.id)}
        try:
            async with await connect(self._dsn, search_path=self._service.name, **OPTIONS) as connection:
                await verify_build(connection, self._service, self._kafka, operator, begun.build, **given)
        except DomainError as refusal:
            log.info("verification of build %d: %s", begun.build, refusal.code)
        except Exception as error:
            log.warning("verification of build %d failed", begun.build, exc_info=error)
            await self._record_failure(begun, operator, type(error).__name__)
        finally:
            self._running = None

    async def _record_failure(self, begun: Verification, operator: Operator, error: str) -> None:
        async with await connect(self._dsn, search_path=self._service.name) as connection:
            action = Action(connection, operator, VERIFY, build=begun.build, verification=str(begun.id))
            await action.record(FAILED, {"error": error})
