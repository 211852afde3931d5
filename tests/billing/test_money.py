"""Money: rounding, splitting, currencies."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from billing.money import CurrenciesDiffer, Money, rounded, split, totals_by_currency

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_an_exact_half_goes_up_or_to_the_even_neighbour() -> None:
    assert [rounded(Fraction(n, 2), "half_up") for n in (1, 3, 5, -1, -3)] == [1, 2, 3, -1, -2]
    assert [rounded(Fraction(n, 2), "half_even") for n in (1, 3, 5, -1, -3)] == [0, 2, 2, 0, -2]


@PATIENT
@for_all(st.fractions(-(10**12), 10**12, max_denominator=10**4), st.sampled_from(["half_up", "half_even"]))
def test_rounding_never_moves_more_than_half_a_unit(value: Fraction, rule: str) -> None:
    assert abs(rounded(value, rule) - value) <= Fraction(1, 2)  # type: ignore[arg-type]


@PATIENT
@for_all(
    st.integers(-(10**15), 10**15),
    st.lists(st.fractions(0, 1000, max_denominator=365), min_size=1, max_size=12).filter(
        lambda weights: sum(weights) > 0
    ),
)
def test_parts_add_up_exactly_and_are_within_one_unit_of_their_share(whole: int, weights: list[Fraction]) -> None:
    parts = split(whole, weights)
    assert sum(parts) == whole
    weight = sum(weights)
    assert all(abs(part - whole * w / weight) < 1 for part, w in zip(parts, weights, strict=True))


def test_the_largest_remainder_gets_the_missing_cent() -> None:
    assert split(100, [Fraction(1), Fraction(1), Fraction(1)]) == [34, 33, 33]
    assert split(-100, [Fraction(1), Fraction(1), Fraction(1)]) == [-34, -33, -33]


def test_amounts_are_printed_with_the_decimals_of_their_currency() -> None:
    printed = [str(Money(-5, "EUR")), str(Money(1250, "JPY")), str(Money(1250, "BHD"))]
    assert printed == ["-0.05 EUR", "1250 JPY", "1.250 BHD"]


def test_amounts_of_two_currencies_are_never_added() -> None:
    with pytest.raises(CurrenciesDiffer):
        Money(1, "EUR") + Money(1, "USD")
    assert totals_by_currency([Money(1, "USD"), Money(2, "EUR"), Money(3, "USD")]) == (
        Money(2, "EUR"),
        Money(4, "USD"),
    )
