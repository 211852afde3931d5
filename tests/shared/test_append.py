"""The server function: lock, head, outcomes. Nothing but SQL runs here."""

import asyncio
import hashlib
from typing import Any

import psycopg
import pytest

from shared.calls import Claim
from shared.database import Connection, connect, migration_files
from shared.ids import uuid7
from shared.members import PersonalKey
from tests.shared.stores import append, as_worker, contiguous, event_of, member_of, records_of

GOLDEN = "6728e57b8fc85b9bb0c2f4c5989027bfe832aea1520c310b4f30fea5fc740009"

Dsns = dict[str, str]


def text_of_append() -> str:
    (_, text), *_ = migration_files("academic")
    return text[
        text.index("CREATE FUNCTION append(") : text.index("END $$;", text.index("CREATE FUNCTION append(")) + 7
    ]


def test_ET14_the_append_function_is_the_one_that_was_proved() -> None:
    assert hashlib.sha256(text_of_append().encode()).hexdigest() == GOLDEN


async def test_ET2_a_writer_that_waited_sees_what_its_predecessor_stored(log: Dsns) -> None:
    first, second = await positions_of_two(log)
    assert second == first + 1


async def test_ET2_a_head_read_with_the_lock_is_stale_and_meets_the_unique_index(empty_log: Dsns) -> None:
    """The tooth of the test above."""
    lock = "PERFORM pg_advisory_xact_lock(1, 'academic'::regnamespace::oid::integer);"
    head = "SELECT coalesce(max(notification_id), 0) INTO head FROM events;"
    both = "SELECT coalesce(max(notification_id), 0) INTO head FROM events, pg_advisory_xact_lock(1, $1) l;"
    text = text_of_append().replace("{service}", "academic")
    assert lock in text
    assert head in text
    broken = text.replace(lock, "").replace(head, both.replace("$1", "'academic'::regnamespace::oid::integer"))
    async with await connect(empty_log["superuser"], search_path="academic") as connection:
        await connection.execute(broken.replace("CREATE", "CREATE OR REPLACE", 1).encode())
    with pytest.raises(psycopg.errors.UniqueViolation):
        await positions_of_two(empty_log)


async def positions_of_two(log: Dsns) -> list[int]:
    """Two connections append; the second waits for the first one's lock."""
    tenant = uuid7()
    async with await as_worker(log) as first, await as_worker(log) as second, await as_worker(log) as watcher:
        await first.execute("BEGIN")
        [stored] = await append(first, member_of(event_of(tenant)))
        waiter = asyncio.create_task(append(second, member_of(event_of(tenant))))
        while await waits_for_the_lock(watcher) == 0:  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0)
        await first.execute("COMMIT")
        [after] = await waiter
    return [stored.position, after.position]


