"""How long a consumer has not come to where its source ended."""

from collections.abc import Mapping

from prometheus_client import REGISTRY

from shared.chain import Place
from shared.lag import Lag


def behind(consumer: str) -> float | None:
    return REGISTRY.get_sample_value("rollbook_consumer_behind_seconds", {"consumer": consumer, "source": "mail"})


def at(**positions: int) -> Mapping[str, Mapping[int, Place]]:
    return {consumer: {0: Place(position)} for consumer, position in positions.items()}


def test_a_consumer_that_follows_an_end_that_moves_is_not_behind() -> None:
    lag = Lag("mail")
    for now in range(5):
        lag.look(float(now), at(quick=10 * now), {0: 10 * now + 9})
        assert behind("quick") == 0


def test_G16_a_consumer_that_stands_still_is_behind_since_the_end_it_did_not_reach() -> None:
    lag = Lag("mail")
    lag.look(0.0, at(slow=5, quick=5), {0: 5})
    for now in (2.0, 4.0, 34.0):
        lag.look(now, at(slow=5, quick=9), {0: 9})
    assert (behind("slow"), behind("quick")) == (32.0, 0)
    lag.look(36.0, at(slow=9, quick=9), {0: 9})
    assert behind("slow") == 0


def test_a_consumer_that_is_gone_is_not_counted_any_more() -> None:
    lag = Lag("mail")
    lag.look(0.0, at(gone=0), {0: 1})
    lag.look(2.0, at(), {0: 1})
    assert behind("gone") is None


def test_G16_a_consumer_that_is_always_late_is_always_behind() -> None:
    lag = Lag("mail")
    for now in range(0, 40, 2):
        lag.look(float(now), at(late=max(0, now - 9)), {0: now})
        assert behind("late") == max(0, min(now - 2, 8))
