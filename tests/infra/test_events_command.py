"""`rollbook events`: what an operator sees of stored events, and what stays sealed."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple
from uuid import UUID

import psycopg
import pytest

from academic.main import app
from academic.people.commands import register_person
from academic.people.details import ClearDetails
from academic.service import SERVICE
from academic.settings import AcademicSettings
from infra.testing.harness import Running, running
from shared.ids import uuid7
from shared.personal import Keyring
from tests.infra.conftest import Rollbook, at_a_terminal, reaching
from tests.shared.stores import call_of, new_shelf, store_on


class Town(NamedTuple):
    """Two people of two tenants, in this order; the second was erased."""

    dsns: dict[str, str]
    folder: Path
    tenants: tuple[UUID, UUID]
    people: tuple[UUID, UUID]


@pytest.fixture(scope="module")
def town(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("events")
    with asyncio.Runner() as runner, ExitStack() as stack:
        opened = running(postgres, folder, SERVICE, AcademicSettings, app)
        academic = runner.run(opened.__aenter__())
        stack.callback(lambda: runner.run(opened.__aexit__(None, None, None)))
        tenants, people = (uuid7(), uuid7()), (uuid7(), uuid7())
        runner.run(fill(academic, tenants, people))
        yield Town(dict(academic.dsns), folder, tenants, people)


async def fill(academic: Running, tenants: tuple[UUID, UUID], people: tuple[UUID, UUID]) -> None:
    store, keyring = academic.kernel.store, academic.kernel.keyring
    details = ClearDetails(given_name="Tania", family_name="Stone", roles=("student",))
    for tenant, person in zip(tenants, people, strict=True):
        await register_person(store, academic.call(tenant), keyring, person, details)
    await store.save(call=academic.call(tenants[1]), keys=[Keyring.erased(tenants[1], people[1])])


def environment_of(town: Town) -> dict[str, str]:
    return {**reaching(town.dsns), "ACADEMIC_MASTER_KEY_FILE": str(town.folder / "master.key")}


@pytest.fixture
def events(rollbook: Rollbook, town: Town) -> Any:
    def run(*words: object) -> list[dict[str, Any]]:
        status, said = rollbook(("events", *map(str, words), "--json"), environment_of(town))
        assert status == 0, said
        return [json.loads(line) for line in said.splitlines()]

    return run


def test_an_event_is_shown_with_its_personal_fields_sealed(events: Any, town: Town) -> None:
    (shown,) = events("show", "academic", 1)
    assert (shown["position"], shown["topic"]) == (1, "academic.person_registered")
    assert (shown["tenant_id"], shown["aggregate_id"]) == (str(town.tenants[0]), str(town.people[0]))
    assert (shown["data"]["given_name"], shown["data"]["email"]) == ("(sealed)", None)
    assert shown["data"]["roles"] == ["student"]
    assert shown["meta"]["actor"] == {"kind": "user", "id": "test"}


def test_G24_personal_fields_are_opened_when_asked_and_that_is_recorded(events: Any, town: Town) -> None:
    (shown,) = events("show", "academic", 1, "--open")
    assert (shown["data"]["given_name"], shown["data"]["family_name"]) == ("Tania", "Stone")
    with psycopg.connect(town.dsns["worker"]) as connection:
        query = "SELECT action, arguments FROM operator_actions ORDER BY number DESC LIMIT 1"
        assert connection.execute(query).fetchone() == ("events.open", {"position": 1})


def test_G24_what_was_sealed_for_an_erased_person_cannot_be_opened(events: Any, town: Town) -> None:
    (shown,) = events("stream", "academic", town.people[1], "--open")
    assert shown["data"]["given_name"] == "(erased)"


def test_G24_without_the_master_key_nothing_is_opened(rollbook: Rollbook, town: Town, tmp_path: Path) -> None:
    nowhere = {**reaching(town.dsns), "ACADEMIC_MASTER_KEY_FILE": str(tmp_path / "none")}
    status, said = rollbook(("events", "show", "academic", "1", "--open"), nowhere)
    assert (status, "Set ACADEMIC_MASTER_KEY_FILE" in said) == (1, True)


def test_the_newest_events_are_filtered_by_tenant_and_topic(events: Any, town: Town) -> None:
    assert [one["position"] for one in events("tail", "academic")] == [1, 2]
    assert [one["position"] for one in events("tail", "academic", "--limit", 1)] == [2]
    assert [one["position"] for one in events("tail", "academic", "--tenant", town.tenants[0])] == [1]
    assert [one["position"] for one in events("tail", "academic", "--topic", "academic.person_registered")] == [1, 2]
    assert events("tail", "academic", "--topic", "academic.person_archived") == []


def test_an_event_is_shown_for_people_too(rollbook: Rollbook, town: Town) -> None:
    status, said = rollbook(("events", "stream", "academic", str(town.people[0])), reaching(town.dsns))
    assert status == 0
    assert said.startswith("1  academic.person_registered  ")
    assert '"given_name": "(sealed)"' in said


def test_an_event_that_is_stored_meanwhile_is_shown_by_who_follows(town: Town) -> None:
    """Ctrl-C ends it. Events of a release that this one does not know are shown, too."""
    with following(town, "events", "tail", "academic", "--follow", "--json", "--limit", "1") as lines:
        assert json.loads(lines.readline())["position"] == 2
        asyncio.run(put_up(town, uuid7()))
        shown = json.loads(lines.readline())
    assert (shown["position"], shown["topic"], shown["data"]["name"]) == (3, "academic.shelf_put_up", "Fiction")


async def put_up(town: Town, tenant: UUID) -> None:
    async with store_on(town.dsns["api"]) as store:
        await store.save(new_shelf(tenant), call=call_of(tenant))


@contextmanager
def following(town: Town, *words: str) -> Iterator[IO[str]]:
    with at_a_terminal(words, environment_of(town)) as child:
        assert child.stdout is not None
        yield child.stdout
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
    assert child.returncode == 130
