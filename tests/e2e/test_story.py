"""The story that `make run` tells holds on the whole product, through the gateway like any client."""

from datetime import date
from io import StringIO

import pytest
from rich.console import Console

from infra.native.running import Running
from infra.story import SCENES, month_before, play


@pytest.fixture(scope="module")
async def told(product: Running) -> str:
    out = StringIO()
    schools = await play(product.base_url, product.inbox_url, Console(file=out, width=130))
    assert len(schools) == 2, out.getvalue()
    return out.getvalue()


async def test_N2_the_story_prints_an_explained_invoice(told: str) -> None:
    lines = told.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("Invoice F"))
    marks = [line for line in lines[at + 1 : at + 9] if "mark P" in line and "event " in line]
    assert len(marks) == 4


async def test_N3_the_story_ends_with_a_credit_note_for_the_difference(told: str) -> None:
    (note,) = (line for line in told.splitlines() if line.startswith("Credit note R"))
    assert note.endswith("18.50 EUR")


async def test_N1_the_story_asks_the_roster_by_both_clocks(told: str) -> None:
    assert "as we know today: 20 people" in told
    assert "as we believed before: 19 people" in told


async def test_A24_the_story_shows_the_wall_between_two_schools(told: str) -> None:
    assert "✓ 404 not-found, as for an id that does not exist" in told


async def test_A25_every_step_of_the_story_is_told_and_holds(told: str) -> None:
    assert all(title in told for title, _ in SCENES)
    assert "✗" not in told
    first = told[: told.index("Riverside Music School")]
    assert len(first.splitlines()) <= 80


async def test_A25_a_story_without_a_product_says_so() -> None:
    out = StringIO()
    assert await play("http://127.0.0.1:9", "http://127.0.0.1:9", Console(file=out)) == []
    assert "✗" in out.getvalue()


def test_A25_the_story_plays_in_the_month_before() -> None:
    assert month_before(date(2027, 1, 31)) == date(2026, 12, 1)
