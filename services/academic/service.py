"""The academic service: what it decides, shows and reacts to."""

from academic.absences.absence_notice import AbsenceNotice
from academic.absences.notices import AbsenceNotices
from academic.accounts.account_list import UserAccounts
from academic.accounts.reactions import when_invitation_accepted
from academic.accounts.user_account import UserAccount
from academic.alerts import mails
from academic.alerts import reactions as alerting
from academic.alerts.absence_alert import AbsenceAlert
from academic.alerts.alert_list import AbsenceAlerts
from academic.calendars.calendar import Calendar
from academic.calendars.non_teaching_days import NonTeachingDays
from academic.changes.change_log import ChangeLog
from academic.checkins.check_in import CheckIn
from academic.checkins.check_in_list import CheckIns
from academic.checkins.check_in_policy import CheckInPolicy
from academic.classes.class_ import Class
from academic.classes.class_list import ClassList
from academic.classes.roster import Roster
from academic.classes.teaching import Teaching
from academic.codes.code_list import CodeList
from academic.codes.code_set import AttendanceCodeSet
from academic.courses.catalogue import Catalogue
from academic.courses.course import Course
from academic.erasures.erasure_answer import ErasureAnswer
from academic.erasures.reactions import when_erasure_approved
from academic.funding.class_funding import ClassFunding
from academic.imports.history import ImportHistory
from academic.imports.import_batch import ImportBatch
from academic.imports.sourced_things import SourcedThings
from academic.make_ups import reactions as making_up
from academic.make_ups.credit_list import MakeUpCredits
from academic.make_ups.make_up_credit import MakeUpCredit
from academic.meetings.class_meeting import ClassMeeting
from academic.meetings.timetable import Timetable
from academic.notes.note_list import Notes
from academic.notes.note_readings import NoteReadings
from academic.notes.sensitive_notes import SensitiveNotes
from academic.oneroster.rostering import Rostering
from academic.orgs.org import Org
from academic.orgs.org_tree import OrgTree
from academic.people.directory import Directory
from academic.people.person import Person
from academic.registers.day_book import DayBook
from academic.registers.mark_history import MarkHistory
from academic.registers.register import AttendanceRegister
from academic.registers.sheet import RegisterSheet
from academic.retention.leaver import Leaver
from academic.retention.leavers import Leavers
from academic.retention.policy import RetentionPolicy
from academic.retention.reviewing import REVIEWING
from academic.rooms.room import Room
from academic.rooms.room_list import RoomList
from academic.rules.attendance_rules import AttendanceRules
from academic.rules.reactions import when_settings_changed
from academic.schools.reactions import when_tenant_registered
from academic.schools.summary import Summary
from academic.sessions.academic_session import AcademicSession
from academic.sessions.session_tree import SessionTree
from academic.signatures.participant_signature import ParticipantSignature
from academic.signatures.register_signature import RegisterSignature
from academic.signatures.signature_list import Signatures
from academic.undoing.bulk_undo import BulkUndo
from academic.waitlists import offering
from academic.waitlists.waiting import Waiting
from academic.waitlists.waitlist import Waitlist
from shared.revocations import Revocations
from shared.service import Service

AGGREGATES = (
    Org,
    AcademicSession,
    Course,
    Person,
    UserAccount,
    SensitiveNotes,
    NoteReadings,
    Class,
    Waitlist,
    ClassFunding,
    Room,
    Calendar,
    ClassMeeting,
    AttendanceRegister,
    RegisterSignature,
    ParticipantSignature,
    CheckInPolicy,
    CheckIn,
    AbsenceNotice,
    AttendanceCodeSet,
    AttendanceRules,
    MakeUpCredit,
    AbsenceAlert,
    ImportBatch,
    ErasureAnswer,
    BulkUndo,
    RetentionPolicy,
    Leaver,
)

SERVICE = Service(
    "academic",
    aggregates=AGGREGATES,
    views=(
        OrgTree,
        SessionTree,
        Catalogue,
        Directory,
        UserAccounts,
        Notes,
        ClassList,
        Roster,
        Waiting,
        RoomList,
        NonTeachingDays,
        Timetable,
        RegisterSheet,
        DayBook,
        MarkHistory,
        Signatures,
        CheckIns,
        AbsenceNotices,
        CodeList,
        MakeUpCredits,
        AbsenceAlerts,
        Summary,
        SourcedThings,
        ImportHistory,
        Rostering,
        Teaching,
        ChangeLog.over(AGGREGATES),
        Leavers,
        Revocations,
    ),
    reactions=(
        when_tenant_registered,
        when_settings_changed,
        when_invitation_accepted,
        *offering.REACTIONS,
        *alerting.REACTIONS,
        *mails.MAILINGS,
        *making_up.REACTIONS,
        when_erasure_approved,
    ),
    due=(offering.LAPSING, making_up.EXPIRING, REVIEWING),
)
