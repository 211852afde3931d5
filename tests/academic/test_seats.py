"""Seats on every day, against a count by hand; and the order of trees that are none."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given as each
from hypothesis import strategies as some

from academic.classes.refusals import SeatsTaken
from academic.classes.seats import Stay, fits
from academic.trees import depth_first

FIRST = date(2026, 9, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(12)]
ANN = uuid4()
bounds = some.one_of(some.none(), some.sampled_from(DAYS))
stays = some.lists(some.builds(Stay, some.just(ANN), bounds, bounds), max_size=8)


@each(stays, some.integers(0, 4))
def test_A10_seats_are_refused_exactly_when_some_day_has_too_many(taken: list[Stay], capacity: int) -> None:
    long_ago, far = FIRST - timedelta(days=9999), FIRST + timedelta(days=9999)
    crowded = [day for day in [long_ago, *DAYS, far] if sum(stay.covers(day) for stay in taken) > capacity]
    if not crowded:
        fits(taken, capacity, "/capacity")
        return
    named = "from the beginning" if crowded[0] == long_ago else f"on {crowded[0]}"
    with pytest.raises(SeatsTaken, match=named):
        fits(taken, capacity, "/capacity")


@each(stays)
def test_two_stays_overlap_exactly_when_they_share_a_day(taken: list[Stay]) -> None:
    span = [FIRST - timedelta(days=9999), *DAYS, FIRST + timedelta(days=9999)]
    for one in taken:
        for other in taken:
            assert one.overlaps(other) == any(one.covers(day) and other.covers(day) for day in span)


@dataclass
class Node:
    id: UUID
    parent_id: UUID | None


def test_a_tree_shows_each_node_once_also_when_parents_are_missing_or_run_in_a_ring() -> None:
    a, b, c, d, e = (uuid4() for _ in range(5))
    nodes = [Node(c, b), Node(a, None), Node(b, a), Node(d, uuid4()), Node(e, e)]
    assert [(depth, node.id) for depth, node in depth_first(nodes)] == [(0, a), (1, b), (2, c), (0, d), (0, e)]
    ring = [Node(a, b), Node(b, a)]
    assert [(depth, node.id) for depth, node in depth_first(ring)] == [(0, a), (1, b)]
