"""A school in a running product: its requests, what they cost all processes, waiting until nothing is left to do."""

import asyncio
import secrets
import signal
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date, timedelta
from os import kill
from typing import Any, Self

import orjson
from psycopg import AsyncConnection

from benchmarks.cpu import tree_seconds
from benchmarks.load import Answer, Loaded, answers_to, ask, closed_loop, wire
from benchmarks.run import Cell
from infra.native.ports import HOST, SERVICES
from infra.native.running import Running
from infra.testing.client import Client
from shared.database import Connection, scalar

A_CLASS = 30
TOKEN_AGE = 120.0
FIRST_DAY = date(2026, 9, 1)
FOR_API = "postgres for APIs"
SYNCHRONOUS = ("gateway", "academic.api", "auth.api", FOR_API)
API_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE usename LIKE '%\\_api'"
LEFT = """SELECT (SELECT count(*) FROM {0}.relay WHERE position < {0}.log_head())
+ (SELECT count(*) FROM {0}.positions WHERE source = '{0}' AND position < {0}.log_head())
+ (SELECT count(*) FROM {0}.builds WHERE NOT live)"""
BEHIND = """SELECT count(*) FROM (SELECT max(position) AS position FROM {0}.positions WHERE source = '{1}'
GROUP BY consumer) p WHERE p.position < (SELECT max(notification_id) FROM {1}.events WHERE tenant_id = %s)"""


