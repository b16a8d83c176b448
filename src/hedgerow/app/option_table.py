"""A table of options as a person or a program wrote it, read into columns; what is wrong stays.

A cell that cannot be used gives its row a reason and a message, and the row stays where it is:
it has no number, which is neither zero nor absent.
"""

from collections.abc import Callable
from dataclasses import dataclass
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

__all__ = ["OptionTable", "Problem", "Reasons", "read_frame", "read_options"]

Problem: TypeAlias = Literal[
    "missing_data",  # a cell that is needed is empty
    "not_understood",  # a cell holds something else than a number, a time or one of the words
    "out_of_bounds",  # a number no option can have
    "unit_mistake",  # a fraction so large that it is probably a percentage
    "contradiction",  # two cells of which only one can be meant
    "expired",  # the expiry lies before the time of the row
]
Bools: TypeAlias = NDArray[np.bool_]

NEEDED: Final = ("underlying_usd", "strike_usd", "right")
PRICES: Final = ("vol_frac", "price_usd", "price_coin")
LIVES: Final = ("expiry_years", "expiry")
OPTIONAL: Final = ("rate_frac_per_year", "carry_frac_per_year")
_NUMBERS: Final = ("underlying_usd", "strike_usd", *PRICES, "expiry_years", *OPTIONAL)
_RIGHTS: Final = {"call": True, "c": True, "put": False, "p": False}
_SETTLEMENTS: Final = {"coin": True, "usd": False}
_GROWTH_MAX = 100.0


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


@dataclass(frozen=True, slots=True, eq=False)
class OptionTable:
    """Item i of every column is row i of the file; NaN where a cell is empty or of no use.

    `is_spot` says that a carry was written, so that the underlying is spot and not the forward.
    """

    frame: pl.DataFrame
    underlying_usd: Floats
    strike_usd: Floats
    expiry_years: Floats
    vol_frac: Floats
    price_usd: Floats
    price_coin: Floats
    rate_frac_per_year: Floats
    carry_frac_per_year: Floats
    is_call: Bools
    is_coin_settled: Bools
    is_spot: Bools
    reasons: Reasons


def read_frame(path: Path) -> pl.DataFrame:
    """Read a table as it is: every cell of a .csv as text, of a .parquet as what it is.

    Raises
    ------
    RequestRejected
        If it is neither, cannot be read, has no row or names a column twice.
    """
    try:
        if path.suffix == ".csv":
            frame = pl.read_csv(path, infer_schema=False)
        elif path.suffix == ".parquet":
            frame = pl.read_parquet(path)
        else:
            raise RequestRejected(f"{path}: a table ends in .csv or .parquet")
    except FileNotFoundError as bad:
        raise RequestRejected(f"{path}: no such file") from bad
    except (pl.exceptions.PolarsError, OSError) as bad:
        told = str(bad).partition("\n")[0]
        raise RequestRejected(f"{path}: cannot be read as a table: {told}") from bad
    twice = [name for name in frame.columns if "_duplicated_" in name]
    if twice:
        names = ", ".join(name.partition("_duplicated_")[0] for name in twice)
        raise RequestRejected(f"{path}: two columns are called {names}; keep one")
    if frame.is_empty():
        raise RequestRejected(f"{path}: no row below its header")
    return frame


def read_options(path: Path, frame: pl.DataFrame, *, at: str | None) -> OptionTable:
    """Check every cell of a frame.

    Raises
    ------
    RequestRejected
        If a column is missing or holds text where numbers belong, or --at is no time.
    """
    _check_columns(path, frame, at)
    reasons = Reasons(len(frame))
    columns = {name: _numbers(path, frame, name, reasons) for name in _NUMBERS}
    is_call = _words(frame, "right", _RIGHTS, "call or put", reasons, default=None)
    is_coin = _words(frame, "settlement", _SETTLEMENTS, "usd or coin", reasons, default="usd")
    for name in ("underlying_usd", "strike_usd"):
        reasons.add(np.isnan(columns[name]), "missing_data", lambda _, name=name: f"no {name}")  # type: ignore[misc]
    _one_of(PRICES, {name: ~np.isnan(columns[name]) for name in PRICES}, reasons)
    years = columns["expiry_years"]
    lives = {"expiry_years": ~np.isnan(years)}
    if "expiry" in frame.columns:
        lives["expiry"] = frame["expiry"].is_not_null().to_numpy()
    _one_of(LIVES, lives, reasons)
    if "expiry" in frame.columns:
        years = np.where(np.isnan(years), _years(frame, at, reasons), years)
    rate, carry = (np.nan_to_num(columns[name]) for name in OPTIONAL)
    for name, slope in zip(OPTIONAL, (rate, carry), strict=True):
        reasons.add(
            np.abs(slope) * np.nan_to_num(years) > _GROWTH_MAX,
            "out_of_bounds",
            lambda n, name=name, slope=slope: (  # type: ignore[misc]
                f"{name} {slope[n]:g} over {years[n]:g} years grows by more than exp(100)"
            ),
        )
    reasons.add(
        is_coin & (carry != 0.0),
        "contradiction",
        lambda n: f"carry_frac_per_year {carry[n]:g} of an option paid in coin: give the forward",
    )
    return OptionTable(
        frame=frame,
        underlying_usd=columns["underlying_usd"],
        strike_usd=columns["strike_usd"],
        expiry_years=years,
        vol_frac=columns["vol_frac"],
        price_usd=columns["price_usd"],
        price_coin=columns["price_coin"],
        rate_frac_per_year=rate,
        carry_frac_per_year=carry,
        is_call=is_call,
        is_coin_settled=is_coin,
        is_spot=~np.isnan(columns["carry_frac_per_year"]),
        reasons=reasons,
    )


