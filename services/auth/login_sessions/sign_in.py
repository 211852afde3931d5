"""Signing in: the password first, then the school, then a session in it."""

from uuid import UUID

from auth.login_sessions.commands import start_session
from auth.memberships.membership import Membership, membership_id
from auth.passwords.credentials import Credentials
from auth.signing_keys.access_tokens import Grant
from auth.users.user import User
from shared.calls import Call, Saved
from shared.errors import NotFound, Refused
from shared.ids import PLATFORM, uuid7
from shared.store import EventStore


class SignInRefused(Refused):
    """E-mail address or password is wrong."""

    status = 401


class TenantChoiceNeeded(Refused):
    """This account belongs to several schools: name one of them as tenant_id."""


async def sign_in(
    store: EventStore, call: Call, credentials: Credentials, email: str, password: str, tenant_id: UUID | None
) -> tuple[Grant, Saved]:
    """Reads the log itself, never a view: a school registered a moment ago can be entered."""
    user_id = await credentials.check(email, password, call.now)
    if user_id is None:
        raise SignInRefused
    user = await store.get(User, user_id, PLATFORM)
    school = chosen(user, tenant_id)
    membership = await store.get(Membership, membership_id(school, user_id), school)
    session_id = uuid7()
    saved = await start_session(store, call.for_tenant(school), session_id, user_id)
    return Grant(user_id, school, session_id, membership.roles), saved


def chosen(user: User, tenant_id: UUID | None) -> UUID:
    if tenant_id is not None:
        if tenant_id not in user.schools:
            raise NotFound(pointer="/tenant_id")
        return tenant_id
    if len(user.schools) > 1:
        schools = ", ".join(map(str, user.schools))
        raise TenantChoiceNeeded(f"Name one of your schools as tenant_id: {schools}.", pointer="/tenant_id")
    return user.schools[0]
