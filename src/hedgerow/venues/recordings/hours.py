"""Candles of an hour as columns, for models that read years of them at once.

The files are those of `recordings.candles`, checked in the same way; what leaves are `HourBars` of
one symbol. Trades of a perpetual are recorded each quarter of an hour: an hour is there only where
all four of its quarters are.
"""

from pathlib import Path

import polars as pl

from hedgerow.errors import RecordingRejected
from hedgerow.market import HourBars
from hedgerow.units import HOUR_NS
from hedgerow.venues.recordings.candles import MARK_1H, PERPETUAL_15M, SPOT_1H
from hedgerow.venues.recordings.tables import Sheet, distinct, find_one

__all__ = ["mark_symbols", "read_mark_hours", "read_spot_hours", "read_trade_hours"]

_EVER_NS = (0, 2**62)
_QUARTERS_COUNT = 4


def mark_symbols(folder: Path) -> list[str]:
    """Name the symbols of ``mark_1h.parquet``, in order.

    Raises
    ------
    RecordingRejected
        If there is no such file.
    """
    return sorted(distinct(find_one(folder, "mark_1h.parquet"), "symbol"))


def read_mark_hours(folder: Path, symbol: str) -> HourBars:
    """Read what the mark of a perpetual did each hour, from ``mark_1h.parquet``.

    Raises
    ------
    RecordingRejected
        If the file lacks a column or the symbol, holds an impossible value or runs backwards.
    """
    return _bars(symbol, _table(MARK_1H, folder, "mark_1h.parquet", symbol))


def read_spot_hours(folder: Path, symbol: str) -> HourBars:
    """Read hourly spot candles, from ``spot_1h.parquet``.

    Raises
    ------
    RecordingRejected
        As `read_mark_hours`.
    """
    return _bars(symbol, _table(SPOT_1H, folder, "spot_1h.parquet", symbol))


def read_trade_hours(folder: Path, symbol: str) -> HourBars:
    """Read the trades of a perpetual, quarters joined to hours, from ``trade_15m.parquet``.

    Raises
    ------
    RecordingRejected
        As `read_mark_hours`, and if no hour is whole.
    """
    table = _table(PERPETUAL_15M, folder, "trade_15m.parquet", symbol)
    hour = (pl.col("time_ns") - PERPETUAL_15M.delay_ns) // HOUR_NS
    joined = (
        table.group_by(hour.alias("hour"), maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.len().alias("quarters"),
        )
        .filter(pl.col("quarters") == _QUARTERS_COUNT)
        .with_columns(((pl.col("hour") + 1) * HOUR_NS).alias("time_ns"))
    )
    if not joined.height:
        raise RecordingRejected(f"{folder}: no hour of {symbol} has all of its four quarters")
    return _bars(symbol, joined)


def _table(sheet: Sheet, folder: Path, name: str, symbol: str) -> pl.DataFrame:
    start_ns, end_ns = _EVER_NS
    slices = sheet.slices(
        [find_one(folder, name)], start_ns=start_ns, end_ns=end_ns, where={"symbol": symbol}
    )
    return pl.concat([table for _, table in slices])


def _bars(symbol: str, table: pl.DataFrame) -> HourBars:
    return HourBars(
        symbol,
        table["time_ns"].to_numpy() - HOUR_NS,
        *(table[name].to_numpy() for name in ("open", "high", "low", "close")),
    )
