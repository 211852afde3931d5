"""Everything that an evidence pack of a class tells, as of one position of the school's history."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from academic.changes.change_log import COLUMNS, ChangeLog
from academic.classes.class_ import Class
from academic.codes.code_set import AttendanceCodeSet, code_set_id
from academic.evidence.lessons import Json, lesson_of, people_in
from academic.evidence.proof import head_of, proof_of
from academic.funding.class_funding import ClassFunding, funding_id
from academic.histories.names import accounts, people
from academic.orgs.org import Org
from academic.registers.register import register_id
from academic.registers.sheet import RegisterSheet
from shared.caller import Caller
from shared.checkpoints import CheckpointKey
from shared.facts import read_own
from shared.hash_chain import Head
from shared.problems import NotAvailable
from shared.reading import Reading
from shared.records import Record
from shared.token import Token
from shared.views import Fact

FORMAT = "rollbook evidence 1"
SERVICE = "academic"
SEALED = {"academic.attendance_corrected": "reason", "academic.meeting_signed": "image"}
MEETINGS = "SELECT meeting_id FROM sheet WHERE tenant_id = %(tenant)s AND class_id = %(class_id)s"
AS_OF = "SELECT recorded_at FROM events WHERE tenant_id = %(tenant)s AND notification_id = %(head)s"
ABOUT = ["academic.register_signed", "academic.meeting_signed", "academic.checked_in"]
EVENTS = f"""
    SELECT {COLUMNS}, a.thing_id FROM events e
    JOIN (
        SELECT notification_id AS position, originator_id AS thing_id FROM events
        WHERE tenant_id = %(tenant)s AND originator_id = ANY(%(ids)s)
        UNION SELECT position, thing_id FROM change_about WHERE tenant_id = %(tenant)s AND thing_id = ANY(%(ids)s)
    ) a ON a.position = e.notification_id
    WHERE e.tenant_id = %(tenant)s AND (e.originator_id = a.thing_id OR e.topic = ANY(%(about)s))
    ORDER BY e.notification_id
"""  # noqa: S608


@dataclass(frozen=True)
class Evidence:
    """`images`: drawn signatures by the name of their file."""

    register: Json
    chain: Json
    images: dict[str, bytes]
    head: Head


async def evidence_of(caller: Caller, key: CheckpointKey, class_id: UUID) -> Evidence:
    """Raises NotFound, and NotAvailable while something newer is not chained yet."""
    class_ = await caller.store.get(Class, class_id, caller.tenant_id)
    async with caller.reading(ChangeLog) as read:
        head = await head_of(read)
    token = Token({(SERVICE, caller.tenant_id): head.position})
    async with caller.kernel.reading(RegisterSheet, caller.tenant_id, token) as read:
        meeting_ids = [row["meeting_id"] for row in await read.rows(MEETINGS, class_id=class_id)]
    async with caller.kernel.reading(ChangeLog, caller.tenant_id, token) as read:
        told = await _records(read, caller.tenant_id, meeting_ids)
        positions = sorted(record.position for records in told.values() for record in records)
        if positions and positions[-1] > head.position:
            raise NotAvailable("The newest events of this class are not chained yet.")
        chain = await proof_of(read, SERVICE, key, positions, head)
        (newest,) = await read.rows(AS_OF, head=head.position)
    lessons, images = await _lessons(caller, told)
    lessons.sort(key=lambda lesson: (lesson["held_on"], lesson["starts"], lesson["meeting_id"]))
    register = {"format": FORMAT, "position": head.position, "as_of": newest["recorded_at"].isoformat()}
    register |= {"class": await _class(caller, class_), "meetings": lessons}
    return Evidence(register | await _names(caller, class_, lessons), chain, images, head)


async def _records(read: Reading, tenant_id: UUID, meeting_ids: list[UUID]) -> dict[UUID, list[Record]]:
    """The events of each meeting: its own, those of its register, signatures and arrivals, in order."""
    of = {register_id(tenant_id, id): id for id in meeting_ids} | {id: id for id in meeting_ids}
    found: dict[UUID, list[Record]] = {id: [] for id in meeting_ids}
    for row in await read.rows(EVENTS, ids=list(of), about=ABOUT):
        *columns, thing_id = row.values()
        found[of[thing_id]].append(Record.of_log(columns))
    return found


async def _lessons(caller: Caller, told: dict[UUID, list[Record]]) -> tuple[list[Json], dict[str, bytes]]:
    lessons: list[Json] = []
    images: dict[str, bytes] = {}
    for meeting_id, records in told.items():
        facts = [read_own(record, caller.kernel.codec) for record in records]
        opened = await _opened(caller, facts)
        lessons.append(lesson_of(meeting_id, records, facts, opened))
        for line in lessons[-1]["signatures"]:
            if line["image"] is not None:
                images[line["image"]] = b64decode(opened[line["position"]] or "")
    return lessons, images


async def _opened(caller: Caller, facts: list[Fact[Any]]) -> dict[int, str | None]:
    sealed = [(fact, SEALED[fact.topic]) for fact in facts if fact.topic in SEALED]
    values = [(fact.data.person_id, name, getattr(fact.data, name)) for fact, name in sealed]
    texts = await caller.keyring.open(caller.tenant_id, values)
    return {fact.position: text for (fact, _), text in zip(sealed, texts, strict=True)}


async def _class(caller: Caller, class_: Class) -> Json:
    details, store = class_.details, caller.store
    org = await store.find(Org, details.org_id, caller.tenant_id)
    funded = await store.find(ClassFunding, funding_id(caller.tenant_id, class_.id), caller.tenant_id)
    return {
        "id": str(class_.id),
        "title": details.title,
        "class_code": details.class_code,
        "org": None if org is None else org.details.name,
        "funding": None if funded is None or funded.funding is None else dict(vars(funded.funding)),
    }


async def _names(caller: Caller, class_: Class, lessons: list[Json]) -> Json:
    """Of the people and the accounts that the register names; null for somebody who was erased."""
    lines = [line for lesson in lessons for name in ("corrections", "signatures", "check_ins") for line in lesson[name]]
    users = await accounts(caller, {line["who"]["id"] for line in lines if line["who"]["kind"] == "user"})
    stays = class_.enrolments
    named = await people(caller, people_in(lessons) | set(users.values()) | {stay.person_id for stay in stays.values()})
    codes = await caller.store.get(AttendanceCodeSet, code_set_id(caller.tenant_id), caller.tenant_id)
    return {
        "participants": [
            {"enrolment_id": str(id), "person_id": str(stay.person_id)}
            | {"begin_on": stay.begin_on and str(stay.begin_on), "end_on": stay.end_on and str(stay.end_on)}
            for id, stay in sorted(stays.items())
        ],
        "people": {str(id): named[id] for id in sorted(named)},
        "accounts": {user: str(users[user]) for user in sorted(users)},
        "codes": {f"{code} {version}": vars(meaning) for (code, version), meaning in sorted(codes.meanings.items())},
    }
