"""Acting as somebody else, over real PostgreSQL: who may, what stays forbidden, who sees it, how it ends."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from auth.impersonations.impersonation import LONGEST, Impersonation
from auth.impersonations.mails import impersonation_started
from auth.login_sessions.commands import end_sessions
from auth.main import app
from shared.database import connect
from shared.facts import read_own
from shared.given import given
from shared.ids import uuid7
from shared.log_feed import read_page
from shared.mail.letters import Letter
from shared.mail.mailings import Composing
from tests.auth.conftest import Running
from tests.auth.members import Headers, Staffed, call_of, staffed

REASON: dict[str, Any] = {"reason": "cannot find the timetable", "minutes": 60}
NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)


def begun() -> Impersonation:
    return Impersonation(
        id=uuid7(),
        tenant_id=uuid7(),
        user_id=uuid7(),
        impersonator_id=uuid7(),
        reason="a reason",
        until=NOW + LONGEST,
        timestamp=NOW,
    )


def test_C29_it_ends_before_its_time_once_and_after_its_time_by_itself() -> None:
    given(begun()).when(lambda one: one.end(NOW)).then(Impersonation.Ended)
    over = NOW + LONGEST
    given(begun()).when(lambda one: one.end(over)).then_nothing()
    assert begun().going_on(over - timedelta(seconds=1))
    assert not begun().going_on(over)


@pytest.fixture(scope="module")
async def school(auth: Running) -> Staffed:
    return await staffed(auth)


@pytest.fixture(scope="module")
async def admin(school: Staffed) -> str:
    return await school.joined("administrator")


@pytest.fixture(scope="module")
async def clerk(school: Staffed) -> str:
    return await school.joined("billing_clerk")


async def started(school: Staffed, by: Headers, of: str, **changed: Any) -> Any:
    return await school.post(f"/members/{await school.of(of)}/impersonations", by, {**REASON, **changed})


async def acting(school: Staffed, by: Headers, of: str) -> tuple[UUID, Headers]:
    answer = await started(school, by, of)
    assert answer.status_code == 201, answer.text
    token = {"Consistency-Token": answer.headers["Consistency-Token"]}
    told = answer.json()["data"]
    return UUID(told["id"]), {"Authorization": f"Bearer {told['access_token']}", **token}


async def id_of(school: Staffed, email: str) -> str:
    return str((await school.auth.user(email)).id)


async def audit(school: Staffed, **wanted: str) -> list[dict[str, Any]]:
    await school.auth.desk.refused_actions.store_waiting()
    headers = await school.who(school.owner)
    answer = await school.auth.client.get("/audit", params=wanted, headers=headers)
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def mailed(school: Staffed, impersonation_id: UUID) -> Letter | None:
    async with await connect(school.auth.superuser_dsn, search_path="auth") as connection:
        sought = "SELECT notification_id - 1 FROM events WHERE originator_id = %s ORDER BY originator_version LIMIT 1"
        row = await (await connection.execute(sought, (impersonation_id,))).fetchone()
        assert row is not None
        (record,) = await read_page(connection, row[0], 1)
    post = Composing(school.auth.kernel, "https://school.example")
    return await impersonation_started.compose(read_own(record, school.auth.kernel.codec), post)


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def until_refused(school: Staffed, headers: Headers) -> tuple[int, str]:
    """A write; before the view knows of the end it is merely forbidden. Within five seconds (S5)."""
    end = time.monotonic() + 5
    while (found := outcome(await school.post("/tenant/name", headers, {"name": "Luna"}))) == (403, "forbidden"):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    return found


async def test_C29_both_stand_in_the_audit_also_of_what_was_refused(school: Staffed, admin: str, clerk: str) -> None:
    _, headers = await acting(school, await school.who(admin), clerk)
    me = (await school.auth.client.get("/me", headers=headers)).json()["data"]
    assert me["email"] == clerk
    assert "invoices.read" in me["permissions"]
    assert outcome(await school.post("/tenant/name", headers, {"name": "Luna"})) == (403, "forbidden")
    x, y = await id_of(school, admin), await id_of(school, clerk)
    entry = (await audit(school, actor=x, action="auth.impersonation_started"))[0]
    assert (entry["user_id"], entry["after"]["reason"], entry["outcome"]) == (y, REASON["reason"], "done")
    tried = (await audit(school, actor=x, action="POST /tenant/name"))[0]
    assert (tried["on_behalf_of"], tried["outcome"]) == (y, "forbidden")
    assert tried["device"] is not None


async def test_C29_the_person_gets_a_mail_and_sees_it(school: Staffed, admin: str, clerk: str) -> None:
    id, _ = await acting(school, await school.who(admin), clerk)
    letter = await mailed(school, id)
    assert letter is not None
    assert letter.to == clerk
    assert all(text in letter.text for text in ("Ana Sol", REASON["reason"], str(id)))
    answer = await school.auth.client.get("/me/impersonations", headers=await school.who(clerk))
    (seen,) = [each for each in answer.json()["data"] if each["id"] == str(id)]
    assert (seen["impersonator_id"], seen["ended_at"]) == (await id_of(school, admin), None)


@pytest.mark.parametrize("path", ["/me/password", "/me/totp", "/me/passkeys/options", "/me/leave", "/step-up"])
async def test_C29_the_account_is_not_touched_in_somebody_elses_name(
    school: Staffed, admin: str, clerk: str, path: str
) -> None:
    _, headers = await acting(school, await school.who(admin), clerk)
    body = {"current": "x" * 20, "new": "y" * 20, "password": "x" * 20}
    refused = await school.post(path, headers, {key: body[key] for key in FIELDS.get(path, ())} or None)
    assert outcome(refused) == (403, "not-while-impersonating")


@pytest.mark.parametrize("path", ["/sign-ins", "/me/passkeys", "/me/second-factors"])
async def test_C29_the_account_beyond_this_school_is_not_read_in_somebody_elses_name(
    school: Staffed, admin: str, clerk: str, path: str
) -> None:
    _, headers = await acting(school, await school.who(admin), clerk)
    assert outcome(await school.auth.client.get(path, headers=headers)) == (403, "not-while-impersonating")


FIELDS = {"/me/password": ("current", "new"), "/me/totp": ("password",), "/step-up": ("password",)}


async def test_C29_nobody_acts_as_somebody_who_may_more_or_as_oneself(school: Staffed, admin: str, clerk: str) -> None:
    by = await school.who(admin)
    assert outcome(await started(school, by, school.owner)) == (403, "rights-above-own")
    assert outcome(await started(school, by, admin)) == (409, "oneself-impersonated")
    assert outcome(await started(school, await school.who(clerk), admin)) == (403, "forbidden")
    assert (await started(school, await school.who(school.owner), admin)).status_code == 201
    stranger = await staffed(school.auth)
    path = f"/members/{await school.of(clerk)}/impersonations"
    refused = await school.post(path, await stranger.who(stranger.owner), REASON)
    assert outcome(refused) == (404, "not-found")
    id, _ = await acting(school, by, clerk)
    for what in ("tokens", "end"):
        refused = await school.post(f"/impersonations/{id}/{what}", await stranger.who(stranger.owner))
        assert outcome(refused) == (404, "not-found")


async def test_C29_it_wants_a_fresh_proof_a_reason_and_an_hour_at_most(school: Staffed, admin: str, clerk: str) -> None:
    by = await school.who(admin)
    assert (await started(school, by, clerk, reason=" ")).status_code == 422
    assert (await started(school, by, clerk, minutes=61)).status_code == 422
    _, headers = await acting(school, by, clerk)
    assert outcome(await started(school, headers, clerk)) == (403, "forbidden")


async def test_C29_either_of_the_two_ends_it_at_once(school: Staffed, admin: str, clerk: str) -> None:
    by = await school.who(admin)
    for ending in ("the other", "itself"):
        id, headers = await acting(school, by, clerk)
        who = await school.who(clerk) if ending == "the other" else headers
        assert outcome(await school.post(f"/impersonations/{id}/end", await school.who(school.owner)))[0] == 404
        assert (await school.post(f"/impersonations/{id}/end", who)).status_code == 200
        assert await until_refused(school, headers) == (401, "unauthenticated")
        assert outcome(await school.post(f"/impersonations/{id}/tokens", by)) == (409, "impersonation-over")


async def test_C29_it_ends_with_the_sign_in_and_the_rights_of_the_one_who_acts(school: Staffed, clerk: str) -> None:
    admin = await school.joined("administrator", "teacher")
    by = await school.who(admin)
    id, headers = await acting(school, by, clerk)
    assert (await school.post(f"/impersonations/{id}/tokens", by)).status_code == 200
    membership = await school.member(admin)
    membership.revoke("administrator", granter=("owner",), now=call_of(school).now)
    await school.auth.kernel.store.save(membership, call=call_of(school))
    assert await until_refused(school, headers) == (401, "rights-changed")
    other = await school.joined("administrator")
    _, headers = await acting(school, await school.who(other), clerk)
    tokens = school.auth.desk.refresh_tokens
    families = await tokens.of_user((await school.auth.user(other)).id)
    await end_sessions(school.auth.kernel.store, call_of(school), tokens, families, "ended-by-user")
    assert await until_refused(school, headers) == (401, "unauthenticated")


async def test_C29_its_token_says_who_acts_and_ends_with_it(school: Staffed, admin: str, clerk: str) -> None:
    answer = await started(school, await school.who(admin), clerk, minutes=1)
    told = answer.json()["data"]
    identity = await app.state.verifier.verify(told["access_token"])
    assert identity.acting is not None
    assert (identity.subject, identity.acting.subject) == (await id_of(school, clerk), await id_of(school, admin))
    assert identity.login == told["id"]
    assert told["expires_in"] <= 60
    assert identity.expires <= datetime.fromisoformat(told["until"]).timestamp()
