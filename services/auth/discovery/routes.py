"""HTTP of what OpenID Connect clients look for: where things are, and who a token belongs to. Only what is true."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from auth.desk import AtDesk
from auth.login_sessions.identified import user_of
from auth.memberships.routes import opened
from auth.roles.matrix import SCOPES
from auth.signing_keys.access_tokens import ISSUER
from auth.users.user import User
from shared.caller import Caller, may, public
from shared.errors import NotFound
from shared.ids import PLATFORM
from shared.problems import problems

router = APIRouter(tags=["discovery"])


class Discovery(BaseModel):
    """`issuer` is the `iss` of every access token. There is no authorization endpoint: people sign in at `/login`."""

    issuer: str
    jwks_uri: str
    token_endpoint: str
    userinfo_endpoint: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    scopes_supported: list[str]
    subject_types_supported: list[str]
    claims_supported: list[str]


class UserInfo(BaseModel):
    """`tenant_id`: the school of this token. Names and address are null once the user is erased."""

    sub: UUID
    tenant_id: UUID
    email: str | None
    email_verified: bool
    given_name: str | None
    family_name: str | None
    locale: str


@router.get("/.well-known/openid-configuration")
async def get_configuration(response: Response, caller: Annotated[Caller, public()], desk: AtDesk) -> Discovery:
    """Where tokens are issued and checked (OpenID Connect Discovery, RFC 8414). Plain JSON, as the standards want."""
    response.headers["Cache-Control"] = "public, max-age=3600"
    return Discovery(
        issuer=ISSUER,
        jwks_uri=f"{desk.api_url}/.well-known/jwks.json",
        token_endpoint=f"{desk.api_url}/oauth/token",
        userinfo_endpoint=f"{desk.api_url}/userinfo",
        grant_types_supported=["client_credentials"],
        response_types_supported=[],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        scopes_supported=sorted(SCOPES),
        subject_types_supported=["public"],
        claims_supported=sorted(UserInfo.model_fields),
    )


@router.get("/userinfo", responses=problems(NotFound))
async def get_userinfo(caller: Annotated[Caller, may("me", local=True)]) -> UserInfo:
    """Who this token belongs to (OpenID Connect Core, section 5.3). Plain JSON, as the standard wants."""
    user = await caller.store.get(User, user_of(caller), PLATFORM)
    email, given_name, family_name = await opened(caller, [user])
    return UserInfo(
        sub=user.id,
        tenant_id=caller.tenant_id,
        email=email,
        email_verified=user.verified,
        given_name=given_name,
        family_name=family_name,
        locale=user.language,
    )
