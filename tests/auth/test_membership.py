"""Decisions of a membership."""

from datetime import UTC, datetime

import pytest

from auth.memberships.membership import LastRole, Membership, NotForMembers, RoleAboveOwn, membership_id
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
SCHOOL, USER = uuid7(), uuid7()


def member(*roles: str) -> Membership:
    return Membership(id=membership_id(SCHOOL, USER), tenant_id=SCHOOL, user_id=USER, roles=roles, timestamp=NOW)


def test_C2_a_user_has_one_membership_in_a_school_and_another_in_the_next() -> None:
    assert membership_id(SCHOOL, USER) == membership_id(SCHOOL, USER)
    assert membership_id(SCHOOL, USER) != membership_id(uuid7(), USER)


def test_an_owner_grants_a_role() -> None:
    given(member("teacher")).when(lambda m: m.grant("manager", granter=("owner",), now=NOW)).then(
        Membership.RoleGranted, role="manager", user_id=USER
    )


def test_granting_a_role_twice_changes_nothing() -> None:
    given(member("teacher")).when(lambda m: m.grant("teacher", granter=("owner",), now=NOW)).then_nothing()


@pytest.mark.parametrize(
    ("role", "granter"), [("owner", "administrator"), ("administrator", "manager"), ("teacher", "teacher")]
)
def test_nobody_grants_a_role_above_the_own_one(role: str, granter: str) -> None:
    given(member("student")).when(lambda m: m.grant(role, granter=(granter,), now=NOW)).then_refused(RoleAboveOwn)


@pytest.mark.parametrize("role", ["platform_operator", "service_account"])
def test_some_roles_are_never_given_to_a_member(role: str) -> None:
    given(member("student")).when(lambda m: m.grant(role, granter=("owner",), now=NOW)).then_refused(NotForMembers)


def test_a_role_can_be_revoked() -> None:
    given(member("teacher", "manager")).when(lambda m: m.revoke("manager", granter=("owner",), now=NOW)).then(
        Membership.RoleRevoked, role="manager"
    )


def test_the_last_role_stays() -> None:
    given(member("teacher")).when(lambda m: m.revoke("teacher", granter=("owner",), now=NOW)).then_refused(LastRole)


def test_an_administrator_does_not_demote_an_owner() -> None:
    given(member("owner", "teacher")).when(
        lambda m: m.revoke("owner", granter=("administrator",), now=NOW)
    ).then_refused(RoleAboveOwn)


def test_revoking_a_role_not_held_changes_nothing() -> None:
    given(member("teacher")).when(lambda m: m.revoke("manager", granter=("owner",), now=NOW)).then_nothing()
