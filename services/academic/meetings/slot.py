"""When a lesson is: local date, local start and end, zone. It stays at 17:00 when the clocks change."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo


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