async def waits_for_the_lock(connection: Connection) -> int:
    cursor = await connection.execute(
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
async def test_ET2_an_append_above_read_committed_raises(log: Dsns, level: str) -> None:
    async with await as_worker(log) as connection:
        await connection.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
        with pytest.raises(psycopg.errors.RaiseException, match="READ COMMITTED"):
            await append(connection, member_of(event_of(uuid7())))


async def test_ET3_each_member_of_a_batch_has_its_own_outcome(log: Dsns) -> None:
    ours, theirs = uuid7(), uuid7()
    known, foreign, taken = uuid7(), uuid7(), Claim(ours, "name", "Fiction", uuid7())
    async with await as_worker(log) as connection:
        head = len(await records_of(connection))
        first = member_of(event_of(ours, known), key=b"first", claims=(taken,))
        await append(connection, first, member_of(event_of(theirs, foreign)))
        outcomes = await append(
            connection,
            member_of(event_of(ours)),
            member_of(event_of(ours, known, 1, b'{"other": true}')),
            member_of(event_of(ours, known, 3)),
            member_of(event_of(ours, foreign, 2)),
            member_of(event_of(ours), claims=(Claim(ours, "name", "Fiction", uuid7()),)),
            first,
            member_of(event_of(theirs), event_of(ours)),
            member_of(event_of(ours, known, 2), event_of(ours, known, 3)),
        )
        records = await records_of(connection)
    assert [(one.outcome, one.position and one.position - head) for one in outcomes] == [
        ("saved", 3),
        ("conflict", 0),
        ("conflict", 0),
        ("conflict", 0),
        ("taken", 0),
        ("replayed", 1),
        ("saved", 5),
        ("saved", 7),
    ]
    assert outcomes[4].detail == "name"
    assert contiguous(records)
    assert len(records) == head + 7


async def test_a_key_that_came_with_another_request_is_reused(log: Dsns) -> None:
    tenant = uuid7()
    async with await as_worker(log) as connection:
        first, second = member_of(event_of(tenant), key=b"k"), member_of(event_of(tenant), key=b"k")
        second.fingerprint = b"another"
        assert [(await append(connection, one))[0].outcome for one in (first, second)] == ["saved", "key-reused"]


async def test_the_same_key_of_another_tenant_is_another_key(log: Dsns) -> None:
    async with await as_worker(log) as connection:
        for tenant in (uuid7(), uuid7()):
            assert (await append(connection, member_of(event_of(tenant), key=b"k")))[0].outcome == "saved"


async def test_DS4_a_save_without_a_key_is_found_again_by_its_bytes(log: Dsns) -> None:
    tenant, aggregate = uuid7(), uuid7()
    two = member_of(event_of(tenant, aggregate, 1, b"1"), event_of(tenant, aggregate, 2, b"2"))
    part = member_of(event_of(tenant, aggregate, 2, b"2"), event_of(tenant, aggregate, 3, b"3"))
    async with await as_worker(log) as connection:
        [saved] = await append(connection, two)
        [again] = await append(connection, two)
        [torn] = await append(connection, part)
    assert (again.outcome, again.position) == ("replayed", saved.position)
    assert torn.outcome == "conflict"


async def test_equal_bytes_of_another_tenant_are_a_conflict(log: Dsns) -> None:
    aggregate = uuid7()
    async with await as_worker(log) as connection:
        await append(connection, member_of(event_of(uuid7(), aggregate)))
        assert (await append(connection, member_of(event_of(uuid7(), aggregate))))[0].outcome == "conflict"


async def test_G22_a_claim_is_taken_kept_and_released_by_its_owner_alone(log: Dsns) -> None:
    tenant, owner, other = uuid7(), uuid7(), uuid7()
    mine, theirs = Claim(tenant, "name", "Fiction", owner), Claim(tenant, "name", "Fiction", other)

    async with await as_worker(log) as connection:

        async def outcome(**more: Any) -> str:
            return (await append(connection, member_of(event_of(tenant), **more)))[0].outcome

        assert await outcome(claims=(mine,)) == "saved"
        assert await outcome(claims=(mine,)) == "saved"
        assert await outcome(releases=(theirs,)) == "saved"
        assert await outcome(claims=(theirs,)) == "taken"
        assert await outcome(releases=(mine,), claims=(mine,)) == "saved"
        assert await outcome(claims=(theirs,)) == "taken"
        assert await outcome(releases=(mine,)) == "saved"
        assert await outcome(claims=(theirs,)) == "saved"


async def test_a_save_that_is_refused_leaves_nothing_behind(log: Dsns) -> None:
    tenant, aggregate, owner = uuid7(), uuid7(), uuid7()
    key = PersonalKey(tenant, uuid7(), 1, b"wrapped")
    refused = member_of(
        event_of(tenant),
        event_of(tenant, aggregate, 4),
        key=b"k",
        claims=(Claim(tenant, "n", "n", owner),),
        keys=(key,),
    )
    async with await connect(log["superuser"], search_path="academic") as connection:
        assert (await append(connection, refused))[0].outcome == "conflict"
        for table in ("events", "commands", "claims", "personal_keys"):
            cursor = await connection.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s".encode(), (tenant,))
            assert await cursor.fetchone() == (0,)


async def test_N6_a_second_key_of_a_person_is_a_conflict_and_a_marker_stays(log: Dsns) -> None:
    tenant, person = uuid7(), uuid7()

    async with await as_worker(log) as connection:

        async def outcome(wrapped: bytes | None) -> str:
            key = PersonalKey(tenant, person, 1, wrapped)
            return (await append(connection, member_of(event_of(tenant), keys=(key,))))[0].outcome

        assert await outcome(b"one") == "saved"
        assert await outcome(b"one") == "saved"
        assert await outcome(b"two") == "conflict"
        assert await outcome(None) == "saved"
        assert await outcome(None) == "saved"
        assert await outcome(b"one") == "conflict"
        cursor = await connection.execute("SELECT wrapped FROM personal_keys WHERE person_id = %s", (person,))
        assert await cursor.fetchone() == (None,)


async def test_a_save_of_a_key_alone_is_found_again(log: Dsns) -> None:
    tenant = uuid7()
    async with await as_worker(log) as connection:
        nothing = member_of(tenant_id=tenant, key=b"nothing")
        assert [(await append(connection, nothing))[0].outcome for _ in range(2)] == ["saved", "replayed"]
