"""The test language itself: it must be able to fail."""

from collections.abc import Callable

import pytest

from infra.testing.toy import Shelf, ShelfFull
from shared.errors import NotFound
from shared.given import given
from shared.ids import uuid7
from tests.shared.stores import NOW, new_shelf


def full() -> Shelf:
    shelf = new_shelf(uuid7())
    for number in range(40):
        shelf.add(f"Volume {number}", NOW)
    return shelf


def test_given_when_then_passes_on_what_happened() -> None:
    given(new_shelf(uuid7())).when(lambda shelf: shelf.add("Emma", NOW)).then(Shelf.BookAdded, title="Emma", pages=100)
    given(new_shelf(uuid7())).when(add_two).then_events(Shelf.BookAdded, Shelf.BookAdded)
    given(full()).when(lambda shelf: shelf.add("Volume 1", NOW)).then_nothing()
    given(full()).when(lambda shelf: shelf.add("Emma", NOW)).then_refused(ShelfFull)


def add_two(shelf: Shelf) -> None:
    shelf.add("Emma", NOW)
    shelf.add("Persuasion", NOW)


def test_given_when_then_fails_on_what_did_not() -> None:
    one = given(new_shelf(uuid7())).when(lambda shelf: shelf.add("Emma", NOW))
    wrongs: list[Callable[[], None]] = [
        lambda: given(full()).when(lambda shelf: shelf.add("Emma", NOW)).then(Shelf.BookAdded),
        lambda: given(full()).when(lambda shelf: shelf.add("Emma", NOW)).then_refused(NotFound),
        lambda: given(full()).when(lambda shelf: shelf.add("Emma", NOW)).then_nothing(),
        lambda: one.then(Shelf.BookAdded, title="Emma", pages=1),
    ]
    for wrong in wrongs:
        with pytest.raises(AssertionError):
            wrong()


def test_state_that_was_changed_outside_an_applier_fails() -> None:
    def rename(shelf: Shelf) -> None:
        shelf.name = "Poetry"

    with pytest.raises(AssertionError):
        given(new_shelf(uuid7())).when(rename).then_nothing()
