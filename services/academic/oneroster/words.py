"""Words that the standard lists; words of our own carry its prefix for extensions."""

from collections.abc import Collection

from academic.imports.oneroster.words import CLASS_TYPES, ORG_TYPES, SESSION_TYPES, USER_ROLES_1_2
from shared.tables import Row


def standard(word: str, known: Collection[str]) -> str:
    return word if word in known or word.startswith("ext:") else f"ext:{word}"


def org_type(row: Row) -> str:
    return standard(row["type"], ORG_TYPES)


def session_type(row: Row) -> str:
    return standard(row["type"], SESSION_TYPES)


def class_type(row: Row) -> str:
    return standard(row["class_type"], CLASS_TYPES)


def roles(row: Row) -> list[tuple[str, str, str]]:
    """(type, role, org) of a person: each role in each of its orgs, the first one primary there."""
    return [
        ("secondary" if number else "primary", standard(role, USER_ROLES_1_2), org)
        for number, role in enumerate(row["roles"])
        for org in row["orgs"]
    ]
