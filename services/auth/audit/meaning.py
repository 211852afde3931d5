"""What an event of auth means in an audit: whom it is about, and what it changed, from → to."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import orjson

from shared.codec import ENVELOPE
from shared.events import Aggregate
from shared.sealed import Sealed

State = dict[str, Any]
"""What earlier events of the same aggregate left, as far as an audit tells it."""

NOT_SHOWN = frozenset(
    {
        # The platform's own keys, of no school.
        "auth.signing_key_generated",
        "auth.signing_key_activated",
        "auth.signing_key_retired",
        # Of one person alone, and no matter of security.
        "auth.language_chosen",
        # Of nobody's account yet, or of a stranger who tried: the owner of the address hears by mail.
        "auth.user_registered",
        "auth.registration_attempted",
        "auth.email_verification_requested",
        # Opens a stream of refused actions, which follow.
        "auth.refusals_begun",
    }
)
SEALED = "sealed"
"""Stands for a personal value: it was changed, and an audit is no place to read it."""


def state(**values: Any) -> Callable[[State, State], State]:
    return lambda before, data: data | values


AFTER: Mapping[str, Callable[[State, State], State]] = {
    "auth.tenant_registered": state(status="active"),
    "auth.tenant_suspended": state(status="suspended"),
    "auth.tenant_reinstated": state(status="active"),
    "auth.owner_added": lambda before, data: {"owners": sorted({*before.get("owners", ()), data["user_id"]})},
    "auth.owner_removed": lambda before, data: {"owners": sorted({*before.get("owners", ())} - {data["user_id"]})},
    "auth.membership_started": state(status="active"),
    "auth.membership_restarted": state(status="active"),
    "auth.membership_suspended": state(status="suspended"),
    "auth.membership_resumed": state(status="active"),
    "auth.membership_ended": state(status="ended"),
    "auth.role_granted": lambda before, data: {"roles": [*before.get("roles", ()), data["role"]]},
    "auth.role_revoked": lambda before, data: {"roles": [r for r in before.get("roles", ()) if r != data["role"]]},
    "auth.session_started": state(status="signed-in"),
    "auth.session_ended": state(status="ended"),
    "auth.impersonation_started": state(status="going-on"),
    "auth.impersonation_ended": state(status="ended"),
    "auth.operator_access_granted": state(status="granted"),
    "auth.totp_enrolment_started": state(totp="being-set-up"),
    "auth.totp_enabled": state(totp="enabled"),
    "auth.totp_disabled": state(totp="disabled"),
    "auth.integration_connected": state(status="connected"),
}
"""Where the data of an event does not say it all. Data without fields is told by the last word of the event's name."""


def data_of(event: Aggregate.Event) -> State:
    """Its fields as JSON has them; what is sealed stays so."""
    fields = {name: value for name, value in vars(event).items() if name not in ENVELOPE}
    found: State = orjson.loads(orjson.dumps(fields, default=plain, option=orjson.OPT_NON_STR_KEYS))
    return found


def plain(value: Any) -> Any:
    if isinstance(value, Sealed):
        return SEALED
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)


def changed(topic: str, before: State, data: State) -> tuple[State, State]:
    """From → to, of those values that this event set."""
    after = AFTER.get(topic, state())(before, data) or {"status": topic.rpartition("_")[2]}
    return {name: before[name] for name in after if name in before}, after


def user_of(topic: str, aggregate: str, aggregate_id: UUID, data: State) -> UUID | None:
    """The user whom it concerns, if it is one."""
    if aggregate == "auth.user":
        return aggregate_id
    named = data.get("user_id")
    return UUID(named) if isinstance(named, str) else None
