"""Roles that a school defines itself."""

from typing import Any
from uuid import UUID

import pytest

from auth.memberships.membership import Membership, Scope, membership_id
from auth.roles.held import covers, held_by
from auth.roles.role import Granted, Role, RoleIsRetired
from shared.given import given
from shared.ids import uuid7
from tests.auth.members import Headers, Staffed, staffed
from tests.auth.test_membership import NOW
from tests.auth.test_memberships import claims_of

SCHOOL, USER = uuid7(), uuid7()
MARKS = Granted("attendance.mark", "tenant")
OWN_MARKS = Granted("attendance.mark", "classes")


def role(*permissions: Granted) -> Role:
    return Role(id=uuid7(), tenant_id=SCHOOL, name="Substitute", permissions=permissions, timestamp=NOW)


def retired() -> Role:
    gone = role(MARKS)
    gone.retire(NOW)
    return gone


def member(*roles: str) -> Membership:
    return Membership(id=membership_id(SCHOOL, USER), tenant_id=SCHOOL, user_id=USER, roles=roles, timestamp=NOW)


def test_C24_a_roles_permissions_change_all_at_once() -> None:
    given(role(MARKS)).when(lambda r: r.change_permissions((OWN_MARKS,), NOW)).then(
        Role.PermissionsChanged, permissions=(OWN_MARKS,)
    )
    given(role(MARKS, OWN_MARKS)).when(lambda r: r.change_permissions((OWN_MARKS, MARKS), NOW)).then_nothing()


def test_C24_a_retired_role_does_not_change() -> None:
    given(retired()).when(lambda r: r.change_permissions((), NOW)).then_refused(RoleIsRetired)
    given(retired()).when(lambda r: r.retire(NOW)).then_nothing()


def test_C24_a_token_has_the_union_of_all_roles_the_widest_reach_first() -> None:
    wide, narrow = role(Granted("invoices.read", "tenant")), role(Granted("invoices.read", "family"))
    held = held_by(member("teacher", str(wide.id), str(narrow.id)), [wide, narrow])
    assert held.whole == ("invoices.read", "me")
    assert "attendance.mark" in held.within["classes"]
    assert "invoices.read" not in held.within.get("family", ())
    assert held.custom == (f"{wide.id}@1", f"{narrow.id}@1")


def test_C24_a_retired_role_gives_nothing() -> None:
    gone = retired()
    held = held_by(member(str(gone.id)), [gone])
    assert (held.whole, held.within, held.custom) == (("me",), {}, (f"{gone.id}@2",))


@pytest.mark.parametrize(
    ("roles", "wanted", "covered"),
    [
        (("administrator",), MARKS, True),
        (("administrator",), OWN_MARKS, True),
        (("teacher",), OWN_MARKS, True),
        (("teacher",), MARKS, False),
        (("teacher",), Granted("attendance.mark", "family"), False),
        (("teacher",), Granted("invoices.issue", "classes"), False),
        (("owner",), Granted("platform.operate", "tenant"), False),
        (("headmaster-who-is-nobody",), MARKS, False),
    ],
)
def test_C24_a_role_is_never_above_its_makers(roles: tuple[str, ...], wanted: Granted, covered: bool) -> None:
    assert covers(member(*roles), [], [wanted]) is covered


def test_C24_somebody_limited_to_places_makes_no_roles() -> None:
    limited = member("administrator")
    limited.limit_scope(Scope((uuid7(),)), by=("owner",), now=NOW)
    assert not covers(limited, [], [MARKS])


async def defined(school: Staffed, by: Headers, name: str, *permissions: str) -> Any:
    given = [{"permission": permission} for permission in permissions]
    return await school.post("/roles", by, {"name": name, "permissions": given})


