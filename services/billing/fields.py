"""What the fields of requests may hold."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from billing.money import CURRENCIES
from billing.months import PATTERN

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
LINES = r"^[^\x00-\x09\x0b-\x1f\x7f]+$"
ADDRESS = r"^[^\x00-\x20\x7f@]+@[^\x00-\x20\x7f@]+$"
MOST = 10**12
"""Minor units: a price beyond this is a mistake."""


def only_iso(value: Any) -> Any:
    """A number would be read as seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and ISO_DAY.fullmatch(value)):
        return value
    raise ValueError("a day is written 2026-09-01")


def known_currency(value: str) -> str:
    if value not in CURRENCIES:
        raise ValueError("not a currency of ISO 4217")
    return value


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTABLE)]
Lines = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=LINES)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=ADDRESS)]
Day = Annotated[date, BeforeValidator(only_iso), Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]
MonthText = Annotated[str, StringConstraints(pattern=PATTERN)]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), AfterValidator(known_currency)]
MinorUnits = Annotated[int, Field(ge=0, le=MOST, strict=True)]
ReasonCode = Annotated[str, StringConstraints(pattern="^VATEX-[A-Z0-9-]{1,40}$")]
