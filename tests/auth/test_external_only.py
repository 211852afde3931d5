"""A school that lets people in by its identity provider only, and a provider that is changed or removed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from auth.erasures.forgetting import forget_user
from auth.service import SERVICE
from auth.settings import AuthSettings
from shared.kernel import Kernel
from shared.reactions import Act
from tests.auth.authenticator import Authenticator
from tests.auth.conftest import PASSWORD
from tests.auth.external import SECRET, Vouched, refusal, vouched
from tests.auth.members import call_of
from tests.auth.openid_provider import OpenIdProvider, openid_provider
from tests.auth.test_integrations import everything_stored
from tests.auth.test_passkeys import register, sign_in
from tests.auth.test_sign_in_routes import part


@pytest.fixture(scope="module", autouse=True)
async def provider() -> AsyncIterator[OpenIdProvider]:
    """Before the service: its settings name the provider's host."""
    async with openid_provider() as found:
        yield found


async def demand(it: Vouched, *domains: str, everybody: bool = False) -> None:
    body = {"everybody": everybody, "domains": domains}
    answer = await it.school.post("/tenant/sign-in-policy", it.owner, body)
    assert answer.status_code == 200, answer.text
    told = await it.client.get("/tenant/sign-in-policy", headers=it.owner)
    assert told.json()["data"] == {"everybody": everybody, "domains": list(domains)}


async def by_password(it: Vouched, email: str) -> Any:
    return await it.school.auth.login(email, tenant_id=str(it.school.id))


NEEDED = (403, "external-sign-in-needed")


async def test_C21_external_only_means_no_password_no_passkey_no_switch_and_no_refresh_from_before(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider)
    subject, email = await it.member("teacher")
    key, headers = Authenticator(), await it.school.who(email)
    assert (await register(auth, headers, key)).status_code == 200
    asked = (await by_password(it, email)).json()["data"]
    assert asked["outcome"] == "second-factor-needed"
    before = (await sign_in(auth, key, tenant_id=str(it.school.id))).json()["data"]
    own = next(school for school in (await auth.user(email)).schools if school != it.school.id)
    elsewhere = (await sign_in(auth, key, tenant_id=str(own))).json()["data"]
    await demand(it, everybody=True)
    assert refusal(await sign_in(auth, key, tenant_id=str(it.school.id))) == NEEDED
    for _ in range(2):
        refused = await it.client.post("/token/refresh", json={"refresh_token": before["refresh_token"]})
        assert refused.status_code in (401, 403), refused.text
    switched = {"refresh_token": elsewhere["refresh_token"], "tenant_id": str(it.school.id)}
    assert refusal(await it.client.post("/switch", json=switched)) == NEEDED
    kept = await it.client.post("/token/refresh", json={"refresh_token": elsewhere["refresh_token"]})
    assert kept.status_code == 200, kept.text
    provider.people[subject]["amr"] = ["mfa"]
    await it.set(second_factors=["mfa"])
    found = await it.signed_in(subject)
    went_on = await it.client.post("/token/refresh", json={"refresh_token": found["refresh_token"]})
    assert part(went_on.json()["data"]["access_token"], 1)["amr"] == ["federated", "mfa"]


async def test_C21_external_only_holds_for_the_domains_that_are_named_and_never_for_owners(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider)
    _, email = await it.member("teacher")
    await demand(it, "school.example")
    assert (await by_password(it, email)).status_code == 200
    await demand(it, "example.org", "school.example")
    assert refusal(await by_password(it, email)) == NEEDED
    assert (await by_password(it, it.school.owner)).status_code == 200
    await demand(it)
    assert (await by_password(it, email)).status_code == 200


async def test_C21_a_password_steps_nobody_up_where_the_provider_is_demanded(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider)
    subject, _ = await it.member("teacher")
    found = await it.signed_in(subject)
    by = {"Authorization": f"Bearer {found['access_token']}"}
    proved = await it.client.post("/step-up", headers=by, json={"password": PASSWORD})
    assert part(proved.json()["data"]["access_token"], 1)["amr"] == ["federated", "pwd"]
    own = {"Authorization": f"Bearer {proved.json()['data']['access_token']}"}
    assert (await it.client.get("/sign-ins", headers=own)).status_code == 200
    await demand(it, everybody=True)
    assert refusal(await it.client.post("/step-up", headers=by, json={"password": PASSWORD})) == NEEDED


