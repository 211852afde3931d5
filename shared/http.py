"""The API process of a service: routes inside, kernel behind, guard and edge around."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Scope

from shared import kernel_refusals, openapi, refusals, telemetry
from shared.access import operations
from shared.edge import Edge, server_spans
from shared.guard import MAX_BODY, Guard
from shared.health import Health
from shared.idempotency import Idempotency
from shared.identity import Verifier
from shared.kernel import Kernel
from shared.keyset import KeySet
from shared.revocations import standings_of
from shared.service import Service
from shared.settings import ServiceSettings


class Api(FastAPI):
    """Edge and guard stand outside everything of FastAPI, so that its own errors pass them too."""

    health: Health

    def build_middleware_stack(self) -> ASGIApp:
        limits = {
            operation.route.endpoint: operation.access.body_limit or operation.route.max_body_size or MAX_BODY
            for operation in operations(self.routes)
        }

        def limit(scope: Scope) -> int:
            return limits.get(scope.get("endpoint", None), MAX_BODY)

        return Edge(Guard(super().build_middleware_stack(), limit), self.health)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.document(self)
        return self.openapi_schema


def create_app(service: Service, settings_type: type[ServiceSettings], *, routers: Sequence[APIRouter]) -> Api:
    """Raises UndeclaredAccess when a route does not say who may call it."""

    @asynccontextmanager
    async def lifespan(app: Api) -> AsyncIterator[None]:
        settings = settings_type()
        telemetry.configure(service.name, settings)
        keys = KeySet(settings.jwks_url, settings.state / "jwks.json")
        async with Kernel.open(service, settings) as kernel:
            app.state.kernel = kernel
            app.state.verifier = Verifier(keys, service.name)
            app.state.standings = standings_of(kernel)
            app.state.idempotency = Idempotency(kernel.keyring.master.derive("http-idempotency"))
            app.health.checks |= {"database": kernel.ping, "migrations": kernel.check_migrations}
            app.health.started, app.health.stopping = True, False
            yield
            app.health.stopping = True
        await keys.close()
        await asyncio.to_thread(telemetry.flush)

    return assembled(
        f"Rollbook {service.name}",
        routers,
        openapi_url="/openapi.json",
        lifespan=lifespan,
        tracing=settings_type().otlp_endpoint is not None,
    )


def assembled(
    title: str,
    routers: Sequence[APIRouter],
    *,
    openapi_url: str | None = None,
    lifespan: Callable[[Api], AbstractAsyncContextManager[None]] | None = None,
    tracing: bool = False,
) -> Api:
    """Routes with all that stands around them. Raises UndeclaredAccess."""
    app = Api(
        title=title,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=openapi_url,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
        telemetry=server_spans(tracing),
    )
    app.health = Health({})
    for router in routers:
        app.include_router(router)
    refusals.handle(app, kernel_refusals.HANDLERS)
    list(operations(app.routes))
    return app
