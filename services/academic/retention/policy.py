"""How long a school keeps people who left, and what holds them longer."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived

Hold = Literal["legal-case", "unpaid", "inspection", "other"]
"""Words from a list: a free text may tell about somebody."""
HOLDS: tuple[str, ...] = get_args(Hold)


@dataclass(frozen=True)
class Terms:
    """`years` after somebody left, and `evidence_years` after the last lesson of a funded class in which they have a
    mark: its registers are evidence for at least four years."""

    years: int
    evidence_years: int = 4


def keep_until(left_on: date, last_lesson_on: date | None, terms: Terms) -> tuple[date, str]:
    """The first day on which nothing of the policy keeps somebody any more, and what does until then."""
    term = later(left_on, terms.years)
    evidence = term if last_lesson_on is None else later(last_lesson_on, terms.evidence_years)
    return (evidence, "attendance-evidence") if evidence > term else (term, "term")


def later(day: date, years: int) -> date:
    """29 February is followed by 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


class RetentionPolicy(Aggregate):
    """A school without one keeps everybody."""

    TOPIC = "academic.retention_policy"

    class Created(Aggregate.Created):
        TOPIC = "academic.retention_policy_created"  # never stored; the library asks for the name

    class Started(Created):
        TOPIC = "academic.retention_policy_started"

    class TermsSet(Aggregate.Event):
        TOPIC = "academic.retention_terms_set"
        years: int
        evidence_years: int

    @event(Started)
    def __init__(self, *, id: UUID, tenant_id: UUID, timestamp: datetime) -> None:
        self.terms: Terms | None = None

    def set_terms(self, terms: Terms, now: datetime) -> None:
        if terms != self.terms:
            self._terms_set(timestamp=now, **vars(terms))

    @event(TermsSet)
    def _terms_set(self, years: int, evidence_years: int, timestamp: datetime) -> None:
        self.terms = Terms(years, evidence_years)


def policy_id(tenant_id: UUID) -> UUID:
    return derived(tenant_id, "retention-policy")
