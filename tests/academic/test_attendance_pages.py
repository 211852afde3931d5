"""The pages about rolls and corrections: their commands are run, in order, over HTTP."""

from pathlib import Path

from academic.main import app
from infra.testing.harness import PERMISSIONS
from infra.testing.school import School
from tests.pages import api_of, blocks_of, typed


async def test_A12_A16_every_command_of_the_pages_of_attendance_works(school: School, tmp_path: Path) -> None:
    class_id = await school.class_()
    for name in ("Ann", "Ben", "Eve"):
        await school.enrolment(class_id, await school.person(name))
    meeting_id, _ = await school.meeting(class_id, "2026-09-07"), await school.meeting(class_id, "2026-09-14")
    env = {
        "AUTH": f"Authorization: Bearer {school.it.signer.token(school.tenant_id, PERMISSIONS)}",
        "CLASS": class_id,
        "MEETING": meeting_id,
    }
    async with api_of(app, "academic", school.it.settle) as api:
        said = await typed(blocks_of("take-a-roll.md", "correct-a-mark.md"), env | {"API": api}, tmp_path)
    assert [line for line in said if line.startswith('"')] == [
        '"Attendance marked"',
        '"Register closed"',
        '"Attendance corrected"',
        '"Register reopened"',
    ]
    told = {"Ann: not taken", "2026-09-14 17:00 not opened", "Eve: 0 of 1, false", "Ben: 1 of 1, true"}
    assert told | {"nothing → A: first mark", "A → E: Her father had called"} <= set(said)
