"""The gate before every column function: lengths, bounds, and room for what comes out.

A column is an array of shape (n,), or one number for all rows. Its bounds are far beyond any market
and narrow enough that no formula behind the gate overflows, so no NaN can arise there.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain

__all__ = [
    "AMOUNT",
    "CORRELATION",
    "FAR",
    "FRACTION_LEFT",
    "NOT_NEGATIVE",
    "PRICE",
    "RATE",
    "YEARS",
    "Bounds",
    "Column",
    "Floats",
    "gate",
    "room",
    "steep",
]

Floats: TypeAlias = NDArray[np.float64]
Column: TypeAlias = Floats | float
Bounds: TypeAlias = tuple[float, float]

FAR: Final = 1e30
AMOUNT: Final[Bounds] = (-FAR, FAR)
NOT_NEGATIVE: Final[Bounds] = (0.0, FAR)
PRICE: Final[Bounds] = (1.0 / FAR, FAR)
YEARS: Final[Bounds] = (0.0, 1e3)
RATE: Final[Bounds] = (-1e6, 1e6)
CORRELATION: Final[Bounds] = (-1.0, 1.0)
FRACTION_LEFT: Final[Bounds] = (-1e6, 1.0 - 1e-12)  # of a discount: below all, may be a premium
_GROWTH_MAX: Final = 100.0  # |rate · years|: e^100


def gate(**given: tuple[Column, Bounds]) -> list[Floats]:
    """Check columns and give them back with one shared length, in the order they came.

    Parameters
    ----------
    given
        Name → the column and the lowest and highest it may be. Where every one is a single number,
        they are one row.

    Returns
    -------
    list of ndarray, shape (n,)
        Not copied and not to be written to; a single number is repeated without taking memory.

    Raises
    ------
    OutOfDomain
        If lengths differ, or anything is not finite or out of its bounds. The message names the
        column and the first bad row.
    """
    columns = {name: np.asarray(column, dtype=np.float64) for name, (column, _) in given.items()}
    shape = next((column.shape for column in columns.values() if column.shape != ()), (1,))
    for name, column in columns.items():
        if column.shape not in ((), shape) or len(shape) != 1:
            raise OutOfDomain(f"{name} has shape {column.shape}, expected {shape[:1]}")
        low, high = given[name][1]
        # A NaN is neither above nor below, and is found as well.
        if column.size and not (column.min() >= low and column.max() <= high):
            bad = np.atleast_1d(~((column >= low) & (column <= high)))
            at = int(np.argmax(bad))
            raise OutOfDomain(
                f"{name} must be finite and from {low:g} to {high:g}, row {at} was "
                f"{np.atleast_1d(column)[at]}"
            )
    return [np.broadcast_to(column, shape) for column in columns.values()]


def steep(name: str, rate: Floats, years: Floats) -> Floats:
    """Give rate times years, which is to be an exponent.

    Raises
    ------
    OutOfDomain
        If it lies beyond ±100 anywhere.
    """
    growth = rate * years
    bad = np.abs(growth) > _GROWTH_MAX
    if bad.any():
        at = int(np.argmax(bad))
        raise OutOfDomain(
            f"{name} times years must be within ±{_GROWTH_MAX:g}, row {at} was {rate[at]} over "
            f"{years[at]}"
        )
    return growth


def room(out: Floats | None, rows: int, count: int) -> Floats:
    """Give memory for `rows` results of `count` items each: the caller's, or new.

    Raises
    ------
    OutOfDomain
        If `out` has another shape or layout, or is locked.
    """
    if out is None:
        return np.empty((rows, count))
    if out.shape != (rows, count) or out.dtype != np.float64 or not out.flags.c_contiguous:
        raise OutOfDomain(
            f"out must be float64 of shape {(rows, count)} in one piece, was {out.dtype} of "
            f"shape {out.shape}"
        )
    if not out.flags.writeable:
        raise OutOfDomain("out must be writable")
    return out
