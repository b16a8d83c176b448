"""A node's exposure by time to expiry and by moneyness: the same parts under other names."""

from collections.abc import Callable
from math import inf, log, sqrt
from typing import Final

from hedgerow.errors import Failure, Outcome
from hedgerow.exposure.aggregate import aggregate, node_places, parts_of
from hedgerow.exposure.records import BucketTable, ExposureRow
from hedgerow.exposure.revalue import restricted
from hedgerow.exposure.sums import Part, row_of, summed
from hedgerow.instruments import Option, expiry_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing import VOL_REGIME, value
from hedgerow.units import DAY_NS, to_model

__all__ = ["EXPIRY_BUCKETS", "MONEYNESS_BUCKETS", "buckets", "expiry_bucket"]

# Upper ends, exclusive, and names; the last two are for what has no number.
_EXPIRY_DAYS: Final = ((2.0, "0-2 d"), (7.0, "2-7 d"), (30.0, "7-30 d"), (90.0, "30-90 d"),
                       (inf, "over 90 d"))  # fmt: skip
_MONEYNESS: Final = ((-2.0, "below -2"), (-1.0, "-2 to -1"), (-0.25, "-1 to -0.25"),
                     (0.25, "-0.25 to 0.25"), (1.0, "0.25 to 1"), (2.0, "1 to 2"),
                     (inf, "2 and above"))  # fmt: skip
_NO_EXPIRY, _NO_OPTION, _UNKNOWN = "no expiry", "no option", "unknown"
EXPIRY_BUCKETS: Final = (*(name for _, name in _EXPIRY_DAYS), _NO_EXPIRY)
MONEYNESS_BUCKETS: Final = (*(name for _, name in _MONEYNESS), _NO_OPTION, _UNKNOWN)


def buckets(book: Book, snapshot: Snapshot, node: str) -> Outcome[BucketTable]:
    """Sort a node's holdings into buckets.

    Returns
    -------
    BucketTable or Failure
        A failure where there is no such node. An option without a mark has an expiry, but its
        moneyness is ``unknown``.
    """
    held = restricted(book, node)
    values = value(held, snapshot)
    total = aggregate(held, values, snapshot).row(node)
    if isinstance(total, Failure):
        return total
    parts = parts_of(held, values, snapshot)

    def rows(label: Callable[[Part, Snapshot], str], order: tuple[str, ...]) -> list[ExposureRow]:
        def places(part: Part, coin: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
            joined, alone = node_places(part, coin)
            is_in = node in joined or node in alone
            return (), (f"{coin}/{label(part, snapshot)}",) if is_in else ()

        def rank(name: str) -> tuple[str, int]:
            coin, _, bucket = name.partition("/")
            return coin, order.index(bucket)

        sums = summed(parts, snapshot, places)
        return [row_of(name, sums[name]) for name in sorted(sums, key=rank)]

    return BucketTable(
        time_ns=snapshot.time_ns,
        total=total,
        by_expiry=tuple(rows(_expiry, EXPIRY_BUCKETS)),
        by_moneyness=tuple(rows(_moneyness, MONEYNESS_BUCKETS)),
        vol_regime=VOL_REGIME,
    )


def expiry_bucket(days: float) -> str:
    """Name the bucket of what expires in so many days.

    >>> expiry_bucket(7.0), expiry_bucket(400.0)
    ('7-30 d', 'over 90 d')
    """
    return next(name for end, name in _EXPIRY_DAYS if days < end)


def _expiry(part: Part, snapshot: Snapshot) -> str:
    expiry_ns = expiry_of(part.instrument)
    if expiry_ns is None:
        return _NO_EXPIRY
    return expiry_bucket((expiry_ns - snapshot.time_ns - snapshot.shock.time_forward_ns) / DAY_NS)


def _moneyness(part: Part, snapshot: Snapshot) -> str:
    if not isinstance(part.instrument, Option):
        return _NO_OPTION
    mark = snapshot.option(part.instrument)
    if isinstance(mark, Failure):
        return _UNKNOWN
    distance = log(to_model(part.instrument.strike_usd) / mark.forward_usd)
    deviation = mark.vol_frac * sqrt(mark.expiry_years)
    # With nothing left to move, a strike away from the forward is infinitely many deviations off.
    away = distance / deviation if deviation > 0 else inf * distance if distance else 0.0
    return next(name for end, name in _MONEYNESS if away < end or end == inf)
