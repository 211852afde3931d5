"""A view: tables, the facts that fill them, and nothing else. One class in one file, its queries beside it."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeVar

from shared.events import Aggregate
from shared.facts import Fact, Handler, handler_of
from shared.tables import Rows, Table

__all__ = ["Fact", "Rows", "Table", "View", "on"]

F = TypeVar("F", bound=Callable[..., Any])


class View:
    """`VERSION` grows when a rebuild would give other rows; each version has builds of its own.

    `ORDER` says what waits behind a fact that cannot be handled: the rest of its tenant, or (only where a shuffling
    test shows that aggregates are independent) the rest of its aggregate."""

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1
    SOURCE: ClassVar[str]
    ORDER: ClassVar[Literal["tenant", "aggregate"]] = "tenant"
    TABLES: ClassVar[tuple[Table, ...]]
    HANDLERS: ClassVar[dict[str, Handler]]

    def __init_subclass__(cls) -> None:
        cls.HANDLERS = {}
        for function in vars(cls).values():
            for topic, version in getattr(function, "handles", ()):
                handler = handler_of(topic, function, version)
                if handler.source != cls.SOURCE or topic in cls.HANDLERS:
                    raise TypeError(f"{cls.__name__}: {topic} comes from elsewhere, or is handled twice")
                cls.HANDLERS[topic] = handler


def on(*facts: "type[Aggregate.Event] | str", version: int = 1) -> Callable[[F], F]:
    """Marks the handler of these facts: own event classes, or names of another service's events.

    `version` is the newest version of a foreign event that the handler's model can read."""

    def mark(function: F) -> F:
        topics = [fact if isinstance(fact, str) else fact.TOPIC for fact in facts]
        function.handles = [(topic, version) for topic in topics]  # type: ignore[attr-defined]
        return function

    return mark
