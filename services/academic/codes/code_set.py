"""The attendance codes of a school. A mark keeps the version of its code: what was, stays."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from academic.codes.code import Code
from shared.errors import NotFound, Refused
from shared.events import Aggregate, event
from shared.ids import derived


class CodeExists(Refused):
    """The school has this code with another meaning."""


class CodeUnknown(NotFound):
    """The school has no such attendance code."""


class CodeNotInUse(Refused):
    """The school does not use such an attendance code now."""


def code_set_id(tenant_id: UUID) -> UUID:
    return derived(tenant_id, "attendance-code-set")


@dataclass(frozen=True)
class Version:
    """A code as it stands since its latest revision."""

    meaning: Code
    number: int
    retired: bool = False


class AttendanceCodeSet(Aggregate):
    TOPIC = "academic.attendance_code_set"

    class Created(Aggregate.Created):
        TOPIC = "academic.code_set_created"  # never stored; the library asks for the name

    class CodeSetStarted(Created):
        TOPIC = "academic.code_set_started"

    class CodeDefined(Aggregate.Event):
        TOPIC = "academic.code_defined"
        PUBLIC = True
        code: str
        code_version: int
        title: str
        present: bool
        billable: bool
        category: str
        pays_teacher: bool
        grants_make_up: bool

    class CodeRevised(Aggregate.Event):
        TOPIC = "academic.code_revised"
        PUBLIC = True
        code: str
        code_version: int
        title: str
        present: bool
        billable: bool
        category: str
        pays_teacher: bool
        grants_make_up: bool

    class CodeRetired(Aggregate.Event):
        TOPIC = "academic.code_retired"
        PUBLIC = True
        code: str

    @event(CodeSetStarted)
    def __init__(self, id: UUID, tenant_id: UUID, timestamp: datetime) -> None:
        self.codes: dict[str, Version] = {}
        self.meanings: dict[tuple[str, int], Code] = {}

    def define(self, code: Code, now: datetime) -> None:
        known = self.codes.get(code.code)
        if known is None:
            self._code_defined(code_version=1, timestamp=now, **vars(code))
        elif known.retired or known.meaning != code:
            raise CodeExists(pointer="/code")

    def revise(self, code: Code, now: datetime) -> None:
        """A new meaning from now on; a retired code comes back."""
        known = self._known(code.code)
        if known.meaning != code or known.retired:
            self._code_revised(code_version=known.number + 1, timestamp=now, **vars(code))

    def retire(self, code: str, now: datetime) -> None:
        if not self._known(code).retired:
            self._code_retired(code=code, timestamp=now)

    def current(self, code: str, pointer: str = "") -> Version:
        """The version that a mark made now carries."""
        version = self.codes.get(code)
        if version is None or version.retired:
            raise CodeNotInUse(pointer=pointer)
        return version

    @event(CodeDefined)
    def _code_defined(
        self,
        code: str,
        code_version: int,
        title: str,
        present: bool,
        billable: bool,
        category: str,
        pays_teacher: bool,
        grants_make_up: bool,
        timestamp: datetime,
    ) -> None:
        meaning = Code(code, title, present, billable, category, pays_teacher, grants_make_up)
        self.codes[code] = Version(meaning, code_version)
        self.meanings[code, code_version] = meaning

    @event(CodeRevised)
    def _code_revised(
        self,
        code: str,
        code_version: int,
        title: str,
        present: bool,
        billable: bool,
        category: str,
        pays_teacher: bool,
        grants_make_up: bool,
        timestamp: datetime,
    ) -> None:
        meaning = Code(code, title, present, billable, category, pays_teacher, grants_make_up)
        self.codes[code] = Version(meaning, code_version)
        self.meanings[code, code_version] = meaning

    @event(CodeRetired)
    def _code_retired(self, code: str, timestamp: datetime) -> None:
        self.codes[code] = Version(self.codes[code].meaning, self.codes[code].number, retired=True)

    def _known(self, code: str) -> Version:
        if code not in self.codes:
            raise CodeUnknown
        return self.codes[code]
