"""The pages about rolls and corrections: their commands are run, in order, over HTTP."""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from academic.main import app
from infra.testing.harness import PERMISSIONS, Running
from infra.testing.school import School

PAGES = Path(__file__).parents[2] / "docs" / "how-to"


class Door:
    """What the gateway does here: /api/academic/… is the service's. Views catch up before they are read."""

    def __init__(self, it: Running) -> None:
        self._it = it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET":
            await self._it.settle()
        path = scope["path"].removeprefix("/api/academic")
        await app(dict(scope) | {"path": path, "raw_path": path.encode()}, receive, send)


@pytest.fixture
async def base_url(academic: Running) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(Door(academic), lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving


async def test_A12_A16_every_command_of_the_pages_of_attendance_works(
    school: School, base_url: str, tmp_path: Path
) -> None:
    class_id = await school.class_()
    for name in ("Ann", "Ben", "Eve"):
        await school.enrolment(class_id, await school.person(name))
    meeting_id, _ = await school.meeting(class_id, "2026-09-07"), await school.meeting(class_id, "2026-09-14")
    env = {
        "API": f"{base_url}/api",
        "AUTH": f"Authorization: Bearer {school.it.signer.token(school.tenant_id, PERMISSIONS)}",
        "CLASS": class_id,
        "MEETING": meeting_id,
    }
    said = await ran([PAGES / "take-a-roll.md", PAGES / "correct-a-mark.md"], env, tmp_path)
    assert [line for line in said if line.startswith('"')] == [
        '"Attendance marked"',
        '"Register closed"',
        '"Attendance corrected"',
        '"Register reopened"',
    ]
    told = {"Ann: not taken", "2026-09-14 17:00 not opened", "Eve: 0 of 1, false", "Ben: 1 of 1, true"}
    assert told | {"nothing → A: first mark", "A → E: Her father had called"} <= set(said)


async def ran(pages: list[Path], env: dict[str, str], folder: Path) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", "\n".join(page.read_text() for page in pages), re.DOTALL | re.MULTILINE)
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", "\n".join(blocks)),
        env=os.environ | env,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await shell.communicate()
    assert shell.returncode == 0, (out + error).decode()
    return out.decode().splitlines()
