"""What can be done with signing keys: generate, activate, retire; and make the first one."""

from collections.abc import Iterable
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.signing_keys.private_keys import PrivateKeys, public_jwk
from auth.signing_keys.signing_key import SigningKey
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.errors import Refused
from shared.ids import PLATFORM, uuid7
from shared.store import EventStore, Taken


class KeyMadeElsewhere(Refused):
    """Another process made the next signing key at the same moment."""


async def signing_keys(store: EventStore, ids: Iterable[UUID]) -> dict[UUID, SigningKey]:
    """Those that have events, from the log itself: no view can lag here."""
    return await store.get_many(SigningKey, ids, PLATFORM)


def signing_now(keys: dict[UUID, SigningKey]) -> SigningKey | None:
    """The newest activated key signs."""
    active = [key for key in keys.values() if key.activated_at is not None and not key.retired]
    return max(active, key=lambda key: key.number, default=None)


async def ensure_signing_key(store: EventStore, call: Call, private_keys: PrivateKeys) -> None:
    """The first key, once, however many processes start at the same time."""
    if signing_now(await signing_keys(store, await private_keys.all())) is None:
        try:
            await generate_signing_key(store, call, private_keys, activate=True)
        except KeyMadeElsewhere:
            return


@command
async def generate_signing_key(
    store: EventStore, call: Call, private_keys: PrivateKeys, *, activate: bool = False
) -> Saved:
    """A key is published when generated and signs when activated: verifiers know it in time."""
    keys = await signing_keys(store, await private_keys.all())
    number = max((key.number for key in keys.values()), default=0) + 1
    private, key_id = Ed25519PrivateKey.generate(), uuid7()
    await private_keys.keep(key_id, private)
    key = SigningKey(id=key_id, tenant_id=PLATFORM, number=number, public_jwk=public_jwk(private), timestamp=call.now)
    if activate:
        key.activate(call.now)
    try:
        return await store.save(key, call=call, claims=(Claim(PLATFORM, "signing-key", str(number), key_id),))
    except Taken:
        await private_keys.forget(key_id)
        raise KeyMadeElsewhere from None


@command
async def activate_signing_key(store: EventStore, call: Call, key_id: UUID) -> Saved:
    return await store.change(SigningKey, key_id, lambda key: key.activate(call.now), call=call)


@command
async def retire_signing_key(store: EventStore, call: Call, private_keys: PrivateKeys, key_id: UUID) -> Saved:
    now = signing_now(await signing_keys(store, await private_keys.all()))
    signing = now.id if now is not None else key_id
    return await store.change(SigningKey, key_id, lambda key: key.retire(signing=signing, now=call.now), call=call)
