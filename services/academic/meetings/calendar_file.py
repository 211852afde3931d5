"""Meetings as an iCalendar file (RFC 5545): who subscribes to it sees them move, and sees that they were called off."""

from collections.abc import Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from academic.meetings.calendar_lines import CalendarLine

STATUS = {"planned": "CONFIRMED", "held": "CONFIRMED", "cancelled": "CANCELLED"}


def calendar_file(lines: Sequence[CalendarLine]) -> bytes:
    """Class, time and room of each meeting, and nobody's name."""
    calendar = Calendar()
    calendar.add("prodid", "-//Rollbook//Timetable//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for line in lines:
        calendar.add_component(event_of(line))
    calendar.add_missing_timezones()
    written: bytes = calendar.to_ical()
    return written


def event_of(line: CalendarLine) -> Event:
    zone = ZoneInfo(line.zone)
    event = Event()
    event.add("uid", str(line.id))
    event.add("sequence", line.version)
    event.add("dtstamp", line.changed_at)
    event.add("last-modified", line.changed_at)
    event.add("dtstart", datetime.combine(line.held_on, time.fromisoformat(line.starts), zone))
    event.add("dtend", datetime.combine(line.held_on, time.fromisoformat(line.ends), zone))
    event.add("summary", line.class_title)
    event.add("status", STATUS[line.state])
    if line.room is not None:
        event.add("location", line.room)
    return event
