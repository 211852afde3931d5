"""Choosing a password: what is known about a user must not be most of it."""

from auth.passwords.policy import PasswordPolicy
from auth.tenants.tenant import Tenant
from auth.users.user import User
from shared.ids import PLATFORM
from shared.personal import Keyring
from shared.store import EventStore


async def check_choice(store: EventStore, keyring: Keyring, policy: PasswordPolicy, user: User, password: str) -> None:
    """Raises PasswordTooWeak."""
    policy.check(password, about=await about(store, keyring, user), second_factor=bool(user.second_factors))


async def about(store: EventStore, keyring: Keyring, user: User) -> list[str]:
    """Names and address of the user, names of the schools."""
    fields = [(user.id, field, getattr(user, field)) for field in ("email", "given_name", "family_name")]
    texts = await keyring.open(PLATFORM, fields)
    schools = [await store.find(Tenant, school_id, school_id) for school_id in user.schools]
    return [text for text in texts if text is not None] + [school.name for school in schools if school is not None]