class School:
    def __init__(self, product: Running, client: Client, admin: Connection) -> None:
        self.product = product
        self._client = client
        self._admin = admin
        self._signed_in = 0.0
        self.tenant = ""
        self.students: list[str] = []
        self.org = ""

    @classmethod
    @asynccontextmanager
    async def opened(cls, product: Running, students: int = A_CLASS) -> AsyncIterator[Self]:
        """With so many students."""
        async with (
            Client(product.base_url, product.inbox_url) as client,
            await AsyncConnection.connect(product.dsn(), autocommit=True) as admin,
        ):
            for setting in ("checkpoint_timeout = '1h'", "max_wal_size = '16GB'"):
                await admin.execute(f"ALTER SYSTEM SET {setting}".encode())
            await admin.execute("SELECT pg_reload_conf()")
            school = cls(product, client, admin)
            await client.register_school("Bench school")
            school._signed_in = time.monotonic()
            school.org = (await client.get("/api/academic/orgs"))[0]["id"]
            people = [{"given_name": "Eva", "family_name": f"B{n}", "roles": ["student"]} for n in range(students)]
            school.students = [one["id"] for one in await school.made("/people", people)]
            await school.drained()
            yield school

    @property
    def login(self) -> dict[str, Any]:
        """What its owner signs in with."""
        return self._client.login

    async def signed_in(self) -> None:
        """Access tokens are short-lived."""
        if time.monotonic() - self._signed_in > TOKEN_AGE:
            await self._client.sign_in()
            self._signed_in = time.monotonic()

    def post(self, path: str, body: Any, prefix: str = "/api/academic") -> bytes:
        return ask(
            "POST",
            prefix + path,
            orjson.dumps(body),
            authorization=f"Bearer {self._client.access}",
            idempotency_key=secrets.token_hex(12),
        )

    def get(self, path: str, prefix: str = "/api/academic", consistency_token: str = "") -> bytes:
        headers = {"consistency_token": consistency_token} if consistency_token else {}
        return ask("GET", prefix + path, b"", authorization=f"Bearer {self._client.access}", **headers)

    async def answers(self, asks: list[bytes]) -> list[Answer]:
        return await answers_to(HOST, self.product.ports["gateway"], asks)

    async def statuses(self, *asks: bytes) -> list[int]:
        """One after the other, refusals as well."""
        one = await wire(HOST, self.product.ports["gateway"])
        found = [(await one.ask(raw)).status for raw in asks]
        one.close()
        return found

    async def made(self, path: str, bodies: Iterable[Any]) -> list[Any]:
        """What was answered to each."""
        found = await self.answers([self.post(path, body) for body in bodies])
        return [orjson.loads(answer.body)["data"] for answer in found]

    async def classes(self, count: int) -> list[str]:
        return [one["id"] for one in await self.made("/classes", [{"title": f"Class {n}"} for n in range(count)])]

    async def enrolments(self, count: int, prefix: str = "/api/academic") -> Iterator[bytes]:
        """Requests that enrol so many students, in classes of 30; a class gets one after the other's turn."""
        some = self.students[:A_CLASS]
        classes = await self.classes(-(-count // len(some)))
        pairs = [(class_id, student) for student in some for class_id in classes][:count]
        return iter([self.post(f"/classes/{c}/enrolments", stay(s), prefix) for c, s in pairs])

    async def full_class(self) -> str:
        """A class with all students of the school."""
        class_id = (await self.classes(1))[0]
        await self.made(f"/classes/{class_id}/enrolments", [stay(one) for one in self.students])
        await self.drained()
        return class_id

    async def rolls(self, class_id: str, count: int, first: int) -> Iterator[bytes]:
        """Requests that mark 30 students each, in so many meetings of a full class, from this day on."""
        roster = orjson.loads((await self.answers([self.get(f"/classes/{class_id}/roster?limit=100")]))[0].body)["data"]
        marks = {"marks": [{"enrolment_id": line["enrolment_id"], "code": "P"} for line in roster]}
        assert len(roster) == A_CLASS, len(roster)
        days = [(FIRST_DAY + timedelta(first + n)).isoformat() for n in range(count)]
        plans = [{"dates": days[n : n + 200], "starts": "17:00", "ends": "18:00"} for n in range(0, count, 200)]
        meetings = [one["id"] for made in await self.made(f"/classes/{class_id}/meetings", plans) for one in made]
        return iter([self.post(f"/meetings/{meeting}/attendance", marks) for meeting in meetings])

    async def drained(self, without: Iterable[str] = ()) -> None:
        """Until every view is live, every log relayed, and every reader stands where it ends, but those of these
        services."""
        async with asyncio.timeout(120):
            while await self._left(set(without)):  # noqa: ASYNC110 - only the database knows
                await asyncio.sleep(0.02)

    async def _left(self, without: set[str]) -> int:
        if not self.tenant:
            self.tenant = str(await scalar(self._admin, "SELECT tenant_id FROM academic.events LIMIT 1"))
        left = sum([int(await scalar(self._admin, LEFT.format(service))) for service in SERVICES])
        for reader in set(SERVICES) - without:
            for source in set(SERVICES) - {reader}:
                left += int(await scalar(self._admin, BEHIND.format(reader, source), (self.tenant,)))
        return left

    async def wal(self) -> float:
        return float(await scalar(self._admin, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    async def spent(self) -> dict[str, float]:
        """CPU seconds by process, with all that each has started; and of PostgreSQL what it did for the APIs."""
        cursor = await self._admin.execute(API_BACKENDS)
        backends = [pid for (pid,) in await cursor.fetchall()]
        return {name: tree_seconds([pid]) for name, pid in self.product.pids.items()} | {
            FOR_API: tree_seconds(backends)
        }

    @contextmanager
    def stopped(self, *workers: str) -> Iterator[None]:
        """Processes that rest for a while."""
        pids = [self.product.pids[name] for name in workers]
        try:
            for pid in pids:
                kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                kill(pid, signal.SIGCONT)

    async def cell(
        self,
        asks: Iterator[bytes],
        connections: int,
        seconds: float,
        port: str = "gateway",
        without: Iterable[str] = (),
    ) -> Cell:
        """A closed loop, from a product at rest to a product at rest, but for the workers of these services."""
        await self.drained()
        with self.stopped(*[f"{service}.worker" for service in without]):
            before, wal = await self.spent(), await self.wal()
            loaded = await closed_loop(HOST, self.product.ports[port], asks, connections, seconds)
            await self.drained(without)
        return cost(loaded, before, await self.spent()) | {"wal": (await self.wal() - wal) / loaded.count}

    async def at_rest(self, seconds: float) -> Cell:
        """CPU ms of all processes in a second in which nobody asks for anything."""
        await self.drained()
        before = whole(await self.spent())
        await asyncio.sleep(seconds)
        return {"cpu": (whole(await self.spent()) - before) / seconds * 1e3}


def stay(student: str) -> dict[str, str | None]:
    return {"person_id": student, "begin_on": FIRST_DAY.isoformat(), "end_on": None}


def cost(loaded: Loaded, before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Per request, in ms of CPU; `client` is the share of the load generator in all CPU."""
    assert loaded.count
    assert not loaded.refused, (loaded.statuses, loaded.refusal)
    used = {name: spent - before[name] for name, spent in after.items()}
    total, ordered = whole(used), sorted(loaded.latencies)
    return {
        "rate": loaded.count / loaded.seconds,
        "count": loaded.count,
        "cpu": total / loaded.count * 1e3,
        "synchronous": sum(used[name] for name in SYNCHRONOUS) / loaded.count * 1e3,
        "client": loaded.cpu / (loaded.cpu + total),
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[int(len(ordered) * 0.99)],
        **{name: spent / loaded.count * 1e3 for name, spent in used.items()},
    }


def whole(spent: dict[str, float]) -> float:
    return sum(seconds for name, seconds in spent.items() if name != FOR_API)
