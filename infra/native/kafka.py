"""Apache Kafka as one KRaft node, as a child process."""

import base64
import os
import secrets
import signal
from pathlib import Path
from string import Template
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from infra.native.commands import Command, run_once
from infra.native.java import find_java, kafka_jars
from infra.native.ports import HOST, Ports
from infra.native.probes import tcp_open
from infra.native.state import State

FILES: Final = Path(__file__).resolve().parents[1] / "kafka"
JVM: Final = ("-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Without the second compiler the start costs half the CPU; one broker on a desk never earns it back."""


def bootstrap(ports: Ports) -> str:
    return f"{HOST}:{ports['kafka']}"


async def prepare(state: State, ports: Ports) -> Command:
    """Writes the settings, formats the data folder at the first start."""
    java, jars = find_java(), await kafka_jars()
    data = state.path("kafka") / "data"
    settings = state.path("kafka") / "server.properties"
    template = Template((FILES / "server.properties").read_text())
    values = {"broker": ports["kafka"], "controller": ports["kafka.controller"], "data": data}
    settings.write_text(template.substitute(values))
    if not (data / "meta.properties").exists():
        format_it = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", _new_id(), "-c", str(settings))
        await run_once(_java(java, jars, format_it), "Kafka's data folder was not made")
    return _java(java, jars, ("kafka.Kafka", str(settings)))


async def answers(server: str) -> bool:
    """A plain connection first: the client shouts at every port that is still closed."""
    if not await tcp_open(int(server.rpartition(":")[2])):
        return False
    admin = AIOKafkaAdminClient(bootstrap_servers=server, request_timeout_ms=2000)
    try:
        await admin.start()
        await admin.describe_cluster()
    except KafkaError:
        return False
    finally:
        await admin.close()
    return True


def _java(java: Path, jars: Path, what: tuple[str, ...]) -> Command:
    return Command(
        name="kafka",
        arguments=(
            *(str(java), *JVM, "-cp", f"{jars}/*"),
            *(f"-Dlog4j2.configurationFile={FILES / 'log4j2.properties'}", *what),
        ),
        environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        stop_with=signal.SIGTERM,
        orphaned_with=signal.SIGTERM,
        grace=4.0,
    )


def _new_id() -> str:
    """Kafka takes one that begins with a dash for an option."""
    while (drawn := base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")).startswith("-"):
        continue
    return drawn
