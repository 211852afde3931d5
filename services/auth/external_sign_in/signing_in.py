"""Signing in by a provider: the authorization code flow with PKCE, state and nonce (OpenID Connect Core, RFC 9700)."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus, urlencode
from uuid import UUID

from auth.credential_checks.tries import Place, SignInLocked
from auth.external_sign_in.begun import BegunSignIns, Secrets
from auth.external_sign_in.documents import Metadata, ProviderDocuments, object_of
from auth.external_sign_in.id_tokens import Expected, KeyUnknown, Vouched, read
from auth.external_sign_in.joining import Joining
from auth.external_sign_in.refusals import ExternalSignInRefused, ProviderUnavailable
from auth.identity_providers.identity_provider import IdentityProvider, ProviderIsOver, ProviderSettings
from auth.integrations.secret_rows import IntegrationSecrets
from auth.login_sessions.sign_in import Client, Opened, Proved, SecondFactorAsked, SignInRefused, SignIns
from auth.passwords.credentials import From
from auth.users.commands import email_of
from auth.users.user import User
from shared.calls import Call
from shared.identity import FEDERATED
from shared.outbound import Outbound, Unreachable
from shared.store import EventStore

PATIENCE = 5.0
"""Seconds for all that is asked of a provider in one request: our own caller waits, too."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""A provider that does not say when it asked for a credential vouches for nothing fresh."""


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Raises ProviderUnavailable."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError:
        raise ProviderUnavailable from None


@dataclass(frozen=True)
class Returned:
    """What the browser brings back from the provider, and what it kept meanwhile. `issuer`: RFC 9207."""

    state: str
    code: str
    browser: str
    issuer: str | None = None


@dataclass(frozen=True)
class ExternalSignIns:
    begun: BegunSignIns
    documents: ProviderDocuments
    outbound: Outbound
    kept: IntegrationSecrets
    joining: Joining
    sign_ins: SignIns
    redirect_uri: str

    async def begin(
        self, store: EventStore, call: Call, tenant_id: UUID, provider_id: UUID, *, again: bool
    ) -> tuple[str, Secrets]:
        """Where the browser goes. `again`: the provider is to ask for a credential, whoever is signed in there.

        Raises NotFound, ProviderIsOver, ProviderUnavailable."""
        provider = await self._provider(store, tenant_id, provider_id)
        async with in_time():
            metadata = await self.documents.metadata(provider.issuer)
        made = await self.begun.start(tenant_id, provider_id, call.now)
        asked = {
            "response_type": "code",
            "client_id": provider.settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(provider.settings.scopes),
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": made.challenge,
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if again else {}),
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}", made

    async def finish(
        self, store: EventStore, call: Call, returned: Returned, client: Client
    ) -> Opened | SecondFactorAsked:
        """Opens the school of the provider and nothing else. Raises what `refusals.py` and `joining.py` hold."""
        begun = await self.begun.take(returned.state, returned.browser, call.now)
        provider = await self._provider(store, begun.school_id, begun.provider_id)
        made = self.begun.secrets(returned.state, returned.browser)
        async with in_time():
            who = await self._vouched(provider, made, returned, call.now)
        user = await self.joining.member(store, call, provider, who)
        if not user.may_sign_in or provider.tenant_id not in user.schools:
            raise SignInRefused("Your membership of this school is over.")
        own = await self._unlocked(user, client, call.now)
        proved = proved_by(who, provider.settings, call.now)
        if user.second_factors and "mfa" not in proved.amr:
            token = await self.sign_ins.pending.start(
                user.id, provider.tenant_id, user.password_id, own, call.now, proved.amr, proved.life
            )
            return SecondFactorAsked(token, user.second_factors)
        return await self.sign_ins.open(store, call, user, provider.tenant_id, proved, client)

    async def _unlocked(self, user: User, client: Client, now: datetime) -> Place:
        """Where wrong passwords of this user are counted. Raises SignInLocked."""
        credentials = self.sign_ins.credentials
        email = await email_of(user, self.joining.keyring)
        own = (await credentials.places(email, From(client.network, client.device)))[0]
        if await credentials.tries.locked(now, own.limit.scope, own.subject):
            raise SignInLocked
        return own

    async def _provider(self, store: EventStore, tenant_id: UUID, provider_id: UUID) -> IdentityProvider:
        provider = await store.get(IdentityProvider, provider_id, tenant_id)
        if provider.over:
            raise ProviderIsOver
        return provider

    async def _vouched(self, provider: IdentityProvider, made: Secrets, returned: Returned, now: datetime) -> Vouched:
        metadata = await self.documents.metadata(provider.issuer)
        if returned.issuer != provider.issuer and (metadata.names_issuer or returned.issuer is not None):
            raise ExternalSignInRefused
        token = await self._id_token(provider, metadata, made, returned.code)
        settings = provider.settings
        expected = Expected(provider.issuer, settings.client_id, made.nonce, settings.claims)
        try:
            return read(token, await self.documents.keys(provider.issuer, metadata.jwks_uri), expected, now)
        except KeyUnknown:
            keys = await self.documents.keys(provider.issuer, metadata.jwks_uri, again=True)
        try:
            return read(token, keys, expected, now)
        except KeyUnknown:
            raise ExternalSignInRefused from None

    async def _id_token(self, provider: IdentityProvider, metadata: Metadata, made: Secrets, code: str) -> str:
        """The code for an ID token. The access token that comes with it is not looked at."""
        secret = await self.kept.open(provider.tenant_id, provider.id, provider.secret_id)
        if secret is None:
            raise ProviderUnavailable
        client_id = provider.settings.client_id
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": made.verifier,
        }
        headers = {}
        if metadata.by_post:
            form |= {"client_id": client_id, "client_secret": secret}
        else:
            login = f"{quote_plus(client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        try:
            reply = await self.outbound.post(metadata.token_endpoint, form, headers)
        except Unreachable as error:
            raise ProviderUnavailable from error
        if reply.status in (400, 401, 403):
            raise ExternalSignInRefused
        token = object_of(reply).get("id_token")
        if not isinstance(token, str):
            raise ExternalSignInRefused
        return token


def proved_by(who: Vouched, settings: ProviderSettings, now: datetime) -> Proved:
    strong = not who.strengths.isdisjoint(settings.second_factors)
    amr = (FEDERATED, "mfa") if strong else (FEDERATED,)
    return Proved(amr, min(who.proved_at or NEVER, now), timedelta(hours=settings.hours))
