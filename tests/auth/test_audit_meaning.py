"""What each event of auth means in an audit; a stream of refused actions stays short."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from auth.audit.audit_log import Audit
from auth.audit.meaning import NOT_SHOWN, changed
from auth.audit.refused_day import EACH, MOST, Refusal, RefusedDay
from auth.service import AGGREGATES
from shared.codec import Codec
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
KNOWN = Codec(AGGREGATES).types
USER = str(uuid7())


@pytest.mark.parametrize("topic", sorted(KNOWN))
def test_C26_every_event_class_has_an_entry_or_a_reason_why_not(topic: str) -> None:
    assert (topic in NOT_SHOWN) != (topic in Audit.HANDLERS)


@pytest.mark.parametrize("topic", sorted(set(KNOWN) - NOT_SHOWN))
def test_C26_every_entry_says_to_what(topic: str) -> None:
    data = {name: USER if name == "user_id" else "value" for name in KNOWN[topic].fields}
    _, after = changed(topic, {}, data)
    assert after


@pytest.mark.parametrize(
    ("topic", "known", "data", "expected"),
    [
        ("auth.role_granted", {"roles": ["owner"]}, {"role": "teacher"}, (["owner"], ["owner", "teacher"])),
        ("auth.role_revoked", {"roles": ["owner", "teacher"]}, {"role": "teacher"}, (["owner", "teacher"], ["owner"])),
        ("auth.tenant_renamed", {"name": "Sol"}, {"name": "Luna"}, ("Sol", "Luna")),
        ("auth.tenant_suspended", {"status": "active"}, {"reason": "not paid"}, ("active", "suspended")),
        ("auth.session_ended", {"status": "signed-in"}, {"reason": "signed-out"}, ("signed-in", "ended")),
        ("auth.totp_enabled", {"totp": "being-set-up"}, {"factor_id": USER}, ("being-set-up", "enabled")),
        ("auth.totp_disabled", {"totp": "enabled"}, {}, ("enabled", "disabled")),
        ("auth.password_changed", {"password_id": "old"}, {"password_id": "new"}, ("old", "new")),
        ("auth.integration_disconnected", {"status": "connected"}, {}, ("connected", "disconnected")),
    ],
)
def test_C26_an_entry_says_from_and_to(topic: str, known: Any, data: Any, expected: tuple[Any, Any]) -> None:
    before, after = changed(topic, known, data)
    (name,) = known
    assert (before[name], after[name]) == expected


def day() -> RefusedDay:
    id = uuid7()
    return RefusedDay(id=id, tenant_id=id, day=date(2026, 9, 1), timestamp=NOW)


def refusal(actor: UUID | None = None, action: str = "POST /roles") -> Refusal:
    return Refusal(action, "forbidden", NOW, str(actor) if actor else None, None, None, None)


def test_S29_the_first_tries_of_everybody_are_told_and_the_rest_only_counted() -> None:
    found, one = day(), uuid7()
    assert [found.note(refusal(one), NOW) for _ in range(EACH + 2)] == [True] * EACH + [False] * 2
    assert found.note(refusal(uuid7()), NOW)
    assert found.note(refusal(one, "POST /members"), NOW)
    assert found.note(refusal(), NOW)


def test_S29_a_flood_of_refusals_leaves_a_short_stream() -> None:
    found = day()
    assert sum(found.note(refusal(uuid7()), NOW) for _ in range(10_000)) == MOST
    found.count(9_700, NOW)
    assert len(found.collect_events()) == MOST + 2
