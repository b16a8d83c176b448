from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.market import Quote
from hedgerow.units import SECOND_NS, parse_ns
from hedgerow.venues.recordings import read_chains, read_dated_futures, read_perpetual_quotes
from tests.rooms.venues.made import EVER, START, changed, file

START_NS = int(START.timestamp()) * SECOND_NS


def made(name: str, mark: str, *, more: tuple[str, ...] = ()) -> pl.DataFrame:
    return pl.DataFrame(
        {"ts": START, "currency": "BTC", "instrument_name": [name, *more], mark: 80_000.5},
        schema_overrides={"ts": pl.Datetime("ms", "UTC")},
    )


def test_a_future_becomes_a_quote(tmp_path: Path) -> None:
    frame = made("BTC-27FEB26", "price_from_option_ticker")
    folder = file(tmp_path, "dated_futures.parquet", frame)
    assert list(read_dated_futures(folder, underlyings=["BTC"], **EVER)) == [
        Quote(time_ns=START_NS, instrument_id="BTC-27FEB26", price_mark_usd=Decimal("80000.5"))
    ]


def test_a_perpetual_is_quoted_at_the_open_of_its_minute(tmp_path: Path) -> None:
    frame = made("BTC-PERPETUAL", "candle_open").with_columns(candle_close=pl.lit(1.0))
    folder = file(tmp_path, "perpetual_1m_at_snapshot.parquet", frame)
    assert list(read_perpetual_quotes(folder, underlyings=["BTC"], **EVER)) == [
        Quote(time_ns=START_NS, instrument_id="BTC-PERPETUAL", price_mark_usd=Decimal("80000.5"))
    ]


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("price_from_option_ticker", 0.0, "price_from_option_ticker must be finite and positive"),
        ("instrument_name", "BTC-32FEB26", "must be a dated future such as BTC-27FEB26"),
        ("instrument_name", "BTC-30JAN26", "instrument_name expired 2026-01-30T08:00:00Z"),
        ("currency", None, "currency must not be null"),
        ("ts", datetime.fromisoformat("2026-01-31T00:00:00+00:00"), "ts runs backwards"),
    ],
)
def test_a_bad_future_is_named(tmp_path: Path, column: str, value: object, says: str) -> None:
    frame = made("BTC-27FEB26", "price_from_option_ticker", more=("BTC-27MAR26",))
    folder = file(tmp_path, "dated_futures.parquet", changed(frame, column, 1, value))
    with pytest.raises(RecordingRejected, match=says) as caught:
        list(read_dated_futures(folder, underlyings=["BTC"], **EVER))
    assert "dated_futures.parquet: row 1 (" in str(caught.value)


def test_a_bad_perpetual_is_named(tmp_path: Path) -> None:
    folder = file(tmp_path, "perpetual_1m_at_snapshot.parquet", made("BTC-PERP", "candle_open"))
    with pytest.raises(RecordingRejected, match=r"row 0 .*must be a perpetual.*was 'BTC-PERP'"):
        list(read_perpetual_quotes(folder, underlyings=["BTC"], **EVER))


def test_all_recorded_futures_are_read(shared_data: Path) -> None:
    folder, coins = shared_data / "deribit_options_2026", ["BTC", "ETH"]
    assert sum(1 for _ in read_dated_futures(folder, underlyings=coins, **EVER)) == 5_854
    assert sum(1 for _ in read_perpetual_quotes(folder, underlyings=coins, **EVER)) == 838


def test_futures_and_chains_arrive_together(shared_data: Path) -> None:
    folder = shared_data / "deribit_options_2026"
    window = {"start_ns": parse_ns("2026-02-05"), "end_ns": parse_ns("2026-02-07")}
    readers = (read_chains, read_dated_futures, read_perpetual_quotes)
    chains, futures, perpetuals = (
        {event.time_ns for event in reader(folder, underlyings=["BTC"], **window)}
        for reader in readers
    )
    assert chains == futures == perpetuals
    assert len(chains) == 8
