"""Ids: UUIDv7 in order, derived ones, and the names of errors."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

import pytest

from shared.errors import Refused, code_of
from shared.ids import PLATFORM, derived, uuid7


def test_DS9_ids_have_the_version_and_variant_of_RFC_9562() -> None:
    for one in (uuid7() for _ in range(1_000)):
        assert (one.version, one.variant) == (7, RFC_4122)


def test_DS9_an_id_begins_with_its_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.ids._last", 0)
    before = time.time_ns() // 1_000_000
    stamp = uuid7().int >> 80
    assert before <= stamp <= time.time_ns() // 1_000_000 + 20


def test_DS9_ids_never_go_backwards_also_within_a_millisecond() -> None:
    ids = [uuid7() for _ in range(20_000)]
    assert ids == sorted(set(ids))


def test_DS9_ids_never_go_backwards_when_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    first = uuid7()
    monkeypatch.setattr("shared.ids.time.time_ns", lambda: 1_000_000_000)
    assert first < uuid7() < uuid7()


def test_ids_of_threads_differ() -> None:
    with ThreadPoolExecutor(4) as threads:
        ids = [one for some in threads.map(lambda _: [uuid7() for _ in range(2_000)], range(4)) for one in some]
    assert len(set(ids)) == 8_000


def test_the_same_parts_give_the_same_id() -> None:
    assert derived(PLATFORM, "a", 1) == derived(PLATFORM, "a", 1)
    assert len({derived(PLATFORM, *parts) for parts in (("a", 1), ("a1",), ("a", 2), (1, "a"))}) == 4


def test_the_code_of_an_error_is_its_name_in_kebab_case() -> None:
    class SeatsTaken(Refused):
        """No seat."""

    assert code_of(SeatsTaken) == SeatsTaken().code == "seats-taken"
    assert SeatsTaken().detail == "No seat."
    assert SeatsTaken("On Monday.", pointer="/person_id").detail == "On Monday."
