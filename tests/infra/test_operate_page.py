"""The operator's page: each command of its blocks is run, in order, on a running product."""

import asyncio
import json
import re
import signal
from collections.abc import Iterator

import pytest

from infra.native.running import Running
from infra.readme_tables import ROOT
from infra.services import SERVICES
from shared.budget import of_process
from tests.infra.conftest import Rollbook, at_a_terminal, reaching
from tests.shared.kafkas import delete_topic

PAGE = (ROOT / "docs" / "how-to" / "operate.md").read_text()
COMMANDS = [
    line.removeprefix("rollbook ")
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
ON_A_LOG_OF_ITS_OWN = ("generation keep", "generation new", "reactions start")
"""They would stop the product, or were done when it was prepared."""
EXPECTED = {
    "status": "relay",
    "status academic --json": '"service":"academic"',
    "doctor": "migrations",
    "migrate": "migrations are complete",
    "views list": "roster",
    "views build": "has caught up",
    "views verify": "exactly what the history says",
    "views flip": "is live",
    "views drop": "is gone",
    "parked list": "Nothing is parked",
    "parked retry": "0 parked events",
    "events show": "auth.",
    "events stream": "version 1",
    "events tail": "auth.",
    "audit list": "events.open",
    "relay status": "as noted",
    "relay verify": "holds what the log says",
    "generation show": "generation 1",
    "generation keep": "goes on in generation 1",
    "generation new": "goes on in generation 2",
    "reactions list": "from beginning",
    "reactions start": "starts from beginning",
    "chain verify": "intact: exports",
    "chain checkpoints": "",
    "chain key": " ",
    "keys list": "sign",
    "keys rotate": "is published and signs",
}


@pytest.fixture
def elsewhere(log: dict[str, str], kafka: str) -> Iterator[dict[str, str]]:
    """The environment of an operator of another server's academic, where nothing runs."""
    yield reaching(log, kafka)
    asyncio.run(delete_topic(kafka, "academic.events.2"))


def test_R1_11_every_command_of_the_page_does_what_the_page_says(
    product: Running, rollbook: Rollbook, elsewhere: dict[str, str]
) -> None:
    here = {"ROLLBOOK_STATE": str(product.folder)}
    known = values_of(rollbook, here)
    for command in COMMANDS:
        words = [known.get(word, word) for word in command.split()]
        if "--follow" in words:
            assert following(here, words) == 130
            continue
        status, said = rollbook(words, elsewhere if command.startswith(ON_A_LOG_OF_ITS_OWN) else here)
        assert status == 0, (command, said)
        assert expected_of(command) in said, (command, said)
        if found := re.search(r"Build (\d+) of roster begins", said):
            known["BUILD"] = found.group(1)


def values_of(rollbook: Rollbook, here: dict[str, str]) -> dict[str, str]:
    """What the page writes in capitals and an operator sees on the screen."""
    _, table = rollbook(("views", "list", "academic"), here)
    rows = [[cell.strip() for cell in line.split("│")] for line in table.splitlines()]
    (live,) = (row[1] for row in rows if len(row) > 4 and (row[2], row[4]) == ("roster", "live"))
    _, line = rollbook(("events", "show", "auth", "1", "--json"), here)
    return {"OLD_BUILD": live, "AGGREGATE": json.loads(line)["aggregate_id"]}


def expected_of(command: str) -> str:
    return EXPECTED[max((known for known in EXPECTED if command.startswith(known)), key=len)]


def following(here: dict[str, str], words: list[str]) -> int:
    """Until it has shown what is stored; then Ctrl-C."""
    with at_a_terminal(words, here) as child:
        assert child.stdout is not None
        assert "auth." in child.stdout.readline()
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
    return child.returncode


def test_every_group_of_commands_stands_on_the_page(rollbook: Rollbook) -> None:
    _, said = rollbook(("--help",), {})
    groups = set(re.findall(r"^│ ([a-z]+) ", said, re.MULTILINE))
    assert {"status", "doctor"} <= groups
    told_elsewhere = {"operator", "tenants", "users"}
    assert groups - {command.split()[0] for command in COMMANDS} <= told_elsewhere


def test_the_numbers_of_connections_on_the_page_are_those_that_are_checked() -> None:
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    assert {name: (int(api), int(worker)) for name, api, worker in rows} == {
        service.name: (of_process(service, "api"), of_process(service, "worker")) for service in SERVICES
    }


def test_no_process_holds_more_connections_than_its_budget(product: Running, rollbook: Rollbook) -> None:
    """The status itself holds one of a worker's role."""
    _, said = rollbook(("status", "--json"), {"ROLLBOOK_STATE": str(product.folder)})
    held = {one["service"]: one["log"]["connections"] for one in map(json.loads, said.splitlines())}
    for service in SERVICES:
        assert 1 <= held[service.name][f"{service.name}_api"] <= of_process(service, "api")
        assert 1 <= held[service.name][f"{service.name}_worker"] - 1 <= of_process(service, "worker")
