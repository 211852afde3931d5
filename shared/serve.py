"""Runs an ASGI app: uvicorn with uvloop and httptools, on one port, until it is told to stop."""

import time
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from shared.garbage import collect_rarely
from shared.health import Health
from shared.settings import Settings

KEEP_ALIVE = 30
"""Seconds. Clients of ours close idle connections earlier, or they would meet closed ones."""
DRAIN = 5.0
"""Seconds in which balancers see that the process is not ready, while it still answers. Production only."""


class Server(uvicorn.Server):
    """Told to stop, it first says so in /readyz; then it takes no more requests and ends the ones in flight.

    The library's own handler would end the process with the signal once more: a clean stop has status 0."""

    def __init__(self, config: uvicorn.Config, health: Health | None, drain: float) -> None:
        super().__init__(config)
        self._health = health
        self._drain = drain
        self._leave_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._leave_at is None:
            self._leave_at = time.monotonic() + self._drain
            if self._health is not None:
                self._health.stopping = True

    async def on_tick(self, counter: int) -> bool:
        if self._leave_at is not None and time.monotonic() >= self._leave_at:
            self.should_exit = True
        return await super().on_tick(counter)


def server(app: ASGIApp, settings: Settings, *, port: int | None = None) -> Server:
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
    return Server(config, getattr(app, "health", None), DRAIN if settings.production else 0.0)


def serve_api(app: ASGIApp, settings: Settings) -> None:
    """Returns after SIGTERM or SIGINT, when the requests in flight were answered."""
    collect_rarely()
    server(app, settings).run()
