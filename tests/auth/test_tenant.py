"""Decisions of a tenant."""

from datetime import UTC, datetime

from auth.tenants.tenant import LastOwner, Tenant
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
OWNER, OTHER = uuid7(), uuid7()


def registered() -> Tenant:
    id = uuid7()
    return Tenant(
        id=id,
        tenant_id=id,
        name="Escuela Sol",
        country="ES",
        currency="EUR",
        zone="Europe/Madrid",
        owner_id=OWNER,
        timestamp=NOW,
    )


def with_two_owners() -> Tenant:
    tenant = registered()
    tenant.add_owner(OTHER, NOW)
    return tenant


def test_C1_a_tenant_is_its_own_tenant_and_other_services_may_read_its_registration() -> None:
    tenant = registered()
    assert tenant.tenant_id == tenant.id
    assert tenant.owners == {OWNER}
    assert Tenant.Registered.PUBLIC


def test_an_owner_can_be_added() -> None:
    given(registered()).when(lambda t: t.add_owner(OTHER, NOW)).then(Tenant.OwnerAdded, user_id=OTHER)


def test_adding_an_owner_twice_changes_nothing() -> None:
    given(with_two_owners()).when(lambda t: t.add_owner(OTHER, NOW)).then_nothing()


def test_one_of_two_owners_can_leave() -> None:
    given(with_two_owners()).when(lambda t: t.remove_owner(OWNER, NOW)).then(Tenant.OwnerRemoved, user_id=OWNER)


def test_the_last_owner_stays() -> None:
    given(registered()).when(lambda t: t.remove_owner(OWNER, NOW)).then_refused(LastOwner)


def test_removing_somebody_who_owns_nothing_changes_nothing() -> None:
    given(registered()).when(lambda t: t.remove_owner(OTHER, NOW)).then_nothing()
