"""The page about a term: its commands are run, in order, over HTTP."""

from pathlib import Path

from academic.main import app
from infra.testing.harness import PERMISSIONS
from infra.testing.school import School
from tests.pages import api_of, blocks_of, typed


async def test_A4_A34_every_command_of_the_page_about_a_term_works(school: School, tmp_path: Path) -> None:
    auth = f"Authorization: Bearer {school.it.signer.token(school.tenant_id, PERMISSIONS)}"
    async with api_of(app, "academic", school.it.settle) as api:
        said = await typed(blocks_of("plan-a-term.md"), {"API": api, "AUTH": auth}, tmp_path)
    assert said == [
        '"Days marked"',
        '"Teacher assigned"',
        '"Weekly pattern set"',
        "15",
        '[{"on":"2026-10-13","starts":"17:00","why":"Autumn fair"}]',
        "2026-09-01 17:00 planned",
        "2026-09-08 17:00 planned",
        "2026-09-15 17:00 planned",
        '[409,"room-taken"]',
        '"Teacher substituted"',
        '"Room moved"',
        '"Meeting rescheduled"',
        '"Meeting cancelled"',
        "Attic: 2026-09-01 17:00",
        "Ada: 2026-09-01 17:00",
        "2026-09-01 planned",
        "2026-09-09 planned",
        "2026-09-15 cancelled",
        "2",
        "2",
    ]