async def test_C21_only_an_owner_decides_who_vouches_and_gives_no_role_of_an_owner(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider)
    administrator = await it.school.who(await it.school.joined("administrator"))
    for path in ("/identity-providers", "/tenant/sign-in-policy", f"/identity-providers/{it.id}/settings"):
        assert refusal(await it.school.post(path, administrator, {})) == (403, "forbidden")
    for role in ("owner", "platform_operator", "service_account"):
        wrong = it.settings | {"default_roles": [role]}
        assert (await it.school.post(f"/identity-providers/{it.id}/settings", it.owner, wrong)).status_code == 422
    unknown = it.settings | {"default_roles": ["01900000-0000-7000-8000-000000000000"]}
    refused = await it.school.post(f"/identity-providers/{it.id}/settings", it.owner, unknown)
    assert refusal(refused) == (404, "not-found")


async def test_C21_what_becomes_of_a_provider_is_told_and_its_secret_is_nowhere(
    provider: OpenIdProvider, auth: Any
) -> None:
    it = await vouched(auth, provider)
    subject, _ = await it.member("teacher")
    found = await it.signed_in(subject)
    newer = "newer-secret-canary-9a31"
    provider.clients[it.client_id] = newer
    assert refusal(await it.sign_in(subject)) == (401, "external-sign-in-refused")
    rotated = await it.school.post(f"/identity-providers/{it.id}/secret", it.owner, {"client_secret": newer})
    assert rotated.status_code == 200, rotated.text
    await it.set(title="Accounts of Sol")
    await it.signed_in(subject)
    assert await choices(it) == [{"id": it.id, "title": "Accounts of Sol"}]
    (change,) = await audited(it, "auth.identity_provider_settings_changed")
    titles = [change[side]["settings"]["title"] for side in ("before", "after")]
    assert titles == ["School account", "Accounts of Sol"]
    assert len(await audited(it, "auth.external_identity_linked")) == 1
    removed = await it.school.post(f"/identity-providers/{it.id}/removal", it.owner)
    assert removed.status_code == 200, removed.text
    ended = await it.client.post("/token/refresh", json={"refresh_token": found["refresh_token"]})
    assert ended.status_code == 401
    assert refusal(await it.begin()) == (409, "provider-is-over")
    it.owner["Consistency-Token"] = removed.headers["Consistency-Token"]
    assert (await listed(it))["removed_at"]
    assert await choices(it) == []
    shown = [text for text in await everything_stored(auth.superuser_dsn) if SECRET in text or newer in text]
    assert shown == []


async def choices(it: Vouched) -> Any:
    """At least as new as what the owner reads before it."""
    await listed(it)
    return (await it.client.get("/login/external", params={"tenant_id": str(it.school.id)})).json()["data"]


async def listed(it: Vouched) -> Any:
    (line,) = (await it.client.get("/identity-providers", headers=it.owner)).json()["data"]["providers"]
    return line


async def audited(it: Vouched, action: str) -> Any:
    return (await it.client.get("/audit", headers=it.owner, params={"action": action})).json()["data"]


WRONG: list[dict[str, Any]] = [
    {"group_roles": [{"group": "a\0b", "role": "teacher"}]},
    {"title": "a\0b"},
    {"domains": []},
    {"domains": ["*"]},
    {"domains": ["school.example/x"]},
    {"client_id": "a b"},
    {"scopes": ["openid\r\nX: y"]},
    {"hours": 0},
    {"claims": {"email": ""}},
    {"second_factors": [7]},
]


async def test_C21_settings_that_are_none_are_refused(provider: OpenIdProvider, auth: Any) -> None:
    it = await vouched(auth, provider)
    for wrong in WRONG:
        answer = await it.school.post(f"/identity-providers/{it.id}/settings", it.owner, it.settings | wrong)
        assert answer.status_code in (400, 422), (wrong, answer.text)


async def test_C21_G24_who_is_erased_leaves_nothing_at_the_provider(provider: OpenIdProvider, auth: Any) -> None:
    it = await vouched(auth, provider, creates_members=True, default_roles=["student"])
    subject = it.person()
    await it.signed_in(subject)
    user = await auth.user(provider.people[subject]["email"])
    identities = auth.desk.external.joining.identities
    assert len(await identities.of_user(it.school.id, user.id)) == 1
    async with Kernel.open(SERVICE, AuthSettings(), worker=True) as kernel:
        await forget_user(Act(kernel, call_of(it.school)), user.id)
    assert await identities.of_user(it.school.id, user.id) == []
    again = await it.signed_in(subject)
    assert part(again["access_token"], 1)["sub"] != str(user.id)
