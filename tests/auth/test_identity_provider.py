"""An identity provider and what it does to a membership: rules alone."""

from datetime import UTC, datetime

import pytest

from auth.identity_providers.identity_provider import (
    GroupRole,
    IdentityProvider,
    ProviderIsOver,
    ProviderSettings,
)
from auth.memberships.membership import Membership, RoleAboveOwn
from auth.tenants.tenant import ExternalOnly
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
STAFF = (GroupRole("staff", "teacher"), GroupRole("office", "front_desk"), GroupRole("all", "teacher"))
SETTINGS = ProviderSettings("Accounts", "rollbook", ("school.example",), group_roles=STAFF, default_roles=("auditor",))


def provider() -> IdentityProvider:
    return IdentityProvider(
        id=uuid7(),
        tenant_id=uuid7(),
        issuer="https://accounts.example",
        secret_id=uuid7(),
        settings=SETTINGS,
        timestamp=NOW,
    )


def removed() -> IdentityProvider:
    found = provider()
    found.remove(NOW)
    return found


def member(*roles: str) -> Membership:
    return Membership(id=uuid7(), tenant_id=uuid7(), user_id=uuid7(), roles=roles, timestamp=NOW)


def test_C21_what_was_removed_stays_so() -> None:
    given(removed()).when(lambda it: it.remove(NOW)).then_nothing()
    given(removed()).when(lambda it: it.rotate_secret(uuid7(), NOW)).then_refused(ProviderIsOver)
    given(removed()).when(lambda it: it.change_settings(SETTINGS, NOW)).then_refused(ProviderIsOver)


def test_C21_the_same_settings_again_change_nothing() -> None:
    given(provider()).when(lambda it: it.change_settings(SETTINGS, NOW)).then_nothing()


def test_C21_groups_give_roles_and_each_role_once() -> None:
    assert SETTINGS.roles_of(["staff", "all", "chess"]) == ("auditor", "teacher")
    assert SETTINGS.roles_of([]) == ("auditor",)
    assert SETTINGS.managed == {"teacher", "front_desk"}


@pytest.mark.parametrize(
    ("email", "trusted"),
    [
        ("a@school.example", True),
        ("a@SCHOOL.example", True),
        ("a@x.school.example", False),
        ("a@school.example.evil", False),
        ("a@evilschool.example", False),
    ],
)
def test_C21_a_provider_is_trusted_for_its_domains_alone(email: str, trusted: bool) -> None:
    assert SETTINGS.trusted_for(email) == trusted
    assert ExternalOnly(domains=("school.example",)).holds_for(email) == trusted


def test_C21_groups_decide_about_the_roles_they_name_and_no_others() -> None:
    managed, before = frozenset({"teacher", "front_desk"}), member("owner", "teacher")
    given(before).when(lambda it: it.follow(managed, frozenset({"teacher"}), NOW)).then_nothing()
    before.follow(managed, frozenset({"front_desk"}), NOW)
    assert list(before.roles) == ["owner", "front_desk"]
    before.follow(managed, frozenset(), NOW)
    assert list(before.roles) == ["owner"]


def test_C21_who_would_be_left_without_a_role_keeps_all() -> None:
    only = member("teacher")
    assert not only.follow(frozenset({"teacher"}), frozenset(), NOW)
    assert only.roles == ("teacher",)


def test_C21_an_administrator_does_not_unlink_an_owner() -> None:
    linked = member("owner")
    linked.link(uuid7(), NOW)
    given(linked).when(lambda it: it.unlink(by=("administrator",), now=NOW)).then_refused(RoleAboveOwn)
