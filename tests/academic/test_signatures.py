"""Signatures: a teacher's on the register as it stood, a participant's on the meeting, each with how and when."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from academic.registers.content import content_hash, content_of
from academic.registers.mark import Lesson, Mark
from academic.signatures.drawing import END, MAX_BYTES, START, DrawingUnreadable, image_of
from infra.testing.harness import Running
from tests.academic.lessons import LessonNow, lesson_now


def png(size: int = 200, side: int = 60) -> bytes:
    head = START + side.to_bytes(4, "big") * 2
    return head + b"\x01" * (size - len(head) - len(END)) + END


@pytest.fixture
async def lesson(academic: Running) -> LessonNow:
    return await lesson_now(academic)


def test_A20_the_content_of_a_register_has_one_spelling() -> None:
    ids = [UUID(int=number) for number in range(5)]
    marks = [Mark(ids[3], ids[4], "L", 1, True, True, "17:20", None, 70), Mark(ids[2], ids[1], "A", 2, False, True)]
    lesson = Lesson(ids[0], ids[1], None, date(2026, 9, 7), 90)
    content = content_of(ids[2], lesson, marks)
    assert content == content_of(ids[2], lesson, reversed(marks))
    assert content.startswith(b'{"class_id":"00000000-0000-0000-0000-000000000000","format":"rollbook register 1",')
    again = json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"))
    assert again.encode() == content
    assert content_hash(ids[2], lesson, marks) == sha256(content).hexdigest()


@pytest.mark.parametrize(
    "image",
    [
        b"",
        b"\x89PNG",
        b"GIF89a" + b"\x00" * 60,
        png(MAX_BYTES + 1),
        png(side=0),
        png(side=2_001),
        png()[:-1],
        png() + b"<script>",
    ],
)
def test_A20_a_drawing_is_a_small_png_and_nothing_else(image: bytes) -> None:
    assert image_of(b64encode(png(MAX_BYTES)).decode()) == png(MAX_BYTES)
    with pytest.raises(DrawingUnreadable):
        image_of(b64encode(image).decode())


async def test_A20_a_teacher_signs_the_register_and_a_later_correction_is_seen_and_signed_again(
    lesson: LessonNow,
) -> None:
    register_id = await lesson.roll()
    await lesson.teacher.did(f"/registers/{register_id}/signatures")
    await lesson.teacher.did(f"/registers/{register_id}/signatures")
    (first,) = await signatures(lesson)
    assert (first["by"], first["method"], first["given_name"], first["changed_since"]) == (
        "teacher",
        "login",
        "Eva",
        False,
    )
    correction = {"enrolment_id": lesson.ben.enrolment_id, "code": "E", "reason": "His father had called"}
    await lesson.teacher.did(f"/registers/{register_id}/corrections", correction)
    assert [line["changed_since"] for line in await signatures(lesson)] == [True]
    await lesson.teacher.did(f"/registers/{register_id}/signatures")
    before, after = await signatures(lesson)
    assert (before["changed_since"], after["changed_since"]) == (True, False)
    assert (before["content_hash"], after["register_version"]) != (after["content_hash"], before["register_version"])


async def test_A20_only_who_teaches_signs_a_register_and_only_as_it_was_read(lesson: LessonNow) -> None:
    register_id = await lesson.roll()
    path = f"/registers/{register_id}/signatures"
    assert await lesson.school.refused(path) == (409, "not-teaching")
    assert await lesson.teacher.refused(path, if_match='"1"') == (412, "precondition-failed")
    assert await lesson.ann.refused(path) == (403, "forbidden")
    assert await signatures(lesson) == []


async def test_A20_participants_sign_with_a_shown_code_a_code_of_their_own_or_by_hand(lesson: LessonNow) -> None:
    path = f"/meetings/{lesson.meeting_id}"
    shown = (await lesson.teacher.got(f"{path}/check-in-code"))["code"]
    await lesson.ann.did(f"{path}/own-signature", {"code": shown})
    own = (await lesson.ben.got(f"{path}/own-signature-code"))["code"]
    told = {"method": "code", "enrolment_id": lesson.ben.enrolment_id, "code": own}
    assert await lesson.teacher.refused(f"{path}/signatures", told | {"code": "0" * 8}) == (409, "signature-code-wrong")
    other = told | {"enrolment_id": lesson.ann.enrolment_id}
    assert await lesson.teacher.refused(f"{path}/signatures", other) == (409, "signature-code-wrong")
    await lesson.teacher.did(f"{path}/signatures", told | {"code": own.lower()})
    assert await lesson.teacher.refused(f"{path}/signatures", told) == (409, "already-signed")
    eve = await lesson.school.enrolment(lesson.class_id, await lesson.school.person("Eve"), None)
    drawn = {"method": "drawn", "enrolment_id": eve, "image": b64encode(png()).decode()}
    await lesson.teacher.did(f"{path}/signatures", drawn)
    lines = await signatures(lesson)
    assert [(line["given_name"], line["method"]) for line in lines] == [
        ("Ann", "qr"),
        ("Ben", "code"),
        ("Eve", "drawn"),
    ]
    assert {(line["by"], line["changed_since"]) for line in lines} == {("participant", None)}


async def test_A20_a_drawn_signature_is_stored_sealed_with_the_hash_of_its_image(lesson: LessonNow) -> None:
    drawn = {"method": "drawn", "enrolment_id": lesson.ann.enrolment_id, "image": b64encode(png(MAX_BYTES)).decode()}
    await lesson.teacher.did(f"/meetings/{lesson.meeting_id}/signatures", drawn)
    (signed,) = await lesson.school.it.stored(lesson.school.tenant_id, "academic.meeting_signed")
    assert signed["image_sha256"] == sha256(png(MAX_BYTES)).hexdigest()
    assert signed["image"].startswith("v1.")
    assert drawn["image"] not in json.dumps(signed)


async def test_A20_what_is_no_signature_is_refused_and_records_nothing(lesson: LessonNow) -> None:
    path = f"/meetings/{lesson.meeting_id}/signatures"
    before = await lesson.school.events()
    drawn: dict[str, Any] = {"method": "drawn", "enrolment_id": lesson.ann.enrolment_id, "image": "bm90IGEgcG5n"}
    assert await lesson.teacher.refused(path, drawn) == (409, "drawing-unreadable")
    assert await lesson.teacher.refused(path, drawn | {"enrolment_id": str(uuid4())}) == (409, "not-enrolled-that-day")
    assert await lesson.teacher.refused(path, drawn | {"image": "A" * 40_000}) == (422, "validation-failed")
    own = f"/meetings/{lesson.meeting_id}/own-signature"
    assert await lesson.ann.refused(own, {"code": "nonsense"}) == (409, "meeting-code-unknown")
    later = await lesson.school.meeting(lesson.class_id, "2190-01-04")
    assert await lesson.teacher.refused(
        f"/meetings/{later}/signatures", drawn | {"image": b64encode(png()).decode()}
    ) == (
        409,
        "meeting-not-begun",
    )
    assert (await lesson.school.events())[len(before) :] == ["academic.meeting_planned"]


async def signatures(lesson: LessonNow) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await lesson.teacher.got(f"/meetings/{lesson.meeting_id}/signatures")
    return found


async def test_A20_C29_nobody_signs_or_checks_in_as_somebody_else(lesson: LessonNow) -> None:
    act = {"sub": str(uuid4()), "sid": str(uuid4()), "rights": 1}
    register_id, path = await lesson.roll(), f"/meetings/{lesson.meeting_id}"
    shown = {"code": (await lesson.teacher.got(f"{path}/check-in-code"))["code"]}
    teacher, ann = replace(lesson.teacher, claims={"act": act}), replace(lesson.ann, claims={"act": act})
    no = (403, "not-while-impersonating")
    assert await teacher.refused(f"/registers/{register_id}/signatures") == no
    assert await ann.refused(f"{path}/own-signature", shown) == no
    assert await ann.refused(f"{path}/check-in", shown) == no
    assert (await ann.ask("GET", f"{path}/own-signature-code")).json()["code"] == no[1]
    by_provider = replace(lesson.ann, claims={"amr": ["federated"]})
    await by_provider.did(f"{path}/own-signature", shown)
