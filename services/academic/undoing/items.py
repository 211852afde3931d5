"""What a bulk action did, item by item, and which items use which. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

Part = UUID | date | None
State = Literal["to-do", "done", "kept"]


class Key(NamedTuple):
    """`part`: an enrolment of a class, a day of a calendar; None: the thing itself."""

    id: UUID
    part: Part = None


@dataclass(frozen=True)
class Item:
    """`kind` is the aggregate's name. `created`: there was no such thing before, so to undo is to take it out of use.
    `version` is the aggregate's when this was found out."""

    key: Key
    kind: str
    created: bool
    version: int
    state: State
    reason: str = ""

    def kept(self, reason: str) -> "Item":
        return replace(self, state="kept", reason=reason)


class Use(NamedTuple):
    used: Key
    user: Key


def without_used(items: Iterable[Item], uses: Collection[Use]) -> dict[Key, Item]:
    """Keeps what would be taken out of use although something that stays needs it, to the last consequence."""
    found = {item.key: item for item in items}
    changed = True
    while changed:
        changed = False
        for use in uses:
            item = found.get(use.used)
            if item is None or not item.created or item.state != "to-do":
                continue
            user = found.get(use.user)
            if user is None or user.state == "kept" or not user.created:
                found[use.used] = item.kept("in-use")
                changed = True
    return found
