"""What the academic service does when somebody accepted an invitation."""

from uuid import UUID

from pydantic import BaseModel

from academic.accounts.commands import link_or_leave
from academic.accounts.matching import Match, named_person, person_by_address
from shared.reactions import Act, Fact, when
from shared.sealed import Sealed


class InvitationAccepted(BaseModel):
    """auth.invitation_accepted: the fields that are read here. The address is sealed with the invitation's key."""

    user_id: UUID
    email: Sealed[str]
    linked_person_id: UUID | None = None


@when("auth.invitation_accepted", name="academic.link-invited-account")
async def when_invitation_accepted(fact: Fact[InvitationAccepted], act: Act) -> None:
    told = fact.data
    if told.linked_person_id is not None:
        match = await named_person(act.store, fact.tenant_id, told.linked_person_id, told.user_id)
    else:
        (email,) = await act.keyring.open(fact.tenant_id, [(fact.aggregate_id, "email", told.email)])
        match = Match(None, "nobody")
        if email is not None:
            match = await person_by_address(act, fact.tenant_id, email, told.user_id)
    await link_or_leave(act.store, act.call, told.user_id, match)
