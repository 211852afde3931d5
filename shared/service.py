"""A service as the kernel sees it: its name, what it decides, shows and reacts to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.events import Aggregate

if TYPE_CHECKING:
    from shared.reactions import Reaction
    from shared.views import View


@dataclass(frozen=True)
class Service:
    """`views` and `reactions` run in the declared order."""

    name: str
    aggregates: tuple[type[Aggregate], ...]
    views: "tuple[type[View], ...]" = ()
    reactions: "tuple[Reaction, ...]" = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The services whose events this one reads, itself first."""
        named = [view.SOURCE for view in self.views] + [reaction.source for reaction in self.reactions]
        return (self.name, *sorted({source for source in named if source != self.name}))
