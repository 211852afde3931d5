"""Somebody is erased in all services: no clear value is left in any table, file or log, and all can be rebuilt."""

import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from fastapi import FastAPI

import academic.main
import auth.main
import billing.main
import exports.main
from academic.people.commands import register_person
from academic.people.details import ClearDetails
from academic.people.directory import Directory
from academic.service import SERVICE as ACADEMIC
from academic.settings import AcademicSettings
from auth.erasures import mails
from auth.service import SERVICE as AUTH
from auth.settings import AuthSettings
from billing.service import SERVICE as BILLING
from billing.settings import BillingSettings
from exports.service import SERVICE as EXPORTS
from exports.settings import ExportsSettings
from infra.testing.harness import GENERATION, Running, running
from shared.builds import flip, make_build
from shared.database import connect
from shared.ids import uuid7
from shared.log_feed import read_page
from shared.mail.mailings import Composing
from shared.members import PersonalKey
from shared.reader import Reader
from shared.service import Service
from shared.settings import ServiceSettings
from tests.auth.schools import School
from tests.auth.test_integrations import everything_stored

PARTS: tuple[tuple[Service, type[ServiceSettings], FastAPI], ...] = (
    (AUTH, AuthSettings, auth.main.app),
    (ACADEMIC, AcademicSettings, academic.main.app),
    (BILLING, BillingSettings, billing.main.app),
    (EXPORTS, ExportsSettings, exports.main.app),
)
EMAIL, GIVEN, FAMILY = "canary.7f3a@example.org", "Canaryna", "Zzyzxova"
CANARIES = (EMAIL, GIVEN, FAMILY)


@dataclass
class Product:
    """Four services on stores of their own, one master key. `pipe` stands for Kafka: it carries public facts on."""

    parts: dict[str, Running]
    folder: Path
    read: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Running:
        return self.parts[name]

    async def pipe(self) -> None:
        for source, it in self.parts.items():
            await it.settle()
            for record in await it.log():
                if record.position > self.read.get(source, 0):
                    await self.deliver(source, record)
                    self.read[source] = record.position

    async def deliver(self, source: str, record: Any) -> None:
        stored = orjson.loads(record.state)
        for name, it in self.parts.items():
            if name != source and record.topic in heard(it.service):
                await it.feed(
                    record.topic,
                    record.tenant_id,
                    record.aggregate_id,
                    stored["data"],
                    version=record.version,
                    time=datetime.fromisoformat(stored["meta"]["time"]),
                    event_id=UUID(stored["meta"]["event_id"]),
                )

    async def distribute(self, keys: tuple[PersonalKey, ...]) -> None:
        """As the topic of personal keys does."""
        for name in ("billing", "exports"):
            async with await connect(self.parts[name].dsns["worker"], search_path=name) as connection:
                for key in keys:
                    row = (key.tenant_id, key.person_id, key.version, key.wrapped)
                    await connection.execute(KEY, row)


KEY = """
    INSERT INTO personal_keys (tenant_id, person_id, key_version, wrapped, own, published, changed_at)
    VALUES (%s, %s, %s, %s, false, true, now())
"""


def heard(service: Service) -> set[str]:
    topics = {topic for view in service.views for topic in view.HANDLERS}
    return topics | {reaction.handler.topic for reaction in service.reactions}


