"""Where what we hold on the side that gains stands, once a venue cannot pay its winners.

A table of accounts enters, with entry and worth of those that gain, and a mark; by each rule that
is known of a venue, how many coins are closed before each of ours leaves.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hedgerow.errors import RequestRejected
from hedgerow.solvency import QueueRank, QueueRule, Side, Winners, queue_rank

__all__ = ["QUEUE_COLUMNS", "OwnQueued", "queue_ranks"]

QUEUE_COLUMNS = ("price_entry_usd", "account_value_usd")
_RULES: tuple[QueueRule, ...] = ("profit_by_leverage", "mark_over_entry")
Floats = NDArray[np.float64]


class OwnQueued(NamedTuple):
    """One row of ours, counted from 1, and where it stands by a rule at a mark."""

    row_count: int
    rule: QueueRule
    price_mark_usd: float
    rank: QueueRank


def queue_ranks(
    file: Path,
    frame: pl.DataFrame,
    size_coin: Floats,
    own: NDArray[np.bool_],
    *,
    side: Side,
    price_now_usd: float,
    price_mark_usd: float,
) -> tuple[OwnQueued, ...]:
    """Rank ours among those that gain by a side, at a mark; nothing where the table has no entries.

    Account values are those at the present price, and move with this one position.

    Raises
    ------
    RequestRejected
        If one of the two columns is missing, or a row that gains has none of it.
    OutOfDomain
        If an account that gains is worth nothing at the mark.
    """
    there = [name for name in QUEUE_COLUMNS if name in frame.columns]
    if not there:
        return ()
    if len(there) < len(QUEUE_COLUMNS):
        raise RequestRejected(f"{file}: {' and '.join(QUEUE_COLUMNS)} come together")
    gains = np.flatnonzero(size_coin < 0.0 if side == "fall" else size_coin > 0.0)
    if not own[gains].any():
        return ()
    entry_usd, value_usd = (_filled(file, frame, name, gains) for name in QUEUE_COLUMNS)
    winners = Winners(
        side == "rise",
        price_mark_usd,
        entry_usd,
        np.abs(size_coin[gains]),
        value_usd + size_coin[gains] * (price_mark_usd - price_now_usd),
    )
    return tuple(
        OwnQueued(int(row) + 1, rule, price_mark_usd, queue_rank(winners, rule, place))
        for place, row in enumerate(gains)
        if own[row]
        for rule in _RULES
    )


def _filled(file: Path, frame: pl.DataFrame, name: str, rows: NDArray[np.int64]) -> Floats:
    """Read the cells of a column in some rows, each of them a positive number."""
    try:
        column = frame[name].cast(pl.Float64, strict=True).to_numpy()
    except pl.exceptions.PolarsError as bad:
        raise RequestRejected(f"{file}: column {name} holds what is no number") from bad
    found = np.asarray(column, dtype=np.float64)[rows]
    good = np.isfinite(found) & (found > 0.0)
    if not good.all():
        row = int(rows[np.flatnonzero(~good)[0]])
        raise RequestRejected(
            f"{file}: row {row + 1} gains and has no usable {name}, so that nobody's place in the "
            "queue is known"
        )
    return found
