"""Handing a letter to a mail server (RFC 5321), as text (RFC 5322)."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Protocol
from uuid import UUID

import aiosmtplib

from shared.mail.letters import Letter
from shared.settings import MailSettings

TIMEOUT = 20.0


class RefusedForGood(Exception):
    """The server will never take this mail; the message is its reply code."""


class Outgoing(Protocol):
    async def send(self, mail_id: UUID, letter: Letter) -> None:
        """Raises RefusedForGood, and anything else for what may pass."""


class Smtp:
    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._domain = parseaddr(settings.mail_from)[1].partition("@")[2] or "localhost"

    async def send(self, mail_id: UUID, letter: Letter) -> None:
        settings = self._settings
        password = None if settings.smtp_password is None else settings.smtp_password.get_secret_value()
        try:
            await aiosmtplib.send(
                self._message(mail_id, letter),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user,
                password=password,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=TIMEOUT,
            )
        except aiosmtplib.SMTPRecipientsRefused as refusal:
            codes = [each.code for each in refusal.recipients]
            if all(500 <= code < 600 for code in codes):
                raise RefusedForGood(str(codes[0])) from None
            raise
        except aiosmtplib.SMTPResponseException as answer:
            if isinstance(answer, aiosmtplib.SMTPDataError | aiosmtplib.SMTPSenderRefused) and answer.code >= 500:
                raise RefusedForGood(str(answer.code)) from None
            raise

    def _message(self, mail_id: UUID, letter: Letter) -> EmailMessage:
        """The Message-ID is the mail's own: a copy of a mail is known as one."""
        message = EmailMessage()
        message["From"] = self._settings.mail_from
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{mail_id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = letter.language
        message.set_content(letter.text)
        return message