@pytest.fixture(scope="module")
async def product(superuser_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    parts: dict[str, Running] = {}
    async with AsyncExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("EXPORTS_ARTIFACTS", str(folder / "exports" / "artifacts"))
        for service, settings, app in PARTS:
            own = folder / service.name
            own.mkdir()
            if parts:
                shutil.copy(folder / "auth" / "master.key", own / "master.key")
            parts[service.name] = await stack.enter_async_context(running(superuser_dsn, own, service, settings, app))
        yield Product(parts, folder)


@dataclass
class Known:
    """Somebody with an account, in the school's records, with a mark and in an exported file."""

    school: School
    admin_id: UUID
    user_id: UUID
    person_id: UUID
    file: Path


async def known(product: Product, email: str = EMAIL) -> Known:
    school = await School(product.auth, f"{uuid7().hex}@example.org").registered()
    admin_id, user_id = await school.member("administrator"), await school.member("teacher", email)
    login = {"email": email, "password": "correct horse battery staple"}
    assert (await product.auth.client.post("/login", json=login)).status_code == 200
    await product.pipe()
    person_id = uuid7()
    keyring, call = product.academic.kernel.keyring, product.academic.call(school.tenant_id)
    details = ClearDetails(given_name=GIVEN, family_name=FAMILY, email=email, roles=("student",))
    await register_person(product.academic.kernel.store, call, keyring, person_id, details)
    async with await connect(product.academic.dsns["superuser"], search_path="academic") as connection:
        cursor = await connection.execute(
            "SELECT tenant_id, person_id, key_version, wrapped FROM personal_keys WHERE person_id = %s", (person_id,)
        )
        await product.distribute(tuple(PersonalKey(*row) for row in await cursor.fetchall()))
    await product.pipe()
    return Known(school, admin_id, user_id, person_id, await exported(product, school, person_id))


async def exported(product: Product, school: School, person_id: UUID) -> Path:
    """The attendance of a class with one mark, as a file."""
    class_id, meeting_id, tell = uuid7(), uuid7(), product.exports.feed
    day = {"class_id": class_id, "meeting_id": meeting_id, "held_on": "2026-09-01", "minutes": 60}
    mark = {"enrolment_id": uuid7(), "person_id": person_id, "code": "P", "present": True, "billable": True}
    await tell("academic.class_opened", school.tenant_id, class_id, {"title": "Piano"})
    planned = {"class_id": class_id, "held_on": "2026-09-01", "starts": "17:00"}
    await tell("academic.meeting_planned", school.tenant_id, meeting_id, planned)
    await tell("academic.attendance_marked", school.tenant_id, uuid7(), {**day, "marks": [mark]})
    asked = {"kind": "class-attendance", "class_id": str(class_id), "from": "2026-09-01", "to": "2026-09-30"}
    headers = product.exports.headers(school.tenant_id)
    answer = await product.exports.client.post("/exports", json=asked, headers=headers)
    assert answer.status_code < 300, answer.text
    for _ in range(4):
        await product.exports.settle()
    (file,) = [
        path
        for path in (product.folder / "exports" / "artifacts" / str(school.tenant_id)).iterdir()
        if path.suffix != ".part"
    ]
    assert GIVEN in file.read_text()
    return file


async def erased(product: Product, one: Known, *named: str) -> dict[str, Any]:
    """Asked for by the administrator, approved by the owner: the certificate."""
    subject = {"user_id": str(one.user_id), "person_ids": [str(one.person_id), *named]}
    asked = await one.school.post("/erasures", subject, ("administrator",), subject=one.admin_id)
    assert asked.status_code == 201, asked.text
    id = asked.json()["data"]["id"]
    alone = await one.school.post(f"/erasures/{id}/approval", None, ("administrator",), subject=one.admin_id)
    assert (alone.status_code, alone.json()["code"]) == (403, "second-person-needed")
    approved = await one.school.post(f"/erasures/{id}/approval")
    assert approved.status_code == 200, approved.text
    for _ in range(3):
        await product.pipe()
    found: dict[str, Any] = await one.school.get(f"/erasures/{id}")
    return found


async def test_C28_F14_N6_G24_after_an_erasure_no_clear_value_is_left_anywhere(
    product: Product, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    one = await known(product)
    certificate = await erased(product, one)
    assert (certificate["state"], certificate["decided_by"]) == ("complete", str(one.school.owner_id))
    replies = {reply["service"]: reply for reply in certificate["replies"]}
    assert {name: reply["outcome"] for name, reply in replies.items()} == dict.fromkeys(product.parts, "done")
    assert all(reply["position"] > 0 and reply["at"] for reply in replies.values())
    assert not one.file.exists()
    found = [f"{name}: {text[:200]}" for name, text in await everything(product) if holds(text)]
    texts = [caplog.text, *capfd.readouterr()]
    assert found + [text for text in texts if holds(text)] == []
    login = {"email": EMAIL, "password": "correct horse battery staple"}
    assert (await product.auth.client.post("/login", json=login)).json()["code"] == "sign-in-refused"
    assert [await it.parked() for it in product.parts.values()] == [[], [], [], []]


async def everything(product: Product) -> list[tuple[str, str]]:
    """Every table of every store (what Kafka carries are the bytes in `events`), and every file."""
    found = []
    for name, it in product.parts.items():
        found += [(name, row) for row in await everything_stored(it.dsns["superuser"])]
    files = [path for path in product.folder.rglob("*") if path.is_file()]
    return found + [(str(path), path.read_bytes().decode("utf-8", "replace")) for path in files]


def holds(text: str) -> bool:
    return any(canary.lower() in text.lower() for canary in CANARIES)


async def test_C28_N6_nothing_of_an_erased_user_is_left_in_the_tables_of_auth(product: Product) -> None:
    one = await known(product, "second.canary@example.org")
    await erased(product, one)
    async with await connect(product.auth.dsns["superuser"], search_path="auth") as connection:
        cursor = await connection.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'auth' AND column_name = 'user_id'"
        )
        tables = [table for (table,) in await cursor.fetchall()]
        assert "passwords" in tables
        left = {}
        for table in tables:
            query = f"SELECT count(*) FROM {table} WHERE user_id = %s".encode()
            cursor = await connection.execute(query, (one.user_id,))
            left[table] = (await cursor.fetchone() or (0,))[0]
        assert left == dict.fromkeys(tables, 0)
        cursor = await connection.execute("SELECT 1 FROM claims WHERE owner = %s", (one.user_id,))
        assert await cursor.fetchone() is None
    again = await one.school.member("teacher", "second.canary@example.org")
    assert again != one.user_id


async def test_C28_G24_all_can_be_rebuilt_and_the_names_stay_away(product: Product) -> None:
    one = await known(product, "third.canary@example.org")
    await erased(product, one)
    headers = product.academic.headers(one.school.tenant_id)
    path = f"/people/{one.person_id}"
    before = (await product.academic.client.get(path, headers=headers)).json()["data"]
    assert (before["given_name"], before["email"], before["archived"]) == (None, None, True)
    async with await connect(product.academic.dsns["worker"], search_path="academic") as connection:
        build = await make_build(connection, "academic", Directory, GENERATION)
        reader = Reader(product.academic.kernel, connection, "academic", GENERATION, [build], [])
        await reader.start()
        await reader.apply(await read_page(connection, 0, 10_000))
        await flip(connection, "academic", build)
    assert (await product.academic.client.get(path, headers=headers)).json()["data"] == before
    assert (await one.school.get("/members"))[-1]["user_id"] != str(one.user_id)


async def test_C28_the_requester_gets_the_certificate_by_mail(product: Product) -> None:
    one = await known(product, "fourth.canary@example.org")
    certificate = await erased(product, one)
    kernel = product.auth.kernel
    post = Composing(kernel, "https://school.example")
    log = [record for record in await product.auth.log() if str(record.aggregate_id) == certificate["id"]]
    read = mails.erasure_completed.handler.reader(kernel.codec)
    letter = await mails.erasure_completed.compose(read(log[-1]), post)
    assert letter is not None
    assert certificate["id"] in letter.text
    assert letter.to == f"{one.admin_id.hex}@example.org"


async def test_F14_billing_keeps_invoices_of_the_payer_and_says_until_when(product: Product) -> None:
    one = await known(product, "fifth.canary@example.org")
    billed = product.billing
    headers = billed.headers(one.school.tenant_id)
    payer = {"kind": "company", "name": "Company", "students": [str(one.person_id)]}
    account = await billed.client.post("/accounts", json=payer, headers=headers)
    assert account.status_code == 201, account.text
    await billed.settle()
    async with await connect(billed.dsns["superuser"], search_path="billing") as connection:
        schema = await connection.execute("SELECT schema FROM builds WHERE view = 'invoices' AND live")
        (build,) = await schema.fetchone() or ("",)
        values = (one.school.tenant_id, uuid7(), account.json()["data"]["id"], date(2026, 10, 1))
        query = f"INSERT INTO {build}.invoice (tenant_id, invoice_id, account_id, issued_on, state, month, position)"
        await connection.execute(f"{query} VALUES (%s, %s, %s, %s, 'issued', '2026-09', 1)".encode(), values)
    payer_id = account.json()["data"]["id"]
    certificate = await erased(product, one, payer_id)
    (held,) = [reply for reply in certificate["replies"] if reply["outcome"] == "held"]
    assert (held["service"], held["until"], held["reason"]) == ("billing", "2033-01-01", "invoices")
    assert certificate["state"] == "complete"
    assert datetime.now(UTC).date() < date.fromisoformat(held["until"])
    for part in product.parts.values():
        async with await connect(part.dsns["superuser"], search_path=part.service.name) as connection:
            marked = "SELECT 1 FROM personal_keys WHERE person_id = %s AND wrapped IS NULL"
            assert await (await connection.execute(marked, (payer_id,))).fetchall() == []
