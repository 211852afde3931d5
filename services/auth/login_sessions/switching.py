"""Switching to another of one's schools without a new sign-in: what was proved stays proved, the old session ends."""

from uuid import UUID

from auth.external_sign_in.policy import check_own_credential
from auth.login_sessions.commands import detect_reuse, note_end, start_session
from auth.login_sessions.refresh_tokens import RefreshRefused, TokenReused
from auth.login_sessions.sign_in import Client, Opened, Proved, SignIns, chosen, new_family
from auth.memberships.membership import Membership, membership_id
from auth.signing_keys.access_tokens import Grant
from auth.users.user import User
from shared.calls import Call
from shared.errors import Forbidden, NotFound, Refused
from shared.identity import FEDERATED
from shared.ids import PLATFORM
from shared.store import EventStore


class SchoolEntered(Refused):
    """You are signed in to this school already."""


class OneSchoolOnly(Forbidden):
    """You are signed in by the provider of one school, which opens no other: sign in to that one."""


async def switch(sign_ins: SignIns, store: EventStore, call: Call, token: str, school: UUID, client: Client) -> Opened:
    """Raises RefreshRefused, NotFound, SchoolEntered, OneSchoolOnly, ExternalSignInNeeded. A refusal that
    is about the school leaves the token unused.

    It lives no longer than the sign-in before: else somebody who goes to and fro would never prove anything again."""
    before = await sign_ins.refresh_tokens.family_of(token)
    user = await store.get(User, before.user_id, PLATFORM)
    if not user.may_sign_in:
        raise RefreshRefused
    if FEDERATED in before.amr:
        raise OneSchoolOnly
    if before.school_id == chosen(user, school):
        raise SchoolEntered(pointer="/tenant_id")
    membership = await store.get(Membership, membership_id(school, user.id), school)
    if not membership.active(call.now):
        raise NotFound(pointer="/tenant_id")
    await check_own_credential(store, sign_ins.keyring, user, membership)
    fresh = new_family(user.id, membership, Proved(tuple(before.amr), before.proved_at), client, call.now)
    family = fresh._replace(absolute_end=min(fresh.absolute_end, before.absolute_end))
    try:
        next_token = await sign_ins.refresh_tokens.replace(token, client.binding, family, "switched")
    except TokenReused as reuse:
        await detect_reuse(store, call.for_tenant(reuse.family.school_id), reuse.family.family_id)
        raise RefreshRefused from None
    await note_end(store, call.for_tenant(before.school_id).step("end"), before.family_id, "switched")
    saved = await start_session(store, call.for_tenant(school), family.family_id, user.id, "switched")
    grant = Grant(user.id, school, family.family_id, tuple(family.amr), family.proved_at)
    return Opened(grant, next_token, sign_ins.device_of(user.id, client), saved)
