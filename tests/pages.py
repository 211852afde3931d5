"""The pages of docs/how-to: the commands of their blocks, typed in order into one shell."""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.readme_tables import ROOT

PAGES = ROOT / "docs" / "how-to"
DONE = "(all of it was typed)"
NAME_WHAT_FAILED = """trap 'echo "failed: $BASH_COMMAND"' ERR"""
Settle = Callable[[], Awaitable[None]]


class Door:
    """What the gateway does here: /api/<service>/… is the service's. `settle` goes before each request."""

    def __init__(self, app: ASGIApp, service: str, settle: Settle | None) -> None:
        self._app, self._prefix, self._settle = app, f"/api/{service}", settle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._settle:
            await self._settle()
        path = scope["path"].removeprefix(self._prefix)
        await self._app(dict(scope) | {"path": path, "raw_path": path.encode()}, receive, send)


@asynccontextmanager
async def api_of(app: ASGIApp, service: str, settle: Settle | None = None) -> AsyncIterator[str]:
    """`$API` of the pages, for a service of this process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(Door(app, service, settle), lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        finally:
            server.should_exit = True
            await serving


def blocks_of(*names: str) -> list[str]:
    pages = "\n".join((PAGES / name).read_text() for name in names)
    return re.findall(r"^```sh\n(.*?)^```$", pages, re.DOTALL | re.MULTILINE)


class Shell:
    """A shell that stops at the first command that fails."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def type(self, *blocks: str) -> list[str]:
        """The lines that were said."""
        self._stdin.write("\n".join([NAME_WHAT_FAILED, *blocks, f"echo '{DONE}'\n"]).encode())
        await self._stdin.drain()
        said: list[str] = []
        async for line in self._stdout:
            if line.decode().strip() == DONE:
                return said
            said.append(line.decode().rstrip("\n"))
        raise AssertionError("\n".join(said))

    async def close(self) -> None:
        self._stdin.close()
        await self._process.wait()

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        assert self._process.stdin
        return self._process.stdin

    @property
    def _stdout(self) -> asyncio.StreamReader:
        assert self._process.stdout
        return self._process.stdout


@asynccontextmanager
async def shell(values: Mapping[str, str], folder: Path) -> AsyncIterator[Shell]:
    """`values` is what the reader has already."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-s"),
        env=os.environ | values,
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    opened = Shell(process)
    try:
        yield opened
    finally:
        await opened.close()


async def typed(blocks: list[str], values: Mapping[str, str], folder: Path) -> list[str]:
    """The lines that a whole page says."""
    async with shell(values, folder) as opened:
        return await opened.type(*blocks)
