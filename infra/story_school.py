"""A school gets going: it registers, and its people and classes come in as a OneRoster file."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from infra.demo import DemoSchool
from infra.story_client import Client
from infra.story_teller import Teller

PASSWORD_BYTES = 9
SHOWN = 7


@dataclass
class Stage:
    """What the scenes of one school hand on. `month` begins with `first`."""

    client: Client
    teller: Teller
    demo: DemoSchool
    first: date
    owner: str
    email: str = ""
    password: str = ""
    tenant_id: str = ""
    teacher: Client | None = None
    classes: dict[str, str] = field(default_factory=dict)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    meetings: list[dict[str, Any]] = field(default_factory=list)
    registers: dict[str, str] = field(default_factory=dict)
    marks: int = 0
    account_id: str = ""
    invoice_id: str = ""

    @property
    def month(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def class_id(self) -> str:
        return self.classes[self.demo.classes[0]]

    @property
    def days(self) -> list[date]:
        """Four Tuesdays of the month."""
        tuesday = self.first + timedelta(days=(1 - self.first.weekday()) % 7)
        return [tuesday + timedelta(weeks=week) for week in range(4)]

    def name(self, source_id: str) -> str:
        person = self.people[source_id]
        return f"{person['given_name']} {person['family_name']}"


async def register(stage: Stage) -> None:
    name, mark = stage.demo.name, secrets.token_hex(4)
    given, family = stage.owner.split()
    stage.email = f"{given.lower()}.{mark}@{name.split()[0].lower()}.example"
    stage.password = f"demo {secrets.token_urlsafe(PASSWORD_BYTES)}"
    school = {"name": name, "country": "ES", "currency": "EUR", "zone": "Europe/Madrid"}
    owner = {"email": stage.email, "password": stage.password, "given_name": given, "family_name": family}
    await stage.client.post("/auth/schools", {"school": school, "owner": owner})
    token = await stage.client.mailed(stage.email, "verify-email")
    await stage.client.post("/auth/email-verifications", {"token": token, "password": stage.password})
    stage.teller.holds(token, f"{stage.email} is verified by the link that was mailed to it")
    stage.tenant_id = await stage.client.sign_in(stage.email, stage.password)
    codes = await stage.client.until(
        "/academic/attendance-codes", lambda answer: len(answer.data) == 4, "every service has made its defaults"
    )
    meanings = ", ".join(f"{line['code']} {line['title'].lower()}" for line in codes.data)
    stage.teller.holds(stage.tenant_id, f"{stage.owner} owns {name} and is signed in")
    stage.teller.holds(meanings, f"every service made its defaults: {meanings}")


async def try_out(stage: Stage) -> None:
    """The dry run: everything is told, nothing is stored."""
    tried = await stage.client.upload("/academic/imports", stage.demo.content, dry_run=True, mode="best-effort")
    report, demo = tried.data, stage.demo
    actions = ("rows", "created", "refused")
    stage.teller.table(
        ("file", *actions), ([each["file"], *(each[name] for name in actions)] for each in report["counts"])
    )
    found = sorted(report["findings"], key=lambda each: each["severity"])
    stage.teller.say(f"{report['errors']} errors, {report['warnings']} warnings, for example")
    for each in found[:SHOWN]:
        place = f"{each['file']}:{each['line']} {each['field']}".rstrip()
        stage.teller.say(f"  {each['severity']:<7}  {place:<37} {each['message']}", style="yellow")
    stage.teller.holds(counted(report, "created") == demo.counts, "the dry run counts what the file holds")
    stage.teller.holds(counted(report, "refused") == demo.refused, "and names each row that it would refuse")
    stage.teller.holds((await stage.client.get("/academic/imports")).data == [], "it has stored nothing")


async def take_in(stage: Stage) -> None:
    send = stage.client.upload
    report = (await send("/academic/imports", stage.demo.content, mode="best-effort")).data
    total = sum(stage.demo.counts.values())
    stage.teller.holds(counted(report, "created") == stage.demo.counts, f"the good {total:,} rows are in")
    again = (await send("/academic/imports", stage.demo.content, mode="best-effort")).data
    unchanged = counted(again, "unchanged") == stage.demo.counts and not counted(again, "created")
    stage.teller.holds(unchanged, "the same file once more changes nothing")
    stage.people = {person["source_id"]: person async for person in pages(stage.client, "/academic/people")}
    stage.classes = {line["source_id"]: line["id"] async for line in pages(stage.client, "/academic/classes")}


def counted(report: dict[str, Any], action: str) -> dict[str, int]:
    return {each["file"].removesuffix(".csv"): each[action] for each in report["counts"] if each[action]}


async def pages(client: Client, path: str) -> AsyncIterator[Any]:
    """All rows, page by page."""
    params: dict[str, Any] = {"limit": 200}
    while params:
        answer = await client.get(path, **params)
        for row in answer.data:
            yield row
        following = answer.meta["pagination"]["next"]
        params = {"limit": 200, "cursor": following} if following else {}
