"""What can be done with second factors: set up an authenticator app, remove it, make new recovery codes.

What was proved is claimed once, so it stands before what is tried again; a copy of a command is answered before it."""

from dataclasses import dataclass
from uuid import UUID

from auth.login_sessions.refresh_tokens import RefreshTokens
from auth.passwords.credentials import Credentials, From
from auth.second_factors.checks import Proof, SecondFactors
from auth.second_factors.policies import demanded_of
from auth.second_factors.refusals import EnrolmentExpired
from auth.second_factors.totp import new_secret
from auth.users.commands import check_own_password
from auth.users.user import User
from shared.calls import Call, Saved
from shared.commands import command
from shared.ids import PLATFORM, uuid7
from shared.personal import Keyring
from shared.store import EventStore


@dataclass(frozen=True)
class Proving:
    """What proving works with, and where the request came from."""

    keyring: Keyring
    credentials: Credentials
    second_factors: SecondFactors
    source: From

    async def password(self, store: EventStore, call: Call, user_id: UUID, password: str) -> None:
        """Raises PasswordWrong, SignInLocked."""
        await check_own_password(store, call, self.keyring, self.credentials, user_id, password, self.source)

    async def both(self, store: EventStore, call: Call, user_id: UUID, password: str, proof: Proof) -> None:
        """The password first: a code is guessed only behind it. Raises PasswordWrong, CodeWrong, SignInLocked."""
        await self.password(store, call, user_id, password)
        await self.second_factors.prove(store, call, await store.get(User, user_id, PLATFORM), proof)


async def start_totp_enrolment(store: EventStore, call: Call, proving: Proving, user_id: UUID, password: str) -> Saved:
    """A secret that waits for its first code. Raises PasswordWrong, SignInLocked, TotpEnabledAlready."""
    if saved := await store.replayed(call):
        return saved
    await proving.password(store, call, user_id, password)
    user = await store.get(User, user_id, PLATFORM)
    await proving.second_factors.totp.forget_all_but(user_id, user.totp_id)
    factor_id = uuid7()
    await proving.second_factors.totp.keep(user_id, factor_id, new_secret())
    return await note_enrolment(store, call, user_id, factor_id)


@command
async def note_enrolment(store: EventStore, call: Call, user_id: UUID, factor_id: UUID) -> Saved:
    return await store.change(User, user_id, lambda user: user.start_totp(factor_id, call.now), call=call)


async def confirm_totp(
    store: EventStore,
    call: Call,
    proving: Proving,
    refresh_tokens: RefreshTokens,
    user_id: UUID,
    session_id: UUID | None,
    code: str,
    codes: list[str],
) -> tuple[Saved, bool]:
    """From now on it is asked for. Whether `codes` became the user's recovery codes: only somebody without any gets
    some. Raises EnrolmentExpired, CodeWrong, SignInLocked."""
    if saved := await store.replayed(call):
        return saved, False
    user = await store.get(User, user_id, PLATFORM)
    factor_id, set_id = user.enrolling.id, uuid7()
    if call.now >= user.enrolling.until:
        raise EnrolmentExpired
    await proving.second_factors.prove_enrolment(user, code, call.now)
    await proving.second_factors.recovery_codes.keep(user_id, set_id, codes)
    saved = await note_totp(store, call, user_id, factor_id, set_id)
    user = await forget_others(store, proving.second_factors, user_id)
    if session_id is not None:
        await refresh_tokens.prove(session_id, ("pwd", "otp"), call.now)
    return saved, user.recovery_set == set_id


@command
async def note_totp(store: EventStore, call: Call, user_id: UUID, factor_id: UUID, set_id: UUID) -> Saved:
    return await store.change(User, user_id, lambda user: user.confirm_totp(factor_id, set_id, call.now), call=call)


async def disable_totp(
    store: EventStore, call: Call, proving: Proving, user_id: UUID, password: str, proof: Proof
) -> Saved:
    """Raises PasswordWrong, CodeWrong, SignInLocked, LastSecondFactor."""
    if saved := await store.replayed(call):
        return saved
    await proving.both(store, call, user_id, password, proof)
    saved = await note_no_totp(store, call, user_id)
    await forget_others(store, proving.second_factors, user_id)
    return saved


@command
async def note_no_totp(store: EventStore, call: Call, user_id: UUID) -> Saved:
    demanded = await demanded_of(store, await store.get(User, user_id, PLATFORM))
    return await store.change(User, user_id, lambda user: user.disable_totp(call.now, demanded=demanded), call=call)


async def regenerate_recovery_codes(
    store: EventStore, call: Call, proving: Proving, user_id: UUID, password: str, proof: Proof, codes: list[str]
) -> tuple[Saved, bool]:
    """New ones; those of before are of no use any more. Raises PasswordWrong, CodeWrong, SignInLocked."""
    if saved := await store.replayed(call):
        return saved, False
    await proving.both(store, call, user_id, password, proof)
    set_id = uuid7()
    await proving.second_factors.recovery_codes.keep(user_id, set_id, codes)
    saved = await note_recovery_codes(store, call, user_id, set_id)
    user = await forget_others(store, proving.second_factors, user_id)
    return saved, user.recovery_set == set_id


@command
async def note_recovery_codes(store: EventStore, call: Call, user_id: UUID, set_id: UUID) -> Saved:
    return await store.change(User, user_id, lambda user: user.generate_recovery_codes(set_id, call.now), call=call)


async def forget_others(store: EventStore, second_factors: SecondFactors, user_id: UUID) -> User:
    """Which secret and which codes count is in the history by now: the rows of all others go."""
    user = await store.get(User, user_id, PLATFORM)
    await second_factors.totp.forget_all_but(user_id, user.totp_id)
    await second_factors.recovery_codes.forget_all_but(user_id, user.recovery_set)
    return user
