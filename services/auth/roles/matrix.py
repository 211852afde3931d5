"""Who may do what: the eleven roles against the permissions, one cell each."""

from collections.abc import Iterable, Mapping
from typing import Literal

Scope = Literal["tenant", "orgs", "classes", "family", "none"]

ROLES = (
    "platform_operator",
    "owner",
    "administrator",
    "manager",
    "front_desk",
    "teacher",
    "billing_clerk",
    "auditor",
    "guardian",
    "student",
    "service_account",
)

LETTERS: Mapping[str, Scope] = {"T": "tenant", "O": "orgs", "C": "classes", "F": "family", "-": "none"}

# One letter for each role in the order of ROLES: how far the permission reaches.
# Cells with another limit (masked, payer data, finance, by another person) wait for that limit.
CELLS: Mapping[str, str] = {
    #                       po ow ad ma fd te bc au gu st sa
    "school.write":        "-  T  T  -  -  -  -  -  -  -  -",
    "school.read":         "-  T  T  O  O  C  T  T  F  F  -",
    "members.read":        "-  T  T  O  -  -  -  T  -  -  -",
    "classes.write":       "-  T  T  O  O  -  -  -  -  -  -",
    "classes.read":        "-  T  T  O  O  C  T  T  F  F  -",
    "enrolments.write":    "-  T  T  O  O  -  -  -  -  -  -",
    "enrolments.read":     "-  T  T  O  O  C  T  T  F  F  -",
    "attendance.mark":     "-  T  T  O  O  C  -  -  -  -  -",
    "attendance.correct":  "-  T  T  O  O  -  -  -  -  -  -",
    "attendance.read":     "-  T  T  O  O  C  -  T  F  F  -",
    "people.write":        "-  T  T  O  O  -  -  -  F  F  -",
    "people.read":         "-  T  T  O  O  C  -  -  F  F  -",
    "imports.write":       "-  T  T  -  -  -  -  -  -  -  -",
    "imports.read":        "-  T  T  O  -  -  -  T  -  -  -",
    "plans.write":         "-  T  T  -  -  -  -  -  -  -  -",
    "plans.read":          "-  T  T  O  O  -  T  T  -  -  -",
    "accounts.write":      "-  T  T  -  -  -  T  -  -  -  -",
    "accounts.read":       "-  T  T  O  O  -  T  T  F  F  -",
    "invoices.draft":      "-  T  T  -  -  -  T  -  -  -  -",
    "invoices.issue":      "-  T  T  -  -  -  T  -  -  -  -",
    "invoices.read":       "-  T  T  O  -  -  T  T  F  F  -",
    "credit-notes.approve": "-  T  T  -  -  -  -  -  -  -  -",
    "credit-notes.issue":  "-  T  T  -  -  -  T  -  -  -  -",
    "exports.write":       "-  T  T  O  O  C  -  T  F  F  -",
    "exports.read":        "-  T  T  O  O  C  -  T  F  F  -",
    "me":                  "T  T  T  T  T  T  T  T  T  T  T",
    "platform.operate":    "T  -  -  -  -  -  -  -  -  -  -",
}  # fmt: skip

MATRIX: Mapping[str, Mapping[str, Scope]] = {
    role: {permission: LETTERS[cells.split()[at]] for permission, cells in CELLS.items()}
    for at, role in enumerate(ROLES)
}


def permissions_of(roles: Iterable[str]) -> tuple[str, ...]:
    """What a token with these roles may do in the whole school; two roles add up.

    A narrower reach (own orgs, own classes, own family) is not granted: a permission in a token means the
    whole school until the services that own those objects decide on each of them."""
    held = set(roles)
    return tuple(
        sorted(
            permission
            for permission in CELLS
            if any(MATRIX[role][permission] == "tenant" for role in held if role in MATRIX)
        )
    )
