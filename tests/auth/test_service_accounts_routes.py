"""API keys and the client-credentials grant, over HTTP and a real PostgreSQL."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import psycopg

from shared.identity import Identity, Verifier
from shared.ids import uuid7
from shared.keyset import KeySet
from shared.problems import Unauthenticated
from shared.revocations import standings_of
from tests.auth.conftest import Running


class School:
    """A school, its owner's headers, and a service account."""

    def __init__(self, auth: Running, headers: dict[str, str], account_id: str) -> None:
        self.auth = auth
        self.headers = headers
        self.account_id = account_id

    @classmethod
    async def founded(cls, auth: Running, email: str) -> "School":
        await auth.register(email)
        headers = await auth.signed_in(email)
        made = await auth.client.post(
            "/service-accounts", json={"name": "timetable"}, headers=headers | {"Idempotency-Key": uuid7().hex}
        )
        assert made.status_code == 201, made.text
        return cls(auth, headers, made.json()["data"]["id"])

    async def post(self, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> Any:
        headers = self.headers | {"Idempotency-Key": key or uuid7().hex}
        return await self.auth.client.post(
            f"/service-accounts/{self.account_id}{path}", json=body or {}, headers=headers
        )

    async def key(self, *scopes: str) -> dict[str, Any]:
        answer = await self.post("/keys", {"scopes": scopes or ["classes.read"]})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["data"])

    async def token(self, secret: str, **fields: str) -> Any:
        form = {"grant_type": "client_credentials"} | fields
        return await self.auth.client.post("/oauth/token", data=form, auth=(self.account_id, secret))

    async def listed(self) -> list[dict[str, Any]]:
        answer = await self.auth.client.get("/service-accounts", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return next(account["keys"] for account in answer.json()["data"] if account["id"] == self.account_id)


async def test_C20_R3_5_a_key_is_exchanged_for_an_access_token_with_its_scopes(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    key = await school.key("classes.read", "school.read")
    answer = await school.token(key["api_key"])
    assert answer.status_code == 200, answer.text
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    found = answer.json()
    assert (found["token_type"], found["expires_in"], found["scope"]) == ("Bearer", 300, "classes.read school.read")
    claims = jwt.decode(found["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["sid"]) == (school.account_id, key["key_id"])
    assert (claims["roles"], claims["permissions"]) == (["service_account"], ["classes.read", "school.read"])
    assert jwt.get_unverified_header(found["access_token"])["typ"] == "at+jwt"
    bearer = {"Authorization": f"Bearer {found['access_token']}"}
    assert (await auth.client.get("/tenant", headers=bearer)).status_code == 200
    for path in ("/me", "/members", "/service-accounts", "/sign-ins"):
        assert (await auth.client.get(path, headers=bearer)).status_code == 403


async def test_C20_fewer_scopes_may_be_asked_for_and_no_others(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    key = await school.key("classes.read", "school.read")
    assert (await school.token(key["api_key"], scope="classes.read")).json()["scope"] == "classes.read"
    above = await school.token(key["api_key"], scope="classes.read people.read")
    assert (above.status_code, above.json()["error"]) == (400, "invalid_scope")


async def test_C20_a_wrong_client_a_wrong_key_and_a_cut_key_are_answered_alike(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    key = await school.key()
    form = {"grant_type": "client_credentials"}
    answers = [
        await school.token(key["api_key"][:-1]),
        await auth.client.post("/oauth/token", data=form, auth=(str(uuid7()), key["api_key"])),
        await auth.client.post("/oauth/token", data=form, auth=("nobody", key["api_key"])),
        await auth.client.post("/oauth/token", data=form | {"client_id": school.account_id, "client_secret": "x"}),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert answers[0].json()["error"] == "invalid_client"
    assert answers[0].headers["WWW-Authenticate"].startswith("Basic ")
    assert answers[0].headers["Cache-Control"] == "no-store"


async def test_C20_wrong_tries_pass_the_one_counter_and_lock(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    wrong = (await school.key())["api_key"]
    wrong = wrong[:-1] + ("A" if wrong[-1] != "A" else "B")
    statuses = [(await school.token(wrong)).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    other = await school.key()
    assert (await school.token(other["api_key"])).status_code == 200


async def test_C19_a_key_is_shown_once_and_only_its_hash_is_kept(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    command = uuid7().hex
    first = (await school.post("/keys", {"scopes": ["classes.read"]}, command)).json()["data"]
    again = (await school.post("/keys", {"scopes": ["classes.read"]}, command)).json()["data"]
    assert again == first | {"api_key": None}
    secret = first["api_key"].split("_", 2)[2]
    async with await psycopg.AsyncConnection.connect(auth.superuser_dsn) as connection:
        for query in (
            "SELECT count(*) FROM auth.events WHERE position(%s::bytea in state) > 0",
            "SELECT count(*) FROM auth.commands t WHERE position(%s in t::text) > 0",
            "SELECT count(*) FROM auth.api_keys t WHERE position(%s in t::text) > 0",
        ):
            cursor = await connection.execute(query, (secret,))
            assert await cursor.fetchone() == (0,)
        cursor = await connection.execute("SELECT count(*) FROM auth.api_keys WHERE key_id = %s", (first["key_id"],))
        assert await cursor.fetchone() == (1,)
    assert (await school.token(first["api_key"])).status_code == 200


async def test_C19_copies_of_an_order_at_once_make_one_key_and_show_it_once(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    command = uuid7().hex
    answers = await asyncio.gather(*(school.post("/keys", {"scopes": ["classes.read"]}, command) for _ in range(8)))
    shown = [answer.json()["data"]["api_key"] for answer in answers]
    (secret,) = [text for text in shown if text is not None]
    assert (await school.token(secret)).status_code == 200
    assert len(await school.listed()) == 1


async def test_C19_the_list_shows_keys_without_secrets_and_when_they_were_used(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    used, unused = await school.key(), await school.key("people.read")
    await school.token(used["api_key"])
    keys = {key["id"]: key for key in await school.listed()}
    assert keys.keys() == {used["key_id"], unused["key_id"]}
    last = datetime.fromisoformat(keys[used["key_id"]]["last_used_at"])
    assert timedelta() <= datetime.now(UTC) - last < timedelta(minutes=1)
    assert keys[unused["key_id"]]["last_used_at"] is None
    assert keys[unused["key_id"]]["scopes"] == ["people.read"]
    assert used["api_key"] not in str(keys)
    await school.token(used["api_key"])
    again = {key["id"]: key for key in await school.listed()}
    assert again[used["key_id"]]["last_used_at"] == keys[used["key_id"]]["last_used_at"]


async def test_C19_a_rotated_key_works_beside_the_new_one_and_a_revoked_one_not(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    old = await school.key()
    new = (await school.post(f"/keys/{old['key_id']}/rotation")).json()["data"]
    assert [(await school.token(key["api_key"])).status_code for key in (old, new)] == [200, 200]
    assert (await school.post(f"/keys/{old['key_id']}/revocation")).status_code == 200
    assert [(await school.token(key["api_key"])).status_code for key in (old, new)] == [401, 200]
    rotated = (await school.post(f"/keys/{new['key_id']}/rotation", {"overlap_hours": 0})).json()["data"]
    assert [(await school.token(key["api_key"])).status_code for key in (new, rotated)] == [401, 200]


async def test_C19_a_retired_account_gets_no_token(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    key = await school.key()
    assert (await school.post("/retirement")).status_code == 200
    assert (await school.token(key["api_key"])).status_code == 401
    refused = await school.post("/keys", {"scopes": ["classes.read"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "account-retired")


async def test_C19_scopes_are_those_of_the_matrix_for_machines_and_of_the_maker(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    key = await school.key()
    for scopes in (["school.write"], ["api-keys.write"], ["no.such"]):
        refused = await school.post("/keys", {"scopes": scopes})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope-above-own")
    changed = await school.post(f"/keys/{key['key_id']}/scopes", {"scopes": ["people.read"]})
    assert changed.status_code == 200
    assert (await school.token(key["api_key"])).json()["scope"] == "people.read"


async def test_C19_a_key_opens_its_own_school_and_no_other(auth: Running, email: str) -> None:
    school, other = await School.founded(auth, email), await School.founded(auth, f"other-{email}")
    key = await school.key()
    foreign = await other.auth.client.post(
        f"/service-accounts/{school.account_id}/keys",
        json={"scopes": ["classes.read"]},
        headers=other.headers | {"Idempotency-Key": uuid7().hex},
    )
    assert foreign.status_code == 404
    token = (await school.token(key["api_key"])).json()["access_token"]
    mine = await auth.client.get("/tenant", headers=school.headers)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["tenant"] == mine.json()["data"]["id"]


async def test_C19_S5_tokens_of_a_revoked_key_and_of_a_retired_account_write_nothing_any_more(
    auth: Running, email: str, tmp_path: Path
) -> None:
    school = await School.founded(auth, email)
    first, second = await school.key(), await school.key()
    keys = KeySet(os.environ["AUTH_JWKS_URL"], tmp_path / "jwks.json")
    verifier = Verifier(keys, "auth")
    identities = [
        await verifier.verify((await school.token(key["api_key"])).json()["access_token"]) for key in (first, second)
    ]
    await keys.close()
    for identity in identities:
        await standings_of(auth.kernel).check(identity)
    await school.post(f"/keys/{first['key_id']}/revocation")
    await refused_soon(auth, identities[0])
    await standings_of(auth.kernel).check(identities[1])
    await school.post("/retirement")
    await refused_soon(auth, identities[1])


async def refused_soon(auth: Running, identity: Identity) -> None:
    """Within the five seconds of S5."""
    for _ in range(100):
        try:
            await standings_of(auth.kernel).check(identity)
        except Unauthenticated:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the token still opens writes")


async def test_C20_S29_wrong_keys_are_in_the_audit(auth: Running, email: str) -> None:
    school = await School.founded(auth, email)
    await school.token("rbk_aaaaaaaa_" + "A" * 43)
    for _ in range(100):
        async with await psycopg.AsyncConnection.connect(auth.superuser_dsn) as connection:
            cursor = await connection.execute(
                "SELECT count(*) FROM auth.events WHERE position('client-unknown'::bytea in state) > 0"
            )
            found = await cursor.fetchone()
        if found and found[0] >= 1:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the refusal was not taken down")


async def test_C20_a_token_says_that_no_person_stands_behind_it(auth: Running, email: str, tmp_path: Path) -> None:
    school = await School.founded(auth, email)
    key = await school.key("school.read")
    keys = KeySet(os.environ["AUTH_JWKS_URL"], tmp_path / "jwks.json")
    verifier = Verifier(keys, "auth")
    identity = await verifier.verify((await school.token(key["api_key"])).json()["access_token"])
    assert (identity.machine, identity.subject, identity.login) == (True, school.account_id, key["key_id"])
    assert not (await verifier.verify(school.headers["Authorization"].partition(" ")[2])).machine
    await keys.close()
