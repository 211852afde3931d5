"""How a refresh token reaches a client and comes back: in the body, or for browsers in a cookie no script can read."""

from auth.login_sessions.refresh_tokens import ABSOLUTE, RefreshRefused
from shared.caller import Caller
from shared.errors import Refused

HEADER = "rollbook-refresh"
"""With the value `cookie` a browser asks for the cookie. A page of another site cannot set a header of its own without
being asked about its origin: so it guards the cookie as well."""
COOKIE = "__Host-rollbook-refresh"


class RefreshDeliveryUnknown(Refused):
    """The header Rollbook-Refresh takes only: cookie."""

    status = 400


def by_cookie(caller: Caller) -> bool:
    """Raises RefreshDeliveryUnknown."""
    asked = caller.header(HEADER)
    if asked not in (None, "cookie"):
        raise RefreshDeliveryUnknown
    return asked is not None


def delivered(caller: Caller, token: str) -> str | None:
    """The token for the body; None where it went into the cookie."""
    if not by_cookie(caller):
        return token
    caller.set_cookie(COOKIE, token, int(ABSOLUTE.total_seconds()))
    return None


def presented(caller: Caller, in_body: str | None) -> str:
    """The token that came. Raises RefreshRefused."""
    token = caller.cookie(COOKIE) if by_cookie(caller) else in_body
    if not token:
        raise RefreshRefused
    return token


def forgotten(caller: Caller) -> None:
    """Takes the cookie back."""
    if by_cookie(caller):
        caller.set_cookie(COOKIE, "", 0)
