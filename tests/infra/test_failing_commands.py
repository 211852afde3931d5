"""Commands that cannot do their work: one sentence that says what to do, a status that is not 0, nothing changed."""

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.operator.failing import sentence_of
from infra.testing.harness import PASSWORDS, login
from tests.infra.conftest import Rollbook, reaching

SOMEBODY = "01990000-0000-7000-8000-00000000beef"
COMMANDS = [
    ("status", "academic"),
    ("doctor", "academic"),
    ("migrate", "academic"),
    ("views", "list", "academic"),
    ("views", "build", "academic", "roster", "--wait"),
    ("views", "verify", "academic", "1"),
    ("views", "flip", "academic", "1"),
    ("views", "drop", "academic", "1"),
    ("parked", "list", "academic"),
    ("parked", "retry", "academic"),
    ("generation", "show", "academic"),
    ("generation", "keep", "academic"),
    ("generation", "new", "academic"),
    ("reactions", "list", "academic"),
    ("reactions", "start", "academic", "academic.school-for-tenant", "--from", "now"),
    ("relay", "status", "academic"),
    ("relay", "verify", "academic", "--repair"),
    ("events", "show", "academic", "1"),
    ("events", "stream", "academic", SOMEBODY),
    ("events", "tail", "academic", "--follow"),
    ("chain", "verify", "--service", "academic"),
    ("chain", "checkpoints", "academic"),
    ("audit", "list", "academic"),
]
NEED_NO_TABLES = [("migrate", "academic"), ("generation", "new", "academic"), COMMANDS[14]]
"""The last two ask Kafka first."""
NEED_KAFKA = [
    ("views", "build", "academic", "roster"),
    ("generation", "new", "academic"),
    ("reactions", "start", "academic", "academic.school-for-tenant", "--from", "now"),
    ("relay", "status", "academic"),
    ("relay", "verify", "academic"),
]


def name_of(words: tuple[str, ...]) -> str:
    return " ".join(words[:2])


@pytest.mark.parametrize("words", COMMANDS, ids=name_of)
def test_a_stopped_postgresql(rollbook: Rollbook, desk: dict[str, str], words: tuple[str, ...]) -> None:
    dsns = {role: login("postgresql://127.0.0.1:1", f"academic_{role}", PASSWORDS[role], "x") for role in PASSWORDS}
    status, said = rollbook(words, desk | reaching(dsns))
    assert status == 1
    assert "PostgreSQL cannot be reached" in said
    assert "start it" in said
    assert said.count("\n") == (1 if words[0] != "doctor" else said.count("\n"))
    assert "Traceback" not in said


@pytest.mark.parametrize("words", COMMANDS, ids=name_of)
def test_a_product_that_was_never_started(rollbook: Rollbook, desk: dict[str, str], words: tuple[str, ...]) -> None:
    status, said = rollbook(words, desk)
    assert status == 1
    assert "make run" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("words", [words for words in COMMANDS if words not in NEED_NO_TABLES], ids=name_of)
