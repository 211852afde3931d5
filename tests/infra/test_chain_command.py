"""`rollbook chain`: what an operator runs, and what an auditor gets of it."""

import asyncio
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from infra.testing.harness import new_log
from infra.verifier import verify_chain
from tests.shared.histories import KEY, SECRET, Dsns, tamper, two_histories
from tests.shared.stores import as_worker


class Desk(NamedTuple):
    """An operator's environment, and the two tenants of the store that it reaches."""

    dsns: Dsns
    folder: Path
    ours: UUID

    def run(self, *arguments: object) -> tuple[int, str]:
        own = {
            "ACADEMIC_WORKER_DSN": self.dsns["worker"],
            "ACADEMIC_MASTER_KEY_FILE": str(self.folder / "master.key"),
        }
        ended = subprocess.run(
            (sys.executable, "-P", "-m", "infra.cli", "chain", *map(str, arguments)),
            env={**os.environ, **own},
            capture_output=True,
            text=True,
        )
        return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def desk(postgres: str, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "master.key").write_text(b64encode(SECRET).decode())
    with asyncio.Runner() as runner, ExitStack() as stack:
        opened = new_log(postgres, "academic")
        dsns = runner.run(opened.__aenter__())
        stack.callback(lambda: runner.run(opened.__aexit__(None, None, None)))
        ours, _ = runner.run(histories_in(dsns))
        yield Desk(dsns, tmp_path, ours)


async def histories_in(dsns: Dsns) -> tuple[UUID, UUID]:
    async with await as_worker(dsns) as worker:
        return await two_histories(worker)


def test_N9_an_operator_verifies_a_store_and_hears_where_it_is_bad(desk: Desk) -> None:
    status, said = desk.run("verify", "--service", "academic")
    assert (status, said) == (
        0,
        "intact: academic: 12 events of 2 tenants, signed up to position 12, 0 not signed yet, 0 not chained yet\n",
    )
    asyncio.run(tamper(desk.dsns, "UPDATE events SET topic = 'academic.shelf_put_up' WHERE notification_id = 4"))
    status, said = desk.run("verify", "--service", "academic")
    assert status == 1
    assert f"BAD: academic, tenant {desk.ours}: first bad position 4: the event is not the one" in said


def test_N9_an_operator_hands_out_a_copy_a_key_and_checkpoints(desk: Desk) -> None:
    copy, kept = desk.folder / "copy", desk.folder / "kept"
    status, said = desk.run("export", "academic", desk.ours, copy)
    assert status == 0, said
    assert desk.run("export", "academic", desk.ours, copy) == (1, f"{copy} is there already.\n")
    status, said = desk.run("key", "academic")
    assert (status, said) == (0, f"{KEY.text} {KEY.id}\n")
    status, said = desk.run("checkpoints", "academic")
    assert status == 0, said
    kept.write_text(said)
    auditor = (sys.executable, "-I", verify_chain.__file__, copy, "--key", KEY.text, "--checkpoint", kept)
    ended = subprocess.run(auditor, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.split()[0]) == (0, "intact:")
    for table, column in (
        ("events", "notification_id"),
        ("hash_chain", "position"),
        ("hash_chain_checkpoints", "position"),
    ):
        asyncio.run(tamper(desk.dsns, f"DELETE FROM {table} WHERE {column} > 10"))
    given = ("verify", "--service", "academic", "--tenant", desk.ours)
    assert desk.run(*given)[0] == 0
    status, said = desk.run(*given, "--checkpoint", kept)
    assert status == 1
    assert "first bad position 11: it was signed and is missing" in said


def test_N9_a_key_that_cannot_be_read_is_refused(desk: Desk) -> None:
    assert desk.run("verify", "--service", "academic", "--key", KEY.text)[0] == 0
    status, said = desk.run("verify", "--service", "academic", "--key", "no key")
    assert status == 1
    assert "cannot be read" in said
    (desk.folder / "master.key").unlink()
    status, said = desk.run("verify", "--service", "academic")
    assert status == 1
    assert "Set ACADEMIC_MASTER_KEY_FILE" in said
