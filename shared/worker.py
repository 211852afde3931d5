"""The worker process of a service: relay, readers, keys, hash chain and clock, each led by one worker at a time."""

import asyncio
import signal
from asyncio import FIRST_COMPLETED

import uvloop

from shared import telemetry, topics
from shared.checkpoints import CheckpointKey
from shared.clock import RULES, run_until_it_jumps
from shared.database import connect, scalar
from shared.following import Following
from shared.garbage import collect_rarely
from shared.hashing import OPTIONS, HashChain
from shared.kernel import Kernel
from shared.key_relay import follow_keys
from shared.leader import Leadership, Role
from shared.mail.sending import keep_sending
from shared.operator.app import open_operator_app
from shared.pulse import LIMIT, pulse
from shared.relay import PATIENCE, Relay
from shared.serve import server
from shared.service import Service, reader_of
from shared.settings import ServiceSettings
from shared.vitals import keep_measuring

STOP_WITHIN = 10.0


def serve_worker(service: Service, settings: ServiceSettings) -> None:
    collect_rarely()
    uvloop.run(run_worker(service, settings))


async def run_worker(service: Service, settings: ServiceSettings) -> None:
    """Until SIGTERM or SIGINT: then readers and relay stop, safely wherever they are, and the locks are released."""
    telemetry.configure(service.name, settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with (
        Kernel.open(service, settings, worker=True) as kernel,
        open_operator_app(kernel, dsn_of(settings), settings) as app,
    ):
        leadership = Leadership(dsn_of(settings), service.name)
        leading = asyncio.create_task(leadership.run(roles_of(kernel, settings)))
        web = server(app, settings, port=settings.worker_port)
        serving = asyncio.create_task(web.serve())
        await asyncio.wait([asyncio.create_task(stop.wait()), leading, serving], return_when=FIRST_COMPLETED)
        web.should_exit = True
        if leading.done():
            leading.result()
        leading.cancel()
        await asyncio.wait([leading, serving], timeout=STOP_WITHIN)
    telemetry.flush()


def dsn_of(settings: ServiceSettings) -> str:
    if settings.worker_dsn is None:
        raise ValueError("worker_dsn is not set")
    return settings.worker_dsn.get_secret_value()


def roles_of(kernel: Kernel, settings: ServiceSettings) -> dict[str, Role]:
    """What this worker does where it leads."""
    dsn = dsn_of(settings)
    name = kernel.service.name

    async def relay(leadership: Leadership) -> None:
        await topics.ensure_personal_keys(settings.kafka)
        await topics.ensure(settings.kafka, name, kernel.generation)
        async with await connect(dsn, search_path=name) as listener:
            with pulse("relay", PATIENCE + LIMIT):
                kept = int(await scalar(listener, "SELECT kept FROM event_log"))
                await Relay(leadership, listener, name, kernel.generation, settings.kafka, kept).run()

    async def clock(leadership: Leadership) -> None:
        async with await connect(dsn, search_path=name) as connection:
            due = [each.rule(kernel) for each in kernel.service.due]
            await run_until_it_jumps(connection, (*RULES, *kernel.service.rules, *due))

    async def keys(leadership: Leadership) -> None:
        async with await connect(dsn, search_path=name) as connection:
            with pulse("keys"):
                await follow_keys(connection, settings.kafka)

    async def vitals(leadership: Leadership) -> None:
        with pulse("vitals"):
            await keep_measuring(kernel.pool, kernel.generation)

    async def mail(leadership: Leadership) -> None:
        await keep_sending(kernel, settings)

    async def hash_chain(leadership: Leadership) -> None:
        key = CheckpointKey(name, kernel.keyring.master)
        async with await connect(dsn, search_path=name, **OPTIONS) as connection:
            with pulse("hash-chain"):
                await HashChain(connection, name, key).run()

    readers: dict[str, Role] = {
        reader_of(kernel.service, source): Following(kernel, settings, source).run for source in kernel.service.sources
    }
    return {
        "relay": relay,
        "clock": clock,
        "keys": keys,
        "hash-chain": hash_chain,
        "vitals": vitals,
        "mail": mail,
        **readers,
    }
