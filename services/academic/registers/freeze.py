"""Marks that change after the freeze day of their month: a right of its own, and a reason that is stored."""

from academic.rules.attendance_rules import FreezeReason
from shared.caller import Caller
from shared.problems import NotPermitted

OVERRIDE = "freeze.override"


def allowed(caller: Caller, reason: FreezeReason | None) -> FreezeReason | None:
    """The reason. Raises NotPermitted."""
    if reason is not None and (caller.identity is None or OVERRIDE not in caller.identity.permissions):
        raise NotPermitted
    return reason
