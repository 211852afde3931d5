"""The page about imports: its commands are run, in order, over HTTP."""

import os
import sys
from pathlib import Path

from academic.main import app
from infra.testing.harness import PERMISSIONS
from infra.testing.school import School
from tests.pages import api_of, blocks_of, typed


async def test_A25_every_command_of_the_page_about_imports_works(school: School, tmp_path: Path) -> None:
    values = {
        "AUTH": f"Authorization: Bearer {school.it.signer.token(school.tenant_id, PERMISSIONS)}",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    async with api_of(app, "academic", school.it.settle) as api:
        said = await typed(blocks_of("import-a-school.md"), values | {"API": api}, tmp_path)
    assert said == [
        "enrollments.csv line 3, userSourcedId: error unknown-reference",
        '[422,"import-rejected","/enrollments.csv/3/userSourcedId"]',
        "Imported",
        "orgs.csv: 1 created",
        "academicSessions.csv: 1 created",
        "courses.csv: 1 created",
        "classes.csv: 1 created",
        "users.csv: 2 created",
        "roles.csv: 2 created",
        "enrollments.csv: 2 created",
        "10",
        "applied, 0 errors",
        "applied, 0 errors",
        "rejected, 1 errors",
        '["users.csv",1,1]',
        "enrollments.csv: 1 would be retired",
        "Nothing was applied: a dry run",
        "true",
        "true",
    ]
