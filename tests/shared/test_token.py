"""Consistency tokens: opaque, merged per pair, refused when malformed."""

from base64 import urlsafe_b64encode
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ids import uuid7
from shared.token import Token

TENANT = UUID("01990000-0000-7000-8000-000000000001")
ENTRIES = st.dictionaries(
    st.tuples(st.sampled_from(["academic", "billing", "auth"]), st.sampled_from([TENANT, uuid7(), uuid7()])),
    st.integers(0, 2**63 - 1),
)


@given(ENTRIES)
@settings(max_examples=50)
def test_C32_a_token_comes_back_as_it_went(entries: dict[tuple[str, UUID], int]) -> None:
    assert Token.decode(Token(entries).encode()).entries == entries


@given(ENTRIES, ENTRIES)
@settings(max_examples=50)
def test_C32_merged_tokens_hold_the_furthest_place_of_each_pair(
    one: dict[tuple[str, UUID], int], other: dict[tuple[str, UUID], int]
) -> None:
    merged = Token(one).merge(Token(other))
    assert merged.entries == {pair: max(one.get(pair, 0), other.get(pair, 0)) for pair in one.keys() | other.keys()}
    assert merged == Token(other).merge(Token(one))


def test_a_pair_that_a_token_does_not_name_asks_for_nothing() -> None:
    assert Token().position("academic", TENANT) == 0
    assert Token.decode(Token().encode()) == Token()


def encoded(rows: object) -> str:
    return urlsafe_b64encode(orjson.dumps(rows)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "é",
        "AAAA",
        encoded({}),
        encoded({"a": 1}),
        encoded([["academic", TENANT.hex]]),
        encoded([["academic", "no uuid", 1]]),
        encoded([["academic", 7, 1]]),
        encoded([["academic", TENANT.hex, -1]]),
        encoded([["academic", TENANT.hex, 2**63]]),
        encoded([["academic", TENANT.hex, True]]),
        encoded([["academic", TENANT.hex, "1"]]),
        encoded([["academic", TENANT.hex, 1.5]]),
        encoded([["academic", str(TENANT), 1]]),
        encoded([["academic", TENANT.hex, 1]]) + "$",
        encoded([["academic", TENANT.hex, 1]]) + "=",
        encoded([["b", TENANT.hex, 1], ["a", TENANT.hex, 1]]),
        encoded([["a", TENANT.hex, 1], ["a", TENANT.hex, 2]]),
    ],
)
def test_E9_what_was_not_encoded_here_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="malformed"):
        Token.decode(text)
