"""What a class refuses."""

from shared.errors import NotFound, Refused


class SeatsTaken(Refused):
    """The class has no seat on one of these days."""


class AlreadyEnrolled(Refused):
    """This person is already in the class in that time."""


class EnrolmentExists(Refused):
    """An enrolment with this id and other values exists."""


class EnrolmentUnknown(NotFound):
    """The class has no such enrolment."""


class EnrolmentEnded(Refused):
    """The enrolment ends before that day."""


class DatesReversed(Refused):
    """The end lies before the begin, or on it."""


class PrimaryTeacherExists(Refused):
    """The class has another primary teacher in that time."""


class ClassIsClosed(Refused):
    """The class is closed."""
