"""What the fields of requests may hold."""

import re
from datetime import date
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"


def only_iso(value: Any) -> Any:
    """A number would be read as seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and ISO_DAY.fullmatch(value)):
        return value
    raise ValueError("a day is written 2026-09-01")


def no_number(value: Any) -> Any:
    """As above, for instants."""
    if isinstance(value, str) and "-" in value[1:]:
        return value
    raise ValueError("an instant is written 2026-09-01T17:00:00+02:00")


def known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("not a time zone of the IANA list") from error
    return value


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTABLE)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50, pattern=PRINTABLE)]
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^\x00-\x20\x7f@]+@[^\x00-\x20\x7f@]+$")
]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$"),
]
"""Some lines of free text."""
Shorts = Annotated[tuple[Short, ...], Field(max_length=50)]
Ids = Annotated[tuple[UUID, ...], Field(max_length=50)]
Ext = Annotated[str, StringConstraints(pattern=r"^ext:[A-Za-z0-9._-]{1,46}$")]
"""A word of one's own beside those of the standard."""
Flag = Annotated[bool, Field(strict=True)]
Seats = Annotated[int, Field(ge=0, le=100_000, strict=True)]
Day = Annotated[date, BeforeValidator(only_iso), Field(ge=date(1900, 1, 1), le=date(2200, 1, 1))]
Instant = Annotated[AwareDatetime, BeforeValidator(no_number)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(known_zone)]
