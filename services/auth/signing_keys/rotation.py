"""Rotation of the signing keys: each step when it is due, however many processes look at the same time.

A key is published first, signs once every verifier has fetched it, and stays in the key set for a day after the next
one signs: no token that is valid is ever refused."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

from auth.signing_keys.commands import (
    KeyMadeElsewhere,
    activate_signing_key,
    generate_signing_key,
    retire_signing_key,
    signing_keys,
    signing_now,
)
from auth.signing_keys.private_keys import PrivateKeys
from auth.signing_keys.signing_key import SigningKey
from shared.calls import Actor, Call
from shared.ids import PLATFORM, uuid7
from shared.store import EventStore

log = logging.getLogger(__name__)

LOOK_EVERY = 60.0
KNOWN_AFTER = timedelta(minutes=10)
"""Verifiers fetch the key set every five minutes at least, and what they fetch may be half a minute old."""
OVERLAP = timedelta(hours=24)

Step = Literal["generated", "activated", "retired"]


async def keep_rotating(store: EventStore, private_keys: PrivateKeys, age: timedelta) -> None:
    """Endless, in every API process: they alone hold the keys. What one of them did is not due for the others."""
    while True:
        call = Call(
            tenant_id=PLATFORM,
            actor=Actor("system", "auth.key-rotation"),
            now=datetime.now(UTC),
            correlation_id=uuid7(),
        )
        try:
            for step, number in await rotate_when_due(store, call, private_keys, age):
                log.info("signing key %s %s", number, step)
        except Exception as error:  # noqa: BLE001 - the keys stay as they are, and it is tried again
            log.warning("signing keys are not rotated: %s", type(error).__name__)
        await asyncio.sleep(LOOK_EVERY)


async def rotate_when_due(
    store: EventStore, call: Call, private_keys: PrivateKeys, age: timedelta
) -> list[tuple[Step, int]]:
    """What is due now, with the numbers of the keys. `age`: after it a key is followed by the next one."""
    keys = await signing_keys(store, await private_keys.all())
    now = signing_now(keys)
    if now is None or now.activated_at is None:
        return []
    done: list[tuple[Step, int]] = []
    for key in sorted(keys.values(), key=lambda key: key.number):
        if is_over(key, keys.values(), call.now):
            await retire(store, call, private_keys, key)
            done.append(("retired", key.number))
        elif waits(key) and call.now - key.created_on >= KNOWN_AFTER:
            await activate_signing_key(store, call.step(f"activate {key.id}"), key.id)
            done.append(("activated", key.number))
    if not done and call.now - now.activated_at >= age and not any(waits(key) for key in keys.values()):
        number = await next_key(store, call, private_keys)
        done += [] if number is None else [("generated", number)]
    return done


async def next_key(store: EventStore, call: Call, private_keys: PrivateKeys) -> int | None:
    """Published now; it signs later. None where another process was first."""
    try:
        saved = await generate_signing_key(store, call.step("generate"), private_keys)
    except KeyMadeElsewhere:
        return None
    keys = await signing_keys(store, [saved.id])
    return keys[saved.id].number


async def replace_at_once(store: EventStore, call: Call, private_keys: PrivateKeys) -> int:
    """For keys that may be known to others: a new one signs now, all others leave the key set. Whoever holds a token
    refreshes it; verifiers refuse the old keys within five minutes."""
    saved = await generate_signing_key(store, call.step("replace"), private_keys, activate=True)
    keys = await signing_keys(store, await private_keys.all())
    for key in keys.values():
        if key.id != saved.id and not key.retired:
            await retire(store, call, private_keys, key)
    return keys[saved.id].number


async def retire(store: EventStore, call: Call, private_keys: PrivateKeys, key: SigningKey) -> None:
    """The private half goes with it: nothing can ever be signed with this key again."""
    await retire_signing_key(store, call.step(f"retire {key.id}"), private_keys, key.id)
    await private_keys.forget(key.id)


def waits(key: SigningKey) -> bool:
    return key.activated_at is None and not key.retired


def is_over(key: SigningKey, keys: Iterable[SigningKey], now: datetime) -> bool:
    """A newer key has signed for the length of the overlap."""
    followed = [each.activated_at for each in keys if each.number > key.number and each.activated_at is not None]
    return not key.retired and bool(followed) and now - min(followed) >= OVERLAP
