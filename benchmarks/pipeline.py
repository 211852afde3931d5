"""The bare pipeline, PF6's denominator: append, NOTIFY, produce, consume, COPY. A process each, nothing else in it."""

import asyncio
import sys
import time
from contextlib import suppress

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from psycopg import AsyncConnection

from infra.native.running import Running

TOPIC = "bare-pipeline"
TABLES = """CREATE TABLE IF NOT EXISTS bare_event (id bigserial PRIMARY KEY, state bytea);
CREATE TABLE IF NOT EXISTS bare_view (id bigint PRIMARY KEY, state bytea)"""


async def bare_pipeline(servers: Running, samples: int, every: float) -> list[float]:
    """Lags in ms from the time an append was due to the commit of the view."""
    client = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await client.start()
    await client.create_topics([NewTopic(TOPIC, 1, 1)])
    await client.close()
    async with await AsyncConnection.connect(servers.dsn(), autocommit=True) as connection:
        await connection.execute(TABLES)
        parts = [await _part(name, servers) for name in ("relay", "view")]
        try:
            lags = asyncio.create_task(_lags(parts[1], samples))
            began = time.time() + 0.5
            for number in range(samples):
                due = began + number * every
                await asyncio.sleep(max(0.0, due - time.time()))
                await connection.execute("INSERT INTO bare_event (state) VALUES (%s)", (repr(due).encode().ljust(240),))
                await connection.execute("NOTIFY bare")
            return await asyncio.wait_for(lags, 30)
        finally:
            for part in parts:
                with suppress(ProcessLookupError):
                    part.terminate()
                await part.wait()


async def _part(name: str, servers: Running) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "benchmarks.pipeline", name, servers.dsn(), servers.kafka)
    part = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert part.stdout is not None
    await part.stdout.readline()
    return part


async def _lags(view: asyncio.subprocess.Process, samples: int) -> list[float]:
    assert view.stdout is not None
    return [float(await view.stdout.readline()) for _ in range(samples)]


async def relay(dsn: str, kafka: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True, linger_ms=0)
    await producer.start()
    last = 0
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("LISTEN bare")
        print("ready", flush=True)
        while True:
            query = "SELECT id, state FROM bare_event WHERE id > %s ORDER BY id LIMIT 1000"
            rows = await (await connection.execute(query, (last,))).fetchall()
            if rows:
                batch = producer.create_batch()
                for number, state in rows:
                    batch.append(key=str(number).encode(), value=state, timestamp=None)
                batch.close()
                await (await producer.send_batch(batch, TOPIC, partition=0))
                last = rows[-1][0]
            else:
                async for _ in connection.notifies(timeout=0.5, stop_after=1):
                    pass


async def view(dsn: str, kafka: str) -> None:
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    async with await AsyncConnection.connect(dsn) as connection:
        print("ready", flush=True)
        while True:
            found = await consumer.getmany(timeout_ms=200)
            records = [record for batch in found.values() for record in batch]
            if not records:
                continue
            async with connection.cursor() as cursor, cursor.copy("COPY bare_view FROM STDIN") as copy:
                for record in records:
                    await copy.write_row((int(record.key), record.value))
            await connection.commit()
            now = time.time()
            for record in records:
                print((now - float(record.value)) * 1e3, flush=True)


if __name__ == "__main__":
    uvloop.run({"relay": relay, "view": view}[sys.argv[1]](*sys.argv[2:]))
