"""Money: whole minor units of a currency, and the only ways to round and to split it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Rounding = Literal["half_up", "half_even"]

CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES
VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

CURRENCIES = frozenset(CODES.split())
EXPONENTS = dict.fromkeys(CURRENCIES, 2) | dict.fromkeys(NO_DECIMALS.split(), 0)
EXPONENTS |= dict.fromkeys(THREE_DECIMALS.split(), 3)
"""Decimals of each currency (ISO 4217)."""


class CurrenciesDiffer(ValueError):
    """Amounts of two currencies were put together."""


@dataclass(frozen=True)
class Money:
    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __str__(self) -> str:
        digits = EXPONENTS.get(self.currency, 2)
        sign, text = "-" if self.amount < 0 else "", str(abs(self.amount)).zfill(digits + 1)
        whole, cents = (text[:-digits], "." + text[-digits:]) if digits else (text, "")
        return f"{sign}{whole}{cents} {self.currency}"

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrenciesDiffer(f"{self.currency} and {other.currency}")
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    return sum(amounts, Money(0, currency))


def totals_by_currency(amounts: Iterable[Money]) -> tuple[Money, ...]:
    known = list(amounts)
    currencies = sorted({amount.currency for amount in known})
    return tuple(total((one for one in known if one.currency == code), code) for code in currencies)


def rounded(value: Fraction, rule: Rounding) -> int:
    """The whole number next to `value`; an exact half goes away from zero, or to the even neighbour."""
    if rule == "half_even":
        return round(value)
    whole = (2 * abs(value) + 1) // 2
    return whole if value >= 0 else -whole


def split(whole: int, weights: Sequence[Fraction]) -> list[int]:
    """`whole` in parts by weight, by largest remainder: they add up exactly; earlier ones win ties."""
    weight = sum(weights, Fraction(0))
    if weight <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative, nor all zero")
    exact = [abs(whole) * part / weight for part in weights]
    parts = [int(value) for value in exact]
    missing = abs(whole) - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[:missing]:
        parts[i] += 1
    return parts if whole >= 0 else [-part for part in parts]
