"""`make bench`: one line per figure, raw lines beside it; the exit code says whether a must was missed."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import append, product
from benchmarks.figures import Figure

SIZES = {"S": {"rounds": 7, "seconds": 2.0, "samples": 300}, "M": {"rounds": 15, "seconds": 5.0, "samples": 1000}}
WORKLOADS = {"append": ("PF1",), "product": ("PF6", "PF18", "PSS")}


def figures(only: str, size: str) -> Iterator[Figure]:
    asked = SIZES[size]
    if not only or only in WORKLOADS["append"]:
        yield from append.measure(int(asked["rounds"]), asked["seconds"])
    if not only or only in WORKLOADS["product"]:
        yield from product.measure(int(asked["samples"]))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument(
        "--only",
        default=os.environ.get("ONLY", ""),
        choices=["", *WORKLOADS["append"], *WORKLOADS["product"]],
        help="one row: PF6",
    )
    parser.add_argument("--size", default=os.environ.get("SIZE", "S"), choices=list(SIZES))
    asked = parser.parse_args()
    folder = Path(os.environ.get("ROLLBOOK_STATE", ".rollbook")) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    missed = False
    with (folder / f"{int(time.time())}.jsonl").open("w") as raw:
        raw.write(json.dumps({"load": os.getloadavg(), "cores": os.cpu_count(), "size": asked.size}) + "\n")
        for figure in figures(asked.only, asked.size):
            print(figure.line(), flush=True)
            raw.write(json.dumps(asdict(figure)) + "\n")
            missed = missed or figure.verdict == "below"
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
