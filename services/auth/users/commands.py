"""What can be done with a user: verify the address, change and reset the password."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from auth.handed_out import Kind
from auth.login_sessions.commands import end_sessions
from auth.login_sessions.refresh_tokens import RefreshTokens
from auth.passwords.choosing import check_choice
from auth.passwords.credentials import Credentials, From
from auth.users.open_link import LinkSpent
from auth.users.user import PasswordWrong, User
from shared.calls import Call, Saved
from shared.commands import command
from shared.ids import PLATFORM
from shared.personal import Keyring
from shared.store import EventStore

LINK_EVERY = timedelta(minutes=1)
"""Nobody's mailbox is filled by somebody else's requests."""


@dataclass(frozen=True)
class PasswordChange:
    """`session_id` is the sign-in that goes on."""

    user_id: UUID
    old: str
    new: str
    source: From
    session_id: UUID | None


@command
async def ask_for_verification(store: EventStore, call: Call, user_id: UUID, link_id: UUID) -> Saved:
    def decide(user: User) -> None:
        if user.verification.asked_before(call.now - LINK_EVERY):
            user.request_verification(link_id, call.now)

    return await store.change(User, user_id, decide, call=call)


@command
async def ask_for_reset(store: EventStore, call: Call, user_id: UUID, link_id: UUID) -> Saved:
    def decide(user: User) -> None:
        if user.reset.asked_before(call.now - LINK_EVERY):
            user.request_reset(link_id, call.now)

    return await store.change(User, user_id, decide, call=call)


@command
async def verify_email(
    store: EventStore, call: Call, keyring: Keyring, credentials: Credentials, token: str, password: str, source: From
) -> Saved:
    """The link shows that the address is read, the password that its reader registered it: a stranger who registered
    somebody else's address gets nothing from that person's click. Raises LinkSpent, PasswordWrong, SignInLocked."""
    user_id, link_id = ids_of(credentials, "verify-email", token)
    await check_own_password(store, call, keyring, credentials, user_id, password, source)
    return await store.change(User, user_id, lambda user: user.verify_email(link_id, call.now), call=call)


@command
async def reset_password(
    store: EventStore,
    call: Call,
    keyring: Keyring,
    credentials: Credentials,
    refresh_tokens: RefreshTokens,
    token: str,
    password: str,
) -> Saved:
    """All sign-ins end, and the account's lock. A second factor stays. Raises LinkSpent, PasswordTooWeak.

    The link is spent by the very event that makes the new password count: of many at once one succeeds."""
    user_id, link_id = ids_of(credentials, "reset-password", token)
    user = await store.get(User, user_id, PLATFORM)
    user.reset.check(link_id, call.now)
    await check_choice(store, keyring, credentials.policy, user, password)
    async with credentials.kept(user_id, password) as password_id:
        saved = await store.change(
            User, user_id, lambda user: user.reset_password(link_id, password_id, call.now), call=call
        )
    await credentials.unlock(await email_of(user, keyring))
    await after_new_password(store, call, credentials, refresh_tokens, user_id)
    return saved


@command
async def change_password(
    store: EventStore,
    call: Call,
    keyring: Keyring,
    credentials: Credentials,
    refresh_tokens: RefreshTokens,
    change: PasswordChange,
) -> Saved:
    """All other sign-ins end. Raises PasswordWrong, PasswordTooWeak, SignInLocked."""
    await check_own_password(store, call, keyring, credentials, change.user_id, change.old, change.source)
    user = await store.get(User, change.user_id, PLATFORM)
    await check_choice(store, keyring, credentials.policy, user, change.new)
    async with credentials.kept(change.user_id, change.new) as password_id:
        saved = await store.change(
            User, change.user_id, lambda user: user.change_password(password_id, call.now), call=call
        )
    await after_new_password(store, call, credentials, refresh_tokens, change.user_id, change.session_id)
    return saved


@command
async def choose_language(store: EventStore, call: Call, user_id: UUID, language: str) -> Saved:
    return await store.change(User, user_id, lambda user: user.choose_language(language, call.now), call=call)


async def check_own_password(
    store: EventStore,
    call: Call,
    keyring: Keyring,
    credentials: Credentials,
    user_id: UUID,
    password: str,
    source: From,
) -> None:
    """Passes the same counter as signing in. Raises PasswordWrong, SignInLocked."""
    user = await store.get(User, user_id, PLATFORM)
    fits = await credentials.check(await email_of(user, keyring), password, call.now, source)
    if fits is None or fits.password_id != user.password_id:
        raise PasswordWrong


def ids_of(credentials: Credentials, kind: Kind, token: str) -> tuple[UUID, UUID]:
    """User and link that a token names. Raises LinkSpent."""
    ids = credentials.handed_out.ids(kind, token, 2)
    if ids is None:
        raise LinkSpent
    return ids[0], ids[1]


async def after_new_password(
    store: EventStore,
    call: Call,
    credentials: Credentials,
    refresh_tokens: RefreshTokens,
    user_id: UUID,
    keep_session: UUID | None = None,
) -> None:
    """Which password counts is in the history by now: the rows of all others go, and the sign-ins made with them."""
    user = await store.get(User, user_id, PLATFORM)
    await credentials.forget_all_but(user_id, user.password_id)
    families = [each for each in await refresh_tokens.of_user(user_id) if each.family_id != keep_session]
    await end_sessions(store, call, refresh_tokens, families, "password-changed")


async def email_of(user: User, keyring: Keyring) -> str:
    """Raises LinkSpent for somebody who was erased."""
    (email,) = await keyring.open(PLATFORM, [(user.id, "email", user.email)])
    if email is None:
        raise LinkSpent
    return email
