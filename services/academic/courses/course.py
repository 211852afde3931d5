"""A course: what is taught. The catalogue knows it without any class."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event


class CourseIsRetired(Refused):
    """This course is retired."""


@dataclass(frozen=True)
class CourseDetails:
    title: str
    course_code: str | None
    org_id: UUID
    school_year_id: UUID | None = None
    grades: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


class Course(Aggregate):
    TOPIC = "academic.course"

    class Created(Aggregate.Created):
        TOPIC = "academic.course_started"  # never stored; the library asks for the name

    class CourseCreated(Created):
        TOPIC = "academic.course_created"
        PUBLIC = True
        title: str
        course_code: str | None
        org_id: UUID
        source_id: str | None
        school_year_id: UUID | None = None
        grades: tuple[str, ...] = ()
        subjects: tuple[str, ...] = ()

    class Revised(Aggregate.Event):
        TOPIC = "academic.course_revised"
        PUBLIC = True
        title: str
        course_code: str | None
        org_id: UUID
        school_year_id: UUID | None
        grades: tuple[str, ...]
        subjects: tuple[str, ...]

    class Retired(Aggregate.Event):
        TOPIC = "academic.course_retired"
        PUBLIC = True

    class Restored(Aggregate.Event):
        TOPIC = "academic.course_restored"
        PUBLIC = True

    @classmethod
    def create(
        cls, id: UUID, tenant_id: UUID, details: CourseDetails, source_id: str | None, now: datetime
    ) -> "Course":
        return cls(id=id, tenant_id=tenant_id, source_id=source_id, timestamp=now, **vars(details))

    @event(CourseCreated)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        title: str,
        course_code: str | None,
        org_id: UUID,
        source_id: str | None,
        timestamp: datetime,
        school_year_id: UUID | None = None,
        grades: tuple[str, ...] = (),
        subjects: tuple[str, ...] = (),
    ) -> None:
        self.details = CourseDetails(title, course_code, org_id, school_year_id, grades, subjects)
        self.source_id = source_id
        self.retired = False

    def revise(self, details: CourseDetails, now: datetime) -> None:
        """All values at once."""
        if details == self.details:
            return
        self.in_use()
        self._revised(timestamp=now, **vars(details))

    def retire(self, now: datetime) -> None:
        if not self.retired:
            self._retired(timestamp=now)

    def restore(self, now: datetime) -> None:
        if self.retired:
            self._restored(timestamp=now)

    def in_use(self) -> None:
        if self.retired:
            raise CourseIsRetired

    @event(Revised)
    def _revised(
        self,
        title: str,
        course_code: str | None,
        org_id: UUID,
        school_year_id: UUID | None,
        grades: tuple[str, ...],
        subjects: tuple[str, ...],
        timestamp: datetime,
    ) -> None:
        self.details = CourseDetails(title, course_code, org_id, school_year_id, grades, subjects)

    @event(Retired)
    def _retired(self, timestamp: datetime) -> None:
        self.retired = True

    @event(Restored)
    def _restored(self, timestamp: datetime) -> None:
        self.retired = False
