"""`make bench`: one line per figure, raw lines beside it; the exit code says whether a must was missed."""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from benchmarks import machine
from benchmarks.figures import Figure
from benchmarks.registry import ROWS, chosen
from benchmarks.run import SIZES, Run


def figures(run: Run, only: str) -> Iterator[Figure]:
    """A workload that breaks measures nothing, and hides none of the others."""
    for workload in chosen(only):
        began = time.monotonic()
        try:
            yield from workload.measure(run)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is told, and the exit code says it
            run.broken.append(workload.__name__)
            print(f"{workload.__name__} did not finish: {error!r}", *workload.ROWS, file=sys.stderr)
            run.note("broken", name=workload.__name__, trace=traceback.format_exception(error))
        run.note("workload", name=workload.__name__, seconds=time.monotonic() - began)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", default=os.environ.get("ONLY", ""), choices=["", *ROWS], help="a row: PF6")
    parser.add_argument("--size", default=os.environ.get("SIZE", "S"), choices=list(SIZES))
    parser.add_argument("--keep-noisy", action="store_true", help="count rounds that others disturbed as well")
    asked = parser.parse_args()
    folder = Path(os.environ.get("ROLLBOOK_STATE", ".rollbook")) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    missed = False
    with (folder / f"{int(time.time())}.jsonl").open("w") as raw:
        run = Run(SIZES[asked.size], raw, keep_noisy=asked.keep_noisy or asked.size == "XS")
        print(machine.describe(run, folder), flush=True)
        for figure in figures(run, asked.only):
            print(figure.line(), flush=True)
            run.note("figure", **vars(figure), verdict=figure.verdict)
            missed = missed or figure.verdict == "below"
    return 1 if missed or run.broken else 0


if __name__ == "__main__":
    sys.exit(main())
