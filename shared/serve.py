"""Runs an ASGI app: uvicorn with uvloop and httptools, on one port, until it is told to stop."""

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.edge import SECURITY_HEADERS, with_headers
from shared.health import Check, Health
from shared.settings import Settings

KEEP_ALIVE = 30
"""Seconds. Clients of ours close idle connections earlier, or they would meet closed ones."""


def server(app: ASGIApp, settings: Settings, *, port: int | None = None) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port if port is None else port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=25 if settings.production else 2,
    )
    return uvicorn.Server(config)


def serve_api(app: ASGIApp, settings: Settings) -> None:
    """Returns after SIGTERM or SIGINT, when the requests in flight were answered."""
    server(app, settings).run()


def health_app(checks: dict[str, Check]) -> ASGIApp:
    """Probes and metrics of a worker."""
    health = Health(checks)
    health.started = True

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await health(scope, receive, with_headers(send, SECURITY_HEADERS))

    return app
