"""HTTP of the token endpoint (RFC 6749): an API key in, an access token out. Its errors are OAuth's, not problems."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from auth.credential_checks.tries import SignInLocked
from auth.desk import AtDesk
from auth.rate_limits.limits import RateLimited
from auth.service_accounts.client_credentials import Asked, ClientUnknown, ScopeUnknown
from auth.service_accounts.token_requests import FORM, TokenRefused, read_request
from auth.signing_keys.access_tokens import LIFE
from shared.caller import Caller, public
from shared.refusals import notice

router = APIRouter(tags=["service accounts"])

MAX_FORM = 4_096
NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class AccessToken(BaseModel):
    """`scope`: what the token may do, separated by blanks."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - its type, not its value
    expires_in: int
    scope: str


class OAuthError(BaseModel):
    """`error` is a code of RFC 6749, section 5.2."""

    error: str
    error_description: str


BODY: dict[str, Any] = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"type": "string", "enum": ["client_credentials"]},
                    "client_id": {"type": "string", "format": "uuid", "description": "the account"},
                    "client_secret": {"type": "string", "description": "its API key"},
                    "scope": {"type": "string", "description": "fewer scopes than the key has"},
                },
            }
        }
    },
}


@router.post(
    "/oauth/token",
    response_model=AccessToken,
    responses={
        400: {"model": OAuthError, "description": "The request cannot be read, or asks for what there is not"},
        401: {"model": OAuthError, "description": "The client is unknown, or its key works no more"},
        429: {"model": OAuthError, "description": "Too many requests, or too many wrong tries"},
    },
    openapi_extra={"requestBody": BODY},
)
async def post_token(
    request: Request, response: Response, caller: Annotated[Caller, public(body_limit=MAX_FORM)], desk: AtDesk
) -> AccessToken | JSONResponse:
    """An access token for a program (client credentials): the client is a service account, its secret an API key.
    Both come by HTTP Basic or in the form."""
    content_type, authorization = caller.header("content-type") or "", caller.header("authorization")
    try:
        asked = read_request(content_type, await request.body(), authorization)
        told = desk.rate_limits.take("token", caller.network, str(asked.client_id))
        issued = await desk.client_credentials.issue_token(
            Asked(asked.client_id, asked.secret, asked.scopes, caller.network), caller.call.now
        )
    except TokenRefused as error:
        return refused(error.status, error.error, error.description)
    except ClientUnknown:
        notice(request, 401, "client-unknown")
        return refused(401, "invalid_client", "The client is unknown, or its key works no more.")
    except ScopeUnknown:
        return refused(400, "invalid_scope", "The key was not given such a scope.")
    except SignInLocked as error:
        notice(request, 429, error.code)
        return refused(429, "temporarily_unavailable", "Too many wrong tries: wait some minutes.")
    except RateLimited as error:
        return refused(429, "temporarily_unavailable", "Too many requests.", error.headers)
    response.headers.update(NOT_STORED | told)
    return AccessToken(
        access_token=issued.access_token, expires_in=int(LIFE.total_seconds()), scope=" ".join(issued.scopes)
    )


def refused(status: int, error: str, description: str, more: Mapping[str, str] | None = None) -> JSONResponse:
    headers = dict(NOT_STORED)
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="rollbook", charset="UTF-8"'
    if status == 429:
        headers |= more or {"Retry-After": "60"}
    return JSONResponse({"error": error, "error_description": description}, status, headers)
