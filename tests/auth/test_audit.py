"""The audit of a school over real PostgreSQL: entries, refusals, the wall between schools, files, tamper evidence."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest

from auth.memberships.membership import membership_id
from auth.roles.matrix import ROLES, permissions_of
from auth.users.user import User
from infra.testing.harness import Running
from infra.verifier.live import verify_store
from infra.verifier.verify_chain import read_keys
from shared.checkpoints import CheckpointKey
from shared.clock import time_of
from shared.database import connect
from shared.hash_chain import EPOCH
from shared.hashing import HashChain
from shared.ids import PLATFORM
from shared.personal import Keyring
from tests.auth.schools import PASSWORD, School, auth_running, school_on

WRITERS = ("api", "worker", "owner", "superuser")


@pytest.fixture(scope="module")
async def it(superuser_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with auth_running(superuser_dsn, tmp_path_factory.mktemp("auth")) as found:
        yield found


@pytest.fixture
async def school(it: Running) -> School:
    return await school_on(it)


async def audit(school: School, **filter: Any) -> list[dict[str, Any]]:
    """What was refused is stored a moment after its answer."""
    await school.desk.refused_actions.store_waiting()
    await school.it.settle()
    found: list[dict[str, Any]] = await school.get("/audit", **filter)
    return found


async def verify(school: School) -> None:
    user = await school.it.kernel.store.get(User, school.owner_id, PLATFORM)
    user.trust_email(school.it.call(PLATFORM).now)
    await school.it.kernel.store.save(user, call=school.it.call(PLATFORM))
    await school.it.settle()


async def test_C26_an_entry_says_who_what_when_from_and_to(school: School) -> None:
    member = membership_id(school.tenant_id, await school.member("teacher"))
    granted = await school.post(f"/members/{member}/roles", {"role": "front_desk"})
    assert granted.status_code == 200, granted.text
    (entry,) = await audit(school, action="auth.role_granted")
    assert (entry["actor_kind"], entry["actor_id"]) == ("user", str(school.owner_id))
    assert (entry["before"], entry["after"]) == ({"roles": ["teacher"]}, {"roles": ["teacher", "front_desk"]})
    assert (entry["subject"], entry["subject_id"], entry["outcome"]) == ("membership", str(member), "done")
    assert entry["at"]
    await school.post("/tenant/name", {"name": "Luna"})
    (entry,) = await audit(school, action="auth.tenant_renamed")
    assert (entry["before"], entry["after"]) == ({"name": "Escuela Sol"}, {"name": "Luna"})


async def test_C26_a_sign_in_says_from_where(school: School) -> None:
    await verify(school)
    headers = {"User-Agent": "Firefox of Ana", "Rollbook-Client-Address": "203.0.113.7"}
    login = {"email": school.email, "password": PASSWORD}
    assert (await school.it.client.post("/login", json=login, headers=headers)).status_code == 200
    (entry,) = await audit(school, action="auth.session_started")
    assert (entry["after"]["status"], entry["user_id"]) == ("signed-in", str(school.owner_id))
    assert (entry["device"], entry["network"]) == ("Firefox of Ana", "203.0.113.7")
    (concerned,) = await audit(school, subject=str(school.owner_id), action="auth.session_started")
    assert concerned == entry


async def test_C26_what_happens_to_an_identity_shows_in_its_schools_and_in_no_other(school: School) -> None:
    other = await school_on(school.it)
    await verify(school)
    (entry,) = await audit(school, action="auth.email_verified")
    assert (entry["subject"], entry["user_id"]) == ("user", str(school.owner_id))
    assert await audit(other, action="auth.email_verified") == []
    assert school.email not in orjson.dumps(await audit(school)).decode()


async def test_C26_S29_what_was_refused_has_an_entry(school: School) -> None:
    teacher = await school.member("teacher")
    refused = await school.post("/tenant/name", {"name": "Mine"}, ("teacher",), subject=teacher)
    assert refused.status_code == 403
    (entry,) = await audit(school, actor=str(teacher))
    assert (entry["action"], entry["outcome"]) == ("POST /tenant/name", "forbidden")
    assert entry["network"] is not None


async def test_C26_S29_refused_sign_ins_and_the_lock_show_in_the_schools_of_the_account(school: School) -> None:
    await verify(school)
    login = {"email": school.email, "password": "wrong password of a guesser"}
    headers = {"Rollbook-Client-Address": "198.51.100.9"}
    codes = [(await school.it.client.post("/login", json=login, headers=headers)).json()["code"] for _ in range(7)]
    assert codes[-1] == "sign-in-locked"
    found = await audit(school, action="POST /login")
    assert {one["outcome"] for one in found} == {"sign-in-refused", "sign-in-locked"}
    assert {one["user_id"] for one in found} == {str(school.owner_id)}
    assert {one["network"] for one in found} == {"198.51.100.9"}
    assert await audit(await school_on(school.it), action="POST /login") == []


async def test_S29_a_flood_is_told_ten_times_and_then_counted(school: School) -> None:
    guest = await school.member("guardian")
    for _ in range(15):
        await school.post("/tenant/name", {"name": "Mine"}, ("guardian",), subject=guest)
    await school.desk.refused_actions.store_waiting()
    await school.desk.refused_actions.store_counts()
    assert len(await audit(school, actor=str(guest))) == 10
    (counted,) = await audit(school, action="auth.refusals_counted")
    assert counted["after"] == {"count": 5}


async def test_S29_an_erased_day_forgets_its_networks(school: School) -> None:
    guest = await school.member("guardian")
    await school.post("/tenant/name", {"name": "Mine"}, ("guardian",), subject=guest)
    (entry,) = await audit(school, actor=str(guest))
    marker = Keyring.erased(PLATFORM, UUID(entry["subject_id"]))
    await school.it.kernel.store.save(call=school.it.call(PLATFORM), keys=(marker,))
    (entry,) = await audit(school, actor=str(guest))
    assert entry["network"] is None


async def test_C27_S1_another_schools_entries_are_invisible(school: School) -> None:
    other = await school_on(school.it)
    await other.post("/tenant/name", {"name": "Theirs"})
    await other.post("/tenant/name", {"name": "Theirs"}, ("teacher",))
    ours = await audit(school)
    assert {one["after"].get("name") for one in ours} >= {"Escuela Sol"}
    text = orjson.dumps(ours).decode()
    assert "Theirs" not in text
    assert str(other.owner_id) not in text
    assert await audit(school, subject=str(other.owner_id)) == []


@pytest.mark.parametrize("role", ROLES)
async def test_C27_S2_owner_administrator_and_auditor_read_the_audit(school: School, role: str) -> None:
    allowed = "audit.read" in permissions_of([role])
    assert allowed == (role in ("owner", "administrator", "auditor"))
    for path in ("/audit", "/audit/export"):
        answer = await school.it.client.get(path, headers=school.headers((role,)))
        assert (answer.status_code == 200) == allowed


async def test_C27_pages_follow_each_other_and_times_limit_them(school: School) -> None:
    for n in range(5):
        await school.post("/tenant/name", {"name": f"Name {n}"})
    everything = await audit(school, action="auth.tenant_renamed")
    headers = school.headers()
    first = (await school.it.client.get("/audit?action=auth.tenant_renamed&limit=3", headers=headers)).json()
    rest = await school.get("/audit", action="auth.tenant_renamed", cursor=first["meta"]["pagination"]["next"])
    assert first["data"] + rest == everything
    assert [one["after"]["name"] for one in everything] == [f"Name {n}" for n in (4, 3, 2, 1, 0)]
    middle = everything[2]["at"]
    newer = await audit(school, action="auth.tenant_renamed", since=middle)
    older = await audit(school, action="auth.tenant_renamed", until=middle)
    assert newer + older == everything


async def test_C27_S20_the_audit_is_exported_as_csv_and_ndjson(school: School) -> None:
    await school.post("/tenant/name", {"name": "=HYPERLINK(1)"})
    shown = await audit(school)
    headers = school.headers()
    text = (await school.it.client.get("/audit/export?format=csv", headers=headers)).text
    rows = list(csv.DictReader(io.StringIO(text)))
    lines = (await school.it.client.get("/audit/export?format=ndjson", headers=headers)).text.splitlines()
    assert [int(row["position"]) for row in rows] == [one["position"] for one in shown]
    assert [orjson.loads(each) for each in lines] == shown
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


async def test_S29_no_role_changes_or_removes_what_the_audit_stands_on(school: School, it: Running) -> None:
    for role in WRITERS:
        async with await connect(it.dsns[role], search_path="auth") as connection:
            for verb in ("UPDATE events SET topic = topic", "DELETE FROM events", "TRUNCATE events"):
                with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)):
                    await connection.execute(verb.encode())


async def test_S29_the_verifier_finds_a_changed_audit_event(school: School, it: Running) -> None:
    guest = await school.member("guardian")
    await school.post("/tenant/name", {"name": "Mine"}, ("guardian",), subject=guest)
    (entry,) = await audit(school, actor=str(guest))
    key = CheckpointKey("auth", it.kernel.keyring.master)
    async with await connect(it.dsns["worker"], search_path="auth") as connection:
        chain = HashChain(connection, "auth", key)
        await chain.start()
        while await chain.extend():
            pass
        chain._signed_at = EPOCH
        await chain.sign(await time_of(connection))
        assert (await verify_store(connection, "auth", read_keys([key.text]))).intact
        async with await connect(it.dsns["superuser"], search_path="auth") as thief:
            await thief.execute("SET session_replication_role = replica")
            await thief.execute(CHANGED, (str(guest).encode(), str(school.owner_id).encode(), entry["position"]))
        verdict = await verify_store(connection, "auth", read_keys([key.text]))
    assert not verdict.intact
    assert f"first bad position {entry['position']}:" in verdict.lines()[0]


CHANGED = """
    UPDATE events SET state = convert_to(replace(convert_from(state, 'UTF8'), convert_from(%s, 'UTF8'),
                                                 convert_from(%s, 'UTF8')), 'UTF8')
    WHERE notification_id = %s
"""
