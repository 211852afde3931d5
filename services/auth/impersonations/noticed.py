"""Who acted as me: read from the audit, which tells the person itself, too."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from shared.reading import Reading

MOST = 100


class ActedAsMe(BaseModel):
    """`ended_at` null: not ended before its time."""

    id: UUID
    impersonator_id: UUID
    reason: str
    started_at: datetime
    until: datetime
    ended_at: datetime | None


async def acted_as(read: Reading, user_id: UUID) -> list[ActedAsMe]:
    """The newest hundred, the newest first."""
    return await read.all(ActedAsMe, ACTED_AS, user=user_id, limit=MOST)


ACTED_AS = """
    SELECT s.subject_id AS id, (s.after->>'impersonator_id')::uuid AS impersonator_id, s.after->>'reason' AS reason,
           s.at AS started_at, (s.after->>'until')::timestamptz AS until,
           (SELECT e.at FROM audit_entry e WHERE e.tenant_id = s.tenant_id AND e.subject_id = s.subject_id
              AND e.action = 'auth.impersonation_ended' AND e.outcome = 'done') AS ended_at
    FROM audit_entry s
    WHERE s.tenant_id = %(tenant)s AND s.user_id = %(user)s AND s.action = 'auth.impersonation_started'
    ORDER BY s.position DESC
    LIMIT %(limit)s
"""
