"""Due work: invitations whose seven days are over. Their links are refused from the very second all the same."""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from auth.invitations.addresses import claim_on, opened_address
from auth.invitations.invitation import Invitation, InvitationIsOver
from auth.invitations.invitation_list import Invitations, overdue
from auth.users.open_link import LinkSpent
from shared.calls import Actor, Call, Saved
from shared.clock import Due
from shared.commands import command
from shared.ids import uuid7
from shared.kernel import Kernel
from shared.personal import Keyring
from shared.reading import ViewBehind, reading_all
from shared.store import EventStore

NAME = "auth.expire-invitations"


@command
async def expire_invitation(store: EventStore, call: Call, keyring: Keyring, invitation_id: UUID) -> Saved:
    """Its address is free for another one. Raises InvitationIsOver for one that was sent again meanwhile."""
    invitation = await store.get(Invitation, invitation_id, call.tenant_id)
    releases = []
    with suppress(LinkSpent):
        email = await opened_address(keyring, invitation)
        releases = [claim_on(keyring.master, call.tenant_id, email, invitation_id)]
    return await store.change(Invitation, invitation_id, lambda it: it.give_way(call.now), call=call, releases=releases)


async def expire(kernel: Kernel, now: datetime) -> None:
    """Nothing while the list is being built: the next run finds them."""
    with suppress(ViewBehind):
        async with reading_all(kernel.pool, Invitations) as connection:
            due = await overdue(connection, now)
        for tenant_id, invitation_id in due:
            call = Call(tenant_id=tenant_id, actor=Actor("system", NAME), now=now, correlation_id=uuid7())
            with suppress(InvitationIsOver):
                await expire_invitation(kernel.store, call, kernel.keyring, invitation_id)


EXPIRING = Due(NAME, timedelta(minutes=10), expire)
