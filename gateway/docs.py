"""The OpenAPI document and its page, from local files, under a policy of their own."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.catalogue import PREFIX, read_document

# Swagger UI's arrows and marks are images inside its stylesheet.
POLICY = b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
HEADERS = ((b"content-security-policy", POLICY), (b"cache-control", b"no-cache"))


class Page:
    """Static files with the page's own policy."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, answer)


def routes(*, page: bool) -> list[BaseRoute]:
    document = read_document()

    async def schema(request: Request) -> Response:
        headers: Mapping[str, str] = {"Cache-Control": "no-cache"}
        return Response(document, media_type="application/json", headers=headers)

    found: list[BaseRoute] = [Route(f"{PREFIX}/schema/", schema)]
    if page:
        static = StaticFiles(directory=Path(str(files("gateway"))) / "static", html=True)
        found.append(Mount(f"{PREFIX}/docs", Page(static)))
    return found
