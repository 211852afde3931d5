"""The matrix of roles and permissions."""

from auth.roles.matrix import CELLS, MATRIX, ROLES, SCOPES, permissions_of


def test_S2_R4_12_every_role_has_a_cell_for_every_permission() -> None:
    assert len(ROLES) == 11
    assert all(set(MATRIX[role]) == set(CELLS) for role in ROLES)
    assert all(len(cells.split()) == len(ROLES) for cells in CELLS.values())


def test_S2_owners_may_do_everything_in_their_school_and_administrators_all_but_who_gets_in() -> None:
    everything = set(CELLS) - {"platform.operate"}
    assert set(permissions_of(["owner"])) == everything
    assert set(permissions_of(["administrator"])) == everything - {"operator-access.write", "identity-providers.write"}


def test_S2_the_operator_of_the_platform_sees_nothing_of_a_school() -> None:
    assert permissions_of(["platform_operator"]) == ("me", "platform.operate")


def test_S3_a_reach_narrower_than_the_school_is_no_permission_for_the_school() -> None:
    assert permissions_of(["guardian", "student"]) == ("me",)
    assert MATRIX["teacher"]["attendance.mark"] == "classes"
    assert "attendance.mark" not in permissions_of(["teacher"])


def test_two_roles_add_up_and_an_unknown_one_adds_nothing() -> None:
    both = permissions_of(["auditor", "billing_clerk", "headmaster"])
    assert set(both) == set(permissions_of(["auditor"])) | set(permissions_of(["billing_clerk"]))
    assert permissions_of(["headmaster"]) == ()


def test_C19_a_service_account_may_do_what_its_keys_scopes_name_and_nothing_by_its_role() -> None:
    assert permissions_of(["service_account"]) == ()
    assert {name for name, reach in MATRIX["service_account"].items() if reach == "scopes"} == SCOPES
    assert SCOPES.isdisjoint({"school.write", "members.read", "api-keys.write", "me", "platform.operate"})
