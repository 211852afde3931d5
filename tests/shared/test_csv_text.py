"""CSV for people: no cell becomes a formula, and what was written is read back."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.csv_text import cell, guarded, line

TRIGGERS = ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"]  # noqa: RUF001
BLANKS = ["", " ", "   ", "\u00a0", "\u3000", "\ufeff", "\u200b"]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_S20_a_text_that_could_start_a_formula_gets_an_apostrophe(trigger: str, blank: str) -> None:
    assert guarded(f"{blank}{trigger}1+1").startswith("'")


@pytest.mark.parametrize("text", ["", "Ann", "O'Neill", "María-José", "a=1", "1 + 1", "ann@example.org"])
def test_S20_other_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


def test_S20_every_text_is_quoted_and_numbers_and_days_are_not() -> None:
    assert line(["a;b", 'say "hi"', -12, date(2026, 9, 1), True]) == b'"a;b","say ""hi""",-12,2026-09-01,1\r\n'
    assert cell("") == '""'


@settings(max_examples=300)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1, max_size=6))
def test_S20_what_is_read_back_is_what_was_written_and_no_formula(texts: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(line(texts).decode(), newline=""), strict=True))
    assert rows == [[guarded(text) for text in texts]]
    assert not any(value.lstrip()[:1] in TRIGGERS for value in rows[0] if value.lstrip())
