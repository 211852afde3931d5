"""OneRoster files through the gateway: real ones, and hostile ones that leave nothing behind."""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from infra.demo import demo_school
from infra.demo_files import bundle, manifest, zipped
from infra.native.running import Running
from infra.story import month_before
from infra.story_client import Answer, Client
from infra.story_school import Stage, register
from infra.story_teller import Teller

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "oneroster"
real = pytest.mark.skipif(not FOLDER.is_dir(), reason="the archives are not part of the repository")

ORG = {"sourcedId": "o1", "name": "North", "type": "school"}
TERM = {"sourcedId": "t1", "title": "T", "type": "term", "startDate": "2026-09-01", "endDate": "2026-08-01"}
ENROLLMENT = {"sourcedId": "e1", "classSourcedId": "c1", "userSourcedId": "u1", "role": "student"}
"""Its class and its user are in no file."""

CREATED = {"orgs": 1, "academicSessions": 4, "classes": 1, "users": 6, "enrollments": 3}
CASES = [
    ("oneroster-1.1-sample.zip", CREATED, 12),
    ("oneroster-1.2-sample.zip", CREATED | {"roles": 7}, 27),
]


@pytest.fixture
async def school(product: Running) -> AsyncIterator[Client]:
    """The owner of a new school, signed in."""
    from_month = month_before(datetime.now(UTC).date())
    async with aiohttp.ClientSession() as session:
        client = Client(session, product.base_url, product.inbox_url)
        demo = demo_school("Import School", from_month)
        await register(Stage(client, Teller(Console(file=io.StringIO())), demo, from_month, "Ida Import"))
        yield client


async def send(client: Client, content: bytes | AsyncIterator[bytes], **params: Any) -> Answer:
    headers = {"Content-Type": "application/zip"}
    return await client.ask("POST", "/academic/imports", data=content, headers=headers, params=params, refused=True)


def counts(answer: Answer, action: str) -> dict[str, int]:
    return {each["file"].removesuffix(".csv"): each[action] for each in answer.data["counts"] if each[action]}


@real
@pytest.mark.parametrize(("name", "created", "warnings"), CASES)
async def test_A25_a_real_archive_goes_through_the_gateway_twice_and_changes_once(
    school: Client, name: str, created: dict[str, int], warnings: int
) -> None:
    content = (FOLDER / name).read_bytes()
    first = await send(school, content)
    assert first.status == 201, first.body
    assert counts(first, "created") == created
    assert counts(first, "retired") == {"academicSessions": 1, "classes": 1}
    assert counts(first, "skipped") == {"enrollments": 3}
    assert counts(first, "placeholders") == {"courses": 2}
    assert (first.data["errors"], first.data["warnings"]) == (0, warnings)
    again = await send(school, content)
    assert all(counts(again, each) == {} for each in ("created", "revised", "retired", "placeholders"))
    summary, _ = (await school.get("/academic/imports")).data
    assert (summary["state"], summary["id"]) == ("applied", again.data["id"])


def entry(name: str, content: bytes) -> bytes:
    return zipped({"manifest.csv": manifest({"orgs": "bulk"}), name: content})


def long_row() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.csv", manifest({"orgs": "bulk"}))
        with archive.open("orgs.csv", "w") as file:
            file.write(b"sourcedId,name,type\no1,")
            for _ in range(100):
                file.write(b"N" * 1_048_576)
    return packed.getvalue()


def bomb() -> bytes:
    return entry("orgs.csv", b"sourcedId,name,type\n" + (b"o" * 60_000 + b"\n") * 4_000)


BAD = [
    ("broken", b"PK\x03\x04 and nothing more", 422, "archive-unreadable", ""),
    ("bomb", bomb, 413, "archive-too-large", "/orgs.csv"),
    ("long row", long_row, 422, "row-too-long", "/orgs.csv/2"),
    ("traversal", entry("../orgs.csv", b""), 422, "entry-refused", "/entries/2"),
    ("latin-1", entry("orgs.csv", b"sourcedId,name,type\no1,\xf1,school\n"), 422, "import-rejected", "/orgs.csv/2/"),
    ("utf-16", entry("orgs.csv", "sourcedId,name,type\n".encode("utf-16")), 422, "import-rejected", "/orgs.csv/1/"),
    ("column", entry("orgs.csv", b"sourcedId,type\no1,school\n"), 422, "import-rejected", "/orgs.csv/1/name"),
    ("duplicate", bundle({"orgs": [ORG, ORG]}), 422, "import-rejected", "/orgs.csv/3/sourcedId"),
    ("reversed", bundle({"academicSessions": [TERM]}), 422, "import-rejected", "/academicSessions.csv/2/endDate"),
    (
        "reference",
        bundle({"enrollments": [ENROLLMENT], "classes": [], "users": []}),
        422,
        "import-rejected",
        "/enrollments.csv/2/schoolSourcedId",
    ),
]


@pytest.mark.parametrize(("content", "status", "code", "pointer"), [pytest.param(*bad[1:], id=bad[0]) for bad in BAD])
async def test_A25_bad_input_is_a_problem_with_a_pointer_and_nothing_is_applied(
    school: Client, product: Running, content: Any, status: int, code: str, pointer: str
) -> None:
    pid = product.pids["academic.api"]
    answer = await send(school, content if isinstance(content, bytes) else content())
    assert (answer.status, answer.body["code"]) == (status, code), answer.body
    assert pointer in [error["pointer"] for error in answer.body["errors"]] or not pointer
    summary = (await school.get("/academic/summary")).data
    assert (summary["people"], summary["classes"]) == (0, 0)
    assert len((await school.get("/academic/orgs")).data) == 1
    assert product.pids["academic.api"] == pid


async def pieces(number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield bytes(1_048_576)


async def test_A25_R3_39_an_upload_above_50_mb_is_refused_at_the_door(school: Client) -> None:
    answer = await send(school, pieces(51))
    assert (answer.status, answer.body["code"]) == (413, "body-too-large")
