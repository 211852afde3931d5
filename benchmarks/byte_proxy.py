"""The plain ASGI byte proxy that the gateway stands against where there is no nginx: uvicorn and aiohttp."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
HOP = (b"host", b"connection", b"content-length", b"transfer-encoding")


class Proxy:
    """Passes every request on to one server, and its answer back, and looks at nothing."""

    def __init__(self) -> None:
        self._target = os.environ["BENCH_TARGET"]
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)
            self._session = aiohttp.ClientSession(self._target, auto_decompress=False, connector=connector)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        path = scope["raw_path"].decode() + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        headers = {name.decode(): value.decode() for name, value in scope["headers"] if name not in HOP}
        async with self._session.request(scope["method"], path, headers=headers, data=body or None) as answer:
            raw = [(name.lower(), value) for name, value in answer.raw_headers if name.lower() not in HOP[1:]]
            content = await answer.read()
            raw.append((b"content-length", str(len(content)).encode()))
            await send({"type": "http.response.start", "status": answer.status, "headers": raw})
            await send({"type": "http.response.body", "body": content})


app = Proxy()
