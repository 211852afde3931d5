"""Who may do what: the eleven roles against the permissions, one cell each."""

from collections.abc import Iterable, Mapping
from typing import Literal

Scope = Literal["tenant", "orgs", "classes", "family", "scopes", "none"]

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

LETTERS: Mapping[str, Scope] = {
    "T": "tenant",
    "O": "orgs",
    "C": "classes",
    "F": "family",
    "S": "scopes",
    "-": "none",
}

# One letter for each role in the order of ROLES: how far the permission reaches.
# Cells with another limit (masked, payer data, finance, by another person) wait for that limit.
CELLS: Mapping[str, str] = {
    #                       po ow ad ma fd te bc au gu st sa
    "school.write":        "-  T  T  -  -  -  -  -  -  -  -",
    "school.read":         "-  T  T  O  O  C  T  T  F  F  S",
    "members.read":        "-  T  T  O  -  -  -  T  -  -  -",
    "members.write":       "-  T  T  -  -  -  -  -  -  -  -",
    "members.impersonate": "-  T  T  -  -  -  -  -  -  -  -",
    "operator-access.write": "-  T  -  -  -  -  -  -  -  -  -",
    "classes.write":       "-  T  T  O  O  -  -  -  -  -  S",
    "clashes.override":    "-  T  T  O  -  -  -  -  -  -  -",
    "classes.read":        "-  T  T  O  O  C  T  T  F  F  S",
    "enrolments.write":    "-  T  T  O  O  -  -  -  -  -  S",
    "enrolments.read":     "-  T  T  O  O  C  T  T  F  F  S",
    "attendance.mark":     "-  T  T  O  O  C  -  -  -  -  S",
    "attendance.correct":  "-  T  T  O  O  -  -  -  -  -  -",
    "freeze.override":     "-  T  T  O  -  -  -  -  -  -  -",
    "attendance.read":     "-  T  T  O  O  C  -  T  F  F  S",
    "absences.write":      "-  T  T  O  O  C  -  -  F  F  -",
    "absences.decide":     "-  T  T  O  O  -  -  -  -  -  -",
    "absences.read":       "-  T  T  O  O  C  -  T  F  F  -",
    "people.write":        "-  T  T  O  O  -  -  -  F  F  S",
    "people.read":         "-  T  T  O  O  C  -  -  F  F  S",
    "notes.write":         "-  T  T  O  -  -  -  -  -  -  -",
    "notes.read":          "-  T  T  O  -  -  -  -  -  -  -",
    "imports.write":       "-  T  T  -  -  -  -  -  -  -  S",
    "imports.read":        "-  T  T  O  -  -  -  T  -  -  S",
    "plans.write":         "-  T  T  -  -  -  -  -  -  -  -",
    "plans.read":          "-  T  T  O  O  -  T  T  -  -  -",
    "accounts.write":      "-  T  T  -  -  -  T  -  -  -  -",
    "accounts.read":       "-  T  T  O  O  -  T  T  F  F  -",
    "invoices.draft":      "-  T  T  -  -  -  T  -  -  -  S",
    "invoices.issue":      "-  T  T  -  -  -  T  -  -  -  -",
    "invoices.read":       "-  T  T  O  -  -  T  T  F  F  S",
    "credit-notes.approve": "-  T  T  -  -  -  -  -  -  -  -",
    "credit-notes.issue":  "-  T  T  -  -  -  T  -  -  -  -",
    "exports.write":       "-  T  T  O  O  C  -  T  F  F  S",
    "exports.read":        "-  T  T  O  O  C  -  T  F  F  S",
    "identity-providers.write": "-  T  -  -  -  -  -  -  -  -  -",
    "api-keys.write":      "-  T  T  -  -  -  -  -  -  -  -",
    "api-keys.read":       "-  T  T  -  -  -  -  T  -  -  -",
    "erasures.write":      "-  T  T  -  -  -  -  -  -  -  -",
    "erasures.read":       "-  T  T  -  -  -  -  T  -  -  -",
    "audit.read":          "-  T  T  -  -  -  -  T  -  -  -",
    "me":                  "T  T  T  T  T  T  T  T  T  T  -",
    "platform.operate":    "T  -  -  -  -  -  -  -  -  -  -",
}  # fmt: skip

NOT_AS_ANOTHER = frozenset(
    {
        "school.write",
        "members.write",
        "members.impersonate",
        "api-keys.write",
        "erasures.write",
        "operator-access.write",
        "identity-providers.write",
    }
)
"""What nobody may while acting as somebody else, whatever both may."""

VISITORS = frozenset(permission for permission in CELLS if permission.endswith(".read"))
"""What an operator may in a school whose owner granted it."""

SCOPES = frozenset(permission for permission, cells in CELLS.items() if cells.split()[-1] == "S")
"""What the keys of service accounts can be given, one by one."""

MATRIX: Mapping[str, Mapping[str, Scope]] = {
    role: {permission: LETTERS[cells.split()[at]] for permission, cells in CELLS.items()}
    for at, role in enumerate(ROLES)
}


def permissions_of(roles: Iterable[str]) -> tuple[str, ...]:
    """What these roles allow in the whole school; two roles add up. What they allow in a part of it, and the roles that
    a school defined, are in `held.py`."""
    held = set(roles)
    return tuple(
        sorted(
            permission
            for permission in CELLS
            if any(MATRIX[role][permission] == "tenant" for role in held if role in MATRIX)
        )
    )
