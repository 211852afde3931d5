"""What the platform's operator does with signing keys: look at them, have the next one made, replace them at once."""

from datetime import UTC, datetime
from typing import NamedTuple

from auth.signing_keys.commands import signing_keys, signing_now
from auth.signing_keys.private_keys import PrivateKeys
from auth.signing_keys.rotation import KNOWN_AFTER, OVERLAP, next_key, replace_at_once, waits
from shared.calls import Actor, Call
from shared.database import Connection
from shared.errors import Refused
from shared.ids import PLATFORM, uuid7
from shared.operator.actions import Action, Operator, Result
from shared.store import EventStore


class RotationRuns(Refused):
    """The next key is made already and signs soon."""


class KeyState(NamedTuple):
    number: int
    kid: str
    state: str


async def rotate_keys(
    connection: Connection, store: EventStore, private_keys: PrivateKeys, operator: Operator, *, at_once: bool
) -> Result:
    """Raises RotationRuns. The connection is the worker's."""
    async with Action(connection, operator, "keys.rotate", at_once=at_once) as action:
        call = Call(
            tenant_id=PLATFORM,
            actor=Actor("system", operator.name, "platform_operator"),
            now=datetime.now(UTC),
            correlation_id=uuid7(),
        )
        keys = await signing_keys(store, await private_keys.all())
        if not at_once and any(waits(key) for key in keys.values()):
            raise RotationRuns

        async def effect() -> Result:
            made = await (replace_at_once if at_once else next_key)(store, call, private_keys)
            return {"number": made}

        return await action.take(effect)


async def states_of(store: EventStore, private_keys: PrivateKeys) -> list[KeyState]:
    """Newest first, in words for an operator."""
    keys = await signing_keys(store, await private_keys.all())
    now = signing_now(keys)
    found = []
    for key in sorted(keys.values(), key=lambda key: -key.number):
        if now is not None and key.id == now.id:
            state = f"signs since {key.activated_at:%Y-%m-%d %H:%M}Z"
        elif waits(key):
            state = f"is published, signs from {key.created_on + KNOWN_AFTER:%Y-%m-%d %H:%M}Z"
        elif key.retired:
            state = "is retired"
        else:
            state = f"is still accepted, for {OVERLAP.total_seconds() / 3600:.0f} hours after the next one signs"
        found.append(KeyState(key.number, key.public_jwk.kid, state))
    return found
