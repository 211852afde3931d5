"""What can be done with a tenant: register a school together with its owner."""

from dataclasses import dataclass
from uuid import UUID

from auth.credential_checks.tries import SignInLocked
from auth.memberships.membership import Membership, membership_id
from auth.passwords.credentials import NOWHERE, Credentials, From
from auth.tenants.tenant import Tenant
from auth.users.user import User
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
    language: str = "en"


@dataclass(frozen=True)
class Registering:
    """What registration works with. Without `verifying`, new addresses are trusted: for development and tests."""

    keyring: Keyring
    credentials: Credentials
    verifying: bool

    def welcome(self, user: User, call: Call) -> None:
        if self.verifying:
            user.request_verification(uuid7(), call.now)
        else:
            user.trust_email(call.now)


@command
async def register_school(
    store: EventStore, call: Call, desk: Registering, school: NewSchool, owner: NewOwner, source: From = NOWHERE
) -> Saved:
    """School, owner and membership in one append; `reply` holds the school's id.

    Whoever has an account proves it with the password. Whoever does not gets the same answer and no school: only the
    owner of the address hears, by mail, that it has an account. Raises PasswordTooWeak, for both alike."""
    about = (owner.email, owner.given_name, owner.family_name, school.name)
    desk.credentials.policy.check(owner.password, about=about, pointer="/owner/password")
    school_id = uuid7()
    user_id = await desk.credentials.user_of(owner.email)
    if user_id is None:
        try:
            return await _with_new_user(store, call, desk, school, owner, school_id)
        except Taken:
            user_id = await desk.credentials.user_of(owner.email)
    assert user_id is not None  # noqa: S101 - a claim that was taken has an owner
    return await _for_known_user(store, call, desk, school, owner, school_id, user_id, source)


async def _with_new_user(
    store: EventStore, call: Call, desk: Registering, school: NewSchool, owner: NewOwner, school_id: UUID
) -> Saved:
    user_id = uuid7()
    await desk.credentials.keep(user_id, user_id, owner.password)
    sealer = await desk.keyring.sealer(PLATFORM, user_id)
    user = User(
        id=user_id,
        tenant_id=PLATFORM,
        email=sealer.seal("email", owner.email),
        given_name=sealer.seal("given_name", owner.given_name),
        family_name=sealer.seal("family_name", owner.family_name),
        timestamp=call.now,
    )
    user.choose_language(owner.language, call.now)
    desk.welcome(user, call)
    tenant, membership = founded(school, user, school_id, call)
    claim = desk.credentials.claim(owner.email, user_id)
    try:
        saved = await store.save(
            tenant, user, membership, call=call, claims=(claim,), keys=sealer.new, reply={"school": str(school_id)}
        )
    except Taken:
        await desk.credentials.forget(user_id)
        raise
    if user_id not in saved.ids:
        await desk.credentials.forget(user_id)
    return saved


async def _for_known_user(
    store: EventStore,
    call: Call,
    desk: Registering,
    school: NewSchool,
    owner: NewOwner,
    school_id: UUID,
    user_id: UUID,
    source: From,
) -> Saved:
    try:
        fits = await desk.credentials.check(owner.email, owner.password, call.now, source)
    except SignInLocked:
        fits = None
    reply = {"school": str(school_id)}
    async with store.turn(call, user_id):
        user = await store.get(User, user_id, PLATFORM)
        if fits is None or fits.password_id != user.password_id:
            user.note_registration(call.now)
            return await store.save(user, call=call, reply=reply)
        tenant, membership = founded(school, user, school_id, call)
        if not user.verified:
            desk.welcome(user, call)
        return await store.save(tenant, user, membership, call=call, reply=reply)


def founded(school: NewSchool, user: User, school_id: UUID, call: Call) -> tuple[Tenant, Membership]:
    tenant = Tenant(
        id=school_id,
        tenant_id=school_id,
        name=school.name,
        country=school.country,
        currency=school.currency,
        zone=school.zone,
        owner_id=user.id,
        timestamp=call.now,
    )
    membership = Membership(
        id=membership_id(school_id, user.id),
        tenant_id=school_id,
        user_id=user.id,
        roles=("owner",),
        timestamp=call.now,
    )
    user.join(school_id, call.now)
    return tenant, membership
