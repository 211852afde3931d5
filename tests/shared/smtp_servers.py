"""A mail server that answers as a test wants, and keeps what it took."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

OK = "250 fine"


@dataclass
class MailServer:
    """`rcpt` and `data` give the reply for an address; what got a 250 is taken."""

    port: int = 0
    rcpt: Callable[[str], str] = lambda _: OK
    data: Callable[[str], str] = lambda _: OK
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        reply = self.rcpt(address)
        if reply == OK:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self.data(envelope.rcpt_tos[0])
        if reply == OK:
            assert isinstance(envelope.content, bytes)
            self.raw.append(envelope.content)
            message = message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
            self.taken += [(to, message) for to in envelope.rcpt_tos]
        return reply

    def of(self, address: str) -> list[EmailMessage]:
        return [message for to, message in self.taken if to == address]


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    handler = MailServer()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=True, hostname="mail.example", loop=loop), "127.0.0.1", 0
    )
    handler.port = listening.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        listening.close()
