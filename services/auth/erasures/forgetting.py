"""Auth's part of an erasure: the rows of a user, its sign-ins, its memberships, its address, its key."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import sql

from auth.external_sign_in.identities import KIND as IDENTITY
from auth.login_sessions.commands import end_sessions
from auth.login_sessions.refresh_tokens import RefreshTokens
from auth.memberships.membership import Membership, membership_id
from auth.passwords.credentials import EMAIL
from auth.users.emails import normal_email
from auth.users.user import User
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.ids import PLATFORM
from shared.personal import Keyring
from shared.reactions import Act
from shared.store import EventStore


async def forget_user(act: Act, user_id: UUID) -> None:
    """Every step can come again: a process that dies in between leaves it to the next one."""
    user = await act.store.get(User, user_id, PLATFORM)
    refresh_tokens = RefreshTokens(act.kernel.pool, act.keyring.master)
    await end_sessions(act.store, act.call, refresh_tokens, await refresh_tokens.of_user(user_id), "user-erased")
    (email,) = await act.keyring.open(PLATFORM, [(user_id, "email", user.email)])
    account = None if email is None else act.keyring.master.keyed_hash(EMAIL, PLATFORM, normal_email(email))
    async with act.kernel.pool.connection() as connection, connection.transaction():
        await connection.execute(REFRESH_TOKENS, (user_id,))
        cursor = await connection.execute(TABLES)
        for (table,) in await cursor.fetchall():
            query = sql.SQL("DELETE FROM {} WHERE user_id = %s").format(sql.Identifier(table))
            await connection.execute(query, (user_id,))
        await connection.execute("DELETE FROM credential_tries WHERE subject = %s", (account,))
        cursor = await connection.execute(IDENTITIES, (f"{IDENTITY} %", user_id))
        identities = [Claim(school, kind, key, user_id) for school, kind, key in await cursor.fetchall()]
    await erase_user(act.store, act.call.step("user"), user_id, account, identities)


@command
async def erase_user(
    store: EventStore, call: Call, user_id: UUID, account: str | None, identities: Sequence[Claim]
) -> Saved:
    """The identity ends and leaves its schools, its address and what it has at providers are free, and the marker takes
    the place of its key."""
    call = call.for_tenant(PLATFORM)
    user = await store.get(User, user_id, PLATFORM)
    memberships = []
    for school in user.schools:
        membership = await store.get(Membership, membership_id(school, user_id), school)
        membership.leave(call.now)
        user.leave(school, call.now)
        memberships.append(membership)
    user.erase(call.now)
    releases = [*identities, *([] if account is None else [Claim(PLATFORM, EMAIL, account, user_id)])]
    marker = Keyring.erased(PLATFORM, user_id)
    return await store.save(user, *memberships, call=call, releases=releases, keys=[marker])


REFRESH_TOKENS = """
    DELETE FROM refresh_tokens t USING refresh_families f
    WHERE f.tenant_id = t.tenant_id AND f.family_id = t.family_id AND f.user_id = %s
"""
IDENTITIES = "SELECT tenant_id, kind, key FROM claims WHERE kind LIKE %s AND owner = %s"
TABLES = """
    SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attname = 'user_id' AND NOT a.attisdropped AND c.relkind = 'r'
      AND c.relnamespace = current_schema()::regnamespace
    ORDER BY 1
"""
"""Every table of auth's own schema that has a column user_id: a new one needs no word here, only the worker's right."""
