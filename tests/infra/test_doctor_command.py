"""`rollbook doctor`: what is wrong with the ground that a service stands on, a line for each check."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.operator.doctor_postgres import skew
from infra.operator.doctor_settings import check_mail, settings_of
from tests.infra.conftest import NOWHERE, Rollbook, reaching

GENERATION = 4_712
"""Nobody makes its topic."""


@pytest.fixture
def ground(log: dict[str, str], kafka: str, desk: dict[str, str]) -> Iterator[dict[str, str]]:
    """A log whose topic is missing."""
    (Path(desk["ROLLBOOK_STATE"]) / "master.key").chmod(0o600)
    with psycopg.connect(log["owner"], autocommit=True) as connection:
        connection.execute("UPDATE event_log SET generation = %s", (GENERATION,))
        yield desk | reaching(log, kafka)


def examined(rollbook: Rollbook, environment: dict[str, str]) -> tuple[int, dict[str, tuple[str, str]]]:
    status, said = rollbook(("doctor", "academic", "--json"), environment)
    found: list[dict[str, Any]] = [json.loads(line) for line in said.splitlines()]
    return status, {one["check"]: (one["level"], one["text"]) for one in found}


def test_each_check_says_what_it_found(rollbook: Rollbook, ground: dict[str, str]) -> None:
    status, found = examined(rollbook, ground)
    assert status == 1
    assert {check: level for check, (level, _) in found.items() if check not in ("topics", "clock")} == {
        **dict.fromkeys(
            ("settings", "version", "server", "disk", "transport", "migrations", "connections", "kafka"), "ok"
        ),
        "mail": "warn",
    }
    assert found["topics"] == (
        "fail",
        f"There is no topic academic.events.{GENERATION}: start the worker once, it makes it.",
    )


def test_a_stopped_kafka_fails_and_hides_no_other_check(rollbook: Rollbook, ground: dict[str, str]) -> None:
    status, found = examined(rollbook, ground | {"ACADEMIC_KAFKA": NOWHERE})
    assert status == 1
    assert found["kafka"][0] == "fail"
    assert "Kafka cannot be reached" in found["kafka"][1]
    assert found["server"][0] == "ok"


def test_a_missing_and_an_edited_migration_fail(
    rollbook: Rollbook, ground: dict[str, str], log: dict[str, str]
) -> None:
    newest = "(SELECT max(name) FROM academic.migrations)"
    for change, expected in (
        (f"UPDATE academic.migrations SET sha256 = 'x' WHERE name = {newest}", "was edited after it ran"),
        (f"DELETE FROM academic.migrations WHERE name = {newest}", "has not run: run `rollbook migrate academic`"),
    ):
        with psycopg.connect(log["superuser"], autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT * FROM academic.migrations")
            connection.execute(change.encode())
            try:
                level, text = examined(rollbook, ground)[1]["migrations"]
            finally:
                connection.execute("TRUNCATE academic.migrations")
                connection.execute("INSERT INTO academic.migrations SELECT * FROM kept")
                connection.execute("DROP TABLE kept")
        assert (level, expected in text) == ("fail", True)


def test_more_processes_than_the_server_has_connections_for_are_a_warning(
    rollbook: Rollbook, ground: dict[str, str]
) -> None:
    level, text = examined(rollbook, ground | {"ACADEMIC_API_PROCESSES": "40"})[1]["connections"]
    assert level == "warn"
    assert "raise max_connections to" in text


def test_S28_what_production_refuses_fails(rollbook: Rollbook, ground: dict[str, str]) -> None:
    (Path(ground["ROLLBOOK_STATE"]) / "master.key").chmod(0o644)
    assert "chmod 600" in examined(rollbook, ground)[1]["settings"][1]
    level, text = examined(rollbook, ground | {"ACADEMIC_ENVIRONMENT": "production"})[1]["settings"]
    assert (level, "chmod 600" in text) == ("fail", True)


def test_a_service_that_mails_people_without_a_mail_server_is_a_warning(
    desk: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (desk | {"AUTH_API_DSN": NOWHERE, "AUTH_WORKER_DSN": NOWHERE, "AUTH_KAFKA": NOWHERE}).items():
        monkeypatch.setenv(name, value)
    assert check_mail("auth", settings_of("auth")) == (
        "warn",
        "mail",
        "no mail server: all mails wait until AUTH_SMTP_HOST is set",
    )
    monkeypatch.setenv("AUTH_SMTP_HOST", "mail.example")
    assert check_mail("auth", settings_of("auth")) == ("ok", "mail", "goes to mail.example:587")


def test_a_server_that_may_lose_what_it_acknowledged_fails(
    rollbook: Rollbook, ground: dict[str, str], log: dict[str, str]
) -> None:
    role = f"ALTER ROLE academic_worker IN DATABASE {log['worker'].rpartition('/')[2]}"
    with psycopg.connect(log["superuser"], autocommit=True) as connection:
        connection.execute(f"{role} SET synchronous_commit = off")
        try:
            level, text = examined(rollbook, ground)[1]["server"]
        finally:
            connection.execute(f"{role} RESET synchronous_commit")
    assert (level, "synchronous_commit=off" in text) == ("fail", True)


@pytest.mark.parametrize(
    ("ahead", "level"), [(0.2, "ok"), (-0.9, "ok"), (1.4, "ok"), (2.0, "warn"), (-29.0, "warn"), (31.0, "fail")]
)
def test_G12_clocks_that_differ_are_told_by_how_much(ahead: float, level: str) -> None:
    """What half a round trip explains is no difference."""
    assert skew("clock", "its", ahead, 0.5).level == level
