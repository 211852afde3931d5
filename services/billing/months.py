"""A calendar month, written 2026-09."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

PATTERN = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"
"""What a request may ask for."""
WRITTEN = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        written = WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError("a month is written 2026-09")
        return cls(int(written[1]), int(written[2]))

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def length(self) -> int:
        return monthrange(self.year, self.number)[1]

    @property
    def next(self) -> "Month":
        return Month(self.year + 1, 1) if self.number == 12 else Month(self.year, self.number + 1)

    @property
    def previous(self) -> "Month":
        return Month(self.year - 1, 12) if self.number == 1 else Month(self.year, self.number - 1)

    def since(self, other: "Month") -> int:
        """How many months after the other one."""
        return 12 * (self.year - other.year) + self.number - other.number

    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.length)]
