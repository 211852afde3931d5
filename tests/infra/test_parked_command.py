"""`rollbook parked`: what a consumer could not handle, and asking for another try."""

from collections.abc import Iterator

import psycopg
import pytest

from shared.ids import uuid7
from tests.infra.conftest import Rollbook, reaching

TENANT = uuid7()


@pytest.fixture
def parked(log: dict[str, str]) -> Iterator[dict[str, str]]:
    """A view that failed at position 3 of a tenant, where position 4 waits behind it; and another tenant's."""
    with psycopg.connect(log["worker"], autocommit=True) as connection:
        connection.execute(
            "INSERT INTO positions (consumer, source, generation, partition, position) VALUES ('a_view', 'academic',"
            " 1, 0, 5)"
        )
        for tenant, position, error in ((TENANT, 3, "KeyError"), (TENANT, 4, "Waits"), (uuid7(), 5, "ValueError")):
            connection.execute(
                "INSERT INTO parked (tenant_id, consumer, source, generation, partition, position, kafka_offset,"
                " aggregate_id, error_class, pointer) VALUES (%s, 'a_view', 'academic', 1, 0, %s, -1, %s, %s, %s)",
                (tenant, position, uuid7(), error, f"academic.book_added academic/1/0/{position}"),
            )
        yield log
        connection.execute("DELETE FROM parked")
        connection.execute("DELETE FROM positions")


def wanted(log: dict[str, str]) -> set[int]:
    with psycopg.connect(log["worker"]) as connection:
        return {position for (position,) in connection.execute("SELECT position FROM parked WHERE retry")}


def test_G13_what_is_parked_is_listed_by_tenant_and_counted(rollbook: Rollbook, parked: dict[str, str]) -> None:
    status, said = rollbook(("parked", "list", "academic"), reaching(parked))
    assert status == 0
    (line,) = (line for line in said.splitlines() if str(TENANT) in line)
    assert [cell.strip() for cell in line.split("│")][3:7] == [
        "KeyError",
        "academic.book_added academic/1/0/3",
        "1",
        "1",
    ]
    _, said = rollbook(("status", "academic", "--json"), reaching(parked))
    assert '"name":"a_view"' in said
    assert '"parked":3' in said


def test_G13_a_retry_is_asked_for_one_tenant_or_for_all(rollbook: Rollbook, parked: dict[str, str]) -> None:
    status, said = rollbook(("parked", "retry", "academic", "--tenant", str(TENANT)), reaching(parked))
    assert (status, "2 parked events" in said) == (0, True)
    assert wanted(parked) == {3, 4}
    assert "0 parked events" in rollbook(("parked", "retry", "academic", "--consumer", "nobody"), reaching(parked))[1]
    assert "3 parked events" in rollbook(("parked", "retry", "academic"), reaching(parked))[1]
    assert wanted(parked) == {3, 4, 5}
