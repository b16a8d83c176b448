"""The gate before every column function: types, lengths, bounds, and room for what comes out.

A column is an array of shape (n,), or one number for all rows. Its bounds are far beyond any market
and narrow enough that no formula behind the gate overflows, so no NaN can arise there. What NumPy
would quietly make a number of is refused: a masked row, a complex number, a text, a flag. So is a
number where a flag is asked for: a -1 for a put would be True, a call.
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from hedgerow.errors import OutOfDomain

__all__ = [
    "AMOUNT",
    "CORRELATION",
    "FAR",
    "FRACTION_LEFT",
    "GROWTH_MAX",
    "NOT_NEGATIVE",
    "PRICE",
    "RATE",
    "VOL",
    "YEARS",
    "Bools",
    "Bounds",
    "Column",
    "Floats",
    "buffer",
    "check",
    "flags",
    "floats",
    "gate",
    "laid_out",
    "room",
    "room_of",
    "steep",
    "written",
]

T = TypeVar("T")
Found = TypeVar("Found", bound=NDArray[Any])

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Column: TypeAlias = Floats | float
Bounds: TypeAlias = tuple[float, float]

FAR: Final = 1e30
AMOUNT: Final[Bounds] = (-FAR, FAR)
NOT_NEGATIVE: Final[Bounds] = (0.0, FAR)
PRICE: Final[Bounds] = (1e-30, FAR)
YEARS: Final[Bounds] = (0.0, 1e3)
VOL: Final[Bounds] = (0.0, 1e3)
RATE: Final[Bounds] = (-1e6, 1e6)
CORRELATION: Final[Bounds] = (-1.0, 1.0)
FRACTION_LEFT: Final[Bounds] = (-1e6, 1.0 - 1e-12)  # of a discount: below all, may be a premium
GROWTH_MAX: Final = 100.0  # |rate · years|: e^100
# What a packed instruction of 512 bits takes at once, and below what size none of it matters.
_LINE_BYTES: Final = 64
_SMALL_BYTES: Final = 4_096


def floats(name: str, column: ArrayLike | Column) -> Floats:
    """Give real numbers as float64 of whatever shape, not copied if they are that already.

    Raises
    ------
    OutOfDomain
        If the column is masked, or of another kind than real numbers; an integer that no float
        holds is another kind.
    """
    if isinstance(column, float):
        return np.asarray(column, dtype=np.float64)
    found = _plain(name, column)
    if found.dtype.kind not in "fiu":
        raise OutOfDomain(f"{name} must be real numbers, was of type {found.dtype}")
    with np.errstate(over="ignore"):
        return found.astype(np.float64, copy=False)


def flags(name: str, column: ArrayLike, shape: tuple[int, ...] | None = None) -> Bools:
    """Give flags, not copied; of the shape that is asked for, if one is.

    Raises
    ------
    OutOfDomain
        If anything is another type than True or False, or the shape is another.
    """
    found = _plain(name, column)
    if shape is not None and found.shape != shape:
        raise OutOfDomain(f"{name} has shape {found.shape}, expected {shape}")
    if found.dtype != np.bool_ and found.size:
        raise OutOfDomain(f"{name} must be True or False in every row, was of type {found.dtype}")
    return found.astype(np.bool_, copy=False)


def _plain(name: str, column: ArrayLike | Column) -> NDArray[Any]:
    if isinstance(column, np.ma.MaskedArray):
        raise OutOfDomain(f"{name} is a masked array; drop the masked rows first")
    try:
        return np.asarray(column)
    except ValueError as trouble:
        raise OutOfDomain(f"{name} is no column: {trouble}") from trouble


def check(name: str, column: Floats, bounds: Bounds, *, item: str = "row") -> None:
    """Refuse a column of which anything is not finite or out of its bounds.

    Raises
    ------
    OutOfDomain
        Naming the column and the first bad item.
    """
    low, high = bounds
    # A NaN is neither above nor below, and is found as well.
    if column.size and not (column.min() >= low and column.max() <= high):
        bad = np.atleast_1d(~((column >= low) & (column <= high)))
        at = int(np.argmax(bad))
        raise OutOfDomain(
            f"{name} must be finite and from {low:g} to {high:g}, {item} {at} was "
            f"{np.atleast_1d(column).flat[at]}"
        )


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
        If lengths differ, or anything is no real number, not finite or out of its bounds. The
        message names the column and the first bad row.
    """
    columns = {name: floats(name, column) for name, (column, _) in given.items()}
    shape = next((column.shape for column in columns.values() if column.shape != ()), (1,))
    for name, column in columns.items():
        if column.shape not in ((), shape) or len(shape) != 1:
            raise OutOfDomain(f"{name} has shape {column.shape}, expected {shape[:1]}")
        check(name, column, given[name][1])
    return [np.broadcast_to(column, shape) for column in columns.values()]


