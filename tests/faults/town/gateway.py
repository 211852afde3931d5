"""The town's gateway, broken: `python -m tests.faults.town.gateway [tooth …]`."""

import sys

from gateway.app import create_gateway
from gateway.settings import GatewaySettings
from shared import telemetry
from shared.serve import serve_api
from tests.faults.town.process import broken

if __name__ == "__main__":
    settings = GatewaySettings()
    telemetry.configure("gateway", settings)
    with broken(sys.argv[1:]):
        serve_api(create_gateway(settings), settings)
