"""A worker process with its operator API on a real PostgreSQL, and an operator who calls it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from httpx2 import AsyncClient, Response

from infra.testing.harness import new_log
from infra.testing.toy import SERVICE, Parcels
from shared.builds import Build, builds_of, make_build
from shared.database import Connection, connect
from shared.ids import PLATFORM, uuid7
from tests.shared.kafkas import eventually
from tests.shared.signing import Signer
from tests.shared.stores import call_of, new_shelf, store_on
from tests.shared.test_worker import Worker, working

NOBODY = "127.0.0.1:1"
OPERATE = "platform.operate"


class Site:
    """`connection` has the worker's rights. There is no Kafka."""

    def __init__(self, client: AsyncClient, signer: Signer, connection: Connection, dsns: Mapping[str, str]) -> None:
        self.client = client
        self.signer = signer
        self.connection = connection
        self.dsns = dsns

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        given = self.signer.bearer(OPERATE, sub="operator:anna", tenant=PLATFORM)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, f"/operator{path}", json=body, headers=given | more)

    async def data(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        answer = await self.call(method, path, body, **headers)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    async def actions(self) -> list[tuple[str, str, str]]:
        """(actor, action, outcome), the oldest first."""
        cursor = await self.connection.execute("SELECT actor, action, outcome FROM operator_actions ORDER BY number")
        return [(actor, action, outcome) for actor, action, outcome in await cursor.fetchall()]

    async def parcels(self) -> tuple[Build, Build]:
        """Two builds of a foreign view, which nobody follows: the live one has come further."""
        old, new = [await make_build(self.connection, SERVICE.name, Parcels, 1) for _ in range(2)]
        await self.connection.execute("UPDATE builds SET live = (build = %s) WHERE view = 'parcels'", (old.number,))
        await self.connection.execute("UPDATE positions SET position = 5 WHERE consumer = %s", (old.schema,))
        return old, new

    async def live(self, view: str) -> Build:
        [found] = [one for one in await builds_of(self.connection, SERVICE.views) if one.live and view == one.view.NAME]
        return found


@asynccontextmanager
async def operated(postgres: str, folder: Path) -> AsyncIterator[Site]:
    """Ready, with a few facts in its live view."""
    signer = Signer()
    signer.publish(folder)
    async with (
        new_log(postgres, SERVICE.name) as dsns,
        connect_to(dsns) as connection,
        working(Worker(SERVICE.name, dsns["worker"], NOBODY, folder)) as worker,
        AsyncClient(base_url=f"http://127.0.0.1:{worker.port}") as client,
    ):
        async with store_on(dsns["api"]) as store:
            tenant = uuid7()
            await store.save(*(new_shelf(tenant) for _ in range(3)), call=call_of(tenant))

        async def ready() -> bool:
            assert await worker.said("") is True
            cursor = await connection.execute(
                "SELECT 1 FROM builds b JOIN positions p ON p.consumer = b.schema WHERE b.live AND p.position = 3"
            )
            return await cursor.fetchone() is not None

        await eventually(ready)
        yield Site(client, signer, connection, dsns)


@asynccontextmanager
async def connect_to(dsns: Mapping[str, str]) -> AsyncIterator[Connection]:
    async with await connect(dsns["worker"], search_path=SERVICE.name) as connection:
        yield connection
