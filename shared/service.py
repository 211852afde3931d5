"""A service as the kernel sees it: its name, what it decides, shows and reacts to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.events import Aggregate

if TYPE_CHECKING:
    from fastapi import APIRouter

    from shared.clock import Due, Rule
    from shared.reactions import Reaction
    from shared.views import View


@dataclass(frozen=True)
class Service:
    """`views` and `reactions` run in the declared order; `rules` and `due` are due work of its own, on the
    worker's clock: statements, and commands."""

    name: str
    aggregates: tuple[type[Aggregate], ...]
    views: "tuple[type[View], ...]" = ()
    reactions: "tuple[Reaction, ...]" = ()
    operator_routers: "tuple[APIRouter, ...]" = ()
    """What its worker has for operators beside what every worker has."""
    rules: "tuple[Rule, ...]" = ()
    due: "tuple[Due, ...]" = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The services whose events this one reads, itself first."""
        named = [view.SOURCE for view in self.views] + [reaction.source for reaction in self.reactions]
        return (self.name, *sorted({source for source in named if source != self.name}))


SINGLE_ROLES = ("relay", "clock", "keys", "hash-chain", "vitals", "mail")
"""What one worker of a service does at a time, beside reading its sources."""


def reader_of(service: Service, source: str) -> str:
    """The role that follows a source. Workers that know the same consumers stand by for each other; those of another
    release run beside them."""
    views = sorted(f"{view.NAME}{view.VERSION}" for view in service.views)
    return " ".join([f"read {source}", *views, *sorted(reaction.name for reaction in service.reactions)])


def follower_of(consumer: str) -> str:
    """The lock of a build or reaction: whoever reads its source takes it, too."""
    return f"follow {consumer}"


def roles_of(service: Service) -> list[str]:
    """The names of all roles of a worker of this release."""
    return [*SINGLE_ROLES, *(reader_of(service, source) for source in service.sources)]
