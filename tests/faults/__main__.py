"""`make faults`: every row and tooth, one line each; the exit status is not 0 when one of them fails.

`N=` trials, `RUN=` the run key of an earlier run, `ONLY=G2,T4` some rows, `PLAN=` a saved plan to be replayed."""

import argparse
import asyncio
import fcntl
import logging
import resource
import shutil
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import uvloop

from tests.faults.arena import Arena, Towns
from tests.faults.plan import Plan
from tests.faults.results import Skip, line
from tests.faults.rows.rows import ROWS, row
from tests.faults.run_key import new_run_key

TRIALS = Path(__file__).with_name("trials.toml")
LONGEST_ROW, LONGEST_TRIAL = 1_800.0, 20.0


async def main(asked: argparse.Namespace, folder: Path) -> int:
    trials: dict[str, int] = tomllib.loads(TRIALS.read_text())[asked.profile]
    names = list(dict.fromkeys(asked.only.split(","))) if asked.only else list(trials)
    if unknown := [name for name in names if name not in ROWS]:
        sys.exit(f"There is no row {unknown[0]}: {', '.join(ROWS)}.")
    towns = Towns(folder / "towns")
    plan = Plan.load(Path(asked.plan)) if asked.plan else None
    print(f"run key {asked.run}, evidence in {folder}", flush=True)
    failed = []
    try:
        for name in names:
            arena = Arena(name, asked.trials or trials.get(name, 1), asked.run, folder / name, towns, given_plan=plan)
            if not await passes(arena):
                failed.append(name)
                await towns.forget_shared()
    finally:
        await towns.stop()
    if failed:
        print(f"failed: {', '.join(failed)}. The same again: make faults RUN={asked.run} ONLY={','.join(failed)}")
    elif not asked.keep:
        shutil.rmtree(folder)
    return 1 if failed else 0


async def passes(arena: Arena) -> bool:
    arena.folder.mkdir()
    began = time.monotonic()
    try:
        async with asyncio.timeout(max(LONGEST_ROW, arena.trials * LONGEST_TRIAL)):
            with logged(arena.folder / "harness.log"):
                await row(arena.name)(arena)
    except Skip as skipped:
        arena.found.add(reason=str(skipped))
        return tell(arena, began, "skip")
    except Exception as error:  # noqa: BLE001 - a row that breaks is a row that fails; the others run
        arena.found.wrong.append(f"{type(error).__name__}: {error}")
        (arena.folder / "trace.txt").write_text(traceback.format_exc())
    return tell(arena, began, "fail" if arena.found.wrong else "pass")


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Some rows run parts of the product in this process: what those log is evidence, too."""
    root = logging.getLogger()
    before = list(root.handlers)
    with path.open("w") as out, redirect_stdout(out):
        try:
            yield
        finally:
            root.handlers[:] = before


def tell(arena: Arena, began: float, verdict: str) -> bool:
    arena.found.add(seconds=time.monotonic() - began)
    print(line(arena.name, arena.trials, arena.found.figures, verdict), flush=True)
    for wrong in arena.found.wrong[:10]:
        print(f"    {wrong[:1000]}")
    if verdict == "fail":
        (arena.folder / "wrong.txt").write_text("\n".join(arena.found.wrong))
        print(f"    run key {arena.run_key}, plan and logs in {arena.folder} and {arena.towns.folder}", flush=True)
    return verdict != "fail"


@contextmanager
def turn() -> Iterator[None]:
    """One run at a time on one machine, or they would only measure each other."""
    with (Path(tempfile.gettempdir()) / "rollbook-faults.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another run on this machine to end", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--trials", type=int, help="the number of trials of each row")
    parser.add_argument("--run", type=int, default=new_run_key(), help="the run key")
    parser.add_argument("--only", default="", help="names of rows, with commas")
    parser.add_argument("--plan", default="", help="a plan that was saved by an earlier run")
    parser.add_argument("--profile", default="faults", choices=["faults", "test"])
    parser.add_argument("--keep", action="store_true", help="keep the evidence of a run that passed")
    return parser.parse_args()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with turn(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        evidence = Path(tempfile.mkdtemp(prefix="rollbook-faults-"))
        evidence.chmod(0o711)
        sys.exit(runner.run(main(parsed(), evidence)))
