"""The API process of academic."""

from academic.absences import routes as absences
from academic.accounts import routes as accounts
from academic.alerts import routes as alerts
from academic.alerts.commands import ABSENCE_ALERTS
from academic.calendars import routes as calendars
from academic.changes import routes as changes
from academic.checkins import routes as checkins
from academic.classes import enrolment_routes as enrolments
from academic.classes import guest_routes as guests
from academic.classes import occupancy_routes as occupancy
from academic.classes import routes as classes
from academic.codes import routes as codes
from academic.courses import routes as courses
from academic.evidence import routes as evidence
from academic.funding import routes as funding
from academic.histories import routes as histories
from academic.imports import routes as imports
from academic.make_ups import routes as make_ups
from academic.meetings import calendar_routes as timetable_files
from academic.meetings import planning_routes as planning
from academic.meetings import routes as meetings
from academic.notes import routes as notes
from academic.oneroster import export_routes as oneroster_export
from academic.oneroster import routes as oneroster
from academic.orgs import routes as orgs
from academic.people import routes as people
from academic.registers import day_book_routes as day_book
from academic.registers import routes as registers
from academic.registers import summary_routes as attendance_summary
from academic.retention import routes as retention
from academic.rollovers import routes as rollovers
from academic.rooms import routes as rooms
from academic.rooms import use_routes as room_use
from academic.rules import routes as rules
from academic.schools import routes as schools
from academic.service import SERVICE
from academic.sessions import routes as sessions
from academic.settings import AcademicSettings
from academic.signatures import routes as signatures
from academic.undoing import routes as undoing
from academic.waitlists import routes as waitlists
from shared import refused_action_routes
from shared.http import create_app
from shared.mail import declining_routes
from shared.serve import serve_api

app = create_app(
    SERVICE,
    AcademicSettings,
    routers=(
        schools.router,
        orgs.router,
        sessions.router,
        rollovers.router,
        courses.router,
        people.router,
        notes.router,
        accounts.router,
        occupancy.router,
        classes.router,
        enrolments.router,
        waitlists.router,
        funding.router,
        room_use.router,
        rooms.router,
        calendars.router,
        planning.router,
        meetings.router,
        guests.router,
        registers.router,
        checkins.router,
        signatures.router,
        evidence.router,
        attendance_summary.router,
        timetable_files.router,
        day_book.router,
        absences.router,
        codes.router,
        rules.router,
        make_ups.router,
        imports.router,
        oneroster.router,
        oneroster_export.router,
        alerts.router,
        declining_routes.router_of(ABSENCE_ALERTS),
        refused_action_routes.router,
        histories.router,
        changes.router,
        retention.router,
        undoing.router,
    ),
)

if __name__ == "__main__":
    serve_api(app, AcademicSettings())
