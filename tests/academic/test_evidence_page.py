"""The page about evidence: its commands are run, in order, over HTTP."""

from pathlib import Path

from academic.main import app
from infra.testing.harness import Running
from shared.checkpoints import CheckpointKey
from tests.academic.lessons import lesson_now
from tests.academic.test_evidence import chained
from tests.pages import api_of, blocks_of, typed


async def test_A19_A20_N13_every_command_of_the_page_of_evidence_works(academic: Running, tmp_path: Path) -> None:
    lesson = await lesson_now(academic)

    async def settle() -> None:
        await academic.settle()
        await chained(academic, sign=False)

    values = {
        "TEACHER": f"Authorization: Bearer {lesson.teacher.token}",
        "STUDENT": f"Authorization: Bearer {lesson.ann.token}",
        "AUTH": f"Authorization: Bearer {lesson.teacher.token}",
        "CLASS": lesson.class_id,
        "MEETING": lesson.meeting_id,
        "KEY": CheckpointKey("academic", academic.kernel.keyring.master).text,
    }
    async with api_of(app, "academic", settle) as api:
        said = await typed(blocks_of("hand-out-evidence.md"), values | {"API": api}, tmp_path)
    assert said[:-1] == [
        '"Checked in"',
        '"Meeting signed"',
        "Ann checked in, proposed: P",
        '"Register signed"',
        "Ann, participant, qr, changed since: null",
        "Eva, teacher, login, changed since: false",
    ]
    assert said[-1].startswith("intact: Piano A, lessons: 1, at ")
