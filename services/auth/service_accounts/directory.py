"""The service accounts of a school and their keys, as its administrators see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.service_accounts.service_account import ServiceAccount
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ACCOUNTS = Table(
    "service_account",
    key=("tenant_id", "account_id"),
    columns={
        "tenant_id": "uuid",
        "account_id": "uuid",
        "name": "text",
        "created_at": "timestamptz",
        "retired_at": "timestamptz",
    },
)
KEYS = Table(
    "account_key",
    key=("tenant_id", "key_id"),
    columns={
        "tenant_id": "uuid",
        "key_id": "uuid",
        "account_id": "uuid",
        "prefix": "text",
        "scopes": "text[]",
        "issued_at": "timestamptz",
        "expires_at": "timestamptz",
        "revoked_at": "timestamptz",
    },
)


@dataclass(frozen=True)
class AccountRow:
    id: UUID
    name: str
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True)
class KeyRow:
    id: UUID
    account_id: UUID
    prefix: str
    scopes: list[str]
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class ServiceAccounts(View):
    """When a key was last used is no event: it is looked up when the list is read."""

    NAME = "service_accounts"
    VERSION = 1
    SOURCE = "auth"
    TABLES = (ACCOUNTS, KEYS)

    @on(ServiceAccount.AccountCreated)
    def made(self, fact: Fact[ServiceAccount.AccountCreated], rows: Rows) -> None:
        rows.put(
            ACCOUNTS,
            {
                "tenant_id": fact.tenant_id,
                "account_id": fact.aggregate_id,
                "name": fact.data.name,
                "created_at": fact.time,
                "retired_at": None,
            },
        )

    @on(ServiceAccount.ApiKeyIssued)
    def issued(self, fact: Fact[ServiceAccount.ApiKeyIssued], rows: Rows) -> None:
        rows.put(KEYS, key_row(fact, fact.data.key_id, fact.data.prefix, fact.data.scopes, fact.data.expires_at))

    @on(ServiceAccount.ApiKeyRotated)
    async def rotated(self, fact: Fact[ServiceAccount.ApiKeyRotated], rows: Rows) -> None:
        old = await rows.get(KEYS, (fact.tenant_id, fact.data.old_key_id))
        scopes = () if old is None else tuple(old["scopes"])
        rows.change(KEYS, (fact.tenant_id, fact.data.old_key_id), expires_at=fact.data.old_expires_at)
        rows.put(KEYS, key_row(fact, fact.data.key_id, fact.data.prefix, scopes, fact.data.expires_at))

    @on(ServiceAccount.ApiKeyRevoked)
    def revoked(self, fact: Fact[ServiceAccount.ApiKeyRevoked], rows: Rows) -> None:
        rows.change(KEYS, (fact.tenant_id, fact.data.key_id), revoked_at=fact.time)

    @on(ServiceAccount.KeyScopesSet)
    def scopes_set(self, fact: Fact[ServiceAccount.KeyScopesSet], rows: Rows) -> None:
        rows.change(KEYS, (fact.tenant_id, fact.data.key_id), scopes=list(fact.data.scopes))

    @on(ServiceAccount.Retired)
    def retired(self, fact: Fact[ServiceAccount.Retired], rows: Rows) -> None:
        rows.change(ACCOUNTS, (fact.tenant_id, fact.aggregate_id), retired_at=fact.time)


def key_row(
    fact: Fact[ServiceAccount.ApiKeyIssued] | Fact[ServiceAccount.ApiKeyRotated],
    key_id: UUID,
    prefix: str,
    scopes: tuple[str, ...],
    expires_at: datetime,
) -> dict[str, object]:
    return {
        "tenant_id": fact.tenant_id,
        "key_id": key_id,
        "account_id": fact.aggregate_id,
        "prefix": prefix,
        "scopes": list(scopes),
        "issued_at": fact.time,
        "expires_at": expires_at,
        "revoked_at": None,
    }


async def service_accounts_of(read: Reading, *, after: UUID | None, limit: int) -> list[AccountRow]:
    return await read.all(
        AccountRow,
        "SELECT account_id AS id, name, created_at, retired_at FROM service_account WHERE tenant_id = %(tenant)s"
        " AND account_id > %(after)s ORDER BY account_id LIMIT %(limit)s",
        after=after or UUID(int=0),
        limit=limit,
    )


async def keys_of(read: Reading, account_ids: list[UUID]) -> list[KeyRow]:
    return await read.all(
        KeyRow,
        "SELECT key_id AS id, account_id, prefix, scopes, issued_at, expires_at, revoked_at FROM account_key"
        " WHERE tenant_id = %(tenant)s AND account_id = ANY(%(accounts)s) ORDER BY issued_at, key_id",
        accounts=account_ids,
    )
