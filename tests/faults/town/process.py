"""One process of the town: `python -m tests.faults.town.process academic api [tooth …]`.

Teeth and a wrong clock are applied here, before anything runs: the product has no switch for them."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from shared.serve import serve_api
from shared.worker import serve_worker
from tests.faults.teeth.teeth import TEETH
from tests.faults.town import items, tallies
from tests.faults.town.clock import CLOCK, shift_clock
from tests.faults.town.waits import tell_waits_on_signal

SERVICES = {"academic": tallies, "billing": items}


@contextmanager
def broken(teeth: Iterable[str]) -> Iterator[None]:
    with ExitStack() as stack:
        for tooth in teeth:
            stack.enter_context(TEETH[tooth]())
        if CLOCK in os.environ:
            shift_clock(Path(os.environ[CLOCK]))
        yield


def main(service: str, kind: str, *teeth: str) -> None:
    module = SERVICES[service]
    tell_waits_on_signal()
    with broken(teeth):
        if kind == "api":
            serve_api(module.app, module.TownSettings())
        else:
            serve_worker(module.SERVICE, module.TownSettings())


if __name__ == "__main__":
    main(*sys.argv[1:])
