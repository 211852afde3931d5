"""The keys that access tokens are signed with: which there are, and the next one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptography.exceptions import InvalidTag
from cyclopts import App

from auth.service import SERVICE
from auth.signing_keys.operating import rotate_keys, states_of
from auth.signing_keys.private_keys import PrivateKeys
from infra.operator.access import connected, console, dsn, master_key, operator, refuse
from shared.codec import Codec
from shared.database import open_pool
from shared.store import EventStore
from shared.writer import Writer

app = App(name="keys", help=__doc__)


@app.command(name="list")
async def list_() -> None:
    """Every key of the key set, newest first, and what it is good for."""
    async with at_hand() as (store, private_keys):
        for key in await states_of(store, private_keys):
            console.print(f"{key.number}  {key.kid}  {key.state}", highlight=False)


@app.command
async def rotate(*, at_once: bool = False) -> None:
    """Make the next key. It signs in ten minutes, when all know it; the one before is accepted for 24 hours more.

    Parameters
    ----------
    at_once: For keys that others may know: the new key signs now, and all others leave the key set. Tokens of before
        are refused within five minutes; clients refresh them.
    """
    async with at_hand() as (store, private_keys), connected("auth") as connection:
        made = await rotate_keys(connection, store, private_keys, operator(), at_once=at_once)
    number = made["number"]
    console.print(f"Key {number} signs now." if at_once else f"Key {number} is published and signs in ten minutes.")


@asynccontextmanager
async def at_hand() -> AsyncIterator[tuple[EventStore, PrivateKeys]]:
    login, master = dsn("auth", "api"), master_key("auth")
    writer = Writer(login, SERVICE.name)
    async with open_pool(login, size=1) as pool:
        await writer.start()
        try:
            yield EventStore(SERVICE.name, pool, writer, Codec(SERVICE.aggregates)), PrivateKeys(pool, master)
        except InvalidTag:
            refuse("This master key is not the one that auth's signing keys were sealed with: set the right one.")
        finally:
            await writer.stop()
