"""What a provider, a network or somebody in between can do to a sign-in: refused, with nothing half done."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg import AsyncConnection
from starlette.responses import JSONResponse, RedirectResponse, Response

from shared.ids import uuid7
from tests.auth.external import Vouched, authorized, refusal, refused, vouched, without
from tests.auth.members import Staffed
from tests.auth.openid_provider import Claims, OpenIdProvider, openid_provider
from tests.auth.test_sign_in_routes import part


@pytest.fixture(scope="module", autouse=True)
async def provider() -> AsyncIterator[OpenIdProvider]:
    """Before the service: its settings name the provider's host."""
    async with openid_provider() as found:
        yield found


@pytest.fixture(scope="module")
async def it(provider: OpenIdProvider, auth: Any) -> Vouched:
    """Whoever the provider really vouches for becomes a teacher: a refusal leaves nobody behind."""
    return await vouched(auth, provider, creates_members=True, default_roles=["teacher"])


@pytest.fixture(autouse=True)
def behaving(provider: OpenIdProvider) -> None:
    provider.behave()


ANSWERS: dict[str, tuple[Response, tuple[int, str]]] = {
    "no JSON": (Response(b"<html>"), (409, "provider-unavailable")),
    "a list": (JSONResponse([]), (409, "provider-unavailable")),
    "no ID token": (JSONResponse({"access_token": "x"}), (401, "external-sign-in-refused")),
    "an ID token that is none": (JSONResponse({"id_token": 7}), (401, "external-sign-in-refused")),
    "an error": (JSONResponse({"error": "invalid_client"}, 401), (401, "external-sign-in-refused")),
    "a fault of its own": (Response(status_code=500), (409, "provider-unavailable")),
    "too much": (Response(b" " * 2_000_000), (409, "provider-unavailable")),
    "compressed": (Response(b"x", headers={"Content-Encoding": "gzip"}), (409, "provider-unavailable")),
    "another address": (RedirectResponse("http://169.254.169.254/latest"), (409, "provider-unavailable")),
}


@pytest.mark.parametrize("fault", ANSWERS)
async def test_C21_a_provider_that_answers_something_else_opens_nothing(
    it: Vouched, provider: OpenIdProvider, fault: str
) -> None:
    provider.answer, expected = ANSWERS[fault]
    await refused(it, it.person(), expected)


DOCUMENTS: dict[str, Claims] = {
    "another issuer": {"issuer": "https://evil.example"},
    "a private address": {"token_endpoint": "https://10.0.0.1/token"},
    "the cloud's own address": {"jwks_uri": "http://169.254.169.254/keys"},
    "this machine": {"token_endpoint": "https://localhost:5432/"},
    "a file": {"jwks_uri": "file:///etc/passwd"},
    "no TLS": {"authorization_endpoint": "http://accounts.example/authorize"},
    "a script": {"authorization_endpoint": "javascript:alert(1)"},
    "no address": {"token_endpoint": 7},
}


@pytest.mark.parametrize("fault", DOCUMENTS)
async def test_C21_S21_a_discovery_document_that_leads_elsewhere_is_not_followed(
    it: Vouched, provider: OpenIdProvider, fault: str
) -> None:
    provider.documents = lambda document: document | DOCUMENTS[fault]
    forget(it)
    assert refusal(await it.begin()) == (409, "provider-unavailable")
    assert set(provider.asked[-1:]) <= {"discovery"}
    provider.behave()
    forget(it)


async def test_C21_a_provider_that_is_away_is_told_and_not_asked_on_and_on(
    it: Vouched, provider: OpenIdProvider
) -> None:
    forget(it)
    provider.away = True
    provider.asked.clear()
    for _ in range(8):
        assert refusal(await it.begin()) == (409, "provider-unavailable")
    assert len(provider.asked) == 5
    provider.behave()
    forget(it)
    brought = await it.arrive(it.person())
    provider.away = True
    assert refusal(await it.complete(brought)) == (409, "provider-unavailable")


