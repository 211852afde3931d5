"""Decisions of a login session."""

from datetime import UTC, datetime

from auth.login_sessions.login_session import LoginSession
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)


def started() -> LoginSession:
    return LoginSession(id=uuid7(), tenant_id=uuid7(), user_id=uuid7(), method="password", timestamp=NOW)


def ended() -> LoginSession:
    session = started()
    session.end("signed-out", NOW)
    return session


def test_a_session_ends_for_a_reason() -> None:
    given(started()).when(lambda s: s.end("signed-out", NOW)).then(LoginSession.Ended, reason="signed-out")


def test_ending_twice_changes_nothing() -> None:
    given(ended()).when(lambda s: s.end("again", NOW)).then_nothing()
