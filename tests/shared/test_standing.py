"""Rights that changed after a token was issued."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from shared import standing
from shared.identity import Identity, identity_of
from shared.ids import PLATFORM, uuid7
from shared.problems import Problem, RightsChanged, TenantSuspended, Unauthenticated
from shared.standing import Standing, Standings
from tests.shared.signing import Signer

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
TEACHER = Identity("teacher", uuid7(), ("teacher",), frozenset(), "login", 0, rights=3)


@pytest.mark.parametrize(
    "known",
    [
        Standing(),
        Standing(rights=3),
        Standing(rights=2),
        Standing(rights=3, until=NOW + timedelta(seconds=1)),
    ],
)
def test_S5_a_token_as_new_as_the_view_or_newer_is_fine(known: Standing) -> None:
    known.check(TEACHER, NOW)


@pytest.mark.parametrize(
    ("known", "problem"),
    [
        (Standing(rights=4), RightsChanged),
        (Standing(rights=3, until=NOW), RightsChanged),
        (Standing(role_changed=True), RightsChanged),
        (Standing(login_ended=True), Unauthenticated),
        (Standing(rights=4, login_ended=True), Unauthenticated),
        (Standing(suspended=True), TenantSuspended),
    ],
)
def test_S5_an_older_token_an_ended_sign_in_and_a_suspended_school_are_refused(
    known: Standing, problem: type[Problem]
) -> None:
    with pytest.raises(problem):
        known.check(TEACHER, NOW)


async def test_S5_a_busy_users_writes_cost_one_query_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Identity] = []

    async def look(identity: Identity) -> Standing:
        looks.append(identity)
        return Standing(rights=3)

    clock = 100.0
    monkeypatch.setattr("shared.standing.time.monotonic", lambda: clock)
    standings = Standings(look)
    for _ in range(100):
        await standings.check(TEACHER)
    assert len(looks) == 1
    await standings.check(replace(TEACHER, login="another"))
    assert len(looks) == 2
    clock += standing.FRESH
    await standings.check(TEACHER)
    assert len(looks) == 3


async def test_S5_what_is_remembered_is_bounded_and_callers_of_no_school_are_not_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0

    async def look(_: Identity) -> Standing:
        nonlocal looks
        looks += 1
        return Standing()

    monkeypatch.setattr(standing, "KEPT", 2)
    standings = Standings(look)
    for subject in ("a", "b", "c", "b", "c", "a"):
        await standings.check(replace(TEACHER, subject=subject))
    assert looks == 4
    await standings.check(replace(TEACHER, tenant_id=PLATFORM))
    assert looks == 4


def test_C25_a_permission_reaches_the_school_or_what_the_route_decides_on() -> None:
    org, class_ = uuid7(), uuid7()
    signer = Signer()
    claims = signer.claims(
        "classes.read",
        rights=7,
        within={"classes": ["attendance.mark"], "family": ["people.read"]},
        places={"orgs": [str(org)], "classes": [str(class_)]},
        custom_roles=[f"{org}@2"],
    )
    identity = identity_of(claims)
    assert (identity.rights, identity.custom_roles) == (7, (f"{org}@2",))
    whole, classes = identity.reach("classes.read"), identity.reach("attendance.mark", frozenset({"classes"}))
    assert whole is not None
    assert whole.whole
    assert classes is not None
    assert (classes.whole, classes.kinds) == (False, frozenset({"classes"}))
    assert (classes.org_ids, classes.class_ids) == (frozenset({org}), frozenset({class_}))
    assert identity.reach("attendance.mark") is None
    assert identity.reach("attendance.mark", frozenset({"family"})) is None
    assert identity.reach("people.read", frozenset({"classes"})) is None
    assert identity.reach("invoices.read", frozenset({"classes", "family"})) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"rights": -1},
        {"rights": True},
        {"rights": "7"},
        {"within": ["classes"]},
        {"within": {"classes": "attendance.mark"}},
        {"places": {"orgs": ["x"]}},
        {"places": {"classes": [7]}},
        {"custom_roles": ["owner"]},
        {"custom_roles": [f"{UUID(int=1)}@-1"]},
    ],
)
def test_S6_claims_about_rights_that_are_not_what_they_should_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated):
        identity_of(Signer().claims(**wrong))
