"""One role of a worker in a process of its own: `python -m benchmarks.role read academic mark_history`."""

import asyncio
import sys
from dataclasses import replace

import uvloop
from pydantic_settings import SettingsConfigDict

import academic.service
import exports.service
from shared.garbage import collect_rarely
from shared.kernel import Kernel
from shared.leader import Leadership
from shared.service import Service
from shared.settings import ServiceSettings
from shared.worker import dsn_of, roles_of

SERVICES = {service.name: service for service in (academic.service.SERVICE, exports.service.SERVICE)}


class BenchSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="BENCH_", frozen=True, extra="ignore")


async def run(role: str, service: Service) -> None:
    """Leads the roles with this beginning, until the process is ended."""
    settings = BenchSettings()
    async with Kernel.open(service, settings, worker=True) as kernel:
        roles = {name: act for name, act in roles_of(kernel, settings).items() if name.startswith(role)}
        if not roles:
            raise SystemExit(f"{service.name} has no role that begins with {role!r}")
        leadership = Leadership(dsn_of(settings), service.name)
        leading = asyncio.create_task(leadership.run(roles))
        print("leads", *roles, flush=True)
        await leading


def main() -> None:
    role, name, *views = sys.argv[1:]
    service = SERVICES[name]
    wanted = tuple(view for view in service.views if view.NAME in views)
    collect_rarely()
    uvloop.run(run(role, replace(service, views=wanted, reactions=())))


if __name__ == "__main__":
    main()
