"""Mail: at least once, each under one Message-ID, and no mail holds up another."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg.rows import namedtuple_row

from infra.testing.harness import Running, running
from infra.testing.toy import Library, Notice, Shelf, ToySettings, app
from shared.clock import forget_mails
from shared.database import connect
from shared.gauges import forget_all
from shared.ids import uuid7
from shared.mail import sending
from shared.mail.letters import Letter, Template, letter
from shared.mail.mailings import Composing, mails
from shared.mail.sending import Sending, measure
from shared.mail.smtp import Smtp
from shared.reactions import Fact
from shared.service import Service
from tests.shared.kafkas import eventually
from tests.shared.smtp_servers import MailServer, mail_server
from tests.shared.stores import NOW, call_of

TOLD = {
    "en": Template("A shelf for $name", "Dear $name,\n\nhere it is: $link\n"),
    "es": Template("Un estante para $name", "Hola, $name:\n\naquí está: $link\n"),
}
NOWHERE = 1


@mails(Shelf.Put, name="academic.mail-shelf")
async def told(fact: Fact[Shelf.Put], post: Composing) -> Letter | None:
    """To the owner, whose name is the address here."""
    if fact.data.owner is None:
        return None
    if fact.data.name == "Unwritable":
        return letter(TOLD, "ana@example.org", "es", name=fact.data.name)
    (owner,) = await post.keyring.open(fact.tenant_id, [(fact.aggregate_id, "owner", fact.data.owner)])
    if owner is None:
        return None
    return letter(TOLD, owner, "es", name=fact.data.name, link=post.link("shelf", "secret"))


SERVICE = Service("academic", (Shelf, Notice), (Library,), (told,))


@pytest.fixture
async def library(postgres: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(postgres, tmp_path, SERVICE, ToySettings, app) as it:
        yield it


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as it:
        yield it


def sender(library: Running, port: int) -> Sending:
    settings = ToySettings(
        smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", mail_from="Rollbook <no-reply@rollbook.example>"
    )
    return Sending(library.kernel, Smtp(settings), "https://school.example/")


async def put_up(library: Running, address: str, name: str = "Ana", *, settled: bool = True) -> UUID:
    """A shelf whose owner is told by mail. The id of its tenant."""
    tenant_id, shelf_id = uuid7(), uuid7()
    sealer = await library.kernel.keyring.sealer(tenant_id, shelf_id)
    shelf = Shelf(id=shelf_id, tenant_id=tenant_id, name=name, owner=sealer.seal("owner", address), timestamp=NOW)
    await library.kernel.store.save(shelf, call=call_of(tenant_id), keys=sealer.new)
    if settled:
        await library.settle()
    return tenant_id


def text_of(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


async def rows(library: Running) -> list[Any]:
    """As they are, in the order in which they came."""
    async with await psycopg.AsyncConnection.connect(
        library.dsns["superuser"], row_factory=namedtuple_row
    ) as connection:
        cursor = await connection.execute(
            "SELECT *, extract(epoch FROM due_at - clock_timestamp())::float8 AS waits"
            " FROM academic.mails ORDER BY queued_at"
        )
        return list(await cursor.fetchall())


async def let_time_pass(library: Running, days: float = 0) -> None:
    """All that waits is due now, and was queued so long ago."""
    async with await psycopg.AsyncConnection.connect(library.dsns["superuser"], autocommit=True) as connection:
        await connection.execute(
            "UPDATE academic.mails SET due_at = clock_timestamp(), queued_at = queued_at - %s", (timedelta(days),)
        )


async def test_R4_48_a_mail_follows_its_event_once_in_the_persons_language(
    library: Running, server: MailServer
) -> None:
    await put_up(library, "ana@example.org")
    await library.settle()
    assert await sender(library, server.port).send_due() == 1
    assert await sender(library, server.port).send_due() == 0
    ((to, message),) = server.taken
    (row,) = await rows(library)
    assert (to, row.state, row.tries) == ("ana@example.org", "sent", 1)
    assert message["Message-ID"] == f"<{row.mail_id}@rollbook.example>"
    assert (message["Subject"], message["Content-Language"]) == ("Un estante para Ana", "es")
    assert (message["To"], message["From"]) == ("ana@example.org", "Rollbook <no-reply@rollbook.example>")
    assert text_of(message) == "Hola, Ana:\n\naquí está: https://school.example/shelf#token=secret\n"


async def test_a_fact_that_comes_again_queues_no_second_mail(library: Running) -> None:
    await put_up(library, "ana@example.org")
    act = cast(Any, SimpleNamespace(kernel=library.kernel))
    (record, *_) = await library.log()
    for _ in range(2):
        await told.handler.function(told.handler.reader(library.kernel.codec)(record), act)
    assert len(await rows(library)) == 1


async def test_what_is_long_past_queues_no_mail(library: Running) -> None:
    await put_up(library, "ana@example.org", settled=False)
    (record, *_) = await library.log()
    fact = told.handler.reader(library.kernel.codec)(record)
    act = cast(Any, SimpleNamespace(kernel=library.kernel))
    await told.handler.function(fact._replace(recorded_at=fact.recorded_at - timedelta(days=2)), act)
    assert await rows(library) == []
    await told.handler.function(fact, act)
    assert len(await rows(library)) == 1


async def test_what_became_of_a_mail_is_known_for_a_month(library: Running, server: MailServer) -> None:
    for address in ("ana@example.org", "bo@example.org"):
        await put_up(library, address)
    await sender(library, server.port).send_due()
    await put_up(library, "waiting@example.org")
    (first, second, waiting) = await rows(library)
    async with await connect(library.dsns["worker"], search_path="academic") as connection:
        await forget_mails(connection, first.ended_at + timedelta(days=29))
        assert len(await rows(library)) == 3
        await forget_mails(connection, max(first.ended_at, second.ended_at) + timedelta(days=30, seconds=1))
    assert [row.mail_id for row in await rows(library)] == [waiting.mail_id]


async def test_a_server_without_tls_gets_nothing_where_tls_is_wanted(library: Running, server: MailServer) -> None:
    await put_up(library, "ana@example.org")
    settings = ToySettings(smtp_host="127.0.0.1", smtp_port=server.port)
    await Sending(library.kernel, Smtp(settings), "https://school.example").send_due()
    assert server.taken == []
    assert [row.state for row in await rows(library)] == ["due"]


async def test_nothing_personal_stands_in_the_queue(library: Running) -> None:
    await put_up(library, "ana@example.org", "Ana Sol")
    assert "ana" not in str(await rows(library)).lower()


async def test_a_mail_whose_sending_could_not_be_noted_is_sent_again_under_its_id(
    library: Running, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put_up(library, "ana@example.org")
    with monkeypatch.context() as broken:
        broken.setattr(sending, "END", sending.END.replace("state = %s", "state = 'no such state ' || %s", 1))
        with pytest.raises(psycopg.errors.CheckViolation):
            await sender(library, server.port).send_due()
    assert await sender(library, server.port).send_due() == 0
    await let_time_pass(library)
    assert await sender(library, server.port).send_due() == 1
    first, second = server.of("ana@example.org")
    assert first["Message-ID"] == second["Message-ID"]
    assert [row.state for row in await rows(library)] == ["sent"]


@pytest.mark.parametrize("where", ["rcpt", "data"])
async def test_a_mail_that_the_server_puts_off_waits_longer_each_time_and_the_others_go_on(
    library: Running, server: MailServer, where: str
) -> None:
    setattr(server, where, lambda address: "451 later" if address.startswith("slow") else "250 fine")
    await put_up(library, "slow@example.org")
    await put_up(library, "quick@example.org")
    pauses = []
    for _ in range(3):
        await let_time_pass(library)
        await sender(library, server.port).send_due()
        slow, quick = await rows(library)
        pauses.append(round(slow.waits / 60))
    assert [to for to, _ in server.taken] == ["quick@example.org"]
    assert (slow.state, quick.state) == ("due", "sent")
    assert pauses == [1, 2, 4]


async def test_mails_wait_for_a_server_that_cannot_be_reached(library: Running, server: MailServer) -> None:
    await put_up(library, "ana@example.org")
    await sender(library, NOWHERE).send_due()
    (row,) = await rows(library)
    assert (row.state, row.tries, row.reason) == ("due", 1, "SMTPConnectError")
    await let_time_pass(library)
    await sender(library, server.port).send_due()
    assert [row.state for row in await rows(library)] == ["sent"]


@pytest.mark.parametrize("where", ["rcpt", "data"])
async def test_a_mail_that_the_server_will_never_take_is_refused(
    library: Running, server: MailServer, where: str
) -> None:
    setattr(server, where, lambda _: "550 no such mailbox")
    await put_up(library, "nobody@example.org")
    await sender(library, server.port).send_due()
    (row,) = await rows(library)
    assert (row.state, row.reason) == ("refused", "550")
    await let_time_pass(library)
    assert await sender(library, server.port).send_due() == 0


async def test_somebody_who_was_erased_gets_no_mail(library: Running, server: MailServer) -> None:
    tenant_id = await put_up(library, "ana@example.org")
    async with await psycopg.AsyncConnection.connect(library.dsns["superuser"], autocommit=True) as connection:
        await connection.execute("UPDATE academic.personal_keys SET wrapped = NULL WHERE tenant_id = %s", (tenant_id,))
    await sender(library, server.port).send_due()
    assert server.taken == []
    assert [row.state for row in await rows(library)] == ["unneeded"]


async def test_a_mail_is_given_up_after_two_days(library: Running) -> None:
    await put_up(library, "ana@example.org")
    await sender(library, NOWHERE).send_due()
    await let_time_pass(library, days=2.01)
    await sender(library, NOWHERE).send_due()
    (row,) = await rows(library)
    assert row.state == "given-up"
    await let_time_pass(library)
    assert await sender(library, NOWHERE).send_due() == 0


@pytest.mark.parametrize(
    "bad", ["ana", "a b@example.org", "a@b.org, c@d.org", "A <a@b.org>", "a@b.org\r\nBcc: c@d.org"]
)
async def test_what_is_not_one_address_gets_no_mail(library: Running, server: MailServer, bad: str) -> None:
    await put_up(library, bad)
    await put_up(library, "ana@example.org")
    await sender(library, server.port).send_due()
    first, second = await rows(library)
    assert (first.state, first.reason, second.state) == ("refused", "no-address", "sent")
    assert [to for to, _ in server.taken] == ["ana@example.org"]


async def test_a_letter_that_cannot_be_written_holds_up_no_other(library: Running, server: MailServer) -> None:
    await put_up(library, "ana@example.org", "Unwritable")
    await put_up(library, "bo@example.org")
    await sender(library, server.port).send_due()
    bad, good = await rows(library)
    assert (bad.state, bad.reason, good.state) == ("due", "KeyError", "sent")


BREAKS = ["\r\n", "\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0"]


@pytest.mark.parametrize("separator", BREAKS, ids=[hex(ord(each[0])) for each in BREAKS])
async def test_what_people_typed_adds_no_header_and_no_line(
    library: Running, server: MailServer, separator: str
) -> None:
    if separator == "\0":
        text = Template("$name", "$name").letter("a@example.org", "en", {"name": "A\0B"})
        assert (text.subject, text.text) == ("A B", "A B")
        return
    await put_up(library, "ana@example.org", f"Ana{separator}Bcc: thief@example.org{separator}{separator}Pay here")
    await sender(library, server.port).send_due()
    ((to, message),) = server.taken
    assert to == "ana@example.org"
    assert message["Bcc"] is None
    assert message["Subject"] == "Un estante para Ana Bcc: thief@example.org Pay here"
    assert text_of(message).splitlines()[0] == "Hola, Ana Bcc: thief@example.org Pay here:"


async def test_a_placeholder_in_a_name_stands_for_nothing() -> None:
    assert letter(TOLD, "a@example.org", "fr", name="$link", link="L").subject == "A shelf for $link"


async def test_an_address_with_letters_of_other_scripts_gets_its_mail(library: Running, server: MailServer) -> None:
    await put_up(library, "ñandú@exämple.org")
    await sender(library, server.port).send_due()
    assert [to for to, _ in server.taken] == ["ñandú@exämple.org"]


async def test_two_senders_at_once_send_each_mail_once(library: Running, server: MailServer) -> None:
    addresses = [f"p{n}@example.org" for n in range(60)]
    for address in addresses:
        await put_up(library, address, settled=False)
    await library.settle()

    async def send_all(one: Sending) -> int:
        total = 0
        while tried := await one.send_due():
            total += tried
        return total

    counts = await asyncio.gather(*[send_all(sender(library, server.port)) for _ in range(2)])
    assert sorted(to for to, _ in server.taken) == sorted(addresses)
    assert sum(counts) == 60


async def test_a_server_that_says_nothing_is_left_in_time(library: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.mail.smtp.TIMEOUT", 0.3)
    connections = []
    silent = await asyncio.start_server(lambda *streams: connections.append(streams), "127.0.0.1", 0)
    async with silent:
        await put_up(library, "ana@example.org")
        await sender(library, silent.sockets[0].getsockname()[1]).send_due()
        (row,) = await rows(library)
        assert (row.state, row.tries) == ("due", 1)
        for _, writer in connections:
            writer.close()


async def test_what_waits_is_measured(library: Running) -> None:
    await put_up(library, "ana@example.org")
    await let_time_pass(library, days=1)
    await measure(library.kernel.pool)
    assert REGISTRY.get_sample_value("rollbook_mails_waiting") == 1
    assert 86_000 < (REGISTRY.get_sample_value("rollbook_oldest_mail_seconds") or 0) < 87_000
    forget_all()


async def test_without_a_mail_server_mails_wait_and_are_counted(library: Running) -> None:
    await put_up(library, "ana@example.org")
    idle = asyncio.create_task(sending.keep_sending(library.kernel, ToySettings()))

    async def counted() -> bool:
        return REGISTRY.get_sample_value("rollbook_mails_waiting") == 1

    await eventually(counted)
    assert not idle.done()
    idle.cancel()
    await asyncio.wait([idle])
    assert [row.state for row in await rows(library)] == ["due"]
