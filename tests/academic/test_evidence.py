"""The evidence pack: it verifies with its own script and a public key alone, and whatever is altered in it shows."""

import asyncio
import io
import json
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from academic.evidence.page import pdf_of
from academic.evidence.proof import segments
from infra.testing.harness import Running
from shared.checkpoints import CheckpointKey
from shared.clock import time_of
from shared.database import connect
from shared.hash_chain import EPOCH
from shared.hashing import HashChain
from shared.personal import Keyring, MasterKey
from tests.academic.lessons import LessonNow, lesson_now
from tests.academic.test_signatures import png

Files = dict[str, bytes]
OTHER = CheckpointKey("academic", MasterKey(b"another master key, 32 bytes long"))


def read(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def signed(files: Files, key: CheckpointKey) -> Files:
    """As whoever has this key would make it anew."""
    own = {name: sha256(content).hexdigest() for name, content in files.items() if not name.startswith("manifest.")}
    manifest = json.dumps(json.loads(files["manifest.json"]) | {"files": own, "key_id": key.id}).encode()
    signature = key.sign_bytes(b"rollbook evidence 1\n" + manifest).hex().encode()
    return files | {"manifest.json": manifest, "manifest.sig": signature}


@dataclass
class Pack:
    content: bytes
    key: CheckpointKey
    folder: Path

    @property
    def files(self) -> Files:
        return read(self.content)

    @property
    def register(self) -> Any:
        return json.loads(self.files["register.json"])

    async def verified(self, content: bytes | None = None, key: str = "") -> tuple[int, str]:
        """By the script of the pack, in a process that knows nothing of the product."""
        script, pack = self.folder / "verify_evidence.py", self.folder / "pack.zip"
        script.write_bytes(self.files["verify_evidence.py"])
        pack.write_bytes(self.content if content is None else content)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(script), str(pack), "--key", key or self.key.text),
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return process.returncode or 0, out.decode().strip()

    async def altered(self, change: Callable[[Any], object]) -> tuple[str, str]:
        """What is said of a register that was changed; then where all was signed anew with the right key."""
        register = self.register
        change(register)
        files = self.files | {"register.json": json.dumps(register).encode()}
        answers = [await self.verified(written(each)) for each in (files, signed(files, self.key))]
        assert [status for status, _ in answers] == [1, 1]
        return answers[0][1], answers[1][1]


async def chained(it: Running, *, sign: bool) -> None:
    async with await connect(it.dsns["worker"], search_path="academic") as worker:
        chain = HashChain(worker, "academic", CheckpointKey("academic", it.kernel.keyring.master))
        await chain.start()
        while await chain.extend():
            pass
        if sign:
            chain._signed_at = EPOCH
            await chain.sign(await time_of(worker))


@pytest.fixture
async def lesson(academic: Running) -> LessonNow:
    return await lesson_now(academic)


async def told(lesson: LessonNow) -> None:
    """A roll, signed; a correction, signed again; a participant's signature by hand; some of it under a checkpoint."""
    path, teacher = f"/meetings/{lesson.meeting_id}", lesson.teacher
    register_id = await lesson.roll()
    await teacher.did(f"/registers/{register_id}/signatures")
    await chained(lesson.school.it, sign=True)
    reason = {"enrolment_id": lesson.ben.enrolment_id, "code": "E", "reason": "Su padre había llamado"}
    await teacher.did(f"/registers/{register_id}/corrections", reason)
    await teacher.did(f"/registers/{register_id}/signatures")
    drawn = {"method": "drawn", "enrolment_id": lesson.ann.enrolment_id, "image": b64encode(png()).decode()}
    await teacher.did(f"{path}/signatures", drawn)
    await chained(lesson.school.it, sign=False)


async def packed(lesson: LessonNow, folder: Path) -> Pack:
    answer = await lesson.school.get(f"/classes/{lesson.class_id}/evidence")
    assert answer.status_code == 200, answer.text
    return Pack(answer.content, CheckpointKey("academic", lesson.school.it.kernel.keyring.master), folder)


async def test_N13_A20_a_pack_verifies_alone_and_is_the_same_at_the_same_position(
    lesson: LessonNow, tmp_path: Path
) -> None:
    await told(lesson)
    pack = await packed(lesson, tmp_path)
    status, said = await pack.verified()
    assert (status, said.startswith("intact: Piano A, lessons: 1, at ")) == (0, True), said
    await chained(lesson.school.it, sign=True)
    assert (await packed(lesson, tmp_path)).content == pack.content
    (meeting,) = pack.register["meetings"]
    (correction,) = meeting["corrections"]
    said_of = (correction["from"]["code"], correction["to"]["code"], correction["reason"], correction["who"]["kind"])
    assert said_of == ("A", "E", "Su padre había llamado", "user")
    lines = [(line["by"], line["method"], line["changed_since"]) for line in meeting["signatures"]]
    assert lines == [("teacher", "login", True), ("teacher", "login", False), ("participant", "drawn", None)]
    assert pack.files[meeting["signatures"][2]["image"]] == png()
    segments = json.loads(pack.files["chain.json"])["segments"]
    assert [segment["checkpoint"] is None for segment in segments] == [False, True]


