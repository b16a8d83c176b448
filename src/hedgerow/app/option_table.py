"""A table of options: which columns it must have, and what the cells of a row say together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from hedgerow.app.amounts import BOUNDS
from hedgerow.app.option_cells import (
    UNKNOWN_NS,
    Bools,
    Reasons,
    numbers_of,
    one_of,
    times_of,
    words_of,
)
from hedgerow.app.terms import time_ns
from hedgerow.errors import RequestRejected
from hedgerow.pricing import Floats
from hedgerow.units import YEAR_NS

__all__ = ["OptionTable", "read_frame", "read_options"]

NEEDED: Final = ("underlying_usd", "strike_usd", "right")
PRICES: Final = ("vol_frac", "price_usd", "price_coin")
LIVES: Final = ("expiry_years", "expiry")
OPTIONAL: Final = ("rate_frac_per_year", "carry_frac_per_year")
_NUMBERS: Final = (
    "underlying_usd", "strike_usd", *PRICES, "expiry_years", *OPTIONAL, "quantity",
)  # fmt: skip
_RIGHTS: Final = {"call": True, "c": True, "put": False, "p": False}
_SETTLEMENTS: Final = {"coin": True, "usd": False}
_GROWTH_MAX = 100.0


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
    quantity_coin: Floats
    is_call: Bools
    is_coin_settled: Bools
    is_spot: Bools
    reasons: Reasons


def read_frame(path: Path, row: str = "option") -> pl.DataFrame:
    """Read a table as it is: every cell of a .csv as text, of a .parquet as what it is.

    Parameters
    ----------
    row
        What a row of it is, for refusals.

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
            raise RequestRejected(f"{path}: not a table; name a file that ends in .csv or .parquet")
    except FileNotFoundError as bad:
        raise RequestRejected(
            f"{path}: no such file; name the .csv or .parquet that holds the {row}s"
        ) from bad
    except (pl.exceptions.PolarsError, OSError) as bad:
        told = str(bad).partition("\n")[0]
        raise RequestRejected(
            f"{path}: cannot be read as a table: {told}; is it a {path.suffix} file?"
        ) from bad
    twice = [name for name in frame.columns if "_duplicated_" in name]
    if twice:
        names = ", ".join(name.partition("_duplicated_")[0] for name in twice)
        raise RequestRejected(f"{path}: two columns are called {names}; keep one")
    if frame.is_empty():
        raise RequestRejected(f"{path}: no row below its header; write one {row} a row")
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
    columns = {name: numbers_of(path, frame, name, reasons) for name in _NUMBERS}
    is_call = words_of(frame, "right", _RIGHTS, "call or put", reasons, default=None)
    is_coin = words_of(frame, "settlement", _SETTLEMENTS, "usd or coin", reasons, default="usd")
    for name in ("underlying_usd", "strike_usd"):
        reasons.add(np.isnan(columns[name]), "missing_data", lambda _, name=name: f"no {name}")  # type: ignore[misc]
    one_of(PRICES, {name: ~np.isnan(columns[name]) for name in PRICES}, reasons)
    years = columns["expiry_years"]
    lives = {"expiry_years": ~np.isnan(years)}
    if "expiry" in frame.columns:
        lives["expiry"] = frame["expiry"].is_not_null().to_numpy()
    one_of(LIVES, lives, reasons)
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
        quantity_coin=columns["quantity"],
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


def _years(frame: pl.DataFrame, at: str | None, reasons: Reasons) -> Floats:
    """Count from the time of each row to its expiry; NaN where one cannot be read."""
    end = times_of(frame["expiry"], "expiry", reasons)
    if "at" in frame.columns:
        start = times_of(frame["at"], "at", reasons)
        if at is not None:
            start = np.where(frame["at"].is_null().to_numpy(), time_ns(at, "--at"), start)
        else:
            lost = frame["at"].is_null().to_numpy() & frame["expiry"].is_not_null().to_numpy()
            reasons.add(lost, "missing_data", lambda _: "no at, the time its expiry counts from")
    else:
        assert at is not None
        start = np.full(len(frame), time_ns(at, "--at"))
    years: Floats = (end - start) / YEAR_NS
    known = (end != UNKNOWN_NS) & (start != UNKNOWN_NS)
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
