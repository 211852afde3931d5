"""Decisions of a person."""

from dataclasses import replace
from datetime import UTC, datetime

from academic.people.person import GuardianOfOneself, Person, PersonIsArchived, SealedDetails
from shared.given import given
from shared.ids import uuid7
from shared.sealed import Sealed

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT, MOTHER = uuid7(), uuid7()
ANN = SealedDetails(Sealed("v1.ann"), Sealed("v1.lee"), Sealed("v1.mail"), roles=("student",))


def ann() -> Person:
    return Person.register(uuid7(), TENANT, ANN, "u-1", NOW)


def archived() -> Person:
    person = ann()
    person.archive(NOW)
    return person


def linked() -> Person:
    person = ann()
    person.link_guardian(MOTHER, NOW)
    return person


def test_a_person_is_registered_with_sealed_names() -> None:
    event = next(iter(ann().collect_events()))
    assert isinstance(event, Person.Registered)
    assert (event.given_name, event.email) == (Sealed("v1.ann"), Sealed("v1.mail"))
    assert (event.roles, event.source_id) == (("student",), "u-1")


def test_details_are_corrected_by_one_event() -> None:
    wanted = replace(ANN, family_name=Sealed("v1.li"), roles=("student", "aide"))
    given(ann()).when(lambda p: p.correct(wanted, NOW)).then(Person.DetailsCorrected, **vars(wanted))


def test_the_same_details_change_nothing() -> None:
    given(ann()).when(lambda p: p.correct(ANN, NOW)).then_nothing()


def test_a_guardian_is_linked_once() -> None:
    given(ann()).when(lambda p: p.link_guardian(MOTHER, NOW)).then(Person.GuardianLinked, guardian_id=MOTHER)
    given(linked()).when(lambda p: p.link_guardian(MOTHER, NOW)).then_nothing()


def test_nobody_is_ones_own_guardian() -> None:
    given(ann()).when(lambda p: p.link_guardian(p.id, NOW)).then_refused(GuardianOfOneself)


def test_a_guardian_is_unlinked_once() -> None:
    given(linked()).when(lambda p: p.unlink_guardian(MOTHER, NOW)).then(Person.GuardianUnlinked, guardian_id=MOTHER)
    given(ann()).when(lambda p: p.unlink_guardian(MOTHER, NOW)).then_nothing()


def test_R4_25_a_person_is_archived_once_and_restored() -> None:
    given(ann()).when(lambda p: p.archive(NOW)).then(Person.Archived)
    given(archived()).when(lambda p: p.archive(NOW)).then_nothing()
    given(archived()).when(lambda p: p.restore(NOW)).then(Person.Restored)
    given(ann()).when(lambda p: p.restore(NOW)).then_nothing()


def test_an_archived_person_is_left_alone() -> None:
    wanted = replace(ANN, email=None)
    given(archived()).when(lambda p: p.correct(wanted, NOW)).then_refused(PersonIsArchived)
    given(archived()).when(lambda p: p.link_guardian(MOTHER, NOW)).then_refused(PersonIsArchived)
