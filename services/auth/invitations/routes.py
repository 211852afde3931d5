"""HTTP of invitations: invite, resend, revoke, list; accept."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from auth.credential_checks.tries import SignInLocked
from auth.desk import AtDesk, Desk
from auth.handed_out import LinkToken
from auth.invitations.accepting import (
    Acceptance,
    Accepting,
    AccountKnown,
    AccountNeeded,
    NewAccount,
    accept_invitation,
)
from auth.invitations.addresses import Addresses
from auth.invitations.commands import (
    AlreadyInvited,
    AlreadyMember,
    Invitee,
    invite_member,
    resend_invitation,
    revoke_invitation,
)
from auth.invitations.invitation import InvitationIsOver, SentTooRecently
from auth.invitations.invitation_list import InvitationRow, Invitations, invitations_of
from auth.memberships.membership import NotForMembers, RoleAboveOwn
from auth.memberships.routes import Role
from auth.passwords.credentials import From
from auth.passwords.policy import NewPassword, Password, PasswordTooWeak
from auth.rate_limits.limits import TooManyRequests, limited
from auth.tenants.routes import Name
from auth.tenants.tenant import TenantIsSuspended
from auth.users.emails import Email
from auth.users.open_link import LinkSpent
from auth.users.user import PasswordWrong
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may, public
from shared.errors import Forbidden, NotFound
from shared.problems import problems

router = APIRouter(tags=["invitations"])

Language = Literal["en", "es"]


class InvitationRequest(Request):
    """`person_id`: whom of the school's records the account will belong to. `language`: of the mail."""

    email: Email = Field(examples=["teacher@example.org"])
    given_name: Name | None = None
    family_name: Name | None = None
    language: Language = "en"
    roles: Annotated[tuple[Role | UUID, ...], Field(min_length=1, max_length=5)] = Field(examples=[["teacher"]])
    person_id: UUID | None = None


class AccountDetails(Request):
    given_name: Name
    family_name: Name
    password: NewPassword = Field(examples=["correct horse battery"])
    language: Language = "en"


class AcceptanceRequest(Request):
    """`account` for somebody new, `password` for an account that the address has: one of them."""

    token: LinkToken
    account: AccountDetails | None = None
    password: Password | None = None

    @model_validator(mode="after")
    def _one(self) -> "AcceptanceRequest":
        if (self.account is None) == (self.password is None):
            raise ValueError("either account or password")
        return self


class Invited(BaseModel):
    """Address and names are null once they are erased."""

    id: UUID
    email: str | None
    given_name: str | None
    family_name: str | None
    roles: list[str]
    person_id: UUID | None
    state: Literal["open", "accepted", "revoked", "expired"]
    invited_at: datetime
    until: datetime
    membership_id: UUID | None


class Accepted(BaseModel):
    """Sign in with this school as `tenant_id`."""

    membership_id: UUID
    tenant_id: UUID


@router.post(
    "/invitations",
    status_code=201,
    responses=problems(AlreadyInvited, AlreadyMember, RoleAboveOwn, NotForMembers, NotFound, Forbidden),
)
async def post_invitation(
    body: InvitationRequest, caller: Annotated[Caller, may("members.write", creates=True)], desk: AtDesk
) -> Answer[Receipt]:
    """Invite somebody by mail, with roles not above the own. The link works once, for seven days."""
    roles = tuple(dict.fromkeys(map(str, body.roles)))
    who = Invitee(body.email, body.given_name, body.family_name, body.language, roles, body.person_id)
    saved = await invite_member(caller.store, caller.call, caller.keyring, addresses(caller, desk), who)
    return caller.accepted(saved, "Invited")


@router.get("/invitations", responses=problems())
async def get_invitations(page: Page, caller: Annotated[Caller, may("members.read")]) -> Answer[list[Invited]]:
    """Who was invited, and what became of it."""
    after = page.after(UUID)
    async with caller.reading(Invitations) as read:
        rows = await invitations_of(read, datetime.now(UTC), after=after[0] if after else None, limit=page.limit + 1)
    shown = await opened(caller, rows)
    return caller.page(shown, "Invitations", read, page, lambda row: (row.id,))


@router.post(
    "/invitations/{invitation_id}/resend",
    responses=problems(NotFound, InvitationIsOver, SentTooRecently, RoleAboveOwn, NotForMembers, Forbidden, LinkSpent),
)
async def post_resend(
    invitation_id: UUID, caller: Annotated[Caller, may("members.write")], desk: AtDesk
) -> Answer[Receipt]:
    """Mail a new link for seven more days. The one before works no more."""
    saved = await resend_invitation(caller.store, caller.call, caller.keyring, addresses(caller, desk), invitation_id)
    return caller.accepted(saved, "Sent again")


@router.post(
    "/invitations/{invitation_id}/revoke",
    responses=problems(NotFound, InvitationIsOver, RoleAboveOwn, Forbidden, LinkSpent),
)
async def post_revoke(
    invitation_id: UUID, caller: Annotated[Caller, may("members.write")], desk: AtDesk
) -> Answer[Receipt]:
    """Take an invitation back: its link works no more."""
    saved = await revoke_invitation(caller.store, caller.call, caller.keyring, addresses(caller, desk), invitation_id)
    return caller.accepted(saved, "Revoked")


@router.post(
    "/invitations/accept",
    dependencies=[limited("link", "token")],
    responses=problems(
        LinkSpent,
        AccountKnown,
        AccountNeeded,
        AlreadyMember,
        PasswordWrong,
        PasswordTooWeak,
        SignInLocked,
        TenantIsSuspended,
        TooManyRequests,
    ),
)
async def post_acceptance(
    body: AcceptanceRequest, caller: Annotated[Caller, public()], desk: AtDesk
) -> Answer[Accepted]:
    """Accept an invitation with the token of the mailed link. The address counts as verified."""
    account = None if body.account is None else NewAccount(**body.account.model_dump())
    saved = await accept_invitation(
        caller.store,
        caller.call,
        Accepting(caller.keyring, desk.credentials, addresses(caller, desk)),
        Acceptance(body.token, account, body.password),
        From(caller.network),
    )
    return Answer(
        data=Accepted(membership_id=saved.id, tenant_id=saved.reply["school"]), message="You are a member now"
    )


def addresses(caller: Caller, desk: Desk) -> Addresses:
    return Addresses(caller.kernel.pool, caller.keyring.master, desk.credentials)


async def opened(caller: Caller, rows: list[InvitationRow]) -> list[Invited]:
    fields = ("email", "given_name", "family_name")
    texts = iter(
        await caller.keyring.open(
            caller.tenant_id, [(row.id, field, getattr(row, field)) for row in rows for field in fields]
        )
    )
    return [Invited(**{**vars(row), **{field: next(texts) for field in fields}}) for row in rows]
