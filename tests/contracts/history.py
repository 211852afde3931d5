"""One full history of a tenant, as a release stored it, and what it folds to: kept for every later release.

`python -m tests.contracts.history 0.1` plays the product's story and records its first school."""

import asyncio
import gzip
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, sql
from rich.console import Console

from infra.native.running import running
from infra.services import SERVICES
from infra.story import play
from infra.testing.harness import new_log
from shared.builds import Build, make_build
from shared.chain import Followed, Place
from shared.codec import Codec
from shared.database import Connection, connect
from shared.filling import Filling
from shared.parking import Parking
from shared.records import PARTITIONS, Record, partition_of
from shared.service import Service

FOLDER = Path(__file__).with_name("histories")
Logs = Mapping[str, list[Record]]
Folded = dict[str, dict[str, str]]
"""aggregate or table → what of it → checksum"""


def read_history(release: str) -> Logs:
    """service → its events, in order."""
    logs: dict[str, list[Record]] = defaultdict(list)
    for text in gzip.decompress((FOLDER / f"{release}.jsonl.gz").read_bytes()).splitlines():
        one = json.loads(text)
        log = logs[one["service"]]
        ids, state = (UUID(one["tenant_id"]), UUID(one["aggregate_id"])), json.dumps(one["state"]).encode()
        at = datetime.fromisoformat(one["recorded_at"])
        log.append(Record(len(log) + 1, *ids, one["version"], one["topic"], state, at, len(log)))
    return logs


async def record_history(dsn: str, release: str, tenant_id: str) -> None:
    lines = []
    async with await AsyncConnection.connect(dsn) as connection:
        for service in SERVICES:
            cursor = await connection.execute(
                sql.SQL(
                    "SELECT tenant_id::text, originator_id::text, originator_version, topic, state, recorded_at"
                    " FROM {}.events WHERE tenant_id = %s ORDER BY notification_id"
                ).format(sql.Identifier(service.name)),
                (tenant_id,),
            )
            names = ("service", "tenant_id", "aggregate_id", "version", "topic", "state", "recorded_at")
            for *ids, state, at in await cursor.fetchall():
                values = (service.name, *ids, json.loads(state), at.isoformat())
                lines.append(json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{release}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))


def aggregates_of(service: Service, log: Iterable[Record]) -> Folded:
    """A checksum of each field over all aggregates of a kind. Raises Undecodable."""
    codec = Codec(service.aggregates)
    found: dict[UUID, Any] = {}
    for record in log:
        _, event = codec.decode(record.topic, record.state, record.aggregate_id, record.version, record.tenant_id)
        found[record.aggregate_id] = event.mutate(found.get(record.aggregate_id))
    fields: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for aggregate_id, aggregate in sorted(found.items()):
        for name, value in vars(aggregate).items():
            if not name.startswith("_"):
                fields[type(aggregate).TOPIC][name].append(f"{aggregate_id} {canonical(value)}")
    return {kind: {name: checksum(rows) for name, rows in sorted(each.items())} for kind, each in fields.items()}


def canonical(value: Any) -> str:
    """The same text for the same value in every process."""
    if isinstance(value, set | frozenset):
        return repr(sorted(map(canonical, value)))
    if isinstance(value, Mapping):
        return repr([(canonical(key), canonical(item)) for key, item in value.items()])
    if isinstance(value, list | tuple):
        return repr([canonical(item) for item in value])
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return repr((type(value).__name__, canonical(vars(value))))
    return repr(value)


async def views_of(superuser_dsn: str, service: Service, logs: Logs) -> Folded:
    """Rows and checksum of each table, after the kernel's own followers have filled it in a store of its own."""
    folded: Folded = {}
    async with (
        new_log(superuser_dsn, service.name) as dsns,
        await connect(dsns["worker"], search_path=service.name) as connection,
    ):
        for view in service.views:
            build = await make_build(connection, service.name, view, 1)
            await fill(connection, service, build, logs.get(view.SOURCE, []))
            for table in view.TABLES:
                query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(sql.Identifier(build.schema, table.name))
                rows = [text for (text,) in await (await connection.execute(query)).fetchall()]
                name = f"{service.name}.{view.NAME} {view.VERSION}"
                folded.setdefault(name, {})[table.name] = f"{len(rows)} {checksum(rows)}"
        cursor = await connection.execute("SELECT pointer, error_class FROM parked")
        folded |= {f"parked {pointer}": {"error": error} for pointer, error in await cursor.fetchall()}
    return folded


async def fill(connection: Connection, service: Service, build: Build, log: list[Record]) -> None:
    if not log:
        return
    own = service.name == build.view.SOURCE
    partition = 0 if own else partition_of(log[0].tenant_id)
    places = {n: Place(0) for n in ([0] if own else range(PARTITIONS))}
    filling = Filling(
        Codec(service.aggregates), connection, Parking(build.view.SOURCE, 1), build.view.SOURCE, 1, [build]
    )
    followed = Followed(log, {partition: Place(log[-1].position)})
    await filling.apply({build.schema: followed}, {build.schema: places})


def checksum(rows: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()[:16]


async def fold(superuser_dsn: str, logs: Logs) -> Folded:
    folded: Folded = {}
    for service in SERVICES:
        folded |= aggregates_of(service, logs.get(service.name, []))
        folded |= await views_of(superuser_dsn, service, logs)
    return folded


def differences(recorded: Folded, today: Folded) -> list[str]:
    """New fields, tables and versions of views may come; what was recorded stays as it is."""
    found = []
    for name, values in recorded.items():
        now = today.get(name)
        if now is None:
            replaced = any(other.startswith(f"{name.partition(' ')[0]} ") for other in today)
            found += [] if " " in name and replaced else [f"{name} is gone"]
        else:
            found += [
                f"{name}: {key} is {now.get(key)}, not {value}"
                for key, value in values.items()
                if now.get(key) != value
            ]
    return found + [f"{name}: {values}" for name, values in today.items() if name.startswith("parked ")]


def recorded(release: str) -> Folded:
    folded: Folded = json.loads((FOLDER / f"{release}.json").read_text())
    return folded


def releases() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def main(release: str) -> None:
    """The history is recorded once and never again; its fold is what this release makes of it."""
    with running("all") as product:
        out = StringIO()
        schools = asyncio.run(play(product.base_url, product.inbox_url, Console(file=out, width=130)))
        if not schools:
            sys.exit(out.getvalue())
        asyncio.run(record_history(product.dsn(), release, schools[0].tenant_id))
    with running("postgres") as server:
        folded = asyncio.run(fold(server.dsn(), read_history(release)))
    (FOLDER / f"{release}.json").write_text(json.dumps(folded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
