"""Who teaches which class from when to when, which user is which person, and which org a class belongs to."""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from academic.classes.class_ import Class
from academic.orgs.org import Org
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

CLASSES = Table(
    "teaching_class",
    key=("tenant_id", "class_id"),
    columns={"tenant_id": "uuid", "class_id": "uuid", "org_id": "uuid"},
    indexes=(("tenant_id", "org_id"),),
)
STAYS = Table(
    "teaching_stay",
    key=("tenant_id", "class_id", "enrolment_id"),
    columns={
        "tenant_id": "uuid",
        "class_id": "uuid",
        "enrolment_id": "uuid",
        "person_id": "uuid",
        "begin_on": "date",
        "end_on": "date",
    },
    indexes=(("tenant_id", "person_id"),),
)
ORGS = Table(
    "teaching_org",
    key=("tenant_id", "org_id"),
    columns={"tenant_id": "uuid", "org_id": "uuid", "parent_id": "uuid"},
    indexes=(("tenant_id", "parent_id"),),
)
ACCOUNTS = Table(
    "teaching_account",
    key=("tenant_id", "person_id"),
    columns={"tenant_id": "uuid", "person_id": "uuid", "user_id": "uuid"},
    indexes=(("tenant_id", "user_id"),),
)


class AccountLinked(BaseModel):
    """The account that a person of the school signs in with."""

    user_id: UUID


class Teaching(View):
    """What object rules read, beside the class itself."""

    NAME = "teaching"
    SOURCE = "academic"
    TABLES: ClassVar = (CLASSES, STAYS, ORGS, ACCOUNTS)

    @on(Class.Opened)
    def opened(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        self._class(fact, rows)

    @on(Class.Revised)
    def revised(self, fact: Fact[Class.Revised], rows: Rows) -> None:
        self._class(fact, rows)

    @on(Class.TeacherAssigned)
    def assigned(self, fact: Fact[Class.TeacherAssigned], rows: Rows) -> None:
        data = fact.data
        stay = {"person_id": data.person_id, "begin_on": data.begin_on, "end_on": data.end_on}
        key = {"class_id": fact.aggregate_id, "enrolment_id": data.enrolment_id}
        rows.put(STAYS, {"tenant_id": fact.tenant_id, **key, **stay})

    @on(Class.TeacherUnassigned)
    def unassigned(self, fact: Fact[Class.TeacherUnassigned], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id, fact.data.enrolment_id)
        rows.change(STAYS, key, end_on=fact.data.on)

    @on(Org.OrgCreated)
    def org_created(self, fact: Fact[Org.OrgCreated], rows: Rows) -> None:
        self._org(fact, rows)

    @on(Org.Moved)
    def org_moved(self, fact: Fact[Org.Moved], rows: Rows) -> None:
        self._org(fact, rows)

    @on(Org.Revised)
    def org_revised(self, fact: Fact[Org.Revised], rows: Rows) -> None:
        self._org(fact, rows)

    @on("academic.user_account_linked")
    def account_linked(self, fact: Fact[AccountLinked], rows: Rows) -> None:
        account = {"person_id": fact.aggregate_id, "user_id": fact.data.user_id}
        rows.put(ACCOUNTS, {"tenant_id": fact.tenant_id, **account})

    @staticmethod
    def _class(fact: Fact[Any], rows: Rows) -> None:
        rows.put(CLASSES, {"tenant_id": fact.tenant_id, "class_id": fact.aggregate_id, "org_id": fact.data.org_id})

    @staticmethod
    def _org(fact: Fact[Any], rows: Rows) -> None:
        rows.put(ORGS, {"tenant_id": fact.tenant_id, "org_id": fact.aggregate_id, "parent_id": fact.data.parent_id})


class Id(BaseModel):
    id: UUID


async def people_of(read: Reading, user_id: UUID) -> frozenset[UUID]:
    """The people of the school that this account stands for."""
    found = await read.all(
        Id,
        "SELECT person_id AS id FROM teaching_account WHERE tenant_id = %(tenant)s AND user_id = %(user_id)s",
        user_id=user_id,
    )
    return frozenset(each.id for each in found)


async def with_orgs_below(read: Reading, org_ids: frozenset[UUID]) -> frozenset[UUID]:
    """These orgs and all that lie below them."""
    found = await read.all(
        Id,
        "WITH RECURSIVE below AS ("
        " SELECT org_id FROM teaching_org WHERE tenant_id = %(tenant)s AND org_id = ANY(%(org_ids)s)"
        " UNION SELECT o.org_id FROM teaching_org o JOIN below b ON o.parent_id = b.org_id"
        " WHERE o.tenant_id = %(tenant)s) SELECT org_id AS id FROM below",
        org_ids=list(org_ids),
    )
    return frozenset(each.id for each in found)


async def classes_in(read: Reading, class_ids: frozenset[UUID], org_ids: frozenset[UUID]) -> frozenset[UUID]:
    """Those of these classes that exist, and all classes of these orgs."""
    found = await read.all(
        Id,
        "SELECT class_id AS id FROM teaching_class WHERE tenant_id = %(tenant)s"
        " AND (class_id = ANY(%(class_ids)s) OR org_id = ANY(%(org_ids)s))",
        class_ids=list(class_ids),
        org_ids=list(org_ids),
    )
    return frozenset(each.id for each in found)


async def classes_taught(read: Reading, people: frozenset[UUID], day: date) -> frozenset[UUID]:
    found = await read.all(
        Id,
        "SELECT DISTINCT class_id AS id FROM teaching_stay WHERE tenant_id = %(tenant)s"
        " AND person_id = ANY(%(people)s)"
        " AND (begin_on IS NULL OR begin_on <= %(day)s) AND (end_on IS NULL OR end_on > %(day)s)",
        people=list(people),
        day=day,
    )
    return frozenset(each.id for each in found)
