"""One process of the town: `python -m tests.faults.town.process academic api [tooth …]`.

Teeth are applied here, before anything runs: the product has no switch for them."""

import sys
from contextlib import ExitStack

from shared.serve import serve_api
from shared.worker import serve_worker
from tests.faults.teeth.teeth import TEETH
from tests.faults.town import items, tallies

SERVICES = {"academic": tallies, "billing": items}


def main(service: str, kind: str, *teeth: str) -> None:
    module = SERVICES[service]
    with ExitStack() as broken:
        for tooth in teeth:
            broken.enter_context(TEETH[tooth]())
        if kind == "api":
            serve_api(module.app, module.TownSettings())
        else:
            serve_worker(module.SERVICE, module.TownSettings())


if __name__ == "__main__":
    main(*sys.argv[1:])
