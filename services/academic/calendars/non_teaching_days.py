"""Days without teaching, by org."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from academic.calendars.calendar import Calendar
from shared.answers import Paging
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

DAYS = Table(
    "non_teaching_day",
    key=("tenant_id", "org_id", "day"),
    columns={"tenant_id": "uuid", "org_id": "uuid", "day": "date", "title": "text"},
    indexes=(("tenant_id", "day", "org_id"),),
)


class NonTeachingDays(View):
    """One row for each org and day. What an org says holds for all below it."""

    NAME = "non_teaching_days"
    SOURCE = "academic"
    TABLES = (DAYS,)

    @on(Calendar.NonTeachingDayAdded)
    def added(self, fact: Fact[Calendar.NonTeachingDayAdded], rows: Rows) -> None:
        data = fact.data
        rows.put(DAYS, {"tenant_id": fact.tenant_id, "org_id": data.org_id, "day": data.on, "title": data.title})

    @on(Calendar.NonTeachingDayRemoved)
    def removed(self, fact: Fact[Calendar.NonTeachingDayRemoved], rows: Rows) -> None:
        rows.remove(DAYS, (fact.tenant_id, fact.data.org_id, fact.data.on))


class NonTeachingDay(BaseModel):
    on: date
    org_id: UUID
    title: str


async def days_of(read: Reading, paging: Paging, first: date, last: date) -> list[NonTeachingDay]:
    """One page and one row more, by day."""
    on, org_id = paging.after(date, UUID) or (date.min, UUID(int=0))
    return await read.all(
        NonTeachingDay,
        'SELECT day AS "on", org_id, title FROM non_teaching_day WHERE tenant_id = %(tenant)s'
        " AND day BETWEEN %(first)s AND %(last)s AND (day, org_id) > (%(on)s, %(org_id)s)"
        " ORDER BY day, org_id LIMIT %(limit)s",
        first=first,
        last=last,
        on=on,
        org_id=org_id,
        limit=paging.limit + 1,
    )
