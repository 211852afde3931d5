"""The inbox of a development machine: takes every mail of the product, shows it, and sends none on."""

import asyncio
import html
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route

from shared.serve import server
from shared.settings import Settings

KEPT = 1_000
LARGEST = 100_000
NOTHING_RUNS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
PAGE = """<!doctype html><html lang="en"><title>Inbox</title>
<style>body{{font:15px sans-serif;max-width:50em;margin:2em auto}}pre{{white-space:pre-wrap}}</style>
<h1>{count} mails</h1>{mails}</html>"""
MAIL = "<h2>{subject}</h2><p>to {to}, {received}</p><pre>{text}</pre>"


class InboxSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="INBOX_", frozen=True, extra="ignore")

    smtp_port: int = Field(8026, ge=0, le=65535)


class Inbox:
    """The newest mails, in memory only."""

    def __init__(self) -> None:
        self.mails: deque[dict[str, Any]] = deque(maxlen=KEPT)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=policy.default)
        body = message.get_body(("plain",))
        self.mails.append(
            {
                "id": str(message["Message-ID"] or ""),
                "from": str(message["From"] or ""),
                "to": list(envelope.rcpt_tos),
                "subject": str(message["Subject"] or ""),
                "language": str(message["Content-Language"] or ""),
                "text": "" if body is None else body.get_content().replace("\r\n", "\n"),
                "received_at": datetime.now(UTC).isoformat(),
            }
        )
        return "250 taken"

    def to(self, address: str | None) -> list[dict[str, Any]]:
        """Oldest first; all of them without an address."""
        return [mail for mail in self.mails if address is None or address in mail["to"]]


def app_of(inbox: Inbox, settings: InboxSettings) -> Starlette:
    @asynccontextmanager
    async def taking_mail(app: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        smtp = await loop.create_server(
            lambda: SMTP(inbox, data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname="inbox", loop=loop),
            settings.host,
            settings.smtp_port,
        )
        app.state.smtp_port = smtp.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            smtp.close()

    async def mails(request: Request) -> JSONResponse:
        return JSONResponse(inbox.to(request.query_params.get("to")))

    async def page(request: Request) -> HTMLResponse:
        shown = "".join(MAIL.format(**escaped(mail)) for mail in reversed(inbox.mails))
        return HTMLResponse(PAGE.format(count=len(inbox.mails), mails=shown), headers=NOTHING_RUNS)

    async def ready(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ready")

    routes = [Route("/", page), Route("/mails", mails), Route("/readyz", ready)]
    return Starlette(routes=routes, lifespan=taking_mail)


def escaped(mail: dict[str, Any]) -> dict[str, str]:
    shown = {
        "subject": mail["subject"],
        "to": ", ".join(mail["to"]),
        "received": mail["received_at"],
        "text": mail["text"],
    }
    return {name: html.escape(value) for name, value in shown.items()}


if __name__ == "__main__":
    settings = InboxSettings()
    server(app_of(Inbox(), settings), settings).run()
