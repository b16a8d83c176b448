"""What ``hedgerow price file`` does: a table of options in, the same table with its numbers out."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hedgerow.app.option_table import OptionTable, read_frame, read_options
from hedgerow.app.priced_rows import ADDED, COIN, RAW, PricedRows, tell
from hedgerow.app.written import write_file
from hedgerow.errors import RequestRejected
from hedgerow.pricing import (
    EuropeanColumns,
    Floats,
    ImpliedReason,
    coin_greeks,
    european_greeks,
    implied_vols,
    pin_risk,
)
from hedgerow.reporting.vols import REASON_WORDS

__all__ = ["price_file"]

_CHUNK_COUNT = 100_000
_QUIET_BYTES = 4_000_000


def price_file(path: Path, out: Path, *, at: str | None, as_json: bool) -> int:
    """Price a table; exit with 1 where a row has no answer.

    Raises
    ------
    RequestRejected
        If the table cannot be read, lacks a column, already has one that would be added, or would
        be written over.
    """
    if out.suffix not in (".csv", ".parquet"):
        raise RequestRejected(f"--out {out}: a table ends in .csv or .parquet")
    progress = _Progress(path)
    progress.say(f"reading {path.name}")
    frame = read_frame(path)
    if out.exists() and out.samefile(path):
        raise RequestRejected(f"--out {out} is the table itself; name another file")
    taken = [name for name in ADDED if name in frame.columns]
    if taken:
        raise RequestRejected(
            f"{path}: column {', '.join(taken)} would be written over; drop or rename it"
        )
    progress.say(f"checking {len(frame):,} options")
    table = read_options(path, frame, at=at)
    numbers = PricedRows(len(frame))
    _find_vols(table, numbers)
    for rows in _chunks(table.reasons.are_good):
        _price(table, numbers, rows)
        progress.say(f"{rows.stop:,} of {len(frame):,} options priced")
    progress.say(f"writing {out.name}")
    priced = numbers.beside(table)
    said = write_file(out, "--out", lambda beside: _write(priced, beside))
    progress.end()
    return tell(table, numbers, path, out, said, as_json=as_json)


def _find_vols(table: OptionTable, numbers: PricedRows) -> None:
    """Take the vols that were given, and find those of prices."""
    vol = numbers.columns["vol_used_frac"]
    vol[:] = table.vol_frac
    priced = table.reasons.are_good & np.isnan(table.vol_frac)
    rows = np.flatnonzero(priced)
    if not len(rows):
        return
    years = table.expiry_years[rows]
    forward = table.underlying_usd[rows] * np.exp(table.carry_frac_per_year[rows] * years)
    in_coin = table.price_coin[rows]
    price_usd = np.where(np.isnan(in_coin), table.price_usd[rows], in_coin * forward)
    found = implied_vols(
        price_usd * np.exp(table.rate_frac_per_year[rows] * years),
        forward, table.strike_usd[rows], years, table.is_call[rows],
    )  # fmt: skip
    vol[rows] = found.vol_frac
    codes = np.zeros(len(vol), dtype=np.int8)
    codes[rows] = found.reason_code
    for reason in ImpliedReason:
        if reason is not ImpliedReason.OK:
            words = REASON_WORDS[reason]
            table.reasons.add(codes == reason, reason.name.lower(), lambda _, words=words: words)  # type: ignore[misc]
    too_much = priced & (vol > 1e3)
    table.reasons.add(
        too_much, "out_of_range", lambda n: f"its vol is {vol[n]:g}, beyond 1000 no Greek is given"
    )


def _chunks(good: NDArray[np.bool_]) -> Iterator[slice]:
    for start in range(0, len(good), _CHUNK_COUNT):
        yield slice(start, min(start + _CHUNK_COUNT, len(good)))


def _price(table: OptionTable, numbers: PricedRows, chunk: slice) -> None:
    """Price the good rows of a chunk: those on a forward, and those on spot, in one call each."""
    good = np.zeros(len(table.is_call), dtype=np.bool_)
    good[chunk] = table.reasons.are_good[chunk]
    for follows in (False, True):
        rows = np.flatnonzero(good & (table.is_spot == follows))
        if len(rows):
            _price_rows(table, numbers, rows, carry_follows_rate=follows)


def _price_rows(
    table: OptionTable, numbers: PricedRows, rows: NDArray[np.intp], *, carry_follows_rate: bool
) -> None:
    vol = numbers.columns["vol_used_frac"]
    options = _columns(table, vol, rows, carry_follows_rate=carry_follows_rate)
    found = european_greeks(options, with_third_vol=True)
    for name in RAW:
        numbers.columns[name][rows] = getattr(found, name) + 0.0
    if options.edges is not None:
        numbers.is_limit[rows[options.edges]] = True
    numbers.is_pinned[rows] = pin_risk(
        table.underlying_usd[rows], table.strike_usd[rows], vol[rows], table.expiry_years[rows]
    )
    in_coin = rows[table.is_coin_settled[rows]]
    if len(in_coin):
        coin = coin_greeks(_columns(table, vol, in_coin, carry_follows_rate=False))
        for name in COIN:
            numbers.columns[name][in_coin] = getattr(coin, name) + 0.0
        growth = np.exp(table.rate_frac_per_year[in_coin] * table.expiry_years[in_coin])
        numbers.columns["delta_venue_frac"][in_coin] = (
            numbers.columns["delta_underlying_frac"][in_coin] * growth
        )


def _columns(
    table: OptionTable, vol: Floats, rows: NDArray[np.intp], *, carry_follows_rate: bool
) -> EuropeanColumns:
    return EuropeanColumns(
        underlying_usd=table.underlying_usd[rows],
        strike_usd=table.strike_usd[rows],
        vol_frac=vol[rows],
        expiry_years=table.expiry_years[rows],
        is_call=table.is_call[rows],
        rate_frac_per_year=table.rate_frac_per_year[rows],
        carry_frac_per_year=table.carry_frac_per_year[rows],
        carry_follows_rate=carry_follows_rate,
    )


@final
class _Progress:
    """How far it is, on a terminal, of a table large enough to take longer than a second."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size if path.is_file() else 0
        self._is_shown = sys.stderr.isatty() and size > _QUIET_BYTES

    def say(self, words: str) -> None:
        """Write over what was said before."""
        if self._is_shown:
            sys.stderr.write(f"\r{words:<60}")
            sys.stderr.flush()

    def end(self) -> None:
        """Clear the line."""
        if self._is_shown:
            sys.stderr.write(f"\r{'':<60}\r")


def _write(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
