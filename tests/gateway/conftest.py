"""A gateway over stub services: each a real server on a loopback port that records what reached it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from httpx2 import AsyncClient
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from gateway.app import Gateway, create_gateway
from gateway.settings import GatewaySettings
from tests.shared.serving import serving
from tests.shared.signing import Signer

SERVICES = ("auth", "academic", "billing", "exports")


@dataclass
class Seen:
    method: str
    target: bytes
    headers: dict[str, str]
    body: bytes


@dataclass
class Stub:
    """A service that answers what a test tells it."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    answer: Response | None = None
    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        self.seen.append(Seen(scope["method"], target, dict(request.headers), await request.body()))
        answer = self.answer or JSONResponse(self.body, self.status, self.headers)
        await answer(scope, receive, send)

    @property
    def last(self) -> Seen:
        return self.seen[-1]


@dataclass
class Door:
    """`client` stands before the gateway, `stubs` behind it."""

    client: AsyncClient
    stubs: dict[str, Stub]
    signer: Signer
    app: Gateway


@pytest.fixture(scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("gateway")
    signer = Signer()
    signer.publish(folder)
    stubs = {service: Stub() for service in SERVICES}
    async with AsyncExitStack() as stack:
        auth, academic, billing, exports = [await stack.enter_async_context(serving(stubs[name])) for name in SERVICES]
        settings = GatewaySettings(
            state=folder,
            jwks_url="http://127.0.0.1:9/",
            auth_url=auth,
            academic_url=academic,
            billing_url=billing,
            exports_url=exports,
        )
        app = create_gateway(settings)
        url = await stack.enter_async_context(serving(app, lifespan=True))
        client = await stack.enter_async_context(AsyncClient(base_url=url))
        yield Door(client, stubs, signer, app)


@pytest.fixture
async def door(opened: Door) -> Door:
    """As nobody had come through it yet."""
    for stub in opened.stubs.values():
        vars(stub).update(vars(Stub()))
    opened.app.state.upstream.base = dict(opened.app.settings.upstreams)
    return opened
