"""The gateway process."""

from gateway.app import create_gateway
from gateway.settings import GatewaySettings
from shared import telemetry
from shared.serve import serve_api

if __name__ == "__main__":
    settings = GatewaySettings()
    telemetry.configure("gateway", settings)
    serve_api(create_gateway(settings), settings)
