"""Decisions of a user."""

from datetime import UTC, datetime

from auth.users.user import User
from shared.given import given
from shared.ids import PLATFORM, uuid7
from shared.sealed import Sealed

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
SCHOOL, OTHER = uuid7(), uuid7()


def registered() -> User:
    text: Sealed[str] = Sealed("v1.opaque")
    return User(id=uuid7(), tenant_id=PLATFORM, email=text, given_name=text, family_name=text, timestamp=NOW)


def in_one_school() -> User:
    user = registered()
    user.join(SCHOOL, NOW)
    return user


def test_C2_a_user_belongs_to_the_platform_and_joins_schools() -> None:
    assert registered().tenant_id == PLATFORM
    given(registered()).when(lambda u: u.join(SCHOOL, NOW)).then(User.SchoolJoined, school_id=SCHOOL)


def test_C2_one_user_joins_a_second_school() -> None:
    user = in_one_school()
    user.join(OTHER, NOW)
    assert user.schools == (SCHOOL, OTHER)


def test_joining_a_school_twice_changes_nothing() -> None:
    given(in_one_school()).when(lambda u: u.join(SCHOOL, NOW)).then_nothing()
