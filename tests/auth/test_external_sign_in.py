"""Signing in by a school's identity provider: what it opens, and for whom."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import AsyncConnection

from auth.identity_providers.provider_list import IdentityProviders
from auth.main import app
from auth.memberships.members import Members
from shared.token import Token
from tests.auth.external import SECRET, refusal, sent_back, vouched
from tests.auth.factors import enrolling
from tests.auth.members import staffed
from tests.auth.openid_provider import OpenIdProvider, openid_provider
from tests.auth.test_sign_in_routes import part
from tests.pages import api_of, blocks_of, shell


@pytest.fixture(scope="module", autouse=True)
async def provider() -> AsyncIterator[OpenIdProvider]:
    """Before the service: its settings name the provider's host."""
    async with openid_provider() as found:
        yield found


@pytest.fixture(autouse=True)
def behaving(provider: OpenIdProvider) -> None:
    provider.behave()


async def test_C21_a_member_is_linked_by_a_verified_address_and_then_known_by_the_subject(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider)
    subject, email = await it.member("teacher")
    first = await it.signed_in(subject)
    provider.people[subject] |= {"email": "other@elsewhere.example", "email_verified": False}
    second = await it.signed_in(subject)
    for found in (first, second):
        claims = part(found["access_token"], 1)
        assert (claims["tenant"], claims["amr"], claims["roles"]) == (str(it.school.id), ["federated"], ["teacher"])
        assert claims["sub"] == str((await auth.user(email)).id)
    topics = await auth.topics(await it.school.of(email))
    assert topics == ["auth.membership_started", "auth.external_identity_linked"]


async def test_C21_a_stranger_becomes_a_member_only_where_the_school_wants_it(
    provider: OpenIdProvider, auth: Any
) -> None:
    groups = [{"group": "staff", "role": "teacher"}, {"group": "office", "role": "front_desk"}]
    it = await vouched(auth, provider, group_roles=groups)
    subject = it.person(groups=["staff", "chess"])
    email = provider.people[subject]["email"]
    assert refusal(await it.sign_in(subject)) == (403, "not-member")
    assert await auth.desk.credentials.user_of(email) is None
    await it.set(creates_members=True)
    assert refusal(await it.sign_in(it.person(groups=["chess"]))) == (403, "no-role-given")
    assert refusal(await it.sign_in(it.person(groups=["staff"], given_name=None))) == (403, "name-missing")
    claims = part((await it.signed_in(subject))["access_token"], 1)
    assert (claims["roles"], claims["sub"]) == (["teacher"], str((await auth.user(email)).id))
    assert (await auth.login(email)).json()["code"] == "sign-in-refused"


async def test_C21_roles_follow_groups_and_whoever_has_none_is_not_let_in(provider: OpenIdProvider, auth: Any) -> None:
    groups = [{"group": "staff", "role": "teacher"}, {"group": "office", "role": "front_desk"}]
    it = await vouched(auth, provider, group_roles=groups, roles_follow_groups=True)
    subject, email = await it.member("teacher", "auditor")
    provider.people[subject]["groups"] = ["office"]
    assert part((await it.signed_in(subject))["access_token"], 1)["roles"] == ["auditor", "front_desk"]
    only, email = await it.member("teacher")
    assert refusal(await it.sign_in(only)) == (403, "no-role-given")
    assert (await it.school.member(email)).roles == ("teacher",)


async def test_C21_an_address_that_is_not_verified_or_not_the_schools_links_nobody(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider)
    subject, email = await it.member()
    for wrong in (
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": 1},
        {"email": "no address"},
    ):
        provider.people["x"] = {**provider.people[subject], **wrong}
        assert refusal(await it.sign_in("x")) == (403, "address-not-trusted")
    await it.set(domains=["elsewhere.example"])
    assert refusal(await it.sign_in(subject)) == (403, "address-not-trusted")
    assert (await it.school.member(email)).providers == frozenset()


async def test_C21_another_identity_with_the_same_address_gets_in_only_after_unlinking(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider)
    subject, email = await it.member()
    before = await it.signed_in(subject)
    heir = it.person(email=email)
    assert refusal(await it.sign_in(heir)) == (403, "identity-differs")
    ended = await it.school.post(f"/members/{await it.school.of(email)}/external-identities/end", it.owner)
    assert ended.status_code == 200, ended.text
    assert (await it.client.post("/token/refresh", json={"refresh_token": before["refresh_token"]})).status_code == 401
    await it.signed_in(heir)
    assert refusal(await it.sign_in(subject)) == (403, "identity-differs")


async def test_C21_S1_a_schools_provider_opens_no_other_school_and_nothing_of_the_account(
    provider: OpenIdProvider, auth: Any
) -> None:
    mine, other = await vouched(auth, provider), await vouched(auth, provider)
    subject, email = await mine.member()
    user = await auth.user(email)
    own_school = next(school for school in user.schools if school != mine.school.id)
    assert refusal(await other.sign_in(subject)) == (403, "not-member")
    await other.set(creates_members=True, default_roles=["teacher"])
    assert refusal(await other.sign_in(subject)) == (403, "not-member")
    assert other.school.id not in (await auth.user(email)).schools
    found = await mine.signed_in(subject)
    assert found["tenant"] == str(mine.school.id)
    switched = await mine.client.post(
        "/switch", json={"refresh_token": found["refresh_token"], "tenant_id": str(own_school)}
    )
    assert refusal(switched) == (403, "one-school-only")
    by = {"Authorization": f"Bearer {found['access_token']}", "Idempotency-Key": "k" * 16}
    for path in (
        "/me/passkeys/options",
        "/me/erasure",
        "/sign-ins/end-all",
        "/me/language",
        "/me/password",
        "/me/totp",
    ):
        refused = await mine.client.post(path, headers=by, json={})
        assert refusal(refused) == (403, "own-sign-in-needed"), path
    for path in ("/sign-ins", "/me/passkeys", "/me/second-factors"):
        assert refusal(await mine.client.get(path, headers=by)) == (403, "own-sign-in-needed"), path
    assert (await mine.client.get("/me", headers=by)).json()["data"]["schools"] == [str(mine.school.id)]
    assert (await mine.client.post("/logout", headers=by)).status_code == 200