def _check_columns(path: Path, frame: pl.DataFrame, at: str | None) -> None:
    there = set(frame.columns)
    lacking = [name for name in NEEDED if name not in there]
    lacking += [" or ".join(group) for group in (PRICES, LIVES) if not there & set(group)]
    if lacking:
        raise RequestRejected(
            f"{path}: no column {', no column '.join(lacking)}; there are "
            f"{', '.join(frame.columns)}"
        )
    if "expiry" in there and "at" not in there and at is None:
        raise RequestRejected(
            f"{path}: column expiry needs to know from when: pass --at, or add a column at"
        )


def _numbers(path: Path, frame: pl.DataFrame, name: str, reasons: Reasons) -> Floats:
    """Read one column of numbers; NaN where there is none or it is of no use."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    column = frame[name]
    if column.dtype == pl.String:
        if path.suffix != ".csv":
            raise RequestRejected(f"{path}: column {name} holds text, numbers were expected")
        text = column.str.strip_chars()
        empty = (text.is_null() | (text == "")).to_numpy()
        read = text.cast(pl.Float64, strict=False)
    elif column.dtype.is_numeric() or column.dtype == pl.Null:
        text = column
        empty = column.is_null().to_numpy()
        read = column.cast(pl.Float64)
    else:
        raise RequestRejected(f"{path}: column {name} holds {column.dtype}, numbers were expected")
    unread = read.is_null().to_numpy() & ~empty
    value: Floats = read.fill_null(np.nan).to_numpy().copy()
    bounds = BOUNDS[name]
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
                np.abs(value) > bounds.bare_max, "unit_mistake",
                lambda n: f"{name} {value[n]:g} is {100 * value[n]:g} %: write "
                f"{value[n] / 100:g} for {value[n]:g} %",
            )  # fmt: skip
    value[unread | out] = np.nan
    return value


def _words(
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


def _one_of(names: tuple[str, ...], given: dict[str, Bools], reasons: Reasons) -> None:
    """Exactly one of some cells says what is meant."""
    count = np.sum(list(given.values()), axis=0)
    wanted = " or ".join(names)
    reasons.add(count == 0, "missing_data", lambda _: f"no {wanted}")
    reasons.add(
        count > 1, "contradiction",
        lambda n: f"{' and '.join(k for k, v in given.items() if v[n])} are both given; keep one",
    )  # fmt: skip


def _years(frame: pl.DataFrame, at: str | None, reasons: Reasons) -> Floats:
    """Count from the time of each row to its expiry; NaN where one cannot be read."""
    end = _times(frame["expiry"], "expiry", reasons)
    if "at" in frame.columns:
        start = _times(frame["at"], "at", reasons)
        if at is not None:
            start = np.where(frame["at"].is_null().to_numpy(), time_ns(at, "--at"), start)
        else:
            lost = frame["at"].is_null().to_numpy() & frame["expiry"].is_not_null().to_numpy()
            reasons.add(lost, "missing_data", lambda _: "no at, the time its expiry counts from")
    else:
        assert at is not None
        start = np.full(len(frame), time_ns(at, "--at"))
    years: Floats = (end - start) / YEAR_NS
    known = (end != _UNKNOWN_NS) & (start != _UNKNOWN_NS)
    reasons.add(
        known & (years < 0.0), "expired",
        lambda n: f"expiry {frame['expiry'][n]} lies before its time",
    )  # fmt: skip
    reasons.add(
        known & (years > BOUNDS["expiry_years"].high), "out_of_bounds",
        lambda n: f"expiry {frame['expiry'][n]} is more than "
        f"{BOUNDS['expiry_years'].high:g} years away",
    )  # fmt: skip
    return np.where(known & (years >= 0.0), years, np.nan)


_UNKNOWN_NS = np.iinfo(np.int64).min
_FAR_NS = 290 * YEAR_NS  # in either direction; beyond lies what nanoseconds cannot count


def _nanoseconds(microseconds: pl.Series) -> pl.Series:
    """Count from 1970; what is too far away stays too far away."""
    return microseconds.cast(pl.Int64).clip(-_FAR_NS // 1_000, _FAR_NS // 1_000) * 1_000


def _times(column: pl.Series, name: str, reasons: Reasons) -> NDArray[np.int64]:
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
    return ns.fill_null(_UNKNOWN_NS).to_numpy()
