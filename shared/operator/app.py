"""The HTTP app of a worker: probes, metrics, and the API of operators."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError
from fastapi import APIRouter

from shared import refusals
from shared.http import Api, assembled
from shared.identity import Verifier
from shared.kernel import Kernel
from shared.kernel_refusals import unavailable
from shared.keyset import KeySet
from shared.operator.desk import OperatorDesk
from shared.operator.routes import router
from shared.operator.verifications import Verifications
from shared.settings import ServiceSettings


def create_operator_app(service: str, more: Sequence[APIRouter] = (), *, tracing: bool = False) -> Api:
    app = assembled(f"Rollbook {service} for operators", (router, *more), tracing=tracing)
    refusals.handle(app, {KafkaError: unavailable, TimeoutError: unavailable})
    return app


@asynccontextmanager
async def open_operator_app(kernel: Kernel, dsn: str, settings: ServiceSettings) -> AsyncIterator[Api]:
    """The app of a worker with this kernel. Its probes answer at once, operators as soon as tokens can be checked."""
    name = kernel.service.name
    app = create_operator_app(name, kernel.service.operator_routers, tracing=settings.otlp_endpoint is not None)
    keys = KeySet(settings.jwks_url, settings.state / "jwks.json")
    verifications = Verifications(kernel.service, dsn, settings.kafka)
    app.state.verifier = Verifier(keys, name)
    app.state.desk = OperatorDesk(kernel, settings.kafka, verifications)
    app.health.checks |= {"database": kernel.ping, "migrations": kernel.check_migrations}
    app.health.started = True
    try:
        yield app
    finally:
        await verifications.close()
        await keys.close()
