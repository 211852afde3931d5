"""HTTP of passkeys: register, list, remove, and sign in with one."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from auth.credential_checks.tries import SignInLocked
from auth.desk import AtDesk
from auth.external_sign_in.policy import ExternalSignInNeeded
from auth.login_sessions.delivery import RefreshDeliveryUnknown
from auth.login_sessions.identified import user_of
from auth.login_sessions.routes import SignedIn, Token, client_of, signed_in
from auth.login_sessions.sign_in import SignInRefused, TenantChoiceNeeded
from auth.passkeys.ceremonies import PasskeyRefused
from auth.passkeys.commands import register_passkey, remove_passkey, sign_in_with_passkey
from auth.passkeys.rows import ChallengeSpent, PasskeyKnown
from auth.rate_limits.limits import TooManyRequests, limited
from auth.second_factors.recovery_codes import new_codes
from auth.second_factors.refusals import LastSecondFactor
from auth.users.commands import email_of
from auth.users.user import User
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may, public
from shared.errors import NotFound
from shared.ids import PLATFORM
from shared.problems import problems

router = APIRouter(tags=["passkeys"])

Fresh = Annotated[Caller, may("me", fresh=True)]
Credential = Annotated[dict[str, Any], Field(max_length=10)]
"""What the browser gives, as `toJSON()` writes it."""


class NewPasskey(Request):
    challenge_id: UUID
    credential: Credential
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class PasskeySignIn(Request):
    """`tenant_id` is needed only by somebody who belongs to several schools; `device` as in POST /login."""

    challenge_id: UUID
    credential: Credential
    tenant_id: UUID | None = None
    device: Token | None = None


class Ceremony(BaseModel):
    """`options` are for `navigator.credentials`; the answer is awaited for five minutes, once."""

    challenge_id: UUID
    options: dict[str, Any]


class PasskeyLine(BaseModel):
    id: UUID
    name: str
    made_at: datetime
    used_at: datetime | None


class Registered(BaseModel):
    """`recovery_codes` are shown this once. Null: you have some already, or this answer was given before."""

    id: UUID
    version: int
    recovery_codes: list[str] | None


@router.post("/me/passkeys/options", responses=problems(NotFound))
async def post_passkey_options(caller: Fresh, desk: AtDesk) -> Answer[Ceremony]:
    """Begin to register a passkey. Needs a proof of who you are that is at most five minutes old."""
    user = await caller.store.get(User, user_of(caller), PLATFORM)
    known = await desk.passkeys.rows.of_user(user.id)
    email = await email_of(user, caller.keyring)
    challenge, options = desk.passkeys.ceremonies.registering(user.id, email, known)
    challenge_id = await desk.passkeys.rows.note_challenge(challenge, user.id, caller.call.now)
    return Answer(data=Ceremony(challenge_id=challenge_id, options=options), message="Create the passkey")


@router.post("/me/passkeys", responses=problems(NotFound, ChallengeSpent, PasskeyRefused, PasskeyKnown))
async def post_passkey(body: NewPasskey, caller: Fresh, desk: AtDesk) -> Answer[Registered]:
    """Register the passkey that the browser made. The first second factor of all brings recovery codes."""
    call, codes = caller.call.for_tenant(PLATFORM), new_codes()
    saved, shown = await register_passkey(
        caller.store, call, desk.passkeys, user_of(caller), body.challenge_id, body.credential, body.name, codes
    )
    caller.moved(saved)
    made = Registered(id=saved.id, version=saved.version, recovery_codes=codes if shown else None)
    return Answer(data=made, message="Passkey registered")


@router.get("/me/passkeys", responses=problems(NotFound))
async def get_passkeys(caller: Annotated[Caller, may("me")], desk: AtDesk) -> Answer[list[PasskeyLine]]:
    """Your passkeys."""
    user = await caller.store.get(User, user_of(caller), PLATFORM)
    lines = [
        PasskeyLine(id=each.passkey_id, name=each.name, made_at=each.made_at, used_at=each.used_at)
        for each in await desk.passkeys.rows.of_user(user.id)
        if each.passkey_id in user.passkeys
    ]
    return Answer(data=lines, message="Passkeys")


@router.post("/me/passkeys/{passkey_id}/removal", responses=problems(NotFound, LastSecondFactor))
async def post_passkey_removal(passkey_id: UUID, caller: Fresh, desk: AtDesk) -> Answer[Receipt]:
    """Remove a passkey. The last second factor stays where a school of yours demands one."""
    call = caller.call.for_tenant(PLATFORM)
    saved = await remove_passkey(caller.store, call, desk.passkeys, user_of(caller), passkey_id)
    return caller.accepted(saved, "Passkey removed")


@router.post("/login/passkey/options", dependencies=[limited("passkey")], responses=problems(TooManyRequests))
async def post_login_passkey_options(caller: Annotated[Caller, public()], desk: AtDesk) -> Answer[Ceremony]:
    """Begin to sign in with a passkey. Nobody is named: the passkey says who it is."""
    challenge, options = desk.passkeys.ceremonies.signing_in()
    challenge_id = await desk.passkeys.rows.note_challenge(challenge, None, caller.call.now)
    return Answer(data=Ceremony(challenge_id=challenge_id, options=options), message="Use a passkey")


@router.post(
    "/login/passkey",
    dependencies=[limited("passkey", "credential", "id")],
    responses=problems(
        ChallengeSpent,
        PasskeyRefused,
        SignInRefused,
        SignInLocked,
        ExternalSignInNeeded,
        TenantChoiceNeeded,
        NotFound,
        TooManyRequests,
        RefreshDeliveryUnknown,
    ),
)
async def post_login_passkey(
    body: PasskeySignIn, caller: Annotated[Caller, public()], desk: AtDesk
) -> Answer[SignedIn]:
    """Sign in with a passkey. It counts as two factors: nothing more is asked."""
    opened = await sign_in_with_passkey(
        caller.store,
        caller.call,
        desk.passkeys,
        body.challenge_id,
        body.credential,
        body.tenant_id,
        client_of(caller, body.device),
    )
    return Answer(data=await signed_in(caller, desk, opened), message="Signed in")
