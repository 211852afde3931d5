"""What is left of sign-ins and tries after their time: rows that nobody looks at any more."""

from datetime import datetime, timedelta

from shared.clock import Rule
from shared.database import Connection
from shared.ids import PLATFORM

KEPT = timedelta(days=14)
"""A used token that comes back within this time ends its family; after it, it is merely unknown."""


async def sweep(connection: Connection, now: datetime) -> None:
    """Some thousand rows at a time: no statement of it takes long."""
    for statement in SWEEPS:
        await connection.execute(statement.encode(), (PLATFORM, now - KEPT))


RULE = Rule("auth.sweep", timedelta(minutes=1), sweep)

SWEEPS = (
    """DELETE FROM refresh_tokens WHERE tenant_id = %s AND hash IN (
        SELECT hash FROM refresh_tokens WHERE used_at < %s ORDER BY used_at LIMIT 5000)""",
    """DELETE FROM refresh_families WHERE tenant_id = %s AND family_id IN (
        SELECT family_id FROM refresh_families WHERE coalesce(ended_at, absolute_end) < %s LIMIT 1000)""",
    """DELETE FROM refresh_tokens t WHERE tenant_id = %s AND idle_end < %s AND NOT EXISTS (
        SELECT 1 FROM refresh_families f WHERE f.tenant_id = t.tenant_id AND f.family_id = t.family_id)""",
    "DELETE FROM pending_sign_ins WHERE tenant_id = %s AND started_at < %s",
    "DELETE FROM external_sign_ins WHERE tenant_id = %s AND started_at < %s",
    "DELETE FROM credential_tries WHERE tenant_id = %s AND tried_at < %s AND in_a_row < 50",
)
