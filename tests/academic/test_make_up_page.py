"""The page about make-up lessons: its commands are run, in order, over HTTP."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from academic.main import app
from infra.testing.harness import PERMISSIONS
from infra.testing.school import School
from tests.pages import api_of, blocks_of, typed


async def test_A21_every_command_of_the_page_of_make_up_lessons_works(school: School, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    own, other = await school.class_("Own"), await school.class_("Other", capacity=2)
    env = {
        "AUTH": f"Authorization: Bearer {school.it.signer.token(school.tenant_id, PERMISSIONS)}",
        "ANN": await school.enrolment(own, await school.person("Ann"), None),
        "TOM": await school.person("Tom"),
        "MEETING": await school.meeting(own, str(today - timedelta(days=3))),
        "LESSON": await school.meeting(other, str(today + timedelta(days=30))),
    }
    async with api_of(app, "academic", school.it.settle) as api:
        said = await typed(blocks_of("make-up-lessons.md"), env | {"API": api}, tmp_path)
    assert [line for line in said if line.startswith('"')] == [
        '"Make-up policy set"',
        '"Attendance marked"',
        '"Make-up booked"',
        '"Make-up cancelled"',
        '"Guest seated"',
        '"Attendance marked"',
    ]
    assert {"Ann: make-up", "Tom: trial", "credit: used"} <= set(said)
