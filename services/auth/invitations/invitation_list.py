"""The invitations of a school: who was asked, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.invitations.invitation import GOOD_FOR, Invitation
from shared.database import Connection
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

INVITATIONS = Table(
    "invitation",
    key=("tenant_id", "invitation_id"),
    columns={
        "tenant_id": "uuid",
        "invitation_id": "uuid",
        "email": "text",
        "given_name": "text",
        "family_name": "text",
        "roles": "text[]",
        "person_id": "uuid",
        "state": "text",
        "invited_at": "timestamptz",
        "until": "timestamptz",
        "membership_id": "uuid",
    },
)


@dataclass(frozen=True)
class InvitationRow:
    """Address and names are sealed."""

    id: UUID
    email: str
    given_name: str | None
    family_name: str | None
    roles: list[str]
    person_id: UUID | None
    state: str
    invited_at: datetime
    until: datetime
    membership_id: UUID | None


class Invitations(View):
    """One whose time is over is shown as expired before that is recorded."""

    NAME = "invitations"
    VERSION = 1
    SOURCE = "auth"
    TABLES = (INVITATIONS,)

    @on(Invitation.MemberInvited)
    def invited(self, fact: Fact[Invitation.MemberInvited], rows: Rows) -> None:
        told = fact.data
        rows.put(
            INVITATIONS,
            {
                "tenant_id": fact.tenant_id,
                "invitation_id": fact.aggregate_id,
                "email": told.email.text,
                "given_name": None if told.given_name is None else told.given_name.text,
                "family_name": None if told.family_name is None else told.family_name.text,
                "roles": list(told.roles),
                "person_id": told.linked_person_id,
                "state": "open",
                "invited_at": fact.time,
                "until": fact.time + GOOD_FOR,
                "membership_id": None,
            },
        )

    @on(Invitation.Resent)
    def resent(self, fact: Fact[Invitation.Resent], rows: Rows) -> None:
        rows.change(INVITATIONS, (fact.tenant_id, fact.aggregate_id), state="open", until=fact.time + GOOD_FOR)

    @on(Invitation.Revoked)
    def revoked(self, fact: Fact[Invitation.Revoked], rows: Rows) -> None:
        rows.change(INVITATIONS, (fact.tenant_id, fact.aggregate_id), state="revoked")

    @on(Invitation.Expired)
    def expired(self, fact: Fact[Invitation.Expired], rows: Rows) -> None:
        rows.change(INVITATIONS, (fact.tenant_id, fact.aggregate_id), state="expired")

    @on(Invitation.Accepted)
    def accepted(self, fact: Fact[Invitation.Accepted], rows: Rows) -> None:
        rows.change(
            INVITATIONS,
            (fact.tenant_id, fact.aggregate_id),
            state="accepted",
            membership_id=fact.data.membership_id,
        )


async def overdue(connection: Connection, now: datetime) -> list[tuple[UUID, UUID]]:
    """Tenant and invitation, of all schools: the connection reads the live build."""
    cursor = await connection.execute(
        "SELECT tenant_id, invitation_id FROM invitation WHERE state = 'open' AND until <= %s ORDER BY until LIMIT 500",
        (now,),
    )
    return await cursor.fetchall()


async def invitations_of(read: Reading, now: datetime, *, after: UUID | None, limit: int) -> list[InvitationRow]:
    return await read.all(
        InvitationRow,
        "SELECT invitation_id AS id, email, given_name, family_name, roles, person_id,"
        " CASE WHEN state = 'open' AND until <= %(now)s THEN 'expired' ELSE state END AS state,"
        " invited_at, until, membership_id FROM invitation WHERE tenant_id = %(tenant)s"
        " AND invitation_id > %(after)s ORDER BY invitation_id LIMIT %(limit)s",
        now=now,
        after=after or UUID(int=0),
        limit=limit,
    )
