"""How far a permission goes: the whole school, or some of its objects."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Kind = Literal["places", "classes", "family"]
"""The orgs and classes that a membership is limited to; the classes one teaches; oneself and those one cares for."""


@dataclass(frozen=True)
class Reach:
    """`kinds` add up. `org_ids` and `class_ids` are the places of the membership: where there are any, "classes"
    reaches only those among them."""

    whole: bool
    kinds: frozenset[str] = frozenset()
    org_ids: frozenset[UUID] = field(default=frozenset())
    class_ids: frozenset[UUID] = field(default=frozenset())

    @property
    def limited(self) -> bool:
        return bool(self.org_ids or self.class_ids)


WHOLE = Reach(True)
NOTHING = Reach(False)
