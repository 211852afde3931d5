"""Meetings that may take a room or a teacher twice: a right of its own, and a reason that is stored."""

from academic.meetings.occupancy import ClashReason
from shared.caller import Caller
from shared.problems import NotPermitted

OVERRIDE = "clashes.override"


def allowed(caller: Caller, reason: ClashReason | None) -> ClashReason | None:
    """The reason. Raises NotPermitted."""
    if reason is not None and (caller.identity is None or OVERRIDE not in caller.identity.permissions):
        raise NotPermitted
    return reason
