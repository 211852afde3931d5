"""compose.yaml runs the same product as the launcher: same settings, ports and variables."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.native import kafka, postgres
from infra.native.fleet import APIS, WORKERS
from infra.native.nine import ROLES, Nine
from infra.native.ports import DEFAULT_BASE, SERVICES, Ports
from infra.native.state import CHECKOUT, State

PLACES = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}


@pytest.fixture(scope="module")
def containers() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"]
    return services


@pytest.fixture
def nine(tmp_path: Path) -> Nine:
    return Nine(State(tmp_path), Ports.from_base(DEFAULT_BASE))


def test_R1_10_it_runs_the_nine_processes_their_servers_the_preparation_and_the_inbox(
    containers: dict[str, Any],
) -> None:
    nine_names = {name.replace(".", "-") for name in (*APIS, *WORKERS, "gateway")}
    started = {name for name, container in containers.items() if "profiles" not in container}
    assert started == nine_names | {"postgres", "kafka", "bootstrap", "inbox"}


def test_kafka_has_the_launchers_settings(containers: dict[str, Any]) -> None:
    lines = (kafka.FILES / "server.properties").read_text().splitlines()
    native = dict(line.split("=", 1) for line in lines)
    composed = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in containers["kafka"]["environment"].items()
    }
    assert composed.keys() == native.keys()
    assert {name: composed[name] for name in composed if name not in PLACES} == {
        name: native[name] for name in native if name not in PLACES
    }
    pom = (kafka.FILES / "pom.xml").read_text()
    version = re.search(r"kafka_2.13</artifactId>\s*<version>([\d.]+)", pom)
    assert version is not None
    assert containers["kafka"]["image"] == f"apache/kafka:{version.group(1)}"


def test_postgresql_has_the_launchers_settings(containers: dict[str, Any]) -> None:
    command = containers["postgres"]["command"]
    assert command == ["postgres", *(part for pair in postgres.SETTINGS.items() for part in ("-c", "=".join(pair)))]
    assert containers["postgres"]["environment"]["POSTGRES_DB"] == postgres.DATABASE


def test_each_process_gets_the_same_variables_module_and_port(containers: dict[str, Any], nine: Nine) -> None:
    commands = {"gateway": nine.gateway(), "bootstrap": nine.bootstrap(), "inbox": nine.inbox()}
    commands |= {f"{service}-api": nine.api(service) for service in SERVICES}
    commands |= {f"{service}-worker": nine.worker(service) for service in SERVICES}
    for name, command in commands.items():
        composed = containers[name]
        prefix = "BOOTSTRAP_" if name == "bootstrap" else f"{name.partition('-')[0].upper()}_"
        native = {key: value for key, value in command.environment.items() if key.startswith(prefix)}
        assert composed["environment"].keys() - {"BOOTSTRAP_STATE"} == native.keys()
        assert composed["command"][1:] == list(command.arguments[-2:])
        for key in native:
            if key.endswith("PORT"):
                assert composed["environment"][key] == native[key]


def test_every_role_has_a_password(containers: dict[str, Any]) -> None:
    given = containers["bootstrap"]["environment"]
    assert {f"BOOTSTRAP_{role.upper()}_PASSWORD" for role in ROLES} <= given.keys()