async def test_C21_a_provider_that_never_answers_is_given_up(
    it: Vouched, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.external_sign_in.signing_in.PATIENCE", 0.3)
    brought = await it.arrive(it.person())
    provider.hangs = True
    assert refusal(await it.complete(brought)) == (409, "provider-unavailable")


def forget(it: Vouched) -> None:
    """As if documents had been fetched long ago."""
    it.school.auth.desk.external.documents._kept.clear()


async def test_C21_S21_an_issuer_in_the_own_network_is_not_called(it: Vouched) -> None:
    for issuer in ("https://10.0.0.1", "https://127.0.0.1", "https://localhost", "http://accounts.example"):
        settings = it.settings | {"client_id": "x"}
        body = {"issuer": issuer, "client_secret": "a secret of some length", "settings": settings}
        made = await it.school.post("/identity-providers", it.owner, body)
        begun = await it.begin(provider_id=made.json()["data"]["id"])
        assert refusal(begun) == (409, "provider-unavailable"), issuer


async def test_C21_X18_a_state_and_a_code_are_used_once_however_many_come_at_once(
    it: Vouched, provider: OpenIdProvider
) -> None:
    brought = await it.arrive(it.person())
    answers = await asyncio.gather(*[it.complete(brought) for _ in range(20)])
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
    again = await it.arrive(it.person())
    assert refusal(await it.complete(again | {"code": brought["code"]})) == (401, "external-sign-in-refused")


async def test_C21_many_first_sign_ins_at_once_make_one_member(it: Vouched) -> None:
    subject = it.person()
    brought = [await it.arrive(subject) for _ in range(5)]
    answers = await asyncio.gather(*[it.complete(each) for each in brought])
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({part(answer.json()["data"]["access_token"], 1)["sub"] for answer in answers}) == 1


async def test_C21_another_browser_another_issuer_and_an_unknown_state_open_nothing(it: Vouched) -> None:
    brought, others = await it.arrive(it.person()), await it.arrive(it.person())
    for wrong in ({"browser": others["browser"]}, {"state": others["state"]}, {"browser": "x"}, {"state": "x"}):
        assert refusal(await it.complete(brought | wrong)) == (401, "external-sign-in-expired")
    assert refusal(await it.complete(without("browser")(brought))) == (401, "external-sign-in-expired")
    assert (await it.complete(brought)).status_code == 200
    assert refusal(await it.complete(others | {"iss": "https://evil.example"})) == (401, "external-sign-in-refused")
    silent = without("iss")(await it.arrive(it.person()))
    assert refusal(await it.complete(silent)) == (401, "external-sign-in-refused")


async def test_C21_S1_a_code_of_one_school_is_of_no_use_with_the_state_of_another(
    it: Vouched, provider: OpenIdProvider, auth: Any
) -> None:
    other = await vouched(auth, provider, creates_members=True, default_roles=["administrator"])
    subject = it.person()
    for checks_codes in (True, False):
        provider.checks_codes = checks_codes
        mine, theirs = await it.arrive(subject), await other.arrive(subject)
        mixed = theirs | {"code": mine["code"]}
        assert refusal(await it.complete(mixed)) == (401, "external-sign-in-refused")
    assert await auth.desk.credentials.user_of(provider.people[subject]["email"]) is None
    body = {"tenant_id": str(other.school.id), "provider_id": it.id}
    assert refusal(await it.client.post("/login/external", json=body)) == (404, "not-found")


async def test_C21_a_sign_in_that_takes_longer_than_ten_minutes_is_over(it: Vouched, auth: Any) -> None:
    brought = await it.arrive(it.person())
    async with await AsyncConnection.connect(auth.superuser_dsn) as connection:
        await connection.execute("UPDATE auth.external_sign_ins SET started_at = started_at - interval '11 minutes'")
    assert refusal(await it.complete(brought)) == (401, "external-sign-in-expired")


async def test_C21_a_browser_that_asks_for_it_is_bound_by_a_cookie(it: Vouched) -> None:
    asked = {"Rollbook-Refresh": "cookie"}
    body = {"tenant_id": str(it.school.id), "provider_id": it.id}
    begun = await it.client.post("/login/external", json=body, headers=asked)
    assert begun.json()["data"]["browser"] is None
    cookie, *attributes = [part.strip() for part in begun.headers["set-cookie"].split(";")]
    assert cookie.startswith("__Host-rollbook-external=")
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(attributes)
    brought = await authorized(begun.json()["data"]["authorization_url"], it.person())
    it.client.cookies.clear()
    completion = "/login/external/completion"
    assert refusal(await it.client.post(completion, json=brought, headers=asked))[0] == 401
    done = await it.client.post(completion, json=brought, headers={**asked, "Cookie": cookie})
    it.client.cookies.clear()
    assert (done.status_code, done.json()["data"]["refresh_token"]) == (200, None)
    names = {name: "Max-Age=0" in text for text in done.headers.get_list("set-cookie") for name in text.split("=")[:1]}
    assert names == {"__Host-rollbook-external": True, "__Host-rollbook-refresh": False}


async def test_C21_a_school_without_providers_and_one_that_does_not_exist_show_the_same(
    it: Vouched, provider: OpenIdProvider, auth: Any
) -> None:
    async def choices(tenant_id: object) -> Any:
        return (await it.client.get("/login/external", params={"tenant_id": str(tenant_id)})).json()["data"]

    email = f"{uuid7().hex}@example.org"
    registered = await auth.register(email)
    empty = Staffed(auth, registered.json()["data"]["id"], email)
    assert await choices(empty.id) == await choices(uuid7()) == []
