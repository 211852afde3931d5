"""The gateway as an ASGI app: dashboards, docs, and everything else through to the services."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from gateway import audit, docs, school_dashboard
from gateway.catalogue import PREFIX, read_catalogue
from gateway.forward import MAX_UPLOAD, ROUTE, Forward
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream
from shared import refusals, telemetry
from shared.edge import Edge, server_spans, template
from shared.guard import Guard
from shared.health import Health
from shared.identity import Verifier
from shared.keyset import KeySet
from shared.loop_lag import watched_loop
from shared.standing import Standings, nothing_known

LOCAL = r"https?://(localhost|127\.0\.0\.1)(:[0-9]+)?"
EXPOSED = (
    "Consistency-Token", "ETag", "Retry-After", "Location", "Content-Disposition",
    "Request-Id", "Correlation-Id", "traceparent",
)  # fmt: skip
ALLOWED = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Consistency-Token",
    "Correlation-Id", "Rollbook-Deadline-Ms", "Rollbook-Refresh", "traceparent",
)  # fmt: skip
MONTH = 86_400


class Gateway(FastAPI):
    """Edge, CORS and guard stand outside everything of FastAPI, so that its own errors pass them too."""

    health: Health
    settings: GatewaySettings

    def build_middleware_stack(self) -> ASGIApp:
        guarded = Guard(super().build_middleware_stack(), lambda scope: MAX_UPLOAD, parse=False)
        cors = CORSMiddleware(
            guarded,
            allow_origins=self.settings.origins,
            allow_origin_regex=None if self.settings.production else LOCAL,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=ALLOWED,
            allow_credentials=True,
            expose_headers=EXPOSED,
            max_age=MONTH,
        )
        return Edge(cors, self.health, _route)


def _route(scope: Scope) -> str:
    found: str | None = scope.get(ROUTE)
    return found or template(scope)


def create_gateway(settings: GatewaySettings) -> Gateway:
    @asynccontextmanager
    async def lifespan(app: Gateway) -> AsyncIterator[None]:
        keys = KeySet(settings.jwks_url, settings.state / "jwks.json")
        app.state.verifier = Verifier(keys, "gateway")
        app.state.standings = Standings(nothing_known)
        async with watched_loop(), Upstream.open(settings.upstreams) as upstream:
            app.state.upstream = upstream
            app.health.started, app.health.stopping = True, False
            yield
            app.health.stopping = True
        await keys.close()
        await asyncio.to_thread(telemetry.flush)

    app = Gateway(
        title="Rollbook",
        lifespan=lifespan,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=server_spans(settings.otlp_endpoint is not None),
    )
    app.settings = settings
    app.health = Health({})
    app.include_router(school_dashboard.router)
    app.include_router(audit.router)
    app.router.routes += docs.routes(page=settings.docs)
    app.router.routes.append(Route(f"{PREFIX}/{{path:path}}", Forward(read_catalogue())))
    refusals.handle(app)
    return app