async def test_N13_whatever_is_altered_in_a_pack_shows(lesson: LessonNow, tmp_path: Path) -> None:
    await told(lesson)
    pack = await packed(lesson, tmp_path)

    def other_mark(register: Any) -> None:
        register["meetings"][0]["marks"][0]["code"] = "P" if register["meetings"][0]["marks"][0]["code"] != "P" else "A"

    def no_correction(register: Any) -> None:
        register["meetings"][0]["corrections"].clear()

    def no_correction_at_all(register: Any) -> None:
        no_correction(register)
        events = register["meetings"][0]["events"]
        events[:] = [each for each in events if each["topic"] != "academic.attendance_corrected"]

    def swapped(register: Any) -> None:
        first, second, *_ = register["meetings"][0]["signatures"]
        first["content_hash"], second["content_hash"] = second["content_hash"], first["content_hash"]

    def hidden_change(register: Any) -> None:
        register["meetings"][0]["signatures"][0]["changed_since"] = False

    def rewritten(register: Any) -> None:
        event = next(e for e in register["meetings"][0]["events"] if e["topic"] == "academic.attendance_marked")
        event["state"] = event["state"].replace('"code":"A"', '"code":"P"')

    for change, found in (
        (other_mark, "the marks of"),
        (no_correction, "the corrections of"),
        (no_correction_at_all, "the signature at"),
        (swapped, "the signatures of"),
        (hidden_change, "changes after a signature is not true"),
        (rewritten, "is not the one that was chained"),
    ):
        plain, signed_anew = await pack.altered(change)
        assert plain == "BAD: register.json was changed"
        assert found in signed_anew, signed_anew
    await files_and_keys(pack)


async def files_and_keys(pack: Pack) -> None:
    files = pack.files
    pdf = files | {"register.pdf": files["register.pdf"].replace(b"/Type", b"/Tipe", 1)}
    assert await pack.verified(written(pdf)) == (1, "BAD: register.pdf was changed")
    less = {name: content for name, content in files.items() if name != "chain.json"}
    assert (await pack.verified(written(less)))[1] == "BAD: files are missing, or some were added"
    image = next(name for name in files if name.startswith("signatures/"))
    redrawn = signed(files | {image: png(300)}, pack.key)
    assert (await pack.verified(written(redrawn)))[1] == f"BAD: {image} is another image"
    of_another = signed(files, OTHER)
    expected = (1, f"BAD: the manifest is signed with the key {OTHER.id}, which was not given")
    assert await pack.verified(written(of_another)) == expected
    status, said = await pack.verified(written(of_another), OTHER.text)
    assert (status, said.startswith("BAD: checkpoint ")) == (1, True), said
    forged = files | {"manifest.sig": of_another["manifest.sig"]}
    assert await pack.verified(written(forged)) == (1, "BAD: the manifest is forged")
    assert (await pack.verified(b"no pack"))[0] == 2
    assert (await pack.verified(key="bm8="))[0] == 2


async def test_N13_a_pack_waits_for_the_chain_and_tells_nothing_of_an_erased_person(
    lesson: LessonNow, tmp_path: Path
) -> None:
    path = f"/classes/{lesson.class_id}/evidence"
    await told(lesson)
    await lesson.school.meeting(lesson.class_id, "2190-01-04")
    behind = await lesson.school.get(path)
    assert (behind.status_code, behind.headers["retry-after"]) == (503, "1")
    it, tenant = lesson.school.it, lesson.school.tenant_id
    for who in (lesson.ann, lesson.ben):
        erased = Keyring.erased(tenant, UUID(who.person_id))
        await it.kernel.store.save(call=it.call(tenant), keys=[erased])
    await chained(it, sign=True)
    pack = await packed(lesson, tmp_path)
    meeting = pack.register["meetings"][0]
    told_of = (pack.register["people"][lesson.ann.person_id], meeting["corrections"][0]["reason"])
    assert told_of == (None, None)
    assert [line["image"] for line in meeting["signatures"]] == [None, None, None]
    assert (await pack.verified())[0] == 0


def test_N13_the_register_on_paper_is_pdf_a_with_its_fonts_whatever_a_name_is_written_in() -> None:
    class_ = {"title": "Piano — [#evil] 漢 Ж Łódź \x07", "org": "Music", "class_code": None, "funding": None}
    register = {
        "class": class_,
        "position": 7,
        "as_of": "2026-09-07T12:00:00+00:00",
        "meetings": [],
        "people": {},
        "accounts": {},
    }
    pdf = pdf_of(register, "0" * 64)
    assert pdf == pdf_of(register, "0" * 64)
    assert b"pdfaid:part>2<" in pdf
    assert b"pdfaid:conformance>B<" in pdf


def test_N13_each_event_is_proved_up_to_the_next_checkpoint_or_the_head() -> None:
    points = [{"position": 10}, {"position": 20}]
    found = segments([3, 10, 11, 20, 21, 25], points, 30)
    assert [each[:2] for each in found] == [(3, 10), (11, 20), (21, 30)]
    assert [each.point for each in found] == [*points, None]


def test_N13_the_verifier_is_short_and_knows_nothing_of_the_product() -> None:
    text = Path(sys.modules["academic.evidence.page"].__file__ or "").with_name("verify_evidence.py").read_text()
    imported = [line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert {name for name in imported if name not in sys.stdlib_module_names} == {"cryptography"}
    assert len(text.splitlines()) <= 150
