"""What auth's routes have at hand beside the kernel: passwords and the signer of tokens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.requests import Request

from auth.audit.refused import RefusedActions
from auth.external_sign_in.begun import BegunSignIns
from auth.external_sign_in.documents import ProviderDocuments
from auth.external_sign_in.identities import Identities
from auth.external_sign_in.joining import Joining
from auth.external_sign_in.signing_in import ExternalSignIns
from auth.integrations.secret_rows import IntegrationSecrets
from auth.login_sessions.pending import PendingSignIns
from auth.login_sessions.refresh_tokens import RefreshTokens
from auth.login_sessions.sign_in import SignIns
from auth.passkeys.ceremonies import Ceremonies
from auth.passkeys.commands import Passkeys
from auth.passkeys.rows import PasskeyRows
from auth.passwords.block_list import BlockList
from auth.passwords.credentials import Credentials
from auth.passwords.hashing import Hashing
from auth.passwords.policy import PasswordPolicy
from auth.rate_limits.limits import RateLimits
from auth.second_factors.checks import SecondFactors
from auth.service_accounts.api_keys import ApiKeys
from auth.service_accounts.client_credentials import ClientCredentials
from auth.settings import AuthSettings
from auth.signing_keys.access_tokens import Signer
from auth.signing_keys.commands import ensure_signing_key
from auth.signing_keys.private_keys import PrivateKeys
from auth.signing_keys.rotation import keep_rotating
from auth.tenants.commands import Registering
from auth.users.link_requests import LinkRequests
from shared.calls import Actor, Call
from shared.ids import PLATFORM, uuid7
from shared.kernel import Kernel
from shared.outbound import Outbound


@dataclass(frozen=True)
class Desk:
    credentials: Credentials
    registering: Registering
    link_requests: LinkRequests
    refresh_tokens: RefreshTokens
    sign_ins: SignIns
    second_factors: SecondFactors
    passkeys: Passkeys
    external: ExternalSignIns
    private_keys: PrivateKeys
    signer: Signer
    api_keys: ApiKeys
    client_credentials: ClientCredentials
    api_url: str
    rate_limits: RateLimits
    integration_secrets: IntegrationSecrets
    refused_actions: RefusedActions

    @classmethod
    def of(cls, kernel: Kernel, hashing: Hashing, settings: AuthSettings) -> "Desk":
        master = kernel.keyring.master
        private_keys = PrivateKeys(kernel.pool, master)
        policy = PasswordPolicy(BlockList.load(settings.blocked_passwords_file))
        credentials = Credentials(kernel.pool, hashing, master, policy)
        refresh_tokens = RefreshTokens(kernel.pool, master)
        pending = PendingSignIns(kernel.pool)
        second_factors = SecondFactors(kernel.pool, master, credentials.tries, pending)
        sign_ins = SignIns(kernel.keyring, credentials, refresh_tokens, pending, second_factors)
        integration_secrets = IntegrationSecrets(kernel.pool, master)
        outbound = Outbound(settings.private_hosts, plain=not settings.production)
        signer, api_keys = Signer(kernel.store, private_keys), ApiKeys(kernel.pool)
        return cls(
            credentials=credentials,
            registering=Registering(kernel.keyring, credentials, settings.email_verification),
            link_requests=LinkRequests(kernel.pool, kernel.store),
            refresh_tokens=refresh_tokens,
            sign_ins=sign_ins,
            second_factors=second_factors,
            passkeys=Passkeys(
                PasskeyRows(kernel.pool),
                Ceremonies(settings.public_url),
                kernel.keyring,
                credentials,
                second_factors,
                sign_ins,
            ),
            external=ExternalSignIns(
                BegunSignIns(kernel.pool, master),
                ProviderDocuments(outbound),
                outbound,
                integration_secrets,
                Joining(kernel.keyring, credentials, Identities(kernel.pool, master)),
                sign_ins,
                f"{settings.public_url.rstrip('/')}/sign-in/external",
            ),
            private_keys=private_keys,
            signer=signer,
            api_keys=api_keys,
            refused_actions=RefusedActions(kernel.store, kernel.keyring, credentials),
            integration_secrets=integration_secrets,
            client_credentials=ClientCredentials(kernel.store, api_keys, credentials.tries, master, signer),
            api_url=settings.api_url.rstrip("/"),
            rate_limits=RateLimits(settings),
        )


@asynccontextmanager
async def open_desk(app: FastAPI) -> AsyncIterator[None]:
    """Runs inside the kernel's life; nothing is answered before there is a key to sign with."""
    kernel: Kernel = app.state.kernel
    hashing = Hashing()
    settings = AuthSettings()
    app.state.desk = desk = Desk.of(kernel, hashing, settings)
    await ensure_signing_key(kernel.store, starting(), desk.private_keys)
    app.state.notice = desk.refused_actions.notice
    age = timedelta(days=settings.signing_key_days)
    tasks = [
        asyncio.create_task(desk.link_requests.run()),
        asyncio.create_task(desk.refused_actions.run()),
        asyncio.create_task(keep_rotating(kernel.store, desk.private_keys, age)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await desk.refused_actions.close()
        hashing.close()


def starting() -> Call:
    return Call(tenant_id=PLATFORM, actor=Actor("system", "auth.start"), now=datetime.now(UTC), correlation_id=uuid7())


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(desk_of)]
