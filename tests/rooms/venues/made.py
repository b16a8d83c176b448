"""Small recordings made by the tests, from a seed, in the schema of the real ones."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import numpy as np
import polars as pl

__all__ = ["EVER", "START", "chain", "changed", "file", "funding", "perpetual"]

START = datetime(2026, 2, 1, tzinfo=UTC)


class Window(TypedDict):
    """The window every reader takes."""

    start_ns: int
    end_ns: int


EVER = Window(start_ns=0, end_ns=2**62)
_MS = pl.Datetime("ms", "UTC")


def file(folder: Path, name: str, frame: pl.DataFrame) -> Path:
    """Write a frame and give its folder, which is what readers take."""
    frame.write_parquet(folder / name)
    return folder


def changed(frame: pl.DataFrame, column: str, at: int, value: object) -> pl.DataFrame:
    """Give the frame with one cell replaced."""
    series = frame[column].to_list()
    series[at] = value
    return frame.with_columns(pl.Series(column, series, dtype=frame.schema[column]))


def chain(
    *, seed: int = 1, snapshots: int = 3, strikes: int = 4, coins: tuple[str, ...] = ("BTC", "ETH")
) -> pl.DataFrame:
    """Make chains of one expiry, coin after coin as the real files have them."""
    rng = np.random.default_rng(seed)
    expiry = datetime(2026, 2, 27, 8, tzinfo=UTC)
    rows = []
    for coin in coins:
        forward = {"BTC": 80_000.0, "ETH": 2_500.0}[coin]
        for step in range(snapshots):
            for i in range(strikes):
                strike = round(forward * (0.9 + 0.05 * i), -2)
                bid = round(float(rng.uniform(0.01, 0.05)), 4)
                rows.append(
                    {
                        "ts": START + timedelta(hours=6 * step, milliseconds=172),
                        "currency": coin,
                        "instrument_name": f"{coin}-27FEB26-{strike:.0f}-{'CP'[i % 2]}",
                        "expiry": expiry,
                        "strike": strike,
                        "cp": "CP"[i % 2],
                        "bid_price": bid,
                        "ask_price": round(bid + 0.0005, 4),
                        "mark_price": round(bid + 0.0002, 4),
                        "underlying_price": round(forward * float(rng.uniform(0.99, 1.01)), 2),
                        "index_price": round(forward * float(rng.uniform(0.99, 1.01)), 2),
                        "mark_iv": round(float(rng.uniform(0.4, 0.8)), 4),
                        "delta": round(float(rng.uniform(-1, 1)), 5),
                        "vega": round(float(rng.uniform(0, 90)), 5),
                    }
                )
    return pl.DataFrame(rows, schema_overrides={"ts": _MS, "expiry": _MS})


def perpetual(
    *, seed: int = 2, candles: int = 8, symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")
) -> pl.DataFrame:
    """Make 15-minute candles, symbol after symbol."""
    rng = np.random.default_rng(seed)
    rows = []
    for symbol in symbols:
        last = 80_000.0
        for step in range(candles):
            close = round(last * float(rng.uniform(0.995, 1.005)), 1)
            rows.append(
                {
                    "ts": START + timedelta(minutes=15 * step),
                    "symbol": symbol,
                    "open": last,
                    "high": round(max(last, close) + 10, 1),
                    "low": round(min(last, close) - 10, 1),
                    "close": close,
                    "volume": round(float(rng.uniform(0, 900)), 3),
                }
            )
            last = close
    return pl.DataFrame(rows, schema_overrides={"ts": _MS})


def funding(*, seed: int = 3, settlements: int = 4) -> pl.DataFrame:
    """Make settlements of two venues."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "ts": START + timedelta(hours=8 * step),
            "venue": venue,
            "asset": asset,
            "rate": round(float(rng.uniform(-0.003, 0.003)), 6),
        }
        for venue in ("binance", "bybit")
        for asset in ("BTC", "ETH")
        for step in range(settlements)
    ]
    return pl.DataFrame(rows, schema_overrides={"ts": _MS})
