"""What can be done with service accounts and their keys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from auth.roles.matrix import SCOPES
from auth.service_accounts.api_keys import ApiKeys, NewKey
from auth.service_accounts.service_account import ServiceAccount
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import DomainError
from shared.store import EventStore

DEFAULT_LIFE = timedelta(days=365)


@dataclass(frozen=True)
class KeyOrder:
    """What a new key shall be. `held`: the permissions of whoever orders it."""

    scopes: frozenset[str]
    held: frozenset[str]
    expires_at: datetime | None


@dataclass(frozen=True)
class RotationOrder:
    """The old key works for `overlap` more."""

    old_key_id: UUID
    held: frozenset[str]
    overlap: timedelta
    expires_at: datetime | None


@command
async def create_service_account(store: EventStore, call: Call, account_id: UUID, name: str) -> Saved:
    account = ServiceAccount(id=account_id, tenant_id=call.tenant_id, name=name, timestamp=call.now)
    return await store.save(account, call=call)


async def issue_api_key(
    store: EventStore, call: Call, api_keys: ApiKeys, account_id: UUID, key: NewKey, order: KeyOrder
) -> tuple[Saved, str | None]:
    """With the key itself for the one who ordered it, and for no copy of that order."""

    def decide(account: ServiceAccount) -> None:
        account.issue_key(
            key.key_id,
            key.prefix,
            order.scopes,
            held=order.held & SCOPES,
            expires_at=order.expires_at or call.now + DEFAULT_LIFE,
            now=call.now,
        )

    return await with_key(store, call, api_keys, account_id, key, decide)


async def rotate_api_key(
    store: EventStore, call: Call, api_keys: ApiKeys, account_id: UUID, key: NewKey, order: RotationOrder
) -> tuple[Saved, str | None]:
    """A new key beside the old one, which works until the overlap is over."""

    def decide(account: ServiceAccount) -> None:
        account.rotate_key(
            order.old_key_id,
            key.key_id,
            key.prefix,
            held=order.held & SCOPES,
            overlap=order.overlap,
            expires_at=order.expires_at or call.now + DEFAULT_LIFE,
            now=call.now,
        )

    return await with_key(store, call, api_keys, account_id, key, decide)


async def with_key(
    store: EventStore,
    call: Call,
    api_keys: ApiKeys,
    account_id: UUID,
    key: NewKey,
    decide: Callable[[ServiceAccount], None],
) -> tuple[Saved, str | None]:
    """The hash first, its event next: no key exists that the account's history does not name."""
    kept = await api_keys.keep(key, call.tenant_id, account_id)
    try:
        saved = await change_account(store, call, account_id, decide)
    except DomainError:
        if kept:
            await api_keys.forget(key.key_id)
        raise
    return saved, key.text if kept else None


@command
async def set_key_scopes(
    store: EventStore, call: Call, account_id: UUID, key_id: UUID, scopes: frozenset[str], held: frozenset[str]
) -> Saved:
    def decide(account: ServiceAccount) -> None:
        account.set_scopes(key_id, scopes, held=held & SCOPES, now=call.now)

    return await store.change(ServiceAccount, account_id, decide, call=call)


@command
async def revoke_api_key(store: EventStore, call: Call, account_id: UUID, key_id: UUID) -> Saved:
    return await store.change(ServiceAccount, account_id, lambda a: a.revoke_key(key_id, call.now), call=call)


@command
async def retire_service_account(store: EventStore, call: Call, account_id: UUID) -> Saved:
    return await store.change(ServiceAccount, account_id, lambda a: a.retire(call.now), call=call)


@command
async def change_account(
    store: EventStore, call: Call, account_id: UUID, decide: Callable[[ServiceAccount], None]
) -> Saved:
    return await store.change(ServiceAccount, account_id, decide, call=call)
