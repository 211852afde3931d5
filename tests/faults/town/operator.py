"""The operator of the town: `rollbook …` with the town's own settings."""

import asyncio
import os
import sys

from tests.faults.town.town import SERVICES, Town


async def rollbook(town: Town, *words: str) -> tuple[int, str]:
    """Exit status and output."""
    settings = {f"{name.upper()}_{role.upper()}_DSN": town.dsn(name, role) for name in SERVICES for role in ROLES}
    settings |= {f"{name.upper()}_KAFKA": town.kafka for name in SERVICES}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.cli", *words),
        env=os.environ | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


ROLES = ("owner", "worker")
