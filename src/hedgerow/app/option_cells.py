"""The cells of a table as a person or a program wrote them, read into columns; what is wrong stays.

A cell that cannot be used gives its row a reason and a message, and the row stays where it is:
it has no number, which is neither zero nor absent.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hedgerow.app.amounts import BOUNDS
from hedgerow.app.terms import expiry_ns, time_ns
from hedgerow.errors import RequestRejected
from hedgerow.pricing import Floats
from hedgerow.units import HOUR_NS, YEAR_NS

__all__ = [
    "UNKNOWN_NS",
    "Bools",
    "Problem",
    "Reasons",
    "numbers_of",
    "one_of",
    "times_of",
    "words_of",
]

Problem: TypeAlias = Literal[
    "missing_data",  # a cell that is needed is empty
    "not_understood",  # a cell holds something else than a number, a time or one of the words
    "out_of_bounds",  # a number no option can have
    "unit_mistake",  # a fraction so large that it is probably a percentage
    "contradiction",  # two cells of which only one can be meant
    "expired",  # the expiry lies before the time of the row
]
Bools: TypeAlias = NDArray[np.bool_]

UNKNOWN_NS: Final = np.iinfo(np.int64).min
_FAR_NS = 290 * YEAR_NS  # in either direction; beyond lies what nanoseconds cannot count


class Reasons:
    """Why rows have no answer; the first reason of a row stays."""

    def __init__(self, count: int) -> None:
        self.reason: list[str | None] = [None] * count
        self.message: list[str | None] = [None] * count
        self._good: Bools = np.ones(count, dtype=np.bool_)

    def add(self, rows: Bools, reason: str, message: Callable[[int], str]) -> None:
        """Give rows a reason where they have none yet."""
        for at in np.flatnonzero(rows & self._good).tolist():
            self.reason[at], self.message[at] = reason, message(at)
            self._good[at] = False

    @property
    def are_good(self) -> Bools:
        """Which rows have no reason so far."""
        return self._good.copy()


def numbers_of(path: Path, frame: pl.DataFrame, name: str, reasons: Reasons) -> Floats:
    """Read one column of numbers; NaN where there is none or it is of no use."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    bounds = BOUNDS[name]
    column = frame[name]
    if column.dtype == pl.String:
        if path.suffix != ".csv":
            raise RequestRejected(f"{path}: column {name} holds text, numbers were expected")
        text = column.str.strip_chars()
        empty = (text.is_null() | (text == "")).to_numpy()
        # A percent sign is taken where a share is wanted, as on the command line.
        is_percent = text.str.ends_with("%").fill_null(False).to_numpy() & bounds.is_fraction
        bare = text.str.strip_suffix("%").str.strip_chars() if bounds.is_fraction else text
        read = bare.cast(pl.Float64, strict=False)
    elif column.dtype.is_numeric() or column.dtype == pl.Null:
        text = column
        empty = column.is_null().to_numpy()
        is_percent = np.zeros(len(frame), dtype=np.bool_)
        read = column.cast(pl.Float64)
    else:
        raise RequestRejected(f"{path}: column {name} holds {column.dtype}, numbers were expected")
    unread = read.is_null().to_numpy() & ~empty
    value: Floats = read.fill_null(np.nan).to_numpy().copy()
    value[is_percent] /= 100.0
    reasons.add(
        unread, "not_understood",
        lambda n: f"{name} is no number: {text[n]}; write one such as {bounds.example.split()[0]}",
    )  # fmt: skip
    with np.errstate(invalid="ignore"):
        out = ~empty & ~unread & ~((value >= bounds.low) & (value <= bounds.high))
        reasons.add(
            out, "out_of_bounds",
            lambda n: f"{name} must be finite and from {bounds.low:g} to {bounds.high:g}, "
            f"was {value[n]:g}",
        )  # fmt: skip
        if bounds.bare_max is not None:
            reasons.add(
                ~is_percent & (np.abs(value) > bounds.bare_max), "unit_mistake",
                lambda n: f"{name} {value[n]:g} is {100 * value[n]:g} %: write "
                f"{value[n] / 100:g} for {value[n]:g} %",
            )  # fmt: skip
    value[unread | out] = np.nan
    return value


def words_of(
    frame: pl.DataFrame,
    name: str,
    meanings: dict[str, bool],
    wanted: str,
    reasons: Reasons,
    *,
    default: str | None,
) -> Bools:
    """Read one column of words of which each means yes or no."""
    if name not in frame.columns:
        return np.full(len(frame), meanings[default or wanted.split()[0]])
    text = frame[name].cast(pl.String).str.strip_chars().str.to_lowercase()
    if default is not None:
        text = text.fill_null(default).replace("", default)
    meant = text.replace_strict(meanings, default=None, return_dtype=pl.Boolean)
    unknown = meant.is_null().to_numpy()
    empty = text.is_null().to_numpy()
    reasons.add(unknown & empty, "missing_data", lambda _: f"no {name}; write {wanted}")
    reasons.add(
        unknown, "not_understood", lambda n: f"{name} is {frame[name][n]!s}; write {wanted}"
    )
    return meant.fill_null(False).to_numpy().astype(np.bool_)


def one_of(names: tuple[str, ...], given: dict[str, Bools], reasons: Reasons) -> None:
    """Exactly one of some cells says what is meant."""
    count = np.sum(list(given.values()), axis=0)
    wanted = " or ".join(names)
    reasons.add(count == 0, "missing_data", lambda _: f"no {wanted}")
    reasons.add(
        count > 1, "contradiction",
        lambda n: f"{' and '.join(k for k, v in given.items() if v[n])} are both given; keep one",
    )  # fmt: skip


def _nanoseconds(microseconds: pl.Series) -> pl.Series:
    """Count from 1970; what is too far away stays too far away."""
    return microseconds.cast(pl.Int64).clip(-_FAR_NS // 1_000, _FAR_NS // 1_000) * 1_000


def times_of(column: pl.Series, name: str, reasons: Reasons) -> NDArray[np.int64]:
    """Read times to nanoseconds; a date alone as an expiry is 08:00 UTC."""
    if column.dtype == pl.Date:
        cut = 8 * HOUR_NS if name == "expiry" else 0
        ns = _nanoseconds(column.cast(pl.Datetime("us"))) + cut
    elif isinstance(column.dtype, pl.Datetime):
        ns = _nanoseconds(column.cast(pl.Datetime("us", column.dtype.time_zone)))
    elif column.dtype == pl.String:
        known: dict[str, int] = {}
        for text in column.drop_nulls().unique().to_list():
            try:
                read = expiry_ns if name == "expiry" else time_ns
                known[text] = min(max(read(text.strip(), name), -_FAR_NS), _FAR_NS)
            except RequestRejected:
                continue
        ns = column.replace_strict(known, default=None, return_dtype=pl.Int64)
    else:
        raise RequestRejected(f"column {name} holds {column.dtype}, times were expected")
    lost = (ns.is_null() & column.is_not_null()).to_numpy()
    reasons.add(
        lost, "not_understood",
        lambda n: f"{name} is no time: {column[n]}; write one such as 2026-03-27T08:00:00Z",
    )  # fmt: skip
    return ns.fill_null(UNKNOWN_NS).to_numpy()
