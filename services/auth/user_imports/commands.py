"""Importing users of another system into a school, with the hashes of their passwords."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from auth.memberships.membership import Membership, membership_id
from auth.passwords.credentials import Credentials
from auth.tenants.tenant import Tenant
from auth.user_imports.rows import ImportedUser, RowResult, read_row
from auth.users.emails import normal_email
from auth.users.user import User
from shared.calls import Call, Saved
from shared.commands import command
from shared.ids import PLATFORM, uuid7
from shared.personal import Keyring
from shared.store import EventStore, Taken


@dataclass(frozen=True)
class Importing:
    keyring: Keyring
    credentials: Credentials


async def import_users(
    store: EventStore, call: Call, desk: Importing, lines: Iterable[str], *, dry_run: bool
) -> Sequence[RowResult]:
    """Each line by itself: what is wrong is refused, the rest goes on; the same file again changes nothing. An address
    that has an account is left alone, whatever the file says of it: its owner is to be invited. Raises NotFound."""
    await store.get(Tenant, call.tenant_id, call.tenant_id)
    seen: set[str] = set()
    found = []
    for line, text in enumerate(lines, 1):
        if not text.strip():
            continue
        row = read_row(line, text)
        found.append(row if isinstance(row, RowResult) else await one(store, call, desk, line, row, seen, dry_run))
    return found


async def one(
    store: EventStore, call: Call, desk: Importing, line: int, row: ImportedUser, seen: set[str], dry_run: bool
) -> RowResult:
    exists = RowResult(line, "exists", "/email", "this address has an account: invite its owner")
    email = normal_email(row.email)
    if email in seen or await desk.credentials.user_of(row.email) is not None:
        return exists
    seen.add(email)
    if dry_run:
        return RowResult(line, "would-create")
    try:
        await import_user(store, call, desk, uuid7(), row)
    except Taken:
        return exists
    return RowResult(line, "created")


@command
async def import_user(store: EventStore, call: Call, desk: Importing, user_id: UUID, row: ImportedUser) -> Saved:
    """The hash first, as ever: it counts once the user's history names it."""
    sealer = await desk.keyring.sealer(PLATFORM, user_id)
    user = User(
        id=user_id,
        tenant_id=PLATFORM,
        email=sealer.seal("email", row.email),
        given_name=sealer.seal("given_name", row.given_name),
        family_name=sealer.seal("family_name", row.family_name),
        timestamp=call.now,
    )
    user.choose_language(row.language, call.now)
    if row.email_verified:
        user.trust_email(call.now)
    else:
        user.request_verification(uuid7(), call.now)
    membership = Membership(
        id=membership_id(call.tenant_id, user_id),
        tenant_id=call.tenant_id,
        user_id=user_id,
        roles=tuple(dict.fromkeys(row.roles)),
        timestamp=call.now,
    )
    user.join(call.tenant_id, call.now)
    if row.password_hash is not None:
        await desk.credentials.keep_hash(user_id, user_id, row.password_hash)
    claim = desk.credentials.claim(row.email, user_id)
    try:
        return await store.save(user, membership, call=call, claims=(claim,), keys=sealer.new)
    except Taken:
        await desk.credentials.forget(user_id)
        raise
