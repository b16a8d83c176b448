"""Recorded candles as hours: opens stay where they were, and half an hour is none."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.units import HOUR_NS, SECOND_NS
from hedgerow.venues.recordings import (
    mark_symbols,
    read_mark_hours,
    read_spot_hours,
    read_trade_hours,
)
from tests.rooms.venues.made import START, changed, file, perpetual

START_NS = int(START.timestamp()) * SECOND_NS


def hourly(frame: pl.DataFrame) -> pl.DataFrame:
    """Let a quarter of an hour be a whole one."""
    start = pl.lit(START).cast(frame.schema["ts"])
    return frame.with_columns((start + (pl.col("ts") - start) * 4).alias("ts"))


@pytest.mark.parametrize(
    ("reader", "name"), [(read_mark_hours, "mark_1h.parquet"), (read_spot_hours, "spot_1h.parquet")]
)
def test_an_hour_is_read_as_it_stands(tmp_path: Path, reader: object, name: str) -> None:
    assert callable(reader)
    frame = hourly(perpetual(candles=5))
    bars = reader(file(tmp_path, name, frame), "ETHUSDT")
    rows = frame.filter(pl.col("symbol") == "ETHUSDT")
    assert (bars.subject, bars.open_ns.size) == ("ETHUSDT", 5)
    assert bars.open_ns.tolist() == [START_NS + n * HOUR_NS for n in range(5)]
    for column in ("open", "high", "low", "close"):
        assert getattr(bars, f"price_{column}_usd").tolist() == rows[column].to_list()


def test_four_quarters_make_an_hour_and_three_none(tmp_path: Path) -> None:
    frame = perpetual(candles=13, symbols=("BTCUSDT",))  # the fourth hour has one quarter only
    lacking = frame.filter(pl.col("ts") != START + timedelta(minutes=75))
    bars = read_trade_hours(file(tmp_path, "trade_15m.parquet", lacking), "BTCUSDT")
    assert bars.open_ns.tolist() == [START_NS, START_NS + 2 * HOUR_NS]
    third = frame[8:12]
    assert bars.price_open_usd[1] == third["open"][0]
    assert bars.price_close_usd[1] == third["close"][3]
    assert bars.price_high_usd[1] == third["high"].max()
    assert bars.price_low_usd[1] == third["low"].min()


def test_no_whole_hour_is_refused(tmp_path: Path) -> None:
    folder = file(tmp_path, "trade_15m.parquet", perpetual(candles=3))
    with pytest.raises(RecordingRejected, match="all of its four quarters"):
        read_trade_hours(folder, "BTCUSDT")


def test_symbols_are_named_in_order(tmp_path: Path) -> None:
    frame = hourly(perpetual(symbols=("SOLUSDT", "BTCUSDT")))
    assert mark_symbols(file(tmp_path, "mark_1h.parquet", frame)) == ["BTCUSDT", "SOLUSDT"]


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    frame = hourly(perpetual(symbols=("BTCUSDT",)))
    folder = file(tmp_path, "mark_1h.parquet", changed(frame, "low", 3, -1.0))
    with pytest.raises(RecordingRejected, match="low must be finite and positive"):
        read_mark_hours(folder, "BTCUSDT")
    with pytest.raises(RecordingRejected, match="no row has symbol XRPUSDT"):
        read_mark_hours(folder, "XRPUSDT")
    with pytest.raises(RecordingRejected, match="no file named spot_1h"):
        read_spot_hours(folder, "BTCUSDT")
