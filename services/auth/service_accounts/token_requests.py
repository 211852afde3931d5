"""A token request as a client sends it (RFC 6749, sections 2.3.1 and 4.4.2): a short form, the client in one place."""

from base64 import b64decode
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from auth.service_accounts.standard_scopes import expanded

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20


class TokenRefused(Exception):
    """`error` is one of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status


class TokenRequest(NamedTuple):
    client_id: UUID | None
    secret: str
    scopes: frozenset[str] | None


def read_request(content_type: str, body: bytes, authorization: str | None) -> TokenRequest:
    """Raises TokenRefused."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise TokenRefused("invalid_request", f"The body is {FORM}.")
    fields = fields_of(body)
    grant_type = fields.get("grant_type")
    if grant_type is None:
        raise TokenRefused("invalid_request", "grant_type is missing.")
    if grant_type != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "This endpoint knows client_credentials alone.")
    client, secret = client_of(fields, authorization)
    scopes = expanded(fields["scope"].split()) if fields.get("scope") else None
    return TokenRequest(uuid_of(client), secret, scopes)


def fields_of(body: bytes) -> dict[str, str]:
    """Each field once. Raises TokenRefused."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise TokenRefused("invalid_request", "The form cannot be read.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise TokenRefused("invalid_request", "A field occurs twice.")
    return fields


def client_of(fields: dict[str, str], authorization: str | None) -> tuple[str, str]:
    """Id and secret, from the header or from the form, never from both."""
    if authorization is None:
        if "client_id" not in fields or "client_secret" not in fields:
            raise TokenRefused("invalid_client", "The client's id and key are missing.", 401)
        return fields["client_id"], fields["client_secret"]
    if "client_secret" in fields:
        raise TokenRefused("invalid_request", "The client authenticates in one way only.")
    scheme, _, credentials = authorization.partition(" ")
    try:
        text = b64decode(credentials, validate=True).decode("utf-8")
    except ValueError:
        text = ""
    if scheme.lower() != "basic" or ":" not in text:
        raise TokenRefused("invalid_client", "The Authorization header is not HTTP Basic.", 401)
    client, _, secret = text.partition(":")
    return unquote_plus(client), unquote_plus(secret)


def uuid_of(text: str) -> UUID | None:
    """None names nobody: the try is counted all the same."""
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None
