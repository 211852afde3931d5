"""What can be done with passkeys: register one, remove one, sign in."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from auth.credential_checks.tries import SignInLocked
from auth.login_sessions.sign_in import Client, Opened, Proved, SignIns, chosen
from auth.passkeys.ceremonies import Ceremonies, PasskeyRefused, credential_id_of
from auth.passkeys.rows import Passkey, PasskeyRows
from auth.passwords.credentials import Credentials, From
from auth.second_factors.checks import SecondFactors
from auth.second_factors.policies import demanded_of
from auth.users.commands import email_of
from auth.users.user import User
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import DomainError
from shared.ids import PLATFORM, uuid7
from shared.personal import Keyring
from shared.store import EventStore


@dataclass(frozen=True)
class Passkeys:
    """What passkeys work with."""

    rows: PasskeyRows
    ceremonies: Ceremonies
    keyring: Keyring
    credentials: Credentials
    second_factors: SecondFactors
    sign_ins: SignIns


async def register_passkey(
    store: EventStore,
    call: Call,
    passkeys: Passkeys,
    user_id: UUID,
    challenge_id: UUID,
    credential: dict[str, Any],
    name: str,
    codes: list[str],
) -> tuple[Saved, bool]:
    """Whether `codes` became the user's recovery codes: only somebody without any gets some.

    Raises ChallengeSpent, PasskeyRefused, PasskeyKnown."""
    if saved := await store.replayed(call):
        return saved, False
    challenge = await passkeys.rows.take_challenge(challenge_id, user_id, call.now)
    new = passkeys.ceremonies.registered(challenge, credential)
    passkey_id, set_id = uuid7(), uuid7()
    await passkeys.rows.keep(
        Passkey(passkey_id, user_id, new.credential_id, new.public_key, new.sign_count, name, call.now, None)
    )
    await passkeys.second_factors.recovery_codes.keep(user_id, set_id, codes)
    try:
        saved = await note_passkey(store, call, user_id, passkey_id, new.method, set_id)
    except DomainError:
        await passkeys.rows.forget(passkey_id)
        raise
    user = await store.get(User, user_id, PLATFORM)
    await passkeys.second_factors.recovery_codes.forget_all_but(user_id, user.recovery_set)
    return saved, user.recovery_set == set_id


@command
async def note_passkey(
    store: EventStore, call: Call, user_id: UUID, passkey_id: UUID, method: str, set_id: UUID
) -> Saved:
    return await store.change(
        User, user_id, lambda user: user.register_passkey(passkey_id, method, set_id, call.now), call=call
    )


async def remove_passkey(store: EventStore, call: Call, passkeys: Passkeys, user_id: UUID, passkey_id: UUID) -> Saved:
    """Raises NotFound, LastSecondFactor."""
    saved = await note_removal(store, call, user_id, passkey_id)
    await passkeys.rows.forget(passkey_id)
    return saved


@command
async def note_removal(store: EventStore, call: Call, user_id: UUID, passkey_id: UUID) -> Saved:
    demanded = await demanded_of(store, await store.get(User, user_id, PLATFORM))
    return await store.change(
        User, user_id, lambda user: user.remove_passkey(passkey_id, call.now, demanded=demanded), call=call
    )


async def sign_in_with_passkey(
    store: EventStore,
    call: Call,
    passkeys: Passkeys,
    challenge_id: UUID,
    credential: dict[str, Any],
    tenant_id: UUID | None,
    client: Client,
) -> Opened:
    """Two factors in one: the authenticator verified its user. Raises ChallengeSpent, PasskeyRefused, SignInLocked."""
    tries, network = passkeys.credentials.tries, passkeys.credentials.network(client.network)
    await tries.reserve(call.now, [network])
    challenge = await passkeys.rows.take_challenge(challenge_id, None, call.now)
    passkey = await passkeys.rows.find(credential_id_of(credential))
    if passkey is None:
        raise PasskeyRefused
    count = passkeys.ceremonies.signed(challenge, credential, passkey)
    user = await store.get(User, passkey.user_id, PLATFORM)
    method = user.passkeys.get(passkey.passkey_id)
    if method is None or not user.may_sign_in or not await passkeys.rows.used(passkey.passkey_id, count, call.now):
        raise PasskeyRefused
    await tries.succeeded([network])
    source = From(client.network, client.device)
    own = (await passkeys.credentials.places(await email_of(user, passkeys.keyring), source))[0]
    if await tries.locked(call.now, own.limit.scope, own.subject):
        raise SignInLocked
    proved = Proved((method, "user", "mfa"), call.now)
    return await passkeys.sign_ins.open(store, call, user, chosen(user, tenant_id), proved, client)
