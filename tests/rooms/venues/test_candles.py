import itertools
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.market import Candle, Quote
from hedgerow.units import HOUR_NS, MINUTE_NS, SECOND_NS, parse_ns
from hedgerow.venues.recordings import (
    read_marks,
    read_perpetuals,
    read_spot,
    read_spot_windows,
)
from tests.rooms.venues.made import EVER, START, changed, file, perpetual

START_NS = int(START.timestamp()) * SECOND_NS


def test_a_candle_is_known_at_its_close(tmp_path: Path) -> None:
    frame = perpetual(symbols=("BTCUSDT",))
    folder = file(tmp_path, "trade_15m.parquet", frame)
    first = next(read_perpetuals(folder, symbols=["BTCUSDT"], **EVER))
    row = frame.row(0, named=True)
    assert first == Candle(
        time_ns=START_NS + 15 * MINUTE_NS,
        time_open_ns=START_NS,
        instrument_id="BTCUSDT-PERP",
        price_open_usd=Decimal(repr(row["open"])),
        price_high_usd=Decimal(repr(row["high"])),
        price_low_usd=Decimal(repr(row["low"])),
        price_close_usd=Decimal(repr(row["close"])),
        volume_coin=Decimal(repr(row["volume"])),
    )


def test_symbols_share_the_clock(tmp_path: Path) -> None:
    folder = file(tmp_path, "trade_15m.parquet", perpetual(candles=2))
    events = list(read_perpetuals(folder, symbols=["ETHUSDT", "BTCUSDT"], **EVER))
    names = [event.instrument_id for event in events if isinstance(event, Candle)]
    assert names == ["BTCUSDT-PERP", "ETHUSDT-PERP"] * 2


@pytest.mark.parametrize(
    ("name", "interval_ns", "reader"),
    [
        ("spot_1h.parquet", HOUR_NS, read_spot),
        ("spot_30m_crash_windows.parquet", 30 * MINUTE_NS, read_spot_windows),
    ],
)
def test_spot_has_its_own_instrument(
    tmp_path: Path, name: str, interval_ns: int, reader: object
) -> None:
    assert callable(reader)
    first = next(reader(file(tmp_path, name, perpetual()), symbols=["BTCUSDT"], **EVER))
    assert first.instrument_id == "BTCUSDT-SPOT"
    assert (first.time_ns, first.time_open_ns) == (START_NS + interval_ns, START_NS)


def test_a_mark_is_a_quote_at_the_close(tmp_path: Path) -> None:
    frame = perpetual(symbols=("BTCUSDT",)).drop("volume")
    folder = file(tmp_path, "mark_1h.parquet", frame)
    first = next(read_marks(folder, symbols=["BTCUSDT"], **EVER))
    assert first == Quote(
        time_ns=START_NS + HOUR_NS,
        instrument_id="BTCUSDT-PERP",
        price_mark_usd=Decimal(repr(frame["close"][0])),
    )


def test_a_bad_mark_is_named(tmp_path: Path) -> None:
    frame = changed(perpetual().drop("volume"), "close", 3, float("nan"))
    folder = file(tmp_path, "mark_1h.parquet", frame)
    with pytest.raises(RecordingRejected, match=r"mark_1h\.parquet: row 3 .*close must be finite"):
        list(read_marks(folder, symbols=["BTCUSDT"], **EVER))


def test_the_crash_has_a_candle_every_quarter_of_an_hour(shared_data: Path) -> None:
    start_ns, end_ns = parse_ns("2026-01-29"), parse_ns("2026-02-07")
    events = list(
        read_perpetuals(
            shared_data / "perp_binance", symbols=["BTCUSDT"], start_ns=start_ns, end_ns=end_ns
        )
    )
    assert [e.time_ns for e in events] == list(range(start_ns, end_ns, 15 * MINUTE_NS))
    lows = {e.time_ns: e.price_low_usd for e in events if isinstance(e, Candle)}
    assert min(lows.values()) == 59_800  # the README's low, on 2026-02-06
    assert min(lows, key=lambda t: lows[t]) < parse_ns("2026-02-06T01:00:00")


@pytest.mark.slow
def test_all_recorded_candles_are_read(shared_data: Path) -> None:
    perps, spot = shared_data / "perp_binance", shared_data / "ohlcv_binance"
    coins = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert sum(1 for _ in read_perpetuals(perps, symbols=coins, **EVER)) == 310_686
    assert sum(1 for _ in read_marks(perps, symbols=coins, **EVER)) == 60_150
    assert sum(1 for _ in read_spot(spot, symbols=coins, **EVER)) == 188_922
    assert sum(1 for _ in read_spot_windows(spot, symbols=coins, **EVER)) == 21_024


def test_a_year_of_one_symbol_is_a_year_of_one_symbol(shared_data: Path) -> None:
    events = list(
        read_spot(
            shared_data / "ohlcv_binance",
            symbols=["BTCUSDT"],
            start_ns=parse_ns("2025-01-01"),
            end_ns=parse_ns("2026-01-01"),
        )
    )
    opens_ns = [e.time_open_ns for e in events if isinstance(e, Candle)]
    assert len(opens_ns) == pytest.approx(365 * 24, abs=11)
    steps_ns = [b - a for a, b in itertools.pairwise(opens_ns)]
    assert min(steps_ns) == HOUR_NS
    assert max(steps_ns) <= 6 * HOUR_NS  # the exchange was down for maintenance
