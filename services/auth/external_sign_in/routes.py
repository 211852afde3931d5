"""HTTP of signing in by a provider: whom a school trusts, where the browser goes, and what it brings back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints

from auth.credential_checks.tries import SignInLocked
from auth.desk import AtDesk
from auth.external_sign_in.begun import LIFE
from auth.external_sign_in.refusals import (
    AddressNotTrusted,
    ExternalSignInExpired,
    ExternalSignInRefused,
    IdentityDiffers,
    NameMissing,
    NoRoleGiven,
    NotMember,
    ProviderUnavailable,
)
from auth.external_sign_in.signing_in import Returned
from auth.identity_providers.identity_provider import ProviderIsOver
from auth.identity_providers.provider_list import Choice, IdentityProviders, choices_of
from auth.login_sessions.delivery import RefreshDeliveryUnknown, by_cookie
from auth.login_sessions.routes import SecondFactorNeeded, SignedIn, Token, client_of, signed_in
from auth.login_sessions.sign_in import SecondFactorAsked, SignInRefused
from auth.rate_limits.limits import TooManyRequests, limited
from auth.tenants.tenant import TenantIsSuspended
from shared.answers import Answer, Request
from shared.caller import Caller, public
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(prefix="/login/external", tags=["sign-in"])

COOKIE = "__Host-rollbook-external"
Opaque = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class Beginning(Request):
    """`again`: the provider is to ask for a credential even of somebody who is signed in there."""

    tenant_id: UUID
    provider_id: UUID
    again: bool = False


class Leaving(BaseModel):
    """Send the browser to `authorization_url`; `browser` stays here and comes with the answer. It is null where the
    header `Rollbook-Refresh: cookie` asked for a cookie."""

    authorization_url: str
    browser: str | None


class Coming(Request):
    """What the provider put into the address of the page that it came back to. A browser that asked for the cookie
    leaves `browser` out; `device` as in POST /login."""

    state: Token
    code: Opaque
    iss: Opaque | None = None
    browser: Token | None = None
    device: Token | None = None


@router.get("", dependencies=[limited("external")], responses=problems(TooManyRequests))
async def get_choices(tenant_id: Annotated[UUID, Query()], caller: Annotated[Caller, public()]) -> Answer[list[Choice]]:
    """The providers of a school. None for a school that has none, or does not exist."""
    async with caller.kernel.reading(IdentityProviders, tenant_id) as read:
        choices = await choices_of(read)
    return Answer(data=choices, message="Providers")


@router.post(
    "",
    dependencies=[limited("external")],
    responses=problems(NotFound, ProviderIsOver, ProviderUnavailable, TooManyRequests, RefreshDeliveryUnknown),
)
async def post_beginning(body: Beginning, caller: Annotated[Caller, public()], desk: AtDesk) -> Answer[Leaving]:
    """Begin to sign in by a provider. It ends within ten minutes, in the same browser, once."""
    cookie = by_cookie(caller)
    url, made = await desk.external.begin(caller.store, caller.call, body.tenant_id, body.provider_id, again=body.again)
    if cookie:
        caller.set_cookie(COOKIE, made.browser, int(LIFE.total_seconds()))
    leaving = Leaving(authorization_url=url, browser=None if cookie else made.browser)
    return Answer(data=leaving, message="Go to the provider")


@router.post(
    "/completion",
    dependencies=[limited("external", "state")],
    responses=problems(
        ExternalSignInExpired,
        ExternalSignInRefused,
        ProviderUnavailable,
        ProviderIsOver,
        AddressNotTrusted,
        NotMember,
        IdentityDiffers,
        NoRoleGiven,
        NameMissing,
        TenantIsSuspended,
        SignInRefused,
        SignInLocked,
        NotFound,
        TooManyRequests,
        RefreshDeliveryUnknown,
    ),
)
async def post_completion(
    body: Coming, caller: Annotated[Caller, public()], desk: AtDesk
) -> Answer[SignedIn | SecondFactorNeeded]:
    """Finish signing in by a provider. It opens the school that trusts the provider, and no other."""
    cookie = by_cookie(caller)
    browser = caller.cookie(COOKIE) if cookie else body.browser
    if not browser:
        raise ExternalSignInExpired
    returned = Returned(body.state, body.code, browser, body.iss)
    outcome = await desk.external.finish(caller.store, caller.call, returned, client_of(caller, body.device))
    if cookie:
        caller.set_cookie(COOKIE, "", 0)
    if isinstance(outcome, SecondFactorAsked):
        asked = SecondFactorNeeded(pending=outcome.pending, methods=list(outcome.methods))
        return Answer(data=asked, message="Second factor needed")
    return Answer(data=await signed_in(caller, desk, outcome), message="Signed in")
