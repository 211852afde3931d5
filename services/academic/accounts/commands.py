"""Linking a user account to a person: by itself after an invitation, or by somebody who knows."""

from uuid import UUID

from academic.accounts.matching import Match
from academic.accounts.user_account import UserAccount, account_id
from academic.people.person import AccountTaken, Person, PersonIsArchived
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.errors import NotFound
from shared.store import EventStore, Taken


@command
async def link_or_leave(store: EventStore, call: Call, user_id: UUID, match: Match) -> Saved:
    """What matches nobody for certain is left, visibly: to guess would show one family another's children. An account
    that is somebody's stays that."""
    if match.person_id is not None:
        try:
            return await _link(store, call, match.person_id, user_id)
        except Taken:
            return await store.save(call=call)
        except (AccountTaken, PersonIsArchived):
            match = Match(None, "person-has-account", (match.person_id,))
    id = account_id(call.tenant_id, user_id)
    account = await store.find(UserAccount, id, call.tenant_id) or UserAccount(
        id=id,
        tenant_id=call.tenant_id,
        user_id=user_id,
        why=match.why,
        candidate_ids=match.candidate_ids,
        timestamp=call.now,
    )
    return await store.save(account, call=call)


@command
async def link_user_account(store: EventStore, call: Call, person_id: UUID, user_id: UUID) -> Saved:
    """Of an account that matched nobody. Raises NotFound, AccountTaken, PersonIsArchived."""
    if await store.find(UserAccount, account_id(call.tenant_id, user_id), call.tenant_id) is None:
        raise NotFound(pointer="/user_id")
    try:
        return await _link(store, call, person_id, user_id)
    except Taken:
        raise AccountTaken from None


async def _link(store: EventStore, call: Call, person_id: UUID, user_id: UUID) -> Saved:
    """One account is one person of a school, and the other way round. Raises Taken, AccountTaken, PersonIsArchived."""
    claim = Claim(call.tenant_id, "user-account", str(user_id), person_id)
    return await store.change(
        Person, person_id, lambda person: person.link_user_account(user_id, call.now), call=call, claims=[claim]
    )
