"""Step-up: somebody who is signed in proves it again, before something dangerous."""

from typing import Literal
from uuid import UUID

from auth.external_sign_in.policy import check_own_credential
from auth.login_sessions.login_session import LoginSession
from auth.login_sessions.refresh_tokens import Family, RefreshTokens
from auth.memberships.membership import Membership, membership_id
from auth.second_factors.checks import Proof
from auth.second_factors.commands import Proving
from auth.signing_keys.access_tokens import Grant
from auth.users.user import User
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import NotFound, Refused
from shared.ids import PLATFORM
from shared.store import EventStore

Method = Literal["password", "code", "recovery-code"]


class CodeNeeded(Refused):
    """You have a second factor: a password is not enough."""

    status = 403


async def step_up(
    store: EventStore,
    call: Call,
    proving: Proving,
    refresh_tokens: RefreshTokens,
    session_id: UUID,
    user_id: UUID,
    proof: str | Proof,
) -> tuple[Saved, Grant]:
    """`proof`: a password, or a code for whoever has a second factor. The grant of a fresh token. A copy of the call
    makes nothing fresher. Raises NotFound, CodeNeeded, ExternalSignInNeeded, PasswordWrong, CodeWrong, SignInLocked."""
    family = await own_family(refresh_tokens, user_id, session_id)
    saved = await store.replayed(call)
    if saved is not None:
        return saved, Grant(user_id, family.school_id, session_id, tuple(family.amr), family.proved_at)
    user = await store.get(User, user_id, PLATFORM)
    if isinstance(proof, Proof):
        await proving.second_factors.prove(store, call, user, proof)
        amr = tuple(dict.fromkeys([*family.amr, "otp"]))
        method: Method = "code" if proof.code is not None else "recovery-code"
    elif user.second_factors:
        raise CodeNeeded
    else:
        membership = await store.get(Membership, membership_id(family.school_id, user_id), family.school_id)
        await check_own_credential(store, proving.keyring, user, membership)
        await proving.password(store, call, user_id, proof)
        amr, method = tuple(dict.fromkeys([*family.amr, "pwd"])), "password"
    await refresh_tokens.prove(session_id, amr, call.now)
    saved = await note_step_up(store, call.for_tenant(family.school_id), session_id, method)
    return saved, Grant(user_id, family.school_id, session_id, amr, call.now)


@command
async def note_step_up(store: EventStore, call: Call, session_id: UUID, method: Method) -> Saved:
    return await store.change(LoginSession, session_id, lambda session: session.step_up(method, call.now), call=call)


async def own_family(refresh_tokens: RefreshTokens, user_id: UUID, session_id: UUID) -> Family:
    for family in await refresh_tokens.of_user(user_id):
        if family.family_id == session_id:
            return family
    raise NotFound
