"""What a bulk action did: its items from the log, each with what it was before and what came after."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from academic.calendars.calendar import Calendar
from academic.classes.class_ import Class
from academic.courses.course import Course
from academic.meetings.class_meeting import ClassMeeting
from academic.orgs.org import Org
from academic.people.person import Person
from academic.sessions.academic_session import AcademicSession
from academic.undoing.items import Item, Key, Part
from academic.undoing.reverting import snapshot
from shared.codec import Codec
from shared.events import Aggregate
from shared.facts import Fact

KINDS = (
    "academic.class_meeting",
    "academic.class",
    "academic.person",
    "academic.course",
    "academic.academic_session",
    "academic.org",
    "academic.calendar",
)
"""What can be undone, in the order in which it is: users before what they use."""
IGNORED = frozenset({"academic.import_batch", "academic.bulk_undo"})
"""What only tells of a bulk action."""
WAY_BACK = frozenset(
    event.TOPIC
    for event in (
        *(Org.OrgCreated, Org.Renamed, Org.Moved, Org.Revised, Org.Retired, Org.Restored),
        *(AcademicSession.Opened, AcademicSession.DatesChanged, AcademicSession.Revised),
        *(AcademicSession.Closed, AcademicSession.Reopened),
        *(Course.CourseCreated, Course.Revised, Course.Retired, Course.Restored),
        *(Person.Registered, Person.DetailsCorrected, Person.Archived, Person.Restored),
        *(Person.GuardianLinked, Person.GuardianUnlinked),
        *(Class.Opened, Class.Revised, Class.CapacitySet, Class.WeeklyPatternSet, Class.Closed, Class.Reopened),
        *(Class.StudentEnrolled, Class.EnrollmentDatesChanged, Class.StudentWithdrawn),
        *(Class.TeacherAssigned, Class.TeacherUnassigned),
        *(ClassMeeting.MeetingPlanned, ClassMeeting.MeetingRescheduled),
        *(Calendar.NonTeachingDayAdded, Calendar.NonTeachingDayRemoved),
    )
)
"""What a snapshot brings back. All other events have consequences of their own."""
Facts = Sequence[Fact[Aggregate.Event]]
WHY = {Person.PersonErased.TOPIC: "erased", ClassMeeting.MeetingHeld.TOPIC: "marks-exist"}


def part_of(fact: Fact[Aggregate.Event]) -> Part:
    if isinstance(fact.data, Calendar.NonTeachingDayAdded | Calendar.NonTeachingDayRemoved):
        return fact.data.on
    found = getattr(fact.data, "enrolment_id", None)
    return found if isinstance(found, UUID) else None


class Found:
    """The items of some aggregates, and what each was before the bulk action."""

    def __init__(self, codec: Codec, bulk: UUID, undo: UUID) -> None:
        self._codec = codec
        self._bulk = bulk
        self._undo = undo
        self.items: list[Item] = []
        self.before: dict[Key, Any] = {}
        self.stays: dict[Key, UUID] = {}
        """Who is in which class, by enrolment: of every class that the bulk action touched."""

    def read(self, facts: Iterable[Fact[Aggregate.Event]]) -> None:
        """All events of some aggregates, those of each in order."""
        by_aggregate = sorted(facts, key=lambda fact: (fact.aggregate_id, fact.version))
        for _, stream in groupby(by_aggregate, key=lambda fact: fact.aggregate_id):
            self._stream(list(stream))

    def _stream(self, stream: Facts) -> None:
        kind = self._codec.types[stream[0].topic].aggregate_topic
        if kind in IGNORED:
            return
        touched: dict[Part, list[Fact[Aggregate.Event]]] = {}
        aggregate: Aggregate | None = None
        for fact in stream:
            part = part_of(fact)
            if part not in touched and self._is_bulk(fact):
                touched[part] = []
                self.before[Key(fact.aggregate_id, part)] = snapshot(aggregate, part)
            if part in touched:
                touched[part].append(fact)
            aggregate = fact.data.mutate(aggregate)
        if isinstance(aggregate, Class):
            stays = aggregate.enrolments | aggregate.teachers
            self.stays |= {Key(aggregate.id, id): stay.person_id for id, stay in stays.items() if not stay.empty}
        for part, since in touched.items():
            self.items.append(self._item(kind, part, since, stream[-1].version))

    def _is_bulk(self, fact: Fact[Aggregate.Event]) -> bool:
        """What followed by itself stays: it is decided anew by what is undone."""
        own = fact.correlation_id == self._bulk and fact.actor["kind"] != "system"
        return own and fact.topic != Calendar.Started.TOPIC

    def _item(self, kind: str, part: Part, since: Facts, version: int) -> Item:
        """`since`: all that happened to it from the bulk action on."""
        key = Key(since[0].aggregate_id, part)
        item = Item(key, kind, self.before[key] is None, version, "to-do")
        if since[-1].correlation_id == self._undo:
            return Item(key, kind, item.created, version, "done")
        if any(fact.topic not in WAY_BACK for fact in since if self._is_bulk(fact)):
            return item.kept("no-way-back")
        later = [fact for fact in since if fact.correlation_id not in (self._bulk, self._undo)]
        if later:
            return item.kept(next((WHY[fact.topic] for fact in later if fact.topic in WHY), "changed-since"))
        return item


def aggregates_of(items: Iterable[Item]) -> Iterator[tuple[UUID, list[Item]]]:
    """What is to be undone, aggregate by aggregate, in the order of `KINDS`; what lives in a thing before the thing
    that goes, after the thing that stays."""
    by_id: dict[UUID, list[Item]] = {}
    for item in items:
        if item.state == "to-do":
            by_id.setdefault(item.key.id, []).append(item)
    for id, found in sorted(by_id.items(), key=lambda each: KINDS.index(each[1][0].kind)):
        yield id, sorted(found, key=lambda item: 1 if item.key.part is not None else 2 * item.created)
