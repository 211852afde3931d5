"""Integrations: what they show, and a secret that goes in and never comes out."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import pytest

from auth.integrations.integration import Integration, IntegrationIsOver
from infra.testing.harness import Running
from shared.given import given
from shared.ids import uuid7
from tests.auth.schools import School, auth_running, school_on

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
CANARY = "canary-6f1d-secret-of-the-mail-server"
NEWER = "canary-77aa-newer-secret-of-the-server"
MAIL = {"kind": "mail-sender", "host": "mail.school.example", "port": 587, "security": "starttls", "user": "sol"}
SIS = {
    "kind": "sis-client",
    "base_url": "https://sis.example/ims/oneroster",
    "token_url": "https://sis.example/token",
    "client_id": "sol",
}


def over() -> Integration:
    id = uuid7()
    found = Integration(
        id=id, tenant_id=id, kind="mail-sender", title="Mail", config={}, secret_id=uuid7(), timestamp=NOW
    )
    found.disconnect(NOW)
    return found


def test_C34_what_was_disconnected_stays_so() -> None:
    given(over()).when(lambda it: it.disconnect(NOW)).then_nothing()
    given(over()).when(lambda it: it.rotate_secret(uuid7(), NOW)).then_refused(IntegrationIsOver)
    given(over()).when(lambda it: it.record_test("ready", NOW)).then_refused(IntegrationIsOver)


@pytest.fixture(scope="module")
async def it(superuser_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with auth_running(superuser_dsn, tmp_path_factory.mktemp("auth")) as found:
        yield found


@pytest.fixture
async def school(it: Running) -> School:
    return await school_on(it)


async def connected(school: School, system: dict[str, Any], secret: str = CANARY) -> str:
    answer = await school.post("/integrations", {"title": "School's mail", "system": system, "secret": secret})
    assert answer.status_code == 201, answer.text
    assert CANARY not in answer.text
    return str(answer.json()["data"]["id"])


async def test_C34_R4_28_a_school_connects_tests_renews_and_disconnects_another_system(school: School) -> None:
    id = await connected(school, MAIL)
    tested = await school.post(f"/integrations/{id}/tests")
    assert tested.json()["data"] == {"outcome": "ready"}
    assert (await school.post(f"/integrations/{id}/secret", {"secret": NEWER})).status_code == 200
    assert (await school.post(f"/integrations/{id}/tests")).json()["data"] == {"outcome": "ready"}
    (line,) = await school.get("/integrations")
    assert (line["kind"], line["outcome"]) == ("mail-sender", "ready")
    assert line["config"] == {name: value for name, value in MAIL.items() if name != "kind"}
    assert line["secret_since"] > line["connected_at"]
    assert (await school.post(f"/integrations/{id}/end")).status_code == 200
    refused = await school.post(f"/integrations/{id}/tests")
    assert (refused.status_code, refused.json()["code"]) == (409, "integration-is-over")
    assert (await school.get("/integrations"))[0]["disconnected_at"]


async def test_C34_a_lost_secret_is_told_by_the_test(school: School) -> None:
    id = await connected(school, SIS)
    await school.desk.integration_secrets.forget_all_but(school.tenant_id, id, None)  # type: ignore[arg-type]
    assert (await school.post(f"/integrations/{id}/tests")).json()["data"] == {"outcome": "secret-missing"}


async def test_C34_S1_an_integration_of_another_school_is_unknown(school: School, it: Running) -> None:
    id = await connected(school, MAIL)
    other = await school_on(it)
    assert (await other.post(f"/integrations/{id}/tests")).status_code == 404
    assert await other.get("/integrations") == []


@pytest.mark.parametrize(
    ("system", "pointer"),
    [
        (SIS | {"base_url": "http://sis.example/"}, "/system/base_url"),
        (MAIL | {"host": "mail.example\r\nX: y"}, "/system/host"),
        (MAIL | {"password": "x"}, "/system/password"),
    ],
)
async def test_C34_what_is_no_address_is_refused(school: School, system: dict[str, Any], pointer: str) -> None:
    refused = await school.post("/integrations", {"title": "x", "system": system, "secret": CANARY})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert CANARY not in refused.text


async def test_C34_R4_28_the_secret_stands_in_no_event_answer_log_line_or_table(
    school: School, it: Running, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    id = await connected(school, MAIL)
    answers = [await school.post(f"/integrations/{id}/secret", {"secret": NEWER})]
    answers += [await school.post(f"/integrations/{id}/{verb}") for verb in ("tests", "end")]
    answers.append(await school.post(f"/integrations/{id}/secret", {"secret": CANARY}))
    shown = [answer.text for answer in answers] + [orjson.dumps(await school.get("/integrations")).decode()]
    # What Kafka carries are the stored bytes of events.
    shown += [record.state.decode() for record in await it.log()]
    shown += [caplog.text, *capfd.readouterr(), *await everything_stored(it.dsns["superuser"])]
    assert [text for text in shown if CANARY in text or NEWER in text] == []


async def everything_stored(dsn: str) -> list[str]:
    """Every row of every table of every schema of the project, as text; bytes as they are, too."""
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        cursor = await connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        found: list[str] = []
        for schema, table in await cursor.fetchall():
            query = psycopg.sql.SQL("SELECT t.* FROM {} t").format(psycopg.sql.Identifier(schema, table))
            for row in await (await connection.execute(query)).fetchall():
                found.append(" ".join(v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in row))
    assert len(found) > 10
    return found