async def test_C21_a_provider_vouches_for_members_who_left_no_longer(provider: OpenIdProvider, auth: Any) -> None:
    it = await vouched(auth, provider, creates_members=True, default_roles=["teacher"])
    subject, email = await it.member()
    await it.signed_in(subject)
    ended = await it.school.post(f"/members/{await it.school.of(email)}/end", it.owner)
    assert ended.status_code == 200
    assert (await it.sign_in(subject)).status_code == 401
    assert refusal(await it.sign_in(it.person(email=email))) == (403, "not-member")


async def test_C21_our_second_step_applies_unless_the_school_trusts_the_providers(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider, second_factors=["mfa"])
    subject, email = await it.member()
    app = await enrolling(auth, email, await it.school.who(email))
    assert (await app.post("/me/totp/confirmation", code=app.code())).status_code == 200
    await app.later()
    asked = await it.signed_in(subject)
    assert (asked["outcome"], asked["methods"]) == ("second-factor-needed", ["otp"])
    answer = await it.client.post("/login/second-factor", json={"pending": asked["pending"], "code": app.code()})
    claims = part(answer.json()["data"]["access_token"], 1)
    assert (claims["amr"], claims["tenant"]) == (["federated", "otp"], str(it.school.id))
    provider.people[subject]["amr"] = ["pwd", "mfa"]
    assert part((await it.signed_in(subject))["access_token"], 1)["amr"] == ["federated", "mfa"]


async def test_C21_a_role_that_must_have_a_second_factor_may_have_the_providers(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider, second_factors=["mfa"])
    subject, _ = await it.member("teacher")
    await it.school.post("/tenant/security-policy", it.owner, {"second_factor_roles": ["teacher"]})
    assert part((await it.signed_in(subject))["access_token"], 1)["must_enrol"] is True
    provider.people[subject]["acr"] = "mfa"
    assert part((await it.signed_in(subject))["access_token"], 1)["must_enrol"] is False


async def test_C21_X10_a_locked_account_is_locked_for_a_provider_too(provider: OpenIdProvider, auth: Any) -> None:
    it = await vouched(auth, provider)
    subject, email = await it.member()
    for _ in range(6):
        await auth.login(email, "wrong")
    assert refusal(await it.sign_in(subject)) == (409, "sign-in-locked")


async def test_C21_what_the_provider_does_not_say_to_be_fresh_is_not(provider: OpenIdProvider, auth: Any) -> None:
    it = await vouched(auth, provider)
    subject, _ = await it.member("administrator")
    provider.tokens = lambda claims: {name: value for name, value in claims.items() if name != "auth_time"}
    stale = {"Authorization": f"Bearer {(await it.signed_in(subject))['access_token']}"}
    policy: dict[str, list[str]] = {"second_factor_roles": []}
    refused = await it.school.post("/tenant/security-policy", stale, policy)
    assert refusal(refused) == (403, "step-up-needed")
    provider.behave()
    fresh = {"Authorization": f"Bearer {(await it.signed_in(subject))['access_token']}"}
    assert (await it.school.post("/tenant/security-policy", fresh, policy)).status_code == 200
    assert refusal(await it.school.post(f"/identity-providers/{it.id}/removal", fresh)) == (403, "forbidden")


async def test_C21_every_command_of_the_page_about_providers_works(
    provider: OpenIdProvider, auth: Any, tmp_path: Path
) -> None:
    school = await staffed(auth)
    owner = await school.who(school.owner)
    provider.clients["rollbook"] = SECRET
    person = {"email": "eva@school.example", "email_verified": True, "given_name": "Eva", "family_name": "Mar"}
    provider.people["eva"] = person | {"groups": ["staff"], "amr": ["mfa"]}
    values = {
        "OWNER": owner["Authorization"].removeprefix("Bearer "),
        "TENANT": str(school.id),
        "ISSUER": provider.issuer,
        "CLIENT_ID": "rollbook",
        "CLIENT_SECRET": SECRET,
    }
    said: list[str] = []

    async def settle() -> None:
        async with await AsyncConnection.connect(auth.superuser_dsn) as connection:
            cursor = await connection.execute(
                "SELECT max(notification_id) FROM auth.events WHERE tenant_id = %s", (school.id,)
            )
            token = Token({("auth", school.id): (await cursor.fetchall())[0][0]})
        for view in (IdentityProviders, Members):
            async with auth.kernel.reading(view, school.id, token):
                pass

    async with api_of(app, "auth", settle) as api, shell({**values, "API": api}, tmp_path) as opened:
        for block in blocks_of("sign-in-with-another-provider.md"):
            if "$BACK" in block:
                back = await sent_back((tmp_path / "address").read_text().strip(), "eva")
                await opened.type(f"BACK='{back}'")
            said += await opened.type(block)
    assert said == [
        '"http://127.0.0.1:3000/sign-in/external"',
        "School account",
        '["eva@school.example",["teacher"]]',
        '"Unlinked"',
        '"Sign-in policy set"',
        '"Secret set"',
        '"Settings changed"',
        '"Provider removed"',
    ]
