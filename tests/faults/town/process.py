"""One process of the town: `python -m tests.faults.town.process academic api [tooth …]`.

Teeth are applied here, before anything runs: the product has no switch for them."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from gateway.app import create_gateway
from gateway.settings import GatewaySettings
from shared import telemetry
from shared.serve import serve_api
from shared.worker import serve_worker
from tests.faults.teeth.teeth import TEETH
from tests.faults.town import items, tallies
from tests.faults.town.clock import CLOCK, shift_clock

SERVICES = {"academic": tallies, "billing": items}


def main(service: str, kind: str, *teeth: str) -> None:
    with ExitStack() as broken:
        for tooth in teeth:
            broken.enter_context(TEETH[tooth]())
        if CLOCK in os.environ:
            shift_clock(Path(os.environ[CLOCK]))
        if service == "gateway":
            settings = GatewaySettings()
            telemetry.configure("gateway", settings)
            serve_api(create_gateway(settings), settings)
            return
        module = SERVICES[service]
        if kind == "api":
            serve_api(module.app, module.TownSettings())
        else:
            serve_worker(module.SERVICE, module.TownSettings())


if __name__ == "__main__":
    main(*sys.argv[1:])
