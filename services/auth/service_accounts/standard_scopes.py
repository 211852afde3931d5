"""The scopes that OneRoster 1.2 names, as the permissions that they stand for here."""

from collections.abc import Iterable, Mapping

BASE = "https://purl.imsglobal.org/spec/or/v1p2/scope"
ROSTER = frozenset({"school.read", "classes.read", "people.read", "enrolments.read"})
STANDARD: Mapping[str, frozenset[str]] = {
    f"{BASE}/roster.readonly": ROSTER,
    f"{BASE}/roster-core.readonly": ROSTER,
    f"{BASE}/roster-demographics.readonly": frozenset(),
}
"""Demographics are not kept, so their scope opens nothing; consumers ask for all three together."""


def expanded(scopes: Iterable[str]) -> frozenset[str]:
    return frozenset(word for scope in scopes for word in STANDARD.get(scope, (scope,)))
