"""What every table of nodes does alike: their order, how one is found, what is missing in order."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from hedgerow.errors import Failure, Outcome

__all__ = ["node_order", "ordered", "row_at"]


class _Row(Protocol):
    @property
    def node(self) -> str: ...


R = TypeVar("R", bound=_Row)


def node_order(node: str) -> tuple[bool, list[str]]:
    """Put the tree first, then the coins; a parent's steps are a prefix and sort before."""
    return node.startswith("coin/"), node.split("/")


def row_at(rows: Iterable[R], node: str, nothing: str) -> Outcome[R]:
    """Find one node's row, or say that there is `nothing` at it."""
    for row in rows:
        if row.node == node:
            return row
    return Failure(subject=node, reason="missing_data", message=f"{nothing} at node {node}")


def ordered(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Sort what is missing, so that no order of holdings shows."""
    return tuple(sorted(failures, key=lambda failure: (failure.subject, failure.message)))
