"""A mailing: an own event that somebody is told of by mail. The queue knows the event, never what the letter says."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from shared.events import Aggregate
from shared.facts import Fact, Handler
from shared.ids import derived
from shared.kernel import Kernel
from shared.mail.declining import Declinable, DeclineLinks, Declining
from shared.mail.letters import Letter, Templates, declinable, letter
from shared.personal import Keyring
from shared.reactions import Act, Reaction
from shared.store import EventStore

D = TypeVar("D")

NEWS_FOR = timedelta(days=2)
"""As long as a mail is tried."""


class NotDeclinable(Exception):
    """A mailing that names no kind cannot write mails that a person may decline."""


@dataclass(frozen=True)
class Composing:
    """What writing a letter may use. `public_url` is where links lead: the frontend's address, from the settings;
    `gateway_url` is where mail programs decline. `kind`: of these mails, if they can be declined."""

    kernel: Kernel
    public_url: str
    gateway_url: str = ""
    kind: Declinable | None = None

    @property
    def store(self) -> EventStore:
        return self.kernel.store

    @property
    def keyring(self) -> Keyring:
        return self.kernel.keyring

    def link(self, path: str, token: str) -> str:
        """The token is behind `#`, so that no server and no Referer header ever sees it."""
        return f"{self.public_url.rstrip('/')}/{path}#token={token}"

    async def to_person(
        self, templates: Templates, tenant_id: UUID, person_id: UUID, to: str, **values: str
    ) -> Letter | None:
        """In the person's language, with the way to decline; None for whoever did."""
        if self.kind is None:
            raise NotDeclinable
        preference = await self.kind.preference(self.store, tenant_id, person_id)
        if not preference.wanted:
            return None
        token = DeclineLinks(self.keyring.master).token(Declining(self.kind.kind, tenant_id, person_id))
        service = self.kernel.service.name
        url = f"{self.gateway_url.rstrip('/')}/api/{service}/declined-mails?token={token}"
        page = self.link(f"declined-mails/{service}", token)
        return declinable(letter(templates, to, preference.language, **values), page, url)


@dataclass(frozen=True, kw_only=True)
class Mailing(Reaction):
    """As a reaction it queues the mail; `compose` writes it when it is sent, from what is true then."""

    compose: Callable[[Fact[Any], Composing], Awaitable[Letter | None]]
    kind: Declinable | None = None


def mails(
    event: type[Aggregate.Event], *, name: str, kind: Declinable | None = None
) -> Callable[[Callable[[Fact[D], Composing], Awaitable[Letter | None]]], Mailing]:
    """Marks a function that writes the letter, or None where none is needed any more. The name is fixed for ever.
    `kind`: what a person may decline; without it, as for all that is about an account's safety, nobody can."""

    topic = event.TOPIC

    async def queue(fact: Fact[Any], act: Act) -> None:
        """Nobody is told of what is long past, as when a new mailing is started from the beginning."""
        row = (fact.tenant_id, derived(fact.event_id, name), name, fact.position, fact.recorded_at, NEWS_FOR)
        async with act.kernel.pool.connection() as connection:
            await connection.execute(QUEUE, row)

    def mark(function: Callable[[Fact[D], Composing], Awaitable[Letter | None]]) -> Mailing:
        queue.__name__ = function.__name__
        return Mailing(name, Handler(topic, queue, event, 1), compose=function, kind=kind)

    return mark


QUEUE = """
    INSERT INTO mails (tenant_id, mail_id, mailing, position)
    SELECT %s::uuid, %s::uuid, %s::text, %s::bigint WHERE %s > clock_timestamp() - %s::interval
    ON CONFLICT DO NOTHING
"""
