"""Handing a letter to a mail server (RFC 5321), as text (RFC 5322)."""

import asyncio
import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime, parseaddr
from typing import Protocol
from uuid import UUID

import aiosmtplib
from aiosmtplib import SMTPDataError, SMTPRecipientsRefused

from shared.mail.letters import Letter
from shared.settings import MailSettings

TIMEOUT = 20.0
"""Seconds for the whole conversation, however slowly the server talks."""


ONE_ADDRESS = re.compile(r'[^@\s\x00-\x1f\x7f,;:<>()\[\]\\"]+@[^@\s\x00-\x1f\x7f,;:<>()\[\]\\"]+')
"""Nothing in it that means something to a header: a mail goes to this address or to none."""


class Unfolded(str):
    """The address of List-Unsubscribe. A line that is folded would be encoded first, for it has no blanks: mail
    programs look for the address itself."""

    name = "List-Unsubscribe"

    def fold(self, *, policy: "Policy[EmailMessage]") -> str:
        return f"{self.name}: {self}{policy.linesep}"


class RefusedForGood(Exception):
    """The server will never take this mail; the message is its reply code."""


class Outgoing(Protocol):
    async def send(self, mail_id: UUID, letter: Letter) -> None:
        """Raises RefusedForGood, and anything else for what may pass."""


class Smtp:
    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._sender = parseaddr(settings.mail_from)[1]
        self._domain = self._sender.partition("@")[2] or "localhost"

    async def send(self, mail_id: UUID, letter: Letter) -> None:
        """What the server says about the sender or the login is no fault of the mail: it is tried again."""
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._send(self._message(mail_id, letter), letter.to)
        except SMTPRecipientsRefused as refusal:
            codes = [each.code for each in refusal.recipients]
            if all(500 <= code < 600 for code in codes):
                raise RefusedForGood(str(codes[0])) from None
            raise
        except SMTPDataError as answer:
            if answer.code >= 500:
                raise RefusedForGood(str(answer.code)) from None
            raise

    async def _send(self, message: EmailMessage, to: str) -> None:
        settings = self._settings
        password = None if settings.smtp_password is None else settings.smtp_password.get_secret_value()
        await aiosmtplib.send(
            message,
            sender=self._sender,
            recipients=[to],
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=password,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=TIMEOUT,
        )

    def _message(self, mail_id: UUID, letter: Letter) -> EmailMessage:
        """The Message-ID is the mail's own: a copy of a mail is known as one."""
        if ONE_ADDRESS.fullmatch(letter.to) is None:
            raise RefusedForGood("no-address")
        name, _, domain = letter.to.rpartition("@")
        message = EmailMessage()
        message["From"] = self._settings.mail_from
        message["To"] = Address(username=name, domain=domain)
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{mail_id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        if letter.decline_url is not None:
            message["List-Unsubscribe"] = Unfolded(f"<{letter.decline_url}>")
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(letter.text)
        message["Content-Language"] = letter.language
        return message
