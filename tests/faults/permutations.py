"""The permutation runner: every order of the steps of a few connections, on a real PostgreSQL.

A step that the server makes wait stays under way while the others go on; its connection goes on when it is free."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import psycopg

from shared.database import Connection

Step = Callable[[Connection], Awaitable[Any]]


def orders(*counts: int) -> Iterator[tuple[int, ...]]:
    """Every order of the steps of these many steps each, named by whose step it is: (0, 0, 1), (0, 1, 0), (1, 0, 0)."""
    if not any(counts):
        yield ()
    for who, left in enumerate(counts):
        if left:
            for rest in orders(*[count - (n == who) for n, count in enumerate(counts)]):
                yield (who, *rest)


def orders_of_alike(*counts: int) -> Iterator[tuple[int, ...]]:
    """Where all do the same, it is enough that they begin in turn: any other order is one of these, renamed."""
    for order in orders(*counts):
        begins = list(dict.fromkeys(order))
        if begins == sorted(begins):
            yield order


class Runner:
    """`watcher` asks the server who waits; each of `connections` does the steps of one of those that meet."""

    def __init__(self, watcher: Connection, connections: Sequence[Connection]) -> None:
        self._watcher = watcher
        self._connections = connections
        self.waited = 0
        """Steps that the server made wait: no order is tried in vain where this is 0."""

    async def run(self, order: Sequence[int], *steps: Sequence[Step]) -> list[list[Any]]:
        """What the steps of each returned; an error of the database is a result as well."""
        waiting: dict[int, list[Step]] = {who: list(own) for who, own in enumerate(steps)}
        under_way: dict[int, asyncio.Task[Any]] = {}
        results: list[list[Any]] = [[] for _ in steps]
        left = list(order)
        while left or under_way:
            await self._collect(under_way, results)
            free = next((n for n, who in enumerate(left) if who not in under_way), None)
            if free is None:
                if under_way:
                    await asyncio.wait(under_way.values(), return_when=asyncio.FIRST_COMPLETED)
                continue
            who = left.pop(free)
            under_way[who] = asyncio.create_task(self._do(who, waiting[who].pop(0)))
            self.waited += await self._waits(who, under_way[who])
        return results

    async def _do(self, who: int, step: Step) -> Any:
        try:
            return await step(self._connections[who])
        except psycopg.Error as error:
            return error

    async def _waits(self, who: int, task: asyncio.Task[Any]) -> bool:
        """Comes back when the step has ended, or the server makes it wait."""
        pid = self._connections[who].info.backend_pid
        while not task.done():
            cursor = await self._watcher.execute(WAITS, (pid,), prepare=True)
            if await cursor.fetchone() is not None and not task.done():
                return True
        return False

    async def _collect(self, under_way: dict[int, asyncio.Task[Any]], results: list[list[Any]]) -> None:
        """Whoever a commit has set free answers soon, and is asked for before the next step begins."""
        for who, task in list(under_way.items()):
            if not await self._waits(who, task):
                del under_way[who]
                results[who].append(task.result())


WAITS = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
