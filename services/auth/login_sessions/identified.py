"""Whom an access token belongs to, and to which sign-in."""

from uuid import UUID

from shared.caller import Caller
from shared.errors import NotFound


def user_of(caller: Caller) -> UUID:
    """Raises NotFound for a token of no sign-in."""
    if caller.identity is None or session_of(caller) is None:
        raise NotFound
    return UUID(caller.identity.subject)


def session_of(caller: Caller) -> UUID | None:
    login = None if caller.identity is None else caller.identity.login
    return None if login is None else UUID(login)
