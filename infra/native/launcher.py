"""`make run`: the whole product on this machine, without Docker and without root, until it is told to stop."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from rich.console import Console

from infra.native import postgres
from infra.native.fleet import APIS, SERVERS, WORKERS, Fleet
from infra.native.output import Output
from infra.native.ports import DEFAULT_BASE, Ports, check_free
from infra.native.problems import CannotStart
from infra.native.state import State, default_folder
from infra.native.welcome import print_addresses, tell_story

PARTS = {
    "all": (*SERVERS, *APIS, *WORKERS, "gateway", "inbox"),
    "servers": SERVERS,
    "postgres": ("postgres",),
    "kafka": ("kafka",),
}
AFTER_A_CRASH = 8.0
ALSO = {"kafka": ("kafka.controller",), "inbox": ("inbox.smtp",)}
"""Ports that a process listens on beside its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    console = Console(soft_wrap=True)
    if asked.forget:
        return _forget(console)
    state = State(default_folder())
    try:
        with state.held():
            return asyncio.run(_run(asked, state, console))
    except* CannotStart as problems:
        for problem in problems.exceptions:
            console.print(_first(problem), style="bold red", markup=False, highlight=False)
    return 1


async def _run(asked: argparse.Namespace, state: State, console: Console) -> int:
    ports = Ports.free() if asked.ports == "free" else Ports.from_base(asked.port)
    names = PARTS[asked.only]
    output = Output(state.folder / "logs", names, to_terminal=not asked.once)
    fleet = Fleet(state, ports, output)
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("not inside a task")
    stopping = _stop_on_signals(task, fleet)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            crashed = bool(state.running())
            await check_free(ports, tuple(ports_of(names)), AFTER_A_CRASH if crashed else 0.0)
            state.forget_running()
            return await _live(asked, fleet, output, console)
        return 0 if stopping.is_set() and not asked.once else 1
    finally:
        stopping.set()
        await fleet.stop()
        output.close()


def ports_of(names: Sequence[str]) -> list[str]:
    return [port for name in names for port in (name, *ALSO.get(name, ()))]


async def _live(asked: argparse.Namespace, fleet: Fleet, output: Output, console: Console) -> int:
    if asked.only != "all":
        await fleet.start_servers(PARTS[asked.only])
        fleet.watch()
        return await _for_ever()
    console.print("Rollbook starts. The logs of its processes are kept in", fleet.state.folder / "logs")
    await fleet.start_all()
    fleet.watch()
    told = fleet.state.folder / "story-told"
    if asked.once or not (asked.no_story or told.exists()):
        output.to_terminal = False
        held = await tell_story(fleet.ports)
        if asked.once:
            return 0 if held else 1
        if held:
            told.touch()
        output.to_terminal = True
    print_addresses(fleet.state, fleet.ports, console)
    return await _for_ever()


async def _for_ever() -> int:
    await asyncio.Event().wait()
    return 0


def _stop_on_signals(task: "asyncio.Task[int]", fleet: Fleet) -> asyncio.Event:
    """The first asks all processes to stop in order, one after that ends them at once."""
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            fleet.kill()
        else:
            stopping.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopping


def _forget(console: Console) -> int:
    state = State(default_folder())
    try:
        with state.held():
            state.forget()
            postgres.forget_copy()
    except CannotStart as problem:
        console.print(str(problem), style="bold red", markup=False, highlight=False)
        return 1
    console.print(f"The data in {state.folder} is gone.", highlight=False)
    return 0


def _first(problem: BaseException) -> str:
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return str(problem)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_BASE, help="the gateway's; the others follow it")
    parser.add_argument("--ports", choices=["free"], help="any free ports; running.json in the state folder names them")
    parser.add_argument("--once", action="store_true", help="tell the story on a new school and end, 0 if it held")
    parser.add_argument("--no-story", action="store_true", help="only start")
    parser.add_argument("--only", choices=sorted(PARTS), default="all", help="only these servers")
    parser.add_argument("--forget", action="store_true", help="remove all local data")
    return parser


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
