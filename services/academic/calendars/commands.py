"""What can be done with calendars: add days without teaching, take one back; and which days those are for an org."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from academic.calendars.calendar import Calendar, DayIsTeaching, calendar_id
from academic.loading import as_seen, named
from academic.orgs.commands import orgs_above
from academic.orgs.org import Org
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def add_non_teaching_days(store: EventStore, call: Call, org_id: UUID, days: Sequence[date], title: str) -> Saved:
    """Replies with the calendar of the first day."""
    await named(store, call, Org, org_id, "/org_id")
    years = {year: calendar_id(call.tenant_id, org_id, year) for year in sorted({day.year for day in days})}
    async with store.turn(call, *years.values()):
        known = await store.get_many(Calendar, years.values(), call.tenant_id)
        calendars = {
            year: known.get(id)
            or Calendar(id=id, tenant_id=call.tenant_id, org_id=org_id, year=year, timestamp=call.now)
            for year, id in years.items()
        }
        for day in days:
            calendars[day.year].add(day, title, call.now)
        return await store.save(*calendars.values(), call=call)


@command
async def remove_non_teaching_day(store: EventStore, call: Call, org_id: UUID, on: date) -> Saved:
    id = calendar_id(call.tenant_id, org_id, on.year)
    async with store.turn(call, id):
        calendar = await store.find(Calendar, id, call.tenant_id)
        if calendar is None:
            raise DayIsTeaching(pointer="/on")
        as_seen(call, calendar)
        calendar.remove(on, call.now)
        return await store.save(calendar, call=call)


async def non_teaching_days(store: EventStore, call: Call, org_id: UUID, first: date, last: date) -> dict[date, str]:
    """Of an org and all above it, from the log itself: a day added a moment ago counts."""
    orgs = [org_id, *await orgs_above(store, call, org_id)]
    ids = [calendar_id(call.tenant_id, org, year) for org in orgs for year in range(first.year, last.year + 1)]
    calendars = await store.get_many(Calendar, ids, call.tenant_id)
    return {
        day: title for calendar in calendars.values() for day, title in calendar.days.items() if first <= day <= last
    }


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