def test_a_service_whose_migrations_never_ran(
    rollbook: Rollbook, desk: dict[str, str], log: dict[str, str], empty: dict[str, str], words: tuple[str, ...]
) -> None:
    status, said = rollbook(words, desk | reaching(empty))
    assert status == 1
    assert "run `rollbook migrate" in said
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def empty(log: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same server and roles, and a database in which nothing was made."""
    with psycopg.connect(log["superuser"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE nothing_here")
        yield {role: make_conninfo(log[role], dbname="nothing_here") for role in PASSWORDS}
        connection.execute("DROP DATABASE nothing_here WITH (FORCE)")


@pytest.mark.parametrize("words", NEED_KAFKA, ids=name_of)
def test_a_stopped_kafka(rollbook: Rollbook, desk: dict[str, str], log: dict[str, str], words: tuple[str, ...]) -> None:
    status, said = rollbook(words, desk | reaching(log))
    if words[:2] == ("views", "build"):
        assert (status, "begins at position 0" in said) == (0, True)
        return
    assert status == 1
    assert "Kafka cannot be reached" in said
    assert said.count("\n") == 1


def test_a_stopped_kafka_hides_nothing_of_what_postgresql_knows(
    rollbook: Rollbook, desk: dict[str, str], log: dict[str, str]
) -> None:
    with psycopg.connect(log["worker"]) as connection:
        connection.execute(
            "INSERT INTO positions (consumer, source, generation, partition, position) VALUES ('x', 'auth', 1, 0, 0)"
        )
    status, said = rollbook(("status", "academic"), desk | reaching(log))
    assert status == 1
    assert "generation 1, head 0" in said
    assert "unknown" in said
    assert "Kafka cannot be reached" in said
    assert "No worker of academic is running" in said


def test_a_server_that_is_too_old(rollbook: Rollbook, desk: dict[str, str], log: dict[str, str]) -> None:
    with PretendsToBeOld(log["worker"]) as server:
        for words in (("status", "academic"), ("views", "list", "academic"), ("events", "show", "academic", "1")):
            status, said = rollbook(words, desk | reaching(log | {"worker": server.dsn}))
            assert (status, said) == (1, "PostgreSQL 14 is too old: upgrade the server to 15 or newer.\n")


class PretendsToBeOld:
    """A process between: what the server says of its version is changed on the way."""

    def __init__(self, dsn: str) -> None:
        target = conninfo_to_dict(dsn)
        self._child = subprocess.Popen(
            (sys.executable, "-c", OLD, str(target["host"]), str(target["port"])), stdout=subprocess.PIPE, text=True
        )
        assert self._child.stdout is not None
        self.dsn = make_conninfo(dsn, port=int(self._child.stdout.readline()))

    def __enter__(self) -> "PretendsToBeOld":
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.communicate()


OLD = """
import asyncio, re, sys
async def pipe(reader, writer):
    while data := await reader.read(65536):
        writer.write(re.sub(rb"(server_version\\0)1[0-9]", rb"\\g<1>14", data))
    writer.close()
async def serve(reader, writer):
    up = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    await asyncio.gather(pipe(reader, up[1]), pipe(up[0], writer), return_exceptions=True)
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("status", "nobody"), "Invalid value"),
        (("views", "build", "academic", "nothing"), "has no view nothing; it has"),
        (("views", "verify", "academic", "4711"), "has no build 4711"),
        (("views", "flip", "academic", "4711"), "has no build 4711"),
        (("views", "drop", "academic", "4711"), "has no build 4711"),
        (("events", "show", "academic", "4711"), "has no event 4711: its log ends at 0"),
        (("events", "stream", "academic", SOMEBODY), "has no aggregate"),
        (("events", "tail", "academic", "--topic", "academic.nothing"), "tells no academic.nothing; it tells"),
        (("events", "tail", "academic", "--limit", "-1"), "Invalid value"),
        (("parked", "retry", "academic", "--tenant", "me"), "Invalid value"),
        (("nothing",), "nothing"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_a_name_that_does_not_exist(
    rollbook: Rollbook, desk: dict[str, str], log: dict[str, str], words: tuple[str, ...], expected: str
) -> None:
    status, said = rollbook(words, desk | reaching(log))
    assert status in (1, 2)
    assert expected in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.DiskFull("could not extend file"), "disk is full: make room"),
        (OSError(28, "No space left on device"), "disk is full here"),
        (errors.TooManyConnections("sorry, too many clients already"), "sorry, too many clients already"),
        (ExceptionGroup("several", [errors.QueryCanceled("statement timeout")]), "run the command again"),
        (TimeoutError(), "did not answer in time"),
        (RuntimeError("odd"), "ROLLBOOK_TRACEBACK=1"),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, BaseException) else "",
)
def test_whatever_a_command_meets_becomes_one_sentence(error: BaseException, expected: str) -> None:
    sentence = sentence_of(error)
    assert expected in sentence
    assert "\n" not in sentence
