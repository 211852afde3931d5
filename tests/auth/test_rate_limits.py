"""How often anybody may ask: per network and per account, in bounded memory."""

from collections.abc import Iterator
from typing import Any

import pytest

from auth.main import app
from auth.rate_limits.buckets import Buckets, Rate
from auth.rate_limits.limits import RateLimited, RateLimits
from auth.settings import AuthSettings
from shared.access import operations
from shared.ids import uuid7
from tests.auth.conftest import Running

RATE = Rate(5, 60)
UNLIMITED = {"/.well-known/openid-configuration", "/.well-known/jwks.json"}
ITSELF = {"/oauth/token"}
"""Answers too many requests in OAuth's own form."""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_C9_S18_so_many_at_once_and_then_evenly() -> None:
    clock = Clock()
    buckets = Buckets(clock=clock)
    first = [buckets.take(("login", b"a"), RATE) for _ in range(6)]
    assert [taken.allowed for taken in first] == [True] * 5 + [False]
    assert [taken.left for taken in first] == [4, 3, 2, 1, 0, 0]
    assert first[-1].wait == 12
    clock.now += 11.9
    assert not buckets.take(("login", b"a"), RATE).allowed
    clock.now += 0.2
    assert buckets.take(("login", b"a"), RATE).allowed
    clock.now += 3600
    assert [buckets.take(("login", b"a"), RATE).allowed for _ in range(6)] == [True] * 5 + [False]


def test_C9_one_bucket_is_not_anothers() -> None:
    buckets = Buckets(clock=Clock())
    for _ in range(6):
        buckets.take(("login", b"a"), RATE)
    assert buckets.take(("login", b"b"), RATE).allowed
    assert buckets.take(("mail", b"a"), RATE).allowed


def test_S18_memory_is_bounded() -> None:
    buckets = Buckets(most=100, clock=Clock())
    for number in range(10_000):
        buckets.take(("login", str(number).encode()), RATE)
    assert len(buckets) == 100


def test_S18_each_process_has_its_share() -> None:
    limits = RateLimits(AuthSettings(rate_limits=True, api_processes=2, limits={"login": (10, 4, 60)}))
    allowed = 0
    for _ in range(10):
        try:
            limits.take("login", "10.0.0.1", "a@example.org")
        except RateLimited:
            continue
        allowed += 1
    assert allowed == 2


@pytest.fixture
def limited(auth: Running) -> Iterator[Running]:
    """With small limits, for the length of one test."""
    before = auth.desk.rate_limits
    own = dict.fromkeys(("login", "register", "mail", "link", "refresh", "token", "passkey", "external"), (8, 3, 60))
    object.__setattr__(auth.desk, "rate_limits", RateLimits(AuthSettings(rate_limits=True, limits=own)))
    yield auth
    object.__setattr__(auth.desk, "rate_limits", before)


LONG = "correct horse battery staple"
SCHOOL = {"name": "Sol", "country": "ES", "currency": "EUR", "zone": "Europe/Madrid"}


def bodies(who: str) -> dict[str, dict[str, Any]]:
    owner = {"email": f"{who}@example.org", "password": LONG, "given_name": "Ana", "family_name": "Sol"}
    return {
        "/login": {"email": f"{who}@example.org", "password": LONG},
        "/schools": {"school": SCHOOL, "owner": owner},
        "/password-reset-requests": {"email": f"{who}@example.org"},
        "/password-resets": {"token": who, "new_password": LONG},
        "/email-verification-requests": {"email": f"{who}@example.org"},
        "/email-verifications": {"token": who, "password": LONG},
        "/token/refresh": {"refresh_token": who},
        "/login/second-factor": {"pending": who, "code": "000000"},
        "/login/passkey": {"challenge_id": str(uuid7()), "credential": {"id": who}},
        "/login/external/completion": {"state": who, "code": "x", "browser": "x"},
        "/switch": {"refresh_token": who, "tenant_id": str(uuid7())},
    }


@pytest.mark.parametrize("path", sorted(bodies("")))
async def test_C9_S18_E12_an_account_is_asked_for_so_often_and_no_more(limited: Running, path: str) -> None:
    body = bodies(uuid7().hex)[path]
    answers = [await post(limited, path, body) for _ in range(4)]
    statuses = [answer.status_code for answer in answers]
    assert 429 not in statuses[:3]
    assert (statuses[3], answers[3].json()["code"]) == (429, "too-many-requests")
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].headers["RateLimit-Policy"] == '"std";q=3;w=60'
    assert answers[3].headers["RateLimit"].startswith('"std";r=0;t=')
    other = await post(limited, path, bodies(uuid7().hex)[path])
    assert other.status_code != 429


async def test_C9_S18_a_network_asks_so_often_whomever_for_and_malformed_requests_count(limited: Running) -> None:
    statuses = [(await post(limited, "/login", {"email": f"{n}@example.org"})).status_code for n in range(9)]
    assert statuses == [422] * 8 + [429]


async def test_C9_S18_a_network_begins_so_often_with_a_passkey_or_at_a_provider(limited: Running) -> None:
    begun = {"tenant_id": str(uuid7()), "provider_id": str(uuid7())}
    for path, status in (("/login/passkey/options", 200), ("/login/external", 404)):
        statuses = [(await post(limited, path, begun)).status_code for _ in range(9)]
        assert statuses == [status] * 8 + [429], path


def test_C9_S18_every_route_that_anybody_may_call_has_a_limit() -> None:
    for operation in operations(app.routes):
        calls = [inner.call for inner in operation.route.dependant.dependencies]
        limited = any(getattr(call, "__qualname__", "").startswith("limited.") for call in calls)
        public = operation.access.permission is None and operation.route.path not in UNLIMITED | ITSELF
        assert limited == public, operation.route.path


async def test_C9_another_spelling_is_no_other_account(limited: Running) -> None:
    who = uuid7().hex
    spellings = [f"{who}@example.org", f" {who}@EXAMPLE.org", f"{who.upper()}@example.org", f"{who}@example.org "]
    answers = [await post(limited, "/login", {"email": email, "password": LONG}) for email in spellings]
    assert [answer.status_code == 429 for answer in answers] == [False, False, False, True]


async def test_S18_E12_an_answer_tells_how_many_more_may_come(limited: Running, email: str) -> None:
    answer = await post(limited, "/password-reset-requests", {"email": email})
    assert answer.status_code == 202
    assert answer.headers["RateLimit-Policy"] == '"std";q=3;w=60'
    assert answer.headers["RateLimit"].startswith('"std";r=2;t=')


async def test_C9_C20_the_token_endpoint_answers_too_many_requests_as_oauth_does(limited: Running) -> None:
    form, client = {"grant_type": "client_credentials"}, (str(uuid7()), "wrong")
    answers = [await limited.client.post("/oauth/token", data=form, auth=client) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[3].json()["error"] == "temporarily_unavailable"
    assert int(answers[3].headers["Retry-After"]) >= 1


async def post(auth: Running, path: str, body: dict[str, Any]) -> Any:
    return await auth.client.post(path, json=body, headers={"Idempotency-Key": uuid7().hex})
