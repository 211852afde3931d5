"""Personal keys in the service that did not make them: forgotten on purpose, and read again from Kafka."""

import asyncio
import time
from uuid import UUID

from cryptography.exceptions import InvalidTag
from psycopg import sql

from shared.database import open_pool
from shared.personal import KeyAbsent, Keyring, MasterKey
from tests.faults.ledger import Ledger
from tests.faults.stores import Stored, log_of, reading
from tests.faults.town.town import Town


async def forget_keys(town: Town, service: str, ledger: Ledger) -> None:
    """Its worker reads the topic from the first record when it starts again."""
    async with reading(town) as connection:
        await connection.execute(
            sql.SQL("DELETE FROM {}.personal_keys WHERE NOT own AND tenant_id = ANY(%s)").format(
                sql.Identifier(service)
            ),
            (list(ledger.tenants),),
        )
    worker = town[f"{service}.worker"]
    await worker.kill()
    await worker.ready()


async def unreadable_keys(town: Town, service: str, ledger: Ledger, within: float = 20.0) -> list[UUID]:
    """Tallies whose keeper this service cannot name as the client did; none as soon as all can be read."""
    names = {i.reply["data"]["id"]: i.body["keeper"] for i in ledger.with_outcome("ok") if i.kind == "open"}
    async with reading(town) as connection:
        opened = [e for e in await log_of(connection, "academic") if e.topic == "academic.tally_opened"]
    began = time.monotonic()
    waiting = [event for event in opened if str(event.aggregate_id) in names]
    async with open_pool(town.dsn(service, "api")) as pool:
        keyring = Keyring(MasterKey.read(town.state.master_key_file()), pool)
        while waiting and time.monotonic() - began < within:
            waiting = [event for event in waiting if await name_in(keyring, event) != names[str(event.aggregate_id)]]
            await asyncio.sleep(0.1)
    return [event.aggregate_id for event in waiting]


async def name_in(keyring: Keyring, opened: Stored) -> str | None:
    try:
        [name] = await keyring.open(opened.tenant_id, [(opened.aggregate_id, "keeper", opened.data["keeper"])])
    except (KeyAbsent, InvalidTag):
        return None
    return name