async def test_C24_a_role_is_defined_granted_changed_and_retired(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("guardian")
    owner, id = await school.who(school.owner), await school.of(email)
    answer = await defined(school, owner, "Cashier", "invoices.read", "accounts.read")
    assert answer.status_code == 201, answer.text
    role_id = answer.json()["data"]["id"]
    granted = await school.post(f"/members/{id}/roles", owner, {"role": role_id})
    assert granted.status_code == 200, granted.text

    async def permissions() -> list[str]:
        token = (await auth.login(email, tenant_id=str(school.id))).json()["data"]["access_token"]
        found: list[str] = claims_of(token)["permissions"]
        return found

    assert await permissions() == ["accounts.read", "invoices.read", "me"]
    changed = {"permissions": [{"permission": "plans.read"}]}
    answer = await school.post(f"/roles/{role_id}/permissions", owner, changed)
    assert answer.status_code == 200, answer.text
    assert await permissions() == ["me", "plans.read"]
    seen = {**owner, "Consistency-Token": answer.headers["Consistency-Token"]}
    (line,) = (await auth.client.get("/roles", headers=seen)).json()["data"]
    assert (line["name"], line["retired"]) == ("Cashier", False)
    assert line["permissions"] == [{"permission": "plans.read", "reach": "tenant"}]
    assert (await school.post(f"/roles/{role_id}/retirement", owner)).status_code == 200
    assert await permissions() == ["me"]
    other = await school.of(await school.joined("guardian"))
    assert (await school.post(f"/members/{other}/roles", owner, {"role": role_id})).status_code == 404
    assert (await school.post(f"/members/{id}/role-revocations", owner, {"role": role_id})).status_code == 200


async def test_C24_a_name_is_taken_once_and_free_again_when_the_role_is_retired(auth: Any) -> None:
    school = await staffed(auth)
    owner = await school.who(school.owner)
    first = await defined(school, owner, "Cashier", "invoices.read")
    again = await defined(school, owner, "CASHIER", "invoices.read")
    assert (again.status_code, again.json()["code"]) == (409, "role-name-taken")
    await school.post(f"/roles/{first.json()['data']['id']}/retirement", owner)
    assert (await defined(school, owner, "cashier", "invoices.read")).status_code == 201


async def test_C24_a_role_of_another_school_is_unknown(auth: Any) -> None:
    mine, theirs = await staffed(auth), await staffed(auth)
    foreign = await defined(theirs, await theirs.who(theirs.owner), "Cashier", "invoices.read")
    role_id, me = foreign.json()["data"]["id"], await mine.who(mine.owner)
    for path, body in (
        (f"/members/{await mine.of(mine.owner)}/roles", {"role": role_id}),
        (f"/roles/{role_id}/permissions", {"permissions": [{"permission": "plans.read"}]}),
        (f"/roles/{role_id}/retirement", None),
    ):
        assert (await mine.post(path, me, body)).status_code == 404, path


async def test_C24_whoever_may_define_roles_by_a_role_gives_nothing_beyond_it(auth: Any) -> None:
    school = await staffed(auth)
    email = await school.joined("guardian")
    owner = await school.who(school.owner)
    maker = await defined(school, owner, "Maker", "members.write", "plans.read")
    id = UUID(maker.json()["data"]["id"])
    await school.post(f"/members/{await school.of(email)}/roles", owner, {"role": str(id)})
    mine = await school.who(email)
    assert (await defined(school, mine, "Reader", "plans.read")).status_code == 201
    refused = await defined(school, mine, "Writer", "plans.read", "plans.write")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission-above-own")
    granted = await school.post(f"/members/{await school.of(email)}/roles", mine, {"role": "administrator"})
    assert (granted.status_code, granted.json()["code"]) == (403, "role-above-own")


async def test_C24_a_manager_with_a_role_about_members_gives_away_no_more_than_that(auth: Any) -> None:
    """Rank alone would let a manager make billing clerks."""
    school = await staffed(auth)
    owner, email = await school.who(school.owner), await school.joined("manager")
    maker = await defined(school, owner, "Member desk", "members.write", "members.read")
    id = await school.of(email)
    await school.post(f"/members/{id}/roles", owner, {"role": maker.json()["data"]["id"]})
    mine, other = await school.who(email), await school.of(await school.joined("student"))
    for role in ("billing_clerk", "administrator"):
        refused = await school.post(f"/members/{other}/roles", mine, {"role": role})
        assert (refused.status_code, refused.json()["code"]) == (403, "role-above-own")
    again = await school.post(f"/members/{other}/roles", mine, {"role": maker.json()["data"]["id"]})
    assert again.status_code == 200, again.text


@pytest.mark.parametrize("permission", ["platform.operate", "everything", "", "school.write\x00"])
async def test_C24_a_role_has_only_permissions_of_a_school(auth: Any, permission: str) -> None:
    school = await staffed(auth)
    answer = await defined(school, await school.who(school.owner), "Odd", permission)
    assert answer.status_code == 422
