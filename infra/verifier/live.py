"""Verifies the hash chains of a live store, all tenants in one pass or one alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from infra.verifier.stored import history, snapshot
from infra.verifier.verify_chain import Chain, Checkpoint, Keys, Place
from shared.database import Connection


@dataclass
class Verdict:
    """`missing` is the first position of the whole log at which nothing stands; `waiting` events have no entry yet."""

    service: str
    chains: dict[UUID, Chain] = field(default_factory=dict)
    missing: int | None = None
    waiting: int = 0

    @property
    def intact(self) -> bool:
        return not self.missing and not any(chain.bad for chain in self.chains.values())

    def lines(self) -> list[str]:
        """What is bad, in order of position; otherwise how much is intact."""
        bad = sorted((chain.bad.position, chain.verdict()) for chain in self.chains.values() if chain.bad)
        if self.missing:
            gone = f"BAD: {self.service}: first bad position {self.missing}: nothing stands there, of any tenant"
            bad = sorted([*bad, (self.missing, gone)])
        if bad:
            return [text for _, text in bad]
        chains = self.chains.values()
        return [
            f"intact: {self.service}: {sum(chain.events for chain in chains)} events of {len(chains)} tenants,"
            f" signed up to position {max((chain.signed for chain in chains), default=0)},"
            f" {sum(chain.unsigned for chain in chains)} not signed yet, {self.waiting} not chained yet"
        ]


async def verify_store(
    connection: Connection,
    service: str,
    keys: Keys,
    *,
    tenant_id: UUID | None = None,
    outside: Iterable[Checkpoint] = (),
) -> Verdict:
    verdict = Verdict(service)
    last = 0
    async with snapshot(connection) as head:
        async for tenant, what in history(connection, service, tenant_id, outside):
            if tenant_id is None and last < what.position - isinstance(what, Place):
                verdict.missing = verdict.missing or last + 1
            last = max(last, what.position)
            if not isinstance(what, Checkpoint) and what.entry is None and what.position > head:
                verdict.waiting += 1
                continue
            chain = verdict.chains.setdefault(tenant, Chain(service, tenant, keys))
            if isinstance(what, Checkpoint):
                chain.check(what)
            else:
                chain.follow(what)
    return verdict
