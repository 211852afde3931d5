"""An invitation: one open link, in time, and nothing after its end."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from auth.invitations.invitation import GOOD_FOR, Invitation, InvitationIsOver, SentTooRecently
from auth.users.open_link import LinkSpent
from shared.given import given
from shared.ids import uuid7
from shared.sealed import Sealed

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
LINK, NEWER, USER, MEMBERSHIP = uuid7(), uuid7(), uuid7(), uuid7()


def invitation() -> Invitation:
    return Invitation(
        id=uuid7(),
        tenant_id=uuid7(),
        email=Sealed("v1.opaque"),
        given_name=None,
        family_name=None,
        language="en",
        roles=("teacher",),
        linked_person_id=None,
        link_id=LINK,
        timestamp=NOW,
    )


def resent() -> Invitation:
    found = invitation()
    found.resend(NEWER, LATER)
    return found


def accepted() -> Invitation:
    found = invitation()
    accept(found)
    return found


def revoked() -> Invitation:
    found = invitation()
    found.revoke(NOW)
    return found


def accept(found: Invitation, link_id: UUID = LINK, now: datetime = NOW) -> None:
    found.accept(link_id, USER, MEMBERSHIP, now)


def test_C4_an_invitation_is_accepted_once() -> None:
    given(accepted()).when(accept).then_refused(LinkSpent)


def test_C4_an_invitation_is_good_for_seven_days() -> None:
    end = NOW + GOOD_FOR
    given(invitation()).when(lambda it: accept(it, now=end)).then_refused(LinkSpent)
    found = invitation()
    accept(found, now=end - timedelta(seconds=1))
    assert found.state == "accepted"


def test_S14_a_link_that_was_sent_again_ends_the_one_before() -> None:
    given(resent()).when(accept).then_refused(LinkSpent)
    found = resent()
    accept(found, NEWER, LATER + GOOD_FOR - timedelta(seconds=1))
    assert found.state == "accepted"


def test_C9_nobodys_mailbox_is_filled_with_one_invitation() -> None:
    soon = LATER - timedelta(seconds=1)
    given(invitation()).when(lambda it: it.resend(NEWER, soon)).then_refused(SentTooRecently)


def test_C4_what_is_over_is_neither_sent_again_nor_accepted() -> None:
    given(revoked()).when(lambda it: it.resend(NEWER, LATER)).then_refused(InvitationIsOver)
    given(revoked()).when(accept).then_refused(LinkSpent)
    given(accepted()).when(lambda it: it.resend(NEWER, LATER)).then_refused(InvitationIsOver)
    given(accepted()).when(lambda it: it.revoke(LATER)).then_refused(InvitationIsOver)
    given(revoked()).when(lambda it: it.revoke(LATER)).then_nothing()


def test_C4_one_whose_time_is_over_gives_way_to_another_and_can_come_back() -> None:
    given(invitation()).when(lambda it: it.give_way(NOW)).then_refused(InvitationIsOver)
    found = invitation()
    found.give_way(NOW + GOOD_FOR)
    with pytest.raises(LinkSpent):
        accept(found)
    found.resend(NEWER, NOW + GOOD_FOR)
    accept(found, NEWER, NOW + GOOD_FOR)
    assert found.state == "accepted"
