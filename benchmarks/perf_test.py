"""Kafka's own producer benchmark: the limit of the relay. Fetched once, beside Kafka's jars."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.run import Cell
from infra.native.commands import Command, run_once
from infra.native.java import find_java, kafka_jars
from infra.native.problems import CannotStart
from infra.native.state import tools_folder

TOPIC = "perf-test"
BATCH = 524_288
"""The relay's."""


async def tools() -> Path | None:
    """The jar with the benchmark, of the version that the broker has; None where it cannot be fetched."""
    client = next((await kafka_jars()).glob("kafka-clients-*.jar"))
    version = client.stem.removeprefix("kafka-clients-")
    folder = tools_folder() / "kafka-tools"
    jar = folder / f"kafka-tools-{version}.jar"
    if not jar.exists():
        artifact = f"org.apache.kafka:kafka-tools:{version}"
        arguments = (
            "mvn",
            "-q",
            "-B",
            "-C",
            "dependency:copy",
            f"-Dartifact={artifact}",
            f"-DoutputDirectory={folder}",
        )
        try:
            await run_once(Command("maven", arguments, os.environ), "kafka-tools could not be fetched")
        except (CannotStart, OSError):
            return None
    return jar


async def make_topic(kafka: str) -> None:
    """One partition, as one school's events have."""
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    try:
        await client.create_topics([NewTopic(TOPIC, 1, 1)])
    finally:
        await client.close()


async def perf_test(jar: Path, kafka: str, records: int, size: int) -> Cell:
    """Records a second."""
    jars = await kafka_jars()
    command = [
        *(str(find_java()), "-Xmx256m", "-cp", f"{jar}:{jars}/*", "org.apache.kafka.tools.ProducerPerformance"),
        *("--topic", TOPIC, "--num-records", str(records), "--record-size", str(size), "--throughput", "-1"),
        *("--producer-props", f"bootstrap.servers={kafka}", "acks=all", "enable.idempotence=true"),
        f"batch.size={BATCH}",
    ]
    done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True)
    found = re.findall(r"records sent, ([0-9.]+) records/sec", done.stdout)
    if not found:
        raise RuntimeError(done.stdout + done.stderr)
    return {"rate": float(found[-1])}
