"""The inbox of a development machine: what is mailed can be read, and runs nothing."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import NamedTuple

import aiosmtplib
import pytest
from httpx2 import ASGITransport, AsyncClient

from infra.native import inbox
from infra.native.inbox import Inbox, InboxSettings, app_of


class Running(NamedTuple):
    client: AsyncClient
    smtp_port: int


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    app = app_of(Inbox(), InboxSettings(smtp_port=0))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url="http://inbox") as client,
    ):
        yield Running(client, app.state.smtp_port)


async def send(running: Running, to: str, subject: str, text: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "no-reply@rollbook.example", to, subject
    message.set_content(text)
    await aiosmtplib.send(message, hostname="127.0.0.1", port=running.smtp_port, start_tls=False)


async def test_a_mail_is_found_by_its_address(running: Running) -> None:
    await send(running, "ana@example.org", "Hola, señora", "línea uno\n")
    await send(running, "bo@example.org", "Other", "two\n")
    (mail,) = (await running.client.get("/mails", params={"to": "ana@example.org"})).json()
    assert (mail["to"], mail["subject"], mail["text"]) == (["ana@example.org"], "Hola, señora", "línea uno\n")
    assert len((await running.client.get("/mails")).json()) == 2


async def test_the_page_shows_what_was_mailed_and_runs_none_of_it(running: Running) -> None:
    await send(running, "ana@example.org", "<script>1</script>", "<img src=x onerror=alert(1)>\n")
    page = await running.client.get("/")
    assert "&lt;script&gt;1&lt;/script&gt;" in page.text
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_oldest_mails_are_forgotten() -> None:
    assert inbox.KEPT == 1_000
    taken = Inbox()
    for number in range(inbox.KEPT + 5):
        taken.mails.append({"to": ["a@example.org"], "subject": str(number)})
    assert taken.to("a@example.org")[0]["subject"] == "5"
    assert taken.to("b@example.org") == []
