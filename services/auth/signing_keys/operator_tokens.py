"""Tokens for operators of the platform: named, short, and recorded before they are handed out."""

import re
from datetime import UTC, datetime, timedelta

from auth.signing_keys.access_tokens import LIFE, Signer
from shared.database import Connection
from shared.errors import Refused
from shared.ids import uuid7
from shared.operator.actions import Action, Operator, Result

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
LONGEST = int(LIFE.total_seconds()) // 60
"""Minutes: as long as any access token may live."""


class OperatorNameMalformed(Refused):
    """An operator is named by up to 40 of a-z, 0-9, dot, hyphen and underscore."""


class TokenTooLong(Refused):
    """A token lives from one to five minutes: issue another one when it has expired."""


async def issue_operator_token(
    connection: Connection, signer: Signer, operator: Operator, name: str, minutes: int
) -> str:
    """`operator` is who asks for it, `name` who will use it. The connection is the worker's."""
    token_id = uuid7()
    if NAME.fullmatch(name) is None:
        raise OperatorNameMalformed
    async with Action(connection, operator, "token.issue", name=name, minutes=minutes) as action:
        if not 1 <= minutes <= LONGEST:
            raise TokenTooLong
        token = await signer.issue_to_operator(name, token_id, datetime.now(UTC), timedelta(minutes=minutes))

        async def effect() -> Result:
            return {"token": str(token_id)}

        await action.take(effect)
        return token
