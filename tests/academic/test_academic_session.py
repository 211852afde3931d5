"""Decisions of an academic session."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from academic.sessions.academic_session import (
    AcademicSession,
    SessionDatesReversed,
    SessionDetails,
    SessionInsideItself,
    SessionIsClosed,
)
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT, YEAR = uuid7(), uuid7()
TERM = SessionDetails("term", "Autumn", date(2026, 9, 1), date(2027, 1, 1), "2027", YEAR)


def term() -> AcademicSession:
    return AcademicSession.open(uuid7(), TENANT, TERM, "s-1", NOW)


def closed() -> AcademicSession:
    session = term()
    session.close(NOW)
    return session


def test_a_session_is_opened_inside_another() -> None:
    event = next(iter(term().collect_events()))
    assert isinstance(event, AcademicSession.Opened)
    assert (event.type, event.title, event.parent_id, event.source_id) == ("term", "Autumn", YEAR, "s-1")


@pytest.mark.parametrize("end_on", [date(2026, 9, 1), date(2026, 8, 1)])
def test_a_session_ends_after_it_starts(end_on: date) -> None:
    with pytest.raises(SessionDatesReversed):
        AcademicSession.open(uuid7(), TENANT, replace(TERM, end_on=end_on), None, NOW)
    given(term()).when(lambda s: s.change_dates(TERM.start_on, end_on, NOW)).then_refused(SessionDatesReversed)


def test_dates_are_changed() -> None:
    given(term()).when(lambda s: s.change_dates(TERM.start_on, date(2027, 2, 1), NOW)).then(
        AcademicSession.DatesChanged, start_on=TERM.start_on, end_on=date(2027, 2, 1)
    )


def test_the_same_dates_change_nothing() -> None:
    given(term()).when(lambda s: s.change_dates(TERM.start_on, TERM.end_on, NOW)).then_nothing()


def test_the_same_row_again_changes_nothing() -> None:
    given(term()).when(lambda s: s.revise(TERM, NOW)).then_nothing()


def test_a_row_with_several_changes_is_one_event() -> None:
    wanted = replace(TERM, title="Fall", end_on=date(2027, 2, 1))
    given(term()).when(lambda s: s.revise(wanted, NOW)).then(AcademicSession.Revised, **vars(wanted))


def test_a_session_does_not_lie_inside_itself() -> None:
    given(term()).when(lambda s: s.revise(replace(TERM, parent_id=s.id), NOW)).then_refused(SessionInsideItself)


def test_a_session_is_closed_once_and_reopened() -> None:
    given(term()).when(lambda s: s.close(NOW)).then(AcademicSession.Closed)
    given(closed()).when(lambda s: s.close(NOW)).then_nothing()
    given(closed()).when(lambda s: s.reopen(NOW)).then(AcademicSession.Reopened)
    given(term()).when(lambda s: s.reopen(NOW)).then_nothing()


def test_a_closed_session_is_not_revised() -> None:
    given(closed()).when(lambda s: s.revise(replace(TERM, title="Fall"), NOW)).then_refused(SessionIsClosed)
