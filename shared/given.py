"""The test language: given(history).when(command).then(event | nothing | refusal)."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, Self, TypeVar

from shared.errors import DomainError
from shared.events import Aggregate

A = TypeVar("A", bound=Aggregate)


class Given(Generic[A]):
    """A situation, made by the aggregate's own verbs. It is rebuilt from its events before and after the command,
    so state that was changed outside an applier fails every test."""

    def __init__(self, aggregate: A) -> None:
        self.history = list(aggregate.collect_events())
        self.aggregate: A = replay(self.history)
        self.error: DomainError | None = None

    def when(self, command: Callable[[A], object]) -> Self:
        try:
            command(self.aggregate)
        except DomainError as error:
            self.error = error
        return self

    def then(self, kind: type, **data: Any) -> None:
        """Exactly one new event of this kind, with at least these values."""
        new = self._new()
        assert self.error is None, repr(self.error)
        assert [type(e) for e in new] == [kind], new
        assert {k: vars(new[0])[k] for k in data} == data

    def then_events(self, *kinds: type) -> None:
        """Exactly these new events, in this order."""
        new = self._new()
        assert self.error is None, repr(self.error)
        assert [type(e) for e in new] == list(kinds), new

    def then_nothing(self) -> None:
        assert self.error is None and self._new() == [], repr(self.error)

    def then_refused(self, kind: type[DomainError]) -> None:
        assert isinstance(self.error, kind) and self._new() == [], repr(self.error)

    def _new(self) -> list[Any]:
        new = list(self.aggregate.collect_events())
        replayed = replay(self.history + new)
        assert vars(replayed) == vars(self.aggregate)
        return new


def replay(events: Iterable[Any]) -> Any:
    aggregate = None
    for e in events:
        aggregate = e.mutate(aggregate)
    return aggregate


given = Given
