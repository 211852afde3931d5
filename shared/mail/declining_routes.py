"""The route behind the link of a declinable mail: one POST, without signing in (RFC 8058)."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query

from shared.answers import Answer
from shared.caller import Caller, public
from shared.calls import Actor
from shared.errors import NotFound
from shared.mail.declining import Declinable, DeclineLinks
from shared.problems import problems

PATH = "/declined-mails"
BY_LINK = Actor("system", "mail-link")


def router_of(*kinds: Declinable) -> APIRouter:
    known = {each.kind: each for each in kinds}
    router = APIRouter(tags=["mail"])

    @router.post(PATH, responses=problems(NotFound))
    async def post_declined_mails(
        token: Annotated[str, Query(min_length=1, max_length=200)], caller: Annotated[Caller, public()]
    ) -> Answer[str]:
        """Whoever holds the link of a mail gets no more mails of its kind, whatever is sent along."""
        wish = DeclineLinks(caller.keyring.master).read(token)
        if wish is None or wish.kind not in known:
            raise NotFound
        call = replace(caller.call.for_tenant(wish.tenant_id), actor=BY_LINK)
        await known[wish.kind].decline(caller.store, call, wish.person_id)
        return Answer(data=wish.kind, message="Mails declined")

    return router
