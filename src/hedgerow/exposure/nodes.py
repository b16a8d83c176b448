"""What tables of nodes do alike: what a node names, their order, finding one, what is missing."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeVar

from hedgerow.errors import Failure, Outcome

__all__ = ["Place", "node_order", "ordered", "row_at"]


class _Row(Protocol):
    @property
    def node(self) -> str: ...


R = TypeVar("R", bound=_Row)


class Place(NamedTuple):
    """What a node names, each only below the one before it; of the whole desk nothing.

    A coin without a venue is that coin wherever it is held: ``coin/COIN``.
    """

    venue: str | None = None
    account_id: str | None = None
    coin: str | None = None
    expiry: str | None = None

    @classmethod
    def of(cls, node: str) -> "Place | None":
        """Take a node apart; None of one that lies neither in the tree nor among the coins.

        No name in it holds a slash, which `hedgerow.portfolio.book` sees to.
        """
        first, *steps = node.split("/")
        if first == "coin" and len(steps) == 1:
            return cls(coin=steps[0])
        return cls(*steps) if first == "desk" and len(steps) <= len(cls._fields) else None

    @property
    def node(self) -> str:
        """Write it as tables do."""
        if self.venue is None and self.coin is not None:
            return f"coin/{self.coin}"
        return "/".join(["desk", *(step for step in self if step is not None)])

    @property
    def is_account(self) -> bool:
        """Whether it is the whole of one account."""
        return self.account_id is not None and self.coin is None


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
