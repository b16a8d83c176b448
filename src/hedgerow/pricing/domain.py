"""Where one number beyond any market costs one row, and not the book.

`pricing.gate` refuses a whole call; a book has a thousand instruments, and one absurd strike, mark
or shock says nothing about the others. What is refused here is told apart by row.
"""

from collections.abc import Sequence

import numpy as np

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.instruments import Instrument
from hedgerow.pricing.gate import Bounds, Floats

__all__ = ["inside", "outside", "refused"]


def inside(name: str, number: float, bounds: Bounds) -> float:
    """Give a number back.

    Raises
    ------
    OutOfDomain
        If it is not finite or out of its bounds.
    """
    if not bounds[0] <= number <= bounds[1]:
        raise OutOfDomain(_said(name, number, bounds))
    return number


def outside(bounds: Sequence[tuple[str, Bounds]], rows: Floats) -> dict[int, str]:
    """Find the rows that hold what no formula may see.

    Parameters
    ----------
    bounds
        Name of each number, and the lowest and highest it may be.
    rows
        Shape (numbers, n): item i of every row belongs to one contract.

    Returns
    -------
    dict
        i → what was seen first, in the order of the names. Empty where all is well, which takes two
        passes over everything.
    """
    found: dict[int, str] = {}
    if not rows.size:
        return found
    lowest, highest = rows.min(axis=1).tolist(), rows.max(axis=1).tolist()
    for at, (name, (low, high)) in enumerate(bounds):
        # A NaN is neither above nor below, and is found as well.
        if not (lowest[at] >= low and highest[at] <= high):
            row = rows[at]
            for i in np.flatnonzero(~((row >= low) & (row <= high))):
                found.setdefault(int(i), _said(name, float(row[i]), (low, high)))
    return found


def refused(instrument: Instrument, said: str) -> Failure:
    """Name the instrument that one number keeps from being valued."""
    return Failure(
        subject=instrument.instrument_id,
        reason="unsupported",
        # The gate counts rows, of which an instrument has one.
        message=f"{said.replace(', row 0 was', ', was')}; correct its terms or the market data it "
        "needs, or shock it less",
    )


def _said(name: str, number: float, bounds: Bounds) -> str:
    return f"{name} must be finite and from {bounds[0]:g} to {bounds[1]:g}, was {number:g}"
