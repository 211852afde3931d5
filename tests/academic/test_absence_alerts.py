"""Absence alerts: each guardian hears of an absence without notice, once, and only while it is true."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from infra.testing.school import School
from shared.mail.sending import Sending
from shared.mail.smtp import Smtp
from shared.settings import MailSettings
from tests.shared.smtp_servers import MailServer, mail_server


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as it:
        yield it


class Lesson(NamedTuple):
    """A student with two guardians, and a meeting of the class."""

    meeting_id: str
    enrolment_id: str
    student: str
    mother: str
    father: str


async def guardian(school: School, name: str, **more: Any) -> str:
    address = {"email": f"{name.lower()}-{school.tenant_id}@example.org"} | more
    told = {"given_name": name, "family_name": "Lee", "roles": ["guardian"], **address}
    return str((await school.did("/people", told))["id"])


async def lesson(school: School) -> Lesson:
    class_id, student = await school.class_(), await school.person()
    mother, father = await guardian(school, "Mia"), await guardian(school, "Dan")
    for each in (mother, father):
        await school.did(f"/people/{student}/guardians", {"guardian_id": each})
    enrolment_id = await school.enrolment(class_id, student)
    return Lesson(await school.meeting(class_id), enrolment_id, student, mother, father)


async def mark(school: School, it: Lesson, code: str = "A") -> str:
    marks = [{"enrolment_id": it.enrolment_id, "code": code}]
    register_id = (await school.did(f"/meetings/{it.meeting_id}/attendance", {"marks": marks}))["id"]
    await school.it.settle()
    return str(register_id)


async def correct(school: School, it: Lesson, register_id: str, code: str) -> None:
    corrected = {"enrolment_id": it.enrolment_id, "code": code, "reason": "she was there"}
    await school.did(f"/registers/{register_id}/corrections", corrected)
    await school.it.settle()


async def mailed(school: School, server: MailServer) -> dict[str, str]:
    """First name → text of those who got a mail now."""
    settings = MailSettings(smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none")
    await school.it.settle()
    server.taken.clear()
    await Sending(school.it.kernel, Smtp(settings), "https://school.example", "https://api.example").send_due()
    texts = [(to, str(message["Subject"]) + "\n" + str(message.get_content())) for to, message in server.taken]
    return {to.partition("-")[0]: text for to, text in texts if str(school.tenant_id) in to}


async def test_A35_every_guardian_is_told_once_of_an_absence_without_notice(school: School, server: MailServer) -> None:
    it = await lesson(school)
    await mark(school, it)
    texts = await mailed(school, server)
    assert texts.keys() == {"mia", "dan"}
    assert texts["mia"].startswith("Ann was marked absent\nHello Mia,")
    assert "on 2026-09-07 at 17:00 in the class Piano A" in texts["mia"]
    assert await mailed(school, server) == {}


@pytest.mark.parametrize("code", ["P", "L", "E"])
async def test_A35_nobody_is_told_of_a_student_who_came_or_was_excused(
    school: School, server: MailServer, code: str
) -> None:
    await mark(school, await lesson(school), code)
    assert await mailed(school, server) == {}
    assert await school.got("/absence-alerts") == []


async def test_A35_a_correction_before_the_mail_makes_it_unneeded(school: School, server: MailServer) -> None:
    it = await lesson(school)
    register_id = await mark(school, it)
    await correct(school, it, register_id, "L")
    assert await mailed(school, server) == {}
    assert len(await school.got("/absence-alerts")) == 2


async def test_A35_a_correction_that_says_absent_is_told_too(school: School, server: MailServer) -> None:
    it = await lesson(school)
    register_id = await mark(school, it, "P")
    await correct(school, it, register_id, "A")
    assert (await mailed(school, server)).keys() == {"mia", "dan"}


async def test_A35_a_guardian_declines_and_accepts_again_in_another_language(
    school: School, server: MailServer
) -> None:
    it = await lesson(school)
    await school.did(f"/people/{it.mother}/absence-alerts/refusal")
    await school.did(f"/people/{it.father}/absence-alerts/acceptance", {"language": "es"})
    await mark(school, it)
    texts = await mailed(school, server)
    assert texts.keys() == {"dan"}
    assert texts["dan"].startswith("Falta de asistencia de Ann\nHola, Dan:")
    (line,) = await school.got("/absence-alerts")
    assert line["guardian_id"] == it.father


async def test_A35_who_declines_or_is_unlinked_before_the_mail_goes_gets_none(
    school: School, server: MailServer
) -> None:
    it = await lesson(school)
    await mark(school, it)
    await school.did(f"/people/{it.mother}/absence-alerts/refusal")
    await school.did(f"/people/{it.student}/guardians/{it.father}/removal")
    assert await mailed(school, server) == {}


async def test_A35_one_click_in_a_mail_program_declines_without_signing_in(school: School, server: MailServer) -> None:
    it = await lesson(school)
    await mark(school, it)
    await mailed(school, server)
    ((_, message),) = [each for each in server.taken if each[0].startswith(f"mia-{school.tenant_id}")]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = message["List-Unsubscribe"].strip("<>")
    assert any(f"List-Unsubscribe: <{url}>\r\n".encode() in raw for raw in server.raw)
    assert url.startswith("https://api.example/api/academic/declined-mails?token=absence-alerts.")
    path = url.removeprefix("https://api.example/api/academic")
    token = path.partition("token=")[2]
    assert f"https://school.example/declined-mails/academic#token={token}" in message.get_content()
    assert (await school.it.client.get(path)).status_code == 405
    clicked = {"List-Unsubscribe": "One-Click"}
    for _ in range(2):
        answer = await school.it.client.post(path, data=clicked)
        assert (answer.status_code, answer.json()["data"]) == (200, "absence-alerts")
    for wrong in (token[:-1], token + "A", token.replace("absence-alerts", "invoices"), token.swapcase(), "x"):
        refused = await school.it.client.post("/declined-mails", params={"token": wrong}, data=clicked)
        assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    assert (await school.it.events(school.tenant_id)).count("academic.alerts_declined") == 1


async def test_A35_N6_a_guardian_who_was_erased_gets_none(school: School, server: MailServer) -> None:
    it = await lesson(school)
    await mark(school, it)
    kernel = school.it.kernel
    erased = kernel.keyring.erased(school.tenant_id, UUID(it.mother))
    await kernel.store.save(call=school.it.call(school.tenant_id), keys=[erased])
    assert (await mailed(school, server)).keys() == {"dan"}


async def test_A35_a_guardian_without_an_address_is_not_alerted(school: School) -> None:
    it = await lesson(school)
    aunt = await guardian(school, "Eva", email=None)
    await school.did(f"/people/{it.student}/guardians", {"guardian_id": aunt})
    await mark(school, it)
    assert {line["guardian_id"] for line in await school.got("/absence-alerts")} == {it.mother, it.father}


async def test_A35_alerts_are_listed_the_newest_first_of_a_person_and_of_days(school: School) -> None:
    one, other = await lesson(school), await lesson(school)
    await mark(school, one)
    await mark(school, other)
    people = [line["person_id"] for line in await school.got("/absence-alerts")]
    assert people == [other.student] * 2 + [one.student] * 2
    lines = await school.got("/absence-alerts", person_id=one.student)
    assert {line["held_on"] for line in lines} == {"2026-09-07"}
    assert await school.got("/absence-alerts", **{"from": "2026-09-08"}) == []
    page = (await school.get("/absence-alerts", {"limit": 3})).json()
    rest = await school.got("/absence-alerts", cursor=page["meta"]["pagination"]["next"])
    assert [line["person_id"] for line in page["data"] + rest] == people


async def test_S1_alerts_of_another_school_are_unknown(school: School) -> None:
    other = await School.founded(school.it)
    it = await lesson(other)
    await mark(other, it)
    assert await school.got("/absence-alerts") == []
    assert await school.refused(f"/people/{it.mother}/absence-alerts/refusal") == (404, "not-found")
