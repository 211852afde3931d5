"""The commands of an operator on a real store: what they do, refuse, and leave in the audit."""

import asyncio
import os
import pwd
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from aiokafka.errors import KafkaError

from academic.service import SERVICE
from infra.cli import app
from infra.operator.failing import sentence_of
from infra.testing.harness import new_log
from shared.builds import ensure_builds, flip
from shared.database import connect
from shared.errors import DomainError

ME = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


class Machine:
    """Where PostgreSQL runs and Kafka does not."""

    def __init__(self, dsns: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        self.dsns = dsns
        self._capsys = capsys

    def rollbook(self, *words: str) -> tuple[int, str]:
        """Exit status and what was said, as of the program, whose `main` turns errors into these sentences."""
        try:
            app(words, result_action="return_value")
            status, sentence = 0, ""
        except SystemExit as ended:
            status, sentence = int(ended.code or 0), ""
        except (DomainError, KafkaError) as error:
            status, sentence = 1, sentence_of(error) + "\n"
        said = self._capsys.readouterr()
        return status, said.out + said.err + sentence

    def actions(self) -> list[tuple[str, str, str]]:
        with psycopg.connect(self.dsns["worker"]) as connection:
            rows = connection.execute("SELECT actor, action, outcome FROM operator_actions ORDER BY number")
            return [(actor, action, outcome) for actor, action, outcome in rows]


@pytest.fixture
def machine(postgres: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Machine]:
    with asyncio.Runner() as runner, ExitStack() as stack:
        opened = new_log(postgres, "academic")
        dsns = runner.run(opened.__aenter__())
        stack.callback(lambda: runner.run(opened.__aexit__(None, None, None)))
        runner.run(prepare(dsns))
        monkeypatch.setenv("ACADEMIC_WORKER_DSN", dsns["worker"])
        monkeypatch.setenv("ACADEMIC_OWNER_DSN", dsns["owner"])
        monkeypatch.setenv("ACADEMIC_KAFKA", "127.0.0.1:1")
        monkeypatch.setattr("infra.operator.access.console.width", 200)
        yield Machine(dsns, capsys)


async def prepare(dsns: dict[str, str]) -> None:
    """As a worker does at its first start."""
    async with await connect(dsns["worker"], search_path="academic") as connection:
        own = [view for view in SERVICE.views if view.SOURCE == "academic"]
        for build in await ensure_builds(connection, "academic", own, 1):
            await flip(connection, "academic", build)


def test_S29_what_the_commands_change_is_recorded_with_who_did_it(machine: Machine) -> None:
    status, said = machine.rollbook("views", "build", "academic", "roster")
    assert status == 0, said
    number = said.split()[1]
    for words, expected in (
        (("views", "verify", "academic", number), "exactly what the history says"),
        (("views", "flip", "academic", number), "is live"),
        (("parked", "retry", "academic"), "0 parked events"),
        (("generation", "keep", "academic"), "generation 1"),
    ):
        status, said = machine.rollbook(*words)
        assert (status, expected in said) == (0, True), said
    assert machine.actions() == [
        (ME, action, "done")
        for action in ("view.build", "build.verify", "build.flip", "parked.retry", "generation.keep")
    ]
    status, said = machine.rollbook("audit", "list", "academic", "--limit", "2")
    assert (status, "generation.keep" in said, "build.flip" in said) == (0, True, False)
    assert ME in said


def test_a_refused_command_says_one_sentence_and_changes_nothing(machine: Machine) -> None:
    for words, expected in (
        (("views", "build", "academic", "nothing"), "has no view nothing; it has"),
        (("views", "flip", "academic", "4711"), "has no build 4711"),
        (("views", "drop", "academic", "1"), "is live: make another build live first"),
        (("reactions", "start", "academic", "academic.nothing", "--from", "now"), "has no reaction academic.nothing"),
        (("generation", "new", "academic"), "Kafka cannot be reached"),
    ):
        status, said = machine.rollbook(*words)
        assert (status, expected in said, said.count("\n")) == (1, True, 1), said
    outcomes = ("view-unknown", "build-unknown", "build-live", "reaction-unknown")
    assert tuple(outcome for _, _, outcome in machine.actions()) == outcomes
