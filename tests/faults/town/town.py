"""The town under fire: PostgreSQL, Kafka, gateway, and two small services of the kernel, all real processes."""

import asyncio
import os
import random
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from infra.native import kafka, postgres
from infra.native.commands import Command
from infra.native.ports import HANDED_OUT_BY_NOBODY, HOST, Ports, is_busy
from infra.native.probes import http_ok
from infra.native.state import State
from infra.testing.harness import Signer
from shared import topics
from shared.database import migrate, provision
from shared.starting import start_all
from tests.faults.town import items, tallies
from tests.faults.town.child import PATIENCE, Child
from tests.faults.town.wires import add_wired_listener

SERVICES = {"academic": tallies.SERVICE, "billing": items.SERVICE}
LOGINS = ("owner", "api", "worker")
PROCESSES = ("academic.api", "academic.worker", "academic.worker.2", "billing.api", "billing.worker", "gateway")
BROKER = ("kafka", "kafka.controller", "kafka.wired", "kafka.wire")
SPARE = ("academic.api.2", "academic.worker.3", "billing.worker.2")


class Town:
    """`children` by name: `postgres`, `kafka`, `gateway`, `academic.api`, `academic.worker`, `academic.worker.2` …"""

    def __init__(self, folder: Path, server_settings: Mapping[str, str] | None = None) -> None:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.folder = folder
        self.state = State(folder)
        self.signer = Signer()
        self.ports = free_ports("postgres", *BROKER, *PROCESSES, *SPARE)
        self.children: dict[str, Child] = {}
        self._server_settings = dict(server_settings or {})
        self._keys: web.AppRunner | None = None
        self._keys_url = ""

    async def start(self, *names: str) -> None:
        """The servers, the stores, and these processes (all of `PROCESSES` by default)."""
        await self._publish_keys()
        await asyncio.gather(self.start_postgres(), self.start_kafka())
        await self._prepare()
        children = [self.add(name) for name in names or PROCESSES]
        await asyncio.gather(*[child.start() for child in children])

    async def start_stores(self) -> None:
        """PostgreSQL with the event stores, and nothing else."""
        await self._publish_keys()
        await self.start_postgres()
        for name in SERVICES:
            await self.make_store(name)

    async def stop(self) -> None:
        services = [child for name, child in self.children.items() if name not in ("postgres", "kafka")]
        await asyncio.gather(*[child.stop(within=15) for child in services])
        servers = [self.children[name] for name in ("kafka", "postgres") if name in self.children]
        await asyncio.gather(*[child.stop(within=15) for child in servers])
        if self._keys is not None:
            await self._keys.cleanup()

    def __getitem__(self, name: str) -> Child:
        return self.children[name]

    @property
    def base_url(self) -> str:
        return self.ports.url("gateway")

    @property
    def kafka(self) -> str:
        return kafka.bootstrap(self.ports)

    @property
    def superuser(self) -> str:
        return postgres.dsn(self.ports["postgres"], self._password(postgres.SUPERUSER))

    def dsn(self, service: str, kind: str) -> str:
        role = f"{service}_{kind}"
        return postgres.dsn(self.ports["postgres"], self._password(role), role)

    async def ready(self, *names: str, within: float = PATIENCE) -> None:
        await asyncio.gather(*[self.children[name].ready(within) for name in names or self.children])

    def add(self, name: str, *teeth: str, **environment: str) -> Child:
        """A process that is not started yet; in place of the one of this name, if there was one.

        `environment` adds to its settings or replaces them (`API_DSN=…`)."""
        answers = lambda: http_ok(self.ports[name], "/readyz")  # noqa: E731
        self.children[name] = Child(self._command(name, teeth, environment), answers, self._log(name))
        return self.children[name]

    async def remove(self, name: str) -> None:
        """Stops a process and forgets it: nobody waits for it any more."""
        await self.children.pop(name).stop()

    async def start_postgres(self, **environment: str) -> None:
        data = await postgres.prepare(self.state)
        server = postgres.dsn(self.ports["postgres"], self._password(postgres.SUPERUSER), database="postgres")
        command = postgres.command(data, self.ports["postgres"])
        settings = tuple(f"--{name}={value}" for name, value in self._server_settings.items())
        told = {**command.environment, **environment}
        command = replace(command, arguments=command.arguments + settings, environment=told)
        child = Child(command, lambda: postgres.answers(server, data), self._log("postgres"))
        self.children["postgres"] = child
        await child.start()
        await postgres.make_database(server)

    async def start_kafka(self) -> None:
        """Also after `wipe_kafka`: the data folder is made anew where it is missing."""
        command = await kafka.prepare(self.state, self.ports)
        add_wired_listener(self.folder / "kafka" / "server.properties", self.ports)
        self.children["kafka"] = Child(command, lambda: kafka.answers(self.kafka), self._log("kafka"))
        await self.children["kafka"].start()

    async def wipe_kafka(self) -> None:
        """The broker is stopped and its disk is empty; `start_kafka` brings a new one."""
        await self.children["kafka"].kill(away=3600)
        await self.children["kafka"].stop()
        shutil.rmtree(self.folder / "kafka" / "data")

    async def _prepare(self) -> None:
        await topics.ensure_personal_keys(self.kafka)
        for name, service in SERVICES.items():
            await self.make_store(name)
            await topics.ensure(self.kafka, name, 1)
            await start_all(self.dsn(name, "worker"), service, self.kafka, "beginning")

    async def make_store(self, service: str) -> None:
        await provision(self.superuser, service, self.passwords(service))
        await migrate(self.dsn(service, "owner"), service)

    def passwords(self, service: str) -> dict[str, str]:
        return {kind: self._password(f"{service}_{kind}") for kind in LOGINS}

    def _command(self, name: str, teeth: tuple[str, ...], environment: Mapping[str, str]) -> Command:
        service, _, kind = name.partition(".")
        kind = kind.partition(".")[0]
        prefix = f"{service.upper()}_"
        own = {
            "PORT": str(self.ports[name]),
            "WORKER_PORT": str(self.ports[name]),
            "JWKS_URL": self._keys_url,
            "STATE": str(self.state.path("caches", name)),
        }
        shown = {"PGAPPNAME": name}
        if kind:
            own[f"{kind.upper()}_DSN"] = self.dsn(service, kind)
            own |= {"KAFKA": self.kafka, "MASTER_KEY_FILE": str(self.state.master_key_file())}
            module: tuple[str, ...] = ("tests.faults.town.process", service, kind, *teeth)
        else:
            own |= {f"{one.upper()}_URL": self.ports.url(f"{one}.api") for one in SERVICES}
            patched = teeth or any(key.startswith("TOWN_") for key in environment)
            module = ("tests.faults.town.gateway", *teeth) if patched else ("gateway.main",)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(prefix)}
        own |= {key: value for key, value in environment.items() if not key.startswith("TOWN_")}
        told = {key: value for key, value in environment.items() if key.startswith("TOWN_")}
        settings = {f"{prefix}{key}": value for key, value in own.items()}
        return Command(name, (sys.executable, "-m", *module), inherited | settings | told | shown)

    def _password(self, role: str) -> str:
        return self.state.passwords(role)[role]

    def _log(self, name: str) -> Path:
        return self.state.path("logs") / f"{name}.log"

    async def _publish_keys(self) -> None:
        """The key set that auth would serve."""

        async def key_set(_: web.Request) -> web.Response:
            return web.Response(body=self.signer.key_set(), content_type="application/json")

        app = web.Application()
        app.router.add_get("/jwks.json", key_set)
        self._keys = web.AppRunner(app)
        await self._keys.setup()
        site = web.TCPSite(self._keys, HOST, 0)
        await site.start()
        self._keys_url = f"http://{HOST}:{self._keys.addresses[0][1]}/jwks.json"


def free_ports(*names: str) -> Ports:
    drawn = random.SystemRandom().sample(HANDED_OUT_BY_NOBODY, 4 * len(names))
    return Ports(dict(zip(names, [port for port in drawn if not is_busy(port)], strict=False)))
