"""The story as a client of the product, and what is printed when the product is ready."""

import asyncio
import signal
import sys

from rich.console import Console

from gateway.catalogue import PREFIX
from infra.native.commands import dies_with
from infra.native.ports import Ports
from infra.native.state import State


async def tell_story(ports: Ports) -> bool:
    """A client like any other, in a process of its own; only what it prints is ours to pass on."""
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "infra.story",
        ports.url("gateway"),
        ports.url("inbox"),
        stdin=asyncio.subprocess.DEVNULL,
        preexec_fn=dies_with(signal.SIGKILL),
    )
    try:
        return await client.wait() == 0
    finally:
        if client.returncode is None:
            client.kill()
            await client.wait()


def print_addresses(state: State, ports: Ports, console: Console) -> None:
    gateway = ports.url("gateway")
    console.print(f"\nRollbook is ready: {gateway}\nIts API, to try out: {gateway}{PREFIX}/docs/", highlight=False)
    console.print(f"The mails that it sends: {ports.url('inbox')}", highlight=False)
    logins = state.folder / "logins.txt"
    if logins.exists():
        console.print(logins.read_text(), markup=False, highlight=False)
    console.print("Ctrl-C stops everything and keeps the data.\n", highlight=False)
