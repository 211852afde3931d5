"""Rows that name their parent, in the order of a tree."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar
from uuid import UUID


class Node(Protocol):
    id: UUID
    parent_id: UUID | None


N = TypeVar("N", bound=Node)


def depth_first(nodes: Sequence[N]) -> Iterator[tuple[int, N]]:
    """Each node once, with its depth. A node whose parent is missing is a root; so is one of a ring."""
    known = {node.id for node in nodes}
    below: dict[UUID | None, list[N]] = {}
    for node in nodes:
        below.setdefault(node.parent_id if node.parent_id in known else None, []).append(node)
    seen: set[UUID] = set()
    for root in [*below.get(None, []), *nodes]:
        waiting = [(0, root)]
        while waiting:
            depth, node = waiting.pop()
            if node.id not in seen:
                seen.add(node.id)
                yield depth, node
                waiting += [(depth + 1, child) for child in reversed(below.get(node.id, []))]
