"""Teeth: broken builds that the harness must catch. Each is a context in which a function of the product is another."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.faults.teeth import broken_feeds, broken_queries, broken_readers, broken_writers
from tests.faults.town import poison
from tests.faults.town.releases import RELEASES

Tooth = Callable[[], AbstractContextManager[object]]

TEETH: dict[str, Tooth] = {
    **RELEASES,
    **broken_feeds.TEETH,
    **broken_queries.TEETH,
    "T3": broken_readers.position_apart,
    "T4": broken_readers.no_positions,
    "T7": broken_writers.key_apart,
    "T11": broken_readers.no_compare,
    "leaderless": broken_readers.leaderless,
    "able": poison.able,
    "slow-totals": broken_readers.slow_totals,
}
