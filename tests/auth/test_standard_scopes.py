"""A OneRoster consumer asks for the scopes that its standard names."""

from auth.roles.matrix import SCOPES
from auth.service_accounts.standard_scopes import BASE, ROSTER, expanded


def test_A27_the_scopes_of_the_standard_stand_for_permissions_that_a_key_can_have() -> None:
    core, whole, demographics = (f"{BASE}/{name}.readonly" for name in ("roster-core", "roster", "roster-demographics"))
    assert expanded([core]) == expanded([core, whole, demographics]) == ROSTER
    assert expanded([demographics]) == frozenset()
    assert ROSTER <= SCOPES


def test_A27_other_scopes_stay_what_they_are() -> None:
    assert expanded(["classes.read", f"{BASE}/roster.createput"]) == {"classes.read", f"{BASE}/roster.createput"}
