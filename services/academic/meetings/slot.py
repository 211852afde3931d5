"""When a lesson is: local date, local start and end, zone. It stays at 17:00 when the clocks change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

GRID = 5
"""Minutes: rooms and teachers are taken in steps of these."""


@dataclass(frozen=True)
class Slot:
    held_on: date
    starts: str
    ends: str
    zone: str

    @property
    def minutes(self) -> int:
        starts, ends = time.fromisoformat(self.starts), time.fromisoformat(self.ends)
        return (ends.hour - starts.hour) * 60 + ends.minute - starts.minute

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.held_on, time.fromisoformat(self.starts), ZoneInfo(self.zone))

    @property
    def key(self) -> str:
        """What makes it unique in a class."""
        return f"{self.held_on}T{self.starts}"

    @property
    def exists(self) -> bool:
        """False for an hour that is left out when clocks go forward."""
        start = self.begins_at
        return start.astimezone(UTC).astimezone(start.tzinfo).replace(tzinfo=None) == start.replace(tzinfo=None)

    @property
    def on_grid(self) -> bool:
        return all(time.fromisoformat(text).minute % GRID == 0 for text in (self.starts, self.ends))

    @property
    def steps(self) -> Iterator[str]:
        """Each five minutes of it, in local time: what nobody can be twice in."""
        starts = time.fromisoformat(self.starts)
        first = starts.hour * 60 + starts.minute
        for minute in range(first, first + self.minutes, GRID):
            yield f"{self.held_on}T{minute // 60:02}:{minute % 60:02}"
