"""HTTP of service accounts: make one, issue and rotate its keys, say what they may do, end them."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from auth.desk import AtDesk
from auth.service_accounts.api_keys import NewKey, new_key
from auth.service_accounts.commands import (
    KeyOrder,
    RotationOrder,
    create_service_account,
    issue_api_key,
    retire_service_account,
    revoke_api_key,
    rotate_api_key,
    set_key_scopes,
)
from auth.service_accounts.directory import AccountRow, KeyRow, ServiceAccounts, keys_of, service_accounts_of
from auth.service_accounts.service_account import AccountRetired, ExpiryPast, KeyEnded, ScopeAboveOwn, TooManyKeys
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.calls import Saved
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["service accounts"])

Scope = Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}\.[a-z]{1,20}$")]
Scopes = Annotated[frozenset[Scope], Field(min_length=1, max_length=50, examples=[["classes.read"]])]


class NewAccount(Request):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class KeyRequest(Request):
    """`expires_at`: a year from now unless said otherwise."""

    scopes: Scopes
    expires_at: AwareDatetime | None = None


class Rotation(Request):
    """The old key works for `overlap_hours` more: time to bring the new one to every machine."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24
    expires_at: AwareDatetime | None = None


class ScopesRequest(Request):
    scopes: Scopes


class IssuedKey(BaseModel):
    """`api_key` is shown now and never again; it is null in the answer to a repeated request."""

    id: UUID
    version: int
    key_id: UUID
    prefix: str
    api_key: str | None


class Key(BaseModel):
    """`last_used_at` is true to the minute."""

    id: UUID
    prefix: str
    scopes: list[str]
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class Account(BaseModel):
    id: UUID
    name: str
    created_at: datetime
    retired_at: datetime | None
    keys: list[Key]


Maker = Annotated[Caller, may("api-keys.write", creates=True, fresh=True)]
Keeper = Annotated[Caller, may("api-keys.write", fresh=True)]


@router.post("/service-accounts", status_code=201)
async def post_service_account(body: NewAccount, caller: Maker) -> Answer[Receipt]:
    """Make an account for a program. It can do nothing before it has a key."""
    saved = await create_service_account(caller.store, caller.call, uuid7(), body.name)
    return caller.accepted(saved, "Service account created")


@router.get("/service-accounts", responses=problems())
async def get_service_accounts(
    page: Page, caller: Annotated[Caller, may("api-keys.read")], desk: AtDesk
) -> Answer[list[Account]]:
    """Service accounts with their keys, and when each key was last used."""
    after = page.after(UUID)
    async with caller.reading(ServiceAccounts) as read:
        rows = await service_accounts_of(read, after=after[0] if after else None, limit=page.limit + 1)
        keys = await keys_of(read, [row.id for row in rows])
    used = await desk.api_keys.last_used(caller.tenant_id, [key.id for key in keys])
    accounts = [account_of(row, keys, used) for row in rows]
    return caller.page(accounts, "Service accounts", read, page, lambda account: (account.id,))


@router.post(
    "/service-accounts/{account_id}/keys",
    status_code=201,
    responses=problems(NotFound, ScopeAboveOwn, AccountRetired, TooManyKeys, ExpiryPast),
)
async def post_key(account_id: UUID, body: KeyRequest, caller: Maker, desk: AtDesk) -> Answer[IssuedKey]:
    """Issue a key. Its scopes are permissions, none that you do not hold yourself."""
    key = new_key(account_id, caller.call.key or b"")
    order = KeyOrder(body.scopes, held_by(caller), body.expires_at)
    saved, text = await issue_api_key(caller.store, caller.call, desk.api_keys, account_id, key, order)
    return issued(caller, saved, key, text, "Key issued")


@router.post(
    "/service-accounts/{account_id}/keys/{key_id}/rotation",
    status_code=201,
    responses=problems(NotFound, ScopeAboveOwn, AccountRetired, TooManyKeys, ExpiryPast, KeyEnded),
)
async def post_key_rotation(
    account_id: UUID, key_id: UUID, body: Rotation, caller: Maker, desk: AtDesk
) -> Answer[IssuedKey]:
    """Issue the key that follows this one, with its scopes."""
    key = new_key(account_id, caller.call.key or b"")
    order = RotationOrder(key_id, held_by(caller), timedelta(hours=body.overlap_hours), body.expires_at)
    saved, text = await rotate_api_key(caller.store, caller.call, desk.api_keys, account_id, key, order)
    return issued(caller, saved, key, text, "Key rotated")


@router.post(
    "/service-accounts/{account_id}/keys/{key_id}/scopes", responses=problems(NotFound, ScopeAboveOwn, KeyEnded)
)
async def post_key_scopes(account_id: UUID, key_id: UUID, body: ScopesRequest, caller: Keeper) -> Answer[Receipt]:
    """Say anew what a key may do. Tokens that were issued before expire within five minutes."""
    saved = await set_key_scopes(caller.store, caller.call, account_id, key_id, body.scopes, held_by(caller))
    return caller.accepted(saved, "Scopes set")


@router.post("/service-accounts/{account_id}/keys/{key_id}/revocation", responses=problems(NotFound))
async def post_key_revocation(account_id: UUID, key_id: UUID, caller: Keeper) -> Answer[Receipt]:
    """End a key at once."""
    return caller.accepted(await revoke_api_key(caller.store, caller.call, account_id, key_id), "Key revoked")


@router.post("/service-accounts/{account_id}/retirement", responses=problems(NotFound))
async def post_retirement(account_id: UUID, caller: Keeper) -> Answer[Receipt]:
    """End a service account with all its keys."""
    return caller.accepted(await retire_service_account(caller.store, caller.call, account_id), "Account retired")


def held_by(caller: Caller) -> frozenset[str]:
    return frozenset() if caller.identity is None else caller.identity.permissions


def issued(caller: Caller, saved: Saved, key: NewKey, text: str | None, message: str) -> Answer[IssuedKey]:
    caller.moved(saved)
    found = IssuedKey(id=saved.id, version=saved.version, key_id=key.key_id, prefix=key.prefix, api_key=text)
    return Answer(data=found, message=message)


def account_of(row: AccountRow, keys: list[KeyRow], used: dict[UUID, datetime | None]) -> Account:
    own = [
        Key(
            id=key.id,
            prefix=key.prefix,
            scopes=key.scopes,
            issued_at=key.issued_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=used.get(key.id),
        )
        for key in keys
        if key.account_id == row.id
    ]
    return Account(id=row.id, name=row.name, created_at=row.created_at, retired_at=row.retired_at, keys=own)
