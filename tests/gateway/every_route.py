"""All operations of the product, and the four services that answer them, each with the real app on a real database."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import academic.main
import auth.main
import billing.main
import exports.main
from academic.settings import AcademicSettings
from auth.settings import AuthSettings
from billing.settings import BillingSettings
from exports.settings import ExportsSettings
from infra.services import SERVICES
from infra.testing.harness import Running, running
from shared.http import Api
from shared.ids import uuid7
from shared.settings import ServiceSettings

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "gateway" / "openapi.json").read_text())
APPS: dict[str, tuple[Api, type[ServiceSettings]]] = {
    "auth": (auth.main.app, AuthSettings),
    "academic": (academic.main.app, AcademicSettings),
    "billing": (billing.main.app, BillingSettings),
    "exports": (exports.main.app, ExportsSettings),
}


class Operation(NamedTuple):
    method: str
    path: str
    described: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def service(self) -> str | None:
        """None: the gateway answers itself."""
        name = self.path.removeprefix("/api/").partition("/")[0]
        return name if name in APPS else None

    @property
    def target(self) -> str:
        """At the service, with ids that nothing has."""
        own = self.path.removeprefix(f"/api/{self.service}")
        return re.sub(r"{(\w+)}", lambda name: str(uuid7()) if name[1].endswith("_id") else "P", own)


OPERATIONS = [
    Operation(method.upper(), path, described)
    for path, methods in sorted(DOCUMENT["paths"].items())
    for method, described in sorted(methods.items())
]


@asynccontextmanager
async def all_services(postgres: str, folder: Path) -> AsyncIterator[dict[str, Running]]:
    async with AsyncExitStack() as stack:
        found = {}
        for service in SERVICES:
            app, settings = APPS[service.name]
            (own := folder / service.name).mkdir()
            found[service.name] = await stack.enter_async_context(running(postgres, own, service, settings, app))
        yield found
