"""Value a book again in another market, and find in the answer what was asked for."""

from dataclasses import replace
from math import fsum

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure.aggregate import aggregate
from hedgerow.exposure.records import ExposureRow, ExposureTable
from hedgerow.market import Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing import GREEKS, value

__all__ = ["coins_at", "restricted", "revalued", "within"]


def revalued(book: Book, snapshot: Snapshot) -> ExposureTable:
    """Value and sum: the one path by which a book becomes exposures."""
    return aggregate(book, value(book, snapshot), snapshot)


def restricted(book: Book, node: str) -> Book:
    """Leave out the accounts that a node has nothing of; its own row is the same without them."""
    steps = node.split("/")
    if steps[0] != "desk" or len(steps) == 1:
        return book
    is_in = np.array(
        [
            account.venue == steps[1] and steps[2:3] in ([], [account.account_id])
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


def coins_at(table: ExposureTable, node: str) -> tuple[str, ...]:
    """Name the coins that a node moves with, dollar coins among them."""
    named = {row.node.split("/")[3] for row in _leaves(table, node)}
    return tuple(sorted(named | ({node[5:]} if node.startswith("coin/") else set())))


def within(table: ExposureTable, node: str, coin: str) -> Outcome[ExposureRow]:
    """Give what a node holds of one coin, added up from its leaves."""
    if node == f"coin/{coin}":
        return table.row(node)
    rows = [row for row in _leaves(table, node) if row.node.split("/")[3] == coin]
    if not rows:
        return Failure(
            subject=node, reason="missing_data", message=f"node {node} holds nothing of {coin}"
        )
    return ExposureRow(
        node=f"{node} {coin}",
        value_usd=fsum(row.value_usd for row in rows),
        delta_spot_usd=fsum(row.delta_spot_usd for row in rows),
        delta_spot_coin=fsum(row.delta_spot_coin or 0.0 for row in rows),
        delta_premium_adjusted_coin=fsum(row.delta_premium_adjusted_coin or 0.0 for row in rows),
        is_estimate=any(row.is_estimate for row in rows),
        missing=tuple(dict.fromkeys(failure for row in rows for failure in row.missing)),
        **{greek: fsum(getattr(row, greek) for row in rows) for greek in GREEKS},
    )


def _leaves(table: ExposureTable, node: str) -> list[ExposureRow]:
    """Give the rows of one coin in one account at or below a node, or the node's own."""
    steps = node.split("/")
    if steps[0] == "coin":
        return []
    if len(steps) >= 4:
        return [row for row in table.rows if row.node == node]
    return [
        row
        for row in table.rows
        if row.node.count("/") == 3 and row.node.split("/")[: len(steps)] == steps
    ]
