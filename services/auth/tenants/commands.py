"""What can be done with a tenant: register a school together with its owner."""

from dataclasses import dataclass

from auth.memberships.membership import Membership, membership_id
from auth.passwords.credentials import Credentials
from auth.tenants.tenant import Tenant
from auth.users.user import EmailTaken, User
from shared.calls import Call, Saved
from shared.commands import command
from shared.ids import PLATFORM, uuid7
from shared.personal import Keyring
from shared.store import EventStore, Taken


@dataclass(frozen=True)
class NewSchool:
    name: str
    country: str
    currency: str
    zone: str


@dataclass(frozen=True)
class NewOwner:
    email: str
    password: str
    given_name: str
    family_name: str


@command
async def register_school(
    store: EventStore,
    call: Call,
    keyring: Keyring,
    credentials: Credentials,
    school: NewSchool,
    owner: NewOwner,
) -> Saved:
    """School, owner and membership in one append. Whoever has an account proves it with the password."""
    if await credentials.known(owner.email):
        return await _for_known_user(store, call, credentials, school, owner)
    return await _with_new_user(store, call, keyring, credentials, school, owner)


async def _with_new_user(
    store: EventStore,
    call: Call,
    keyring: Keyring,
    credentials: Credentials,
    school: NewSchool,
    owner: NewOwner,
) -> Saved:
    user_id = uuid7()
    await credentials.keep(user_id, owner.password)
    sealer = await keyring.sealer(PLATFORM, user_id)
    user = User(
        id=user_id,
        tenant_id=PLATFORM,
        email=sealer.seal("email", owner.email),
        given_name=sealer.seal("given_name", owner.given_name),
        family_name=sealer.seal("family_name", owner.family_name),
        timestamp=call.now,
    )
    tenant, membership = founded(school, user, call)
    claim = credentials.claim(owner.email, user_id)
    try:
        saved = await store.save(tenant, user, membership, call=call, claims=(claim,), keys=sealer.new)
    except Taken:
        await credentials.forget(user_id)
        raise EmailTaken(pointer="/owner/email") from None
    if user_id not in saved.ids:
        await credentials.forget(user_id)
    return saved


async def _for_known_user(
    store: EventStore, call: Call, credentials: Credentials, school: NewSchool, owner: NewOwner
) -> Saved:
    user_id = await credentials.check(owner.email, owner.password, call.now)
    if user_id is None:
        raise EmailTaken(pointer="/owner/email")
    async with store.turn(call, user_id):
        user = await store.get(User, user_id, PLATFORM)
        tenant, membership = founded(school, user, call)
        return await store.save(tenant, user, membership, call=call)


def founded(school: NewSchool, user: User, call: Call) -> tuple[Tenant, Membership]:
    tenant_id = uuid7()
    tenant = Tenant(
        id=tenant_id,
        tenant_id=tenant_id,
        name=school.name,
        country=school.country,
        currency=school.currency,
        zone=school.zone,
        owner_id=user.id,
        timestamp=call.now,
    )
    membership = Membership(
        id=membership_id(tenant_id, user.id),
        tenant_id=tenant_id,
        user_id=user.id,
        roles=("owner",),
        timestamp=call.now,
    )
    user.join(tenant_id, call.now)
    return tenant, membership
