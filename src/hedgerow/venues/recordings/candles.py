"""Candles of spot and perpetuals, known at their close.

A file stamps a candle with its open. Its event carries the close as `time_ns`, one interval later,
so that a replay never sees a high or low before it happened. Instruments are named for what they
are: ``BTCUSDT-PERP`` and ``BTCUSDT-SPOT``, since the venue itself calls both BTCUSDT.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from hedgerow.market import Candle, MarketEvent, Quote
from hedgerow.units import HOUR_NS, MINUTE_NS, Printed
from hedgerow.venues.recordings.merge import merge
from hedgerow.venues.recordings.tables import (
    Column,
    Rule,
    Sheet,
    amount,
    find_one,
    label,
    moment,
    price,
)

__all__ = ["read_marks", "read_perpetuals", "read_spot", "read_spot_windows"]

_BODY = (
    Rule(
        ("low", "open", "close"),
        pl.min_horizontal("open", "close") >= pl.col("low"),
        "low at the bottom",
    ),
    Rule(
        ("high", "open", "close"),
        pl.max_horizontal("open", "close") <= pl.col("high"),
        "high at the top",
    ),
)
_PRICES = tuple(price(name) for name in ("open", "high", "low", "close"))


def _sheet(interval_ns: int, *more: Column) -> Sheet:
    return Sheet(
        columns=(moment("ts"), label("symbol"), *_PRICES, *more),
        rules=_BODY,
        delay_ns=interval_ns,
        subject="symbol",
    )


PERPETUAL_15M = _sheet(15 * MINUTE_NS, amount("volume"))
MARK_1H = _sheet(HOUR_NS)
SPOT_1H = _sheet(HOUR_NS, amount("volume"))
_SPOT_30M = _sheet(30 * MINUTE_NS, amount("volume"))


def read_perpetuals(
    folder: Path, *, start_ns: int, end_ns: int, symbols: Collection[str]
) -> Iterator[MarketEvent]:
    """Give 15-minute trade candles closing in [start_ns, end_ns), from ``trade_15m.parquet``.

    `symbols` are the venue's (``BTCUSDT``); events carry ``BTCUSDT-PERP``. USDT is taken as USD.

    Raises
    ------
    RecordingRejected
        If the file lacks a column, holds an impossible value or runs backwards.
    """
    path = find_one(folder, "trade_15m.parquet")
    return _candles(PERPETUAL_15M, path, start_ns, end_ns, symbols, "PERP")


def read_spot(
    folder: Path, *, start_ns: int, end_ns: int, symbols: Collection[str]
) -> Iterator[MarketEvent]:
    """Give hourly spot candles closing in [start_ns, end_ns), from ``spot_1h.parquet``.

    Raises
    ------
    RecordingRejected
        If the file lacks a column, holds an impossible value or runs backwards.
    """
    path = find_one(folder, "spot_1h.parquet")
    return _candles(SPOT_1H, path, start_ns, end_ns, symbols, "SPOT")


def read_spot_windows(
    folder: Path, *, start_ns: int, end_ns: int, symbols: Collection[str]
) -> Iterator[MarketEvent]:
    """Give half-hourly spot candles of the crash windows, from ``spot_30m_crash_windows.parquet``.

    The windows leave months between them. Choose this or `read_spot`: both carry one instrument.

    Raises
    ------
    RecordingRejected
        If the file lacks a column, holds an impossible value or runs backwards.
    """
    path = find_one(folder, "spot_30m_crash_windows.parquet")
    return _candles(_SPOT_30M, path, start_ns, end_ns, symbols, "SPOT")


def read_marks(
    folder: Path, *, start_ns: int, end_ns: int, symbols: Collection[str]
) -> Iterator[MarketEvent]:
    """Give the mark of each hourly close in [start_ns, end_ns) as Quote, from ``mark_1h.parquet``.

    Margin runs on the mark and not on trades; hourly, it comes too seldom to be the only price.

    Raises
    ------
    RecordingRejected
        If the file lacks a column, holds an impossible value or runs backwards.
    """
    path = find_one(folder, "mark_1h.parquet")
    return merge(*(_marks(path, start_ns, end_ns, symbol) for symbol in sorted(symbols)))


def _candles(
    sheet: Sheet, path: Path, start_ns: int, end_ns: int, symbols: Collection[str], kind: str
) -> Iterator[MarketEvent]:
    return merge(
        *(_of_one(sheet, path, start_ns, end_ns, symbol, kind) for symbol in sorted(symbols))
    )


def _of_one(
    sheet: Sheet, path: Path, start_ns: int, end_ns: int, symbol: str, kind: str
) -> Iterator[MarketEvent]:
    printed = Printed()
    instrument_id = f"{symbol}-{kind}"
    for _, table in sheet.slices(
        [path], start_ns=start_ns, end_ns=end_ns, where={"symbol": symbol}
    ):
        columns = (
            printed.column(table[name].to_list())
            for name in ("open", "high", "low", "close", "volume")
        )
        rows = zip(table["time_ns"].to_list(), *columns, strict=True)
        for time_ns, open_, high, low, close, volume in rows:
            yield Candle(
                time_ns=time_ns,
                time_open_ns=time_ns - sheet.delay_ns,
                instrument_id=instrument_id,
                price_open_usd=open_,
                price_high_usd=high,
                price_low_usd=low,
                price_close_usd=close,
                volume_coin=volume,
            )


def _marks(path: Path, start_ns: int, end_ns: int, symbol: str) -> Iterator[MarketEvent]:
    printed = Printed()
    instrument_id = f"{symbol}-PERP"
    for _, table in MARK_1H.slices(
        [path], start_ns=start_ns, end_ns=end_ns, where={"symbol": symbol}
    ):
        for time_ns, close in zip(
            table["time_ns"].to_list(), printed.column(table["close"].to_list()), strict=True
        ):
            yield Quote(time_ns=time_ns, instrument_id=instrument_id, price_mark_usd=close)
