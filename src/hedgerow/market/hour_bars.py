"""Bars of one hour as columns: what a price did, hour by hour, holes left open.

What is read from a recording enters; `HourBars` leave. A bar is known when it closes, an hour after
it opens. Bars of several sources of one price (spot, then a perpetual's trades, then its mark) are
`spliced` into one history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.units import HOUR_NS, format_ns

__all__ = ["HourBars", "spliced"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

_PRICES = ("price_open_usd", "price_high_usd", "price_low_usd", "price_close_usd")


@dataclass(frozen=True, slots=True, eq=False)
class HourBars:
    """Item i of every column is one bar, oldest first. Columns are copied and locked.

    Raises
    ------
    OutOfDomain
        If there is no bar, a length differs, a time is no whole hour or not later than the one
        before, or a price is not positive and finite or lies outside its bar.
    """

    subject: str
    open_ns: Integers
    price_open_usd: Floats
    price_high_usd: Floats
    price_low_usd: Floats
    price_close_usd: Floats

    def __post_init__(self) -> None:
        times = np.array(self.open_ns, dtype=np.int64)
        prices = {name: np.array(getattr(self, name), dtype=np.float64) for name in _PRICES}
        if times.ndim != 1 or not times.size:
            raise OutOfDomain(f"{self.subject}: bars need at least one row")
        if any(column.shape != times.shape for column in prices.values()):
            raise OutOfDomain(f"{self.subject}: every column of bars must have {times.size} rows")
        if (times % HOUR_NS).any() or (np.diff(times) <= 0).any():
            raise OutOfDomain(f"{self.subject}: bars must open at whole hours, each after the last")
        if not all((np.isfinite(each) & (each > 0.0)).all() for each in prices.values()):
            raise OutOfDomain(f"{self.subject}: prices of bars must be positive and finite")
        first, high, low, last = prices.values()
        outside = (low > np.minimum(first, last)) | (high < np.maximum(first, last))
        if outside.any():
            where = format_ns(int(times[np.argmax(outside)]))
            raise OutOfDomain(f"{self.subject}: high or low of {where} lies inside its bar")
        for name, column in (("open_ns", times), *prices.items()):
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def between(self, start_ns: int, end_ns: int) -> "HourBars":
        """Give the bars that open in [start_ns, end_ns); there must be one."""
        kept = (self.open_ns >= start_ns) & (self.open_ns < end_ns)
        return HourBars(
            self.subject, self.open_ns[kept], *(getattr(self, name)[kept] for name in _PRICES)
        )


def spliced(parts: Sequence[HourBars]) -> HourBars:
    """Join histories of one price: each part holds from its first bar until the next part's first.

    The step from one source to the next is left as it is; it is a return like any other.

    Raises
    ------
    OutOfDomain
        If there is no part, they are not of one subject, or they do not begin one after another.
    """
    if not parts or len({part.subject for part in parts}) != 1:
        raise OutOfDomain("a splice needs parts, all of one subject")
    starts_ns = [int(part.open_ns[0]) for part in parts]
    if sorted(set(starts_ns)) != starts_ns:
        raise OutOfDomain(f"{parts[0].subject}: parts must begin one after another")
    ends_ns = [*starts_ns[1:], int(parts[-1].open_ns[-1]) + HOUR_NS]
    kept = [
        part.between(start_ns, end_ns)
        for part, start_ns, end_ns in zip(parts, starts_ns, ends_ns, strict=True)
    ]
    return HourBars(
        parts[0].subject,
        np.concatenate([part.open_ns for part in kept]),
        *(np.concatenate([getattr(part, name) for part in kept]) for name in _PRICES),
    )
