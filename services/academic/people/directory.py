"""The directory of people. Rows hold sealed names; they are opened when they are read."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel

from academic.people.details import PERSONAL
from academic.people.person import Person
from shared.answers import Paging
from shared.errors import NotFound
from shared.personal import Keyring
from shared.reading import Reading
from shared.sealed import Sealed
from shared.views import Fact, Rows, Table, View, on

PEOPLE = Table(
    "person",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        **dict.fromkeys(PERSONAL, "text"),
        "roles": "text[]",
        "org_ids": "uuid[]",
        "grades": "text[]",
        "source_id": "text",
        "archived": "bool",
    },
)
GUARDIANS = Table(
    "guardian",
    key=("tenant_id", "person_id", "guardian_id"),
    columns={"tenant_id": "uuid", "person_id": "uuid", "guardian_id": "uuid"},
    indexes=(("tenant_id", "guardian_id"),),
)


class Directory(View):
    """Everybody whom the school knows."""

    NAME = "directory"
    SOURCE = "academic"
    TABLES = (PEOPLE, GUARDIANS)

    @on(Person.Registered)
    def registered(self, fact: Fact[Person.Registered], rows: Rows) -> None:
        rows.put(
            PEOPLE,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                **_sealed_texts(fact.data),
                "roles": fact.data.roles,
                "org_ids": fact.data.org_ids,
                "grades": fact.data.grades,
                "source_id": fact.data.source_id,
                "archived": False,
            },
        )

    @on(Person.DetailsCorrected)
    def corrected(self, fact: Fact[Person.DetailsCorrected], rows: Rows) -> None:
        rows.change(
            PEOPLE,
            (fact.tenant_id, fact.aggregate_id),
            **_sealed_texts(fact.data),
            roles=fact.data.roles,
            org_ids=fact.data.org_ids,
            grades=fact.data.grades,
        )

    @on(Person.Archived)
    def archived(self, fact: Fact[Person.Archived], rows: Rows) -> None:
        rows.change(PEOPLE, (fact.tenant_id, fact.aggregate_id), archived=True)

    @on(Person.PersonErased)
    def erased(self, fact: Fact[Person.PersonErased], rows: Rows) -> None:
        """What was sealed opens no more; no ciphertext is kept either."""
        rows.change(PEOPLE, (fact.tenant_id, fact.aggregate_id), archived=True, **dict.fromkeys(PERSONAL))

    @on(Person.Restored)
    def restored(self, fact: Fact[Person.Restored], rows: Rows) -> None:
        rows.change(PEOPLE, (fact.tenant_id, fact.aggregate_id), archived=False)

    @on(Person.GuardianLinked)
    def guardian_linked(self, fact: Fact[Person.GuardianLinked], rows: Rows) -> None:
        link = {"person_id": fact.aggregate_id, "guardian_id": fact.data.guardian_id}
        rows.put(GUARDIANS, {"tenant_id": fact.tenant_id, **link})

    @on(Person.GuardianUnlinked)
    def guardian_unlinked(self, fact: Fact[Person.GuardianUnlinked], rows: Rows) -> None:
        rows.remove(GUARDIANS, (fact.tenant_id, fact.aggregate_id, fact.data.guardian_id))


class PersonLine(BaseModel):
    """Names are null when the person was erased."""

    id: UUID
    given_name: str | None
    family_name: str | None
    email: str | None
    middle_name: str | None
    username: str | None
    phone: str | None
    identifier: str | None
    roles: list[str]
    org_ids: list[UUID]
    grades: list[str]
    source_id: str | None
    archived: bool
    guardian_ids: list[UUID]


class Name(BaseModel):
    id: UUID
    given_name: str | None
    family_name: str | None


async def people(
    read: Reading, keyring: Keyring, paging: Paging, role: str | None, only: list[UUID] | None = None
) -> list[PersonLine]:
    """One page and one row more, in the order of registration; of everybody, or only of these."""
    (after,) = paging.after(UUID) or (UUID(int=0),)
    lines = await read.all(
        PersonLine,
        "SELECT id, given_name, family_name, email, middle_name, username, phone, identifier, roles, org_ids,"
        " grades, source_id, archived, ARRAY(SELECT g.guardian_id FROM guardian g"
        " WHERE g.tenant_id = person.tenant_id AND g.person_id = person.id ORDER BY 1) AS guardian_ids"
        " FROM person WHERE tenant_id = %(tenant)s AND id > %(after)s"
        " AND (%(only)s::uuid[] IS NULL OR id = ANY(%(only)s))"
        " AND (%(role)s::text IS NULL OR %(role)s = ANY (roles)) ORDER BY id LIMIT %(limit)s",
        after=after,
        only=only,
        role=role,
        limit=paging.limit + 1,
    )
    return await _opened(keyring, read.tenant_id, lines)


async def person(read: Reading, keyring: Keyring, person_id: UUID) -> PersonLine:
    lines = await read.all(
        PersonLine,
        "SELECT id, given_name, family_name, email, middle_name, username, phone, identifier, roles, org_ids,"
        " grades, source_id, archived, ARRAY(SELECT g.guardian_id FROM guardian g"
        " WHERE g.tenant_id = person.tenant_id AND g.person_id = person.id ORDER BY 1) AS guardian_ids"
        " FROM person WHERE tenant_id = %(tenant)s AND id = %(id)s",
        id=person_id,
    )
    if not lines:
        raise NotFound
    return (await _opened(keyring, read.tenant_id, lines))[0]


async def names_of(read: Reading, keyring: Keyring, ids: Iterable[UUID]) -> dict[UUID, Name]:
    """The names of some people, for lists that hold ids only."""
    lines = await read.all(
        Name,
        "SELECT id, given_name, family_name FROM person WHERE tenant_id = %(tenant)s AND id = ANY (%(ids)s)",
        ids=list(ids),
    )
    fields = ("given_name", "family_name")
    texts = await keyring.open(
        read.tenant_id, [(line.id, name, getattr(line, name)) for line in lines for name in fields]
    )
    return {
        line.id: Name(id=line.id, given_name=given, family_name=family)
        for line, given, family in zip(lines, texts[::2], texts[1::2], strict=True)
    }


async def _opened(keyring: Keyring, tenant_id: UUID, lines: list[PersonLine]) -> list[PersonLine]:
    values = [(line.id, name, getattr(line, name)) for line in lines for name in PERSONAL]
    texts = iter(await keyring.open(tenant_id, values))
    return [line.model_copy(update={name: next(texts) for name in PERSONAL}) for line in lines]


def _sealed_texts(data: Person.Registered | Person.DetailsCorrected) -> dict[str, str | None]:
    values: dict[str, Sealed[str] | None] = {name: getattr(data, name) for name in PERSONAL}
    return {name: None if value is None else value.text for name, value in values.items()}
