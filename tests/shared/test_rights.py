"""Who may do what with a store: roles, triggers, row-level security, and the library's own recorder as a reader."""

from uuid import UUID

import psycopg
import pytest
from eventsourcing.postgres import PostgresAggregateRecorder, PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from infra.testing.toy import Shelf
from shared.database import Connection, connect
from shared.ids import uuid7
from shared.members import PersonalKey
from shared.operator.actions import Action, Operator
from tests.shared.stores import NOW, append, as_worker, call_of, event_of, member_of, new_shelf, store_on

Dsns = dict[str, str]

TABLES = ("events", "commands", "claims", "personal_keys", "event_log", "positions", "builds", "reactions", "parked")
CHANGES = {
    "INSERT": "INSERT INTO {} DEFAULT VALUES",
    "UPDATE": "UPDATE {} SET tenant_id = tenant_id",
    "DELETE": "DELETE FROM {}",
    "TRUNCATE": "TRUNCATE {}",
}


@pytest.mark.parametrize("verb", CHANGES)
async def test_ET5_R4_26_nobody_changes_or_removes_an_event(log: Dsns, verb: str) -> None:
    async with await as_worker(log) as worker:
        await append(worker, member_of(event_of(uuid7())))
    for role, refusal in (
        ("api", psycopg.errors.InsufficientPrivilege),
        ("worker", psycopg.errors.InsufficientPrivilege),
        ("owner", psycopg.errors.RaiseException),
        ("superuser", psycopg.errors.RaiseException),
    ):
        if verb == "INSERT" and refusal is psycopg.errors.RaiseException:
            continue
        async with await connect(log[role], search_path="academic") as connection:
            with pytest.raises(refusal):
                await connection.execute(CHANGES[verb].format("events").encode())


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["INSERT", "DELETE", "TRUNCATE"])
async def test_the_API_changes_no_table_of_the_store(log: Dsns, table: str, verb: str) -> None:
    async with await connect(log["api"], search_path="academic") as api:
        await api.execute("SELECT set_config('rollbook.tenant', %s, false)", (str(uuid7()),))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await api.execute(CHANGES[verb].format(table).encode())


async def test_S1_row_level_security_alone_shows_one_tenant(log: Dsns) -> None:
    ours, theirs, person = uuid7(), uuid7(), uuid7()
    async with await as_worker(log) as worker:
        for tenant in (ours, theirs):
            key = PersonalKey(tenant, person, 1, b"wrapped")
            await append(worker, member_of(event_of(tenant), key=b"k", keys=(key,)))
    async with await connect(log["api"], search_path="academic") as api:
        for tenant in (ours, theirs, ours):
            await api.execute("SELECT set_config('rollbook.tenant', %s, false)", (str(tenant),))
            for table in ("events", "commands", "personal_keys"):
                cursor = await api.execute(f"SELECT DISTINCT tenant_id FROM {table}".encode())
                assert await cursor.fetchall() == [(tenant,)]


async def test_S1_a_missing_tenant_is_an_error_and_not_all_rows(log: Dsns) -> None:
    async with await connect(log["api"], search_path="academic") as api:
        with pytest.raises(psycopg.errors.UndefinedObject):
            await api.execute("SELECT * FROM events")
        await api.execute("SELECT * FROM load(%s, %s)", (uuid7(), [uuid7()]))
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            await api.execute("SELECT * FROM events")


async def test_S1_a_load_of_the_worker_keeps_to_its_tenant_too(log: Dsns) -> None:
    aggregate, tenant = uuid7(), uuid7()
    async with await as_worker(log) as worker:
        await append(worker, member_of(event_of(tenant, aggregate)))
        assert await loaded(worker, tenant, aggregate) == 1
        assert await loaded(worker, uuid7(), aggregate) == 0


async def loaded(connection: Connection, tenant: UUID, aggregate: UUID) -> int:
    cursor = await connection.execute("SELECT * FROM load(%s, %s)", (tenant, [aggregate]))
    return len(await cursor.fetchall())


async def test_ET15_the_librarys_own_recorders_read_the_events(log: Dsns) -> None:
    tenant = uuid7()
    shelf = new_shelf(tenant)
    shelf.add("Emma", NOW)
    async with store_on(log["api"]) as store:
        saved = await store.save(shelf, call=call_of(tenant))
    place = saved.token.position("academic", tenant)
    dsn = conninfo_to_dict(log["worker"])
    with PostgresDatastore(
        dbname=str(dsn["dbname"]),
        host=str(dsn["host"]),
        port=str(dsn["port"]),
        user=str(dsn["user"]),
        password=str(dsn["password"]),
        schema="academic",
        originator_id_type="uuid",
    ) as datastore:
        aggregates = PostgresAggregateRecorder(datastore, events_table_name="events")
        stored = aggregates.select_events(shelf.id)
        assert [(one.originator_version, one.topic) for one in stored] == [
            (1, Shelf.Put.TOPIC),
            (2, Shelf.BookAdded.TOPIC),
        ]
        recorder = PostgresApplicationRecorder(datastore, events_table_name="events")
        notifications = recorder.select_notifications(place - 1, 2)
        assert [(one.id, one.originator_id, one.state) for one in notifications] == [
            (place - 1, shelf.id, stored[0].state),
            (place, shelf.id, stored[1].state),
        ]
        assert recorder.max_notification_id() == place


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
async def test_S29_nobody_changes_or_removes_what_operators_did(log: Dsns, verb: str) -> None:
    change = {**CHANGES, "UPDATE": "UPDATE {} SET outcome = 'done'"}[verb].format("operator_actions").encode()
    async with await as_worker(log) as worker:
        await Action(worker, Operator("cli:anna"), "parked.retry").record("done", {})
    for role, refusal in (
        ("api", psycopg.errors.InsufficientPrivilege),
        ("worker", psycopg.errors.InsufficientPrivilege),
        ("owner", psycopg.errors.RaiseException),
        ("superuser", psycopg.errors.RaiseException),
    ):
        async with await connect(log[role], search_path="academic") as connection:
            with pytest.raises(refusal):
                await connection.execute(change)


async def test_S29_the_API_of_schools_does_not_see_what_operators_did(log: Dsns) -> None:
    async with await connect(log["api"], search_path="academic") as api:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await api.execute("SELECT * FROM operator_actions")
