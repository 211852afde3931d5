"""Tamper-evident history: verified, copied for an auditor, and its signed checkpoints to keep outside."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter

from infra.operator.access import SERVICES, Name, connected, console, master_key, refuse
from infra.verifier.live import verify_store
from infra.verifier.stored import copy_of, newest_checkpoints, snapshot
from infra.verifier.verify_chain import Keys, line_of, read_checkpoints, read_keys
from shared.checkpoints import CheckpointKey

app = App(name="chain", help=__doc__)


@app.command
async def verify(
    *,
    service: Name | None = None,
    tenant: UUID | None = None,
    checkpoint: Annotated[Sequence[Path], Parameter(negative=())] = (),
    key: Annotated[Sequence[str], Parameter(negative=())] = (),
) -> None:
    """Compare what is stored with its hash chain and checkpoints; exit status 1 with the first bad position.

    Parameters
    ----------
    checkpoint: Files of checkpoints that were kept outside.
    key: Public keys, also those of former master keys; without any, the one that the service signs with now.
    """
    intact = True
    try:
        outside = read_checkpoints(checkpoint)
        keys = read_keys(key)
    except (ValueError, OSError) as problem:
        refuse(f"A key or checkpoint cannot be read: {problem}")
    for name in [service] if service else SERVICES:
        trusted: Keys = keys or read_keys([key_of(name).text])
        async with connected(name) as connection:
            verdict = await verify_store(connection, name, trusted, tenant_id=tenant, outside=outside)
        for line in verdict.lines():
            console.print(line, style=None if verdict.intact else "bold red", markup=False, highlight=False)
        intact = intact and verdict.intact
    if not intact:
        refuse("Keep this store as it is, and compare it with a backup from before the position named first.")


@app.command
async def export(service: Name, tenant: UUID, file: Path) -> None:
    """Write a copy of one tenant's history with its hash chain; `verify_chain.py` verifies it without the product."""
    try:
        out = file.open("xb")
    except FileExistsError:
        refuse(f"{file} is there already.")
    with out:
        async with connected(service) as connection:
            async for line in copy_of(connection, service, tenant):
                out.write(line)
    console.print(f"{file} is written.", highlight=False)


@app.command
async def checkpoints(service: Name) -> None:
    """The newest checkpoint of each tenant, a line each: keep them where nobody who runs the store can write."""
    async with connected(service) as connection, snapshot(connection):
        async for point in newest_checkpoints(connection, service):
            sys.stdout.write(line_of(point).decode() + "\n")


@app.command
def key(service: Name) -> None:
    """The public key that checkpoints of the service are signed with, and its id."""
    own = key_of(service)
    sys.stdout.write(f"{own.text} {own.id}\n")


def key_of(service: Name) -> CheckpointKey:
    return CheckpointKey(service, master_key(service))
