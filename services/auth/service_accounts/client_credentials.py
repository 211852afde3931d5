"""The client-credentials grant (RFC 6749, section 4.4): an API key for an access token of five minutes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.credential_checks.tries import API_KEY, NETWORK, Place, Tries
from auth.roles.matrix import SCOPES
from auth.service_accounts.api_keys import ApiKeys, KnownKey, prefix_of
from auth.service_accounts.service_account import ApiKey, ServiceAccount
from auth.signing_keys.access_tokens import Signer
from shared.ids import PLATFORM
from shared.personal import MasterKey
from shared.store import EventStore


class ClientUnknown(Exception):
    """No account has this key, or the key works no more."""


class ScopeUnknown(Exception):
    """The key was not given a scope that was asked for."""


@dataclass(frozen=True)
class Asked:
    """`scopes` None: all that the key has."""

    client_id: UUID | None
    key: str
    scopes: frozenset[str] | None
    network: str


@dataclass(frozen=True)
class IssuedToken:
    access_token: str
    scopes: tuple[str, ...]


class ClientCredentials:
    def __init__(self, store: EventStore, api_keys: ApiKeys, tries: Tries, master: MasterKey, signer: Signer) -> None:
        self._store = store
        self._api_keys = api_keys
        self._tries = tries
        self._master = master
        self._signer = signer

    async def issue_token(self, asked: Asked, now: datetime) -> IssuedToken:
        """Raises SignInLocked, ClientUnknown, ScopeUnknown. The try is counted before anything is compared."""
        places = self._places(asked)
        await self._tries.reserve(now, places)
        known = await self._api_keys.find(asked.key)
        key = await self._working(known, asked.client_id, now)
        if known is None or key is None:
            raise ClientUnknown
        await self._tries.succeeded(places)
        held = SCOPES.intersection(key.scopes)
        if asked.scopes is not None and not asked.scopes <= held:
            raise ScopeUnknown
        scopes = tuple(sorted(held if asked.scopes is None else asked.scopes))
        token = await self._signer.issue_to_account(known.account_id, known.school_id, known.key_id, scopes, now)
        await self._api_keys.used(known.key_id, now)
        return IssuedToken(token, scopes)

    async def _working(self, known: KnownKey | None, client_id: UUID | None, now: datetime) -> ApiKey | None:
        """What the account's history says of the key: it is the truth, the row only finds it."""
        if known is None or known.account_id != client_id:
            return None
        account = await self._store.find(ServiceAccount, known.account_id, known.school_id)
        return None if account is None else account.key(known.key_id, now)

    def _places(self, asked: Asked) -> list[Place]:
        one = self._master.keyed_hash("api-key", PLATFORM, f"{prefix_of(asked.key)} {asked.network}")
        return [Place(API_KEY, one), Place(NETWORK, self._master.keyed_hash("network", PLATFORM, asked.network))]
