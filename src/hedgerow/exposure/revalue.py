"""Value a book again in another market, and add up one node of it alone."""

from dataclasses import dataclass, replace

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure.aggregate import node_places, of_any_coin, parts_of
from hedgerow.exposure.nodes import Place
from hedgerow.exposure.records import ExposureRow
from hedgerow.exposure.sums import Part, Sums, row_of, summed
from hedgerow.market import Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing import value

__all__ = ["NodeRows", "node_rows", "restricted"]


@dataclass(frozen=True, slots=True, eq=False)
class NodeRows:
    """A node's own row, as the whole table would have it, and what it holds of each coin.

    `is_borrowed` says that the node has deltas of profits that are settled in its coin and whose
    value stands elsewhere, at the coin they are made with: its value does not move as its delta
    says.
    """

    whole: ExposureRow
    by_coin: dict[str, ExposureRow]
    is_borrowed: bool


def node_rows(book: Book, snapshot: Snapshot, node: str) -> Outcome[NodeRows]:
    """Value a book and add up one node: what `aggregate` says of it, without the other nodes.

    Returns
    -------
    NodeRows or Failure
        A failure where there is no such node. Dollar coins are among the coins.
    """
    parts = parts_of(book, value(book, snapshot), snapshot)

    def places(part: Part, coin: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        joined, alone = node_places(part, coin)
        if node in joined:
            return (node,), (f"{node} {coin}",)
        return (), (node, f"{node} {coin}") if node in alone else ()

    sums = {"desk": Sums()} if node == "desk" else {}
    sums |= summed(parts, snapshot, places)
    if node not in sums:
        return Failure(subject=node, reason="missing_data", message=f"no exposure at node {node}")
    if node.startswith("coin/") and node.removeprefix("coin/") not in snapshot.dollars_usd:
        sums[node].missing.update(dict.fromkeys(of_any_coin(parts, book, snapshot)))
    return NodeRows(
        whole=row_of(node, sums.pop(node)),
        by_coin={name.removeprefix(f"{node} "): row_of(name, sums[name]) for name in sorted(sums)},
        is_borrowed=any(_is_borrowed(part, node) for part in parts),
    )


def _is_borrowed(part: Part, node: str) -> bool:
    if part.settled_in == part.own:
        return False
    joined, alone = node_places(part, part.own)
    return node not in (*joined, *alone) and node in node_places(part, part.settled_in)[1]


def restricted(book: Book, node: str) -> Book:
    """Leave out the accounts that a node has nothing of; its own row is the same without them."""
    place = Place.of(node)
    if place is None or place.venue is None:
        return book
    is_in = np.array(
        [
            account.venue == place.venue and place.account_id in (None, account.account_id)
            for account in book.accounts
        ],
        dtype=np.bool_,
    )
    kept = is_in[book.holding_account_index]
    used, renumbered = np.unique(book.holding_instrument_index[kept], return_inverse=True)
    return replace(
        book,
        instruments=tuple(book.instruments[at] for at in used),
        holding_account_index=book.holding_account_index[kept],
        holding_instrument_index=renumbered.astype(np.int64),
        holding_quantity_contracts=book.holding_quantity_contracts[kept],
        holding_entry_ccy=book.holding_entry_ccy[kept],
    )