def steep(
    name: str, rate_frac_per_year: Floats, years: Floats, *, over: str = "years", item: str = "row"
) -> Floats:
    """Give rate times years, which is to be an exponent.

    Raises
    ------
    OutOfDomain
        If it lies beyond ±100 anywhere.
    """
    growth: Floats = rate_frac_per_year * years
    bad = np.abs(growth) > GROWTH_MAX
    if bad.any():
        at = int(np.argmax(bad))
        raise OutOfDomain(
            f"{name} times {over} must be within ±{GROWTH_MAX:g}, {item} {at} was "
            f"{rate_frac_per_year[at]} over {years[at]}"
        )
    return growth


def buffer(shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Take memory for results, unset, that begins where a line of the cache does.

    NumPy's own begins sixteen bytes into one as a rule, and then every write of a full packed
    instruction goes to two lines: the twelve Greeks of ten thousand options take a sixth longer.
    Rows of a multiple of eight doubles all begin so. Below 4,096 bytes it may begin anywhere.
    """
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    if size < _SMALL_BYTES:
        return np.empty(shape, kind)
    wide = np.empty(size + _LINE_BYTES, np.uint8)
    first = -wide.ctypes.data % _LINE_BYTES
    return wide[first : first + size].view(kind).reshape(shape)


def room(out: Floats | None, rows_count: int, count: int) -> Floats:
    """Give memory for `rows_count` results of `count` items each: the caller's, or new.

    Raises
    ------
    OutOfDomain
        As `room_of`.
    """
    return room_of(out, (rows_count, count))


def laid_out(record: Callable[..., T], out: Floats | None, *rows: Column) -> T:
    """Write rows one below the other, to the caller's memory or to new, and give their record.

    Parameters
    ----------
    record
        Takes the rows, as views of that memory.
    rows
        Columns of one length, or single numbers, of which not all are. None may be a view of
        another row's place in `out`; those that lie anywhere in it are copied first.

    Raises
    ------
    OutOfDomain
        As `room_of`, for an `out` that is not of shape (rows, n).
    """
    columns = [np.asarray(row) for row in rows]
    table = room(out, len(columns), max((column.shape for column in columns), key=len)[0])
    if out is not None:
        columns = [each.copy() if np.may_share_memory(each, out) else each for each in columns]
    for at, column in enumerate(columns):
        table[at] = column
    return record(*table)


def written(out: Found | None, found: Found) -> Found:
    """Give what was found: as it is, or written to the caller's memory of that shape and type.

    Raises
    ------
    OutOfDomain
        As `room_of`.
    """
    if out is None:
        return found
    room_of(out, np.shape(found), dtype=np.asarray(found).dtype)[...] = found
    return out


def room_of(
    out: NDArray[Any] | None,
    shape: tuple[int, ...],
    *inputs: NDArray[Any],
    dtype: DTypeLike = np.float64,
    name: str = "out",
) -> NDArray[Any]:
    """Give memory of a shape and type: the caller's, or new.

    Parameters
    ----------
    inputs
        What is still read after the first result is written, so must not lie in the same memory.

    Raises
    ------
    OutOfDomain
        If `out` has another shape, type or layout, is locked, or lies where an input does.
    """
    if out is None:
        return buffer(shape, dtype)
    if out.shape != shape or out.dtype != dtype:
        raise OutOfDomain(
            f"{name} must be {np.dtype(dtype)} of shape {shape}, was {out.dtype} of shape "
            f"{out.shape}"
        )
    if not out.flags.carray:  # kernels and their packed instructions count on all of it
        raise OutOfDomain(f"{name} must be writable, aligned and in one piece, row after row")
    if any(np.may_share_memory(out, each) for each in inputs):
        raise OutOfDomain(
            f"{name} lies in the memory of an input, which is read while it is written"
        )
    return out
