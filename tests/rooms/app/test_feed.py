"""Every kind of recording that a desk file can name reaches the market, on one clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeGuard

import polars as pl
import pytest

from hedgerow.app.feed import open_market
from hedgerow.app.session import run_session
from hedgerow.errors import RecordingRejected
from hedgerow.market import (
    Candle,
    IndexPrice,
    Ladder,
    MarketEvent,
    OracleAnswer,
    Quote,
    StakingRate,
)
from hedgerow.units import parse_ns
from tests.rooms.app.made import desk_file, perpetuals, recorded

WINDOW = 'funding = "funding"\n'
MORE = 'spot = "spot"\ndated_futures = "futures"\noracle_rounds = "rounds"\nbooks = "books"\n'
AT = datetime(2026, 2, 1, 6, tzinfo=UTC)
AT_NS = parse_ns("2026-02-01T06:00:00Z")
BOOK = "binance_usdm_btcusdt.book20_1s.parquet"


def book(bid: float = 79_999.9, ask: float = 80_000.1) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "recv_ns": [AT_NS],
            "bid_px": [[bid, 79_990.0]],
            "bid_qty": [[1.0, 2.0]],
            "ask_px": [[ask, 80_010.0]],
            "ask_qty": [[1.0, 2.0]],
        }
    )


def more_recorded(data: Path) -> None:
    """Write the kinds that the small desk does not read."""
    ms = pl.Datetime("ms", "UTC")
    hourly = perpetuals().filter(pl.col("ts").dt.minute() == 0)
    future = {"ts": AT, "currency": "BTC", "instrument_name": ["BTC-27FEB26"]}
    rounds = {
        "feed": ["ETH/USD", "stETH/ETH"],
        "updated_at": [AT, AT + timedelta(minutes=1)],
        "answer_raw": ["240000000000", "999" + "0" * 15],
        "decimals": [8, 18],
    }
    for name, frame in (
        ("spot/spot_1h.parquet", hourly),
        (
            "futures/dated_futures.parquet",
            pl.DataFrame(
                future | {"price_from_option_ticker": 80_500.5}, schema_overrides={"ts": ms}
            ),
        ),
        ("rounds/rounds.parquet", pl.DataFrame(rounds, schema_overrides={"updated_at": ms})),
        (f"books/{BOOK}", book()),
    ):
        (data / name).parent.mkdir()
        frame.write_parquet(data / name)


def played(folder: Path) -> list[MarketEvent]:
    desk = desk_file(folder, (WINDOW, WINDOW + MORE))
    data = recorded(folder / "data")
    more_recorded(data)
    _, market = open_market(desk, data, None)
    return list(market.events())


def test_all_kinds_come_on_one_clock(tmp_path: Path) -> None:
    events = played(tmp_path)
    times = [event.time_ns for event in events]
    assert times == sorted(times)
    named = {e.instrument_id for e in events if isinstance(e, Candle)}
    assert named == {"BTCUSDT-PERP", "BTCUSDT-SPOT"}
    assert {e.instrument_id for e in events if isinstance(e, Quote)} == {"BTC-27FEB26"}
    assert [e.asset for e in events if isinstance(e, OracleAnswer | StakingRate)] == [
        "ETH",
        "stETH",
    ]


def test_a_recorded_book_silences_the_assumed_one(tmp_path: Path) -> None:
    ladders = [event for event in played(tmp_path) if isinstance(event, Ladder)]
    assert all(ladder.is_assumed for ladder in ladders if ladder.time_ns < AT_NS)
    assert [ladder.is_assumed for ladder in ladders if ladder.time_ns >= AT_NS] == [False]


def test_the_market_can_be_played_again(tmp_path: Path) -> None:
    _, market = open_market(desk_file(tmp_path), recorded(tmp_path / "data"), None)
    assert list(market.events()) == list(market.events())


def test_another_recording_has_another_digest(tmp_path: Path) -> None:
    desk = desk_file(tmp_path)
    _, first = open_market(desk, recorded(tmp_path / "first"), None)
    _, same = open_market(desk, recorded(tmp_path / "same"), None)
    _, other = open_market(desk, recorded(tmp_path / "other", candles=perpetuals().head(30)), None)
    assert first.digest == same.digest != other.digest


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (book(bid=80_000.2), "crossed"),
        (book().with_columns(pl.col("ask_px", "ask_qty").list.head(0)), "empty|no asks|one-sided"),
        (book().with_columns(pl.col("^(bid|ask).*$").list.head(0)), "empty|no bids|one-sided"),
        (book(ask=float("nan")), "ask_px must be a list of finite, positive numbers"),
    ],
    ids=["crossed", "no asks", "empty", "nan"],
)
def test_a_book_that_cannot_be_stops_the_run(
    tmp_path: Path, frame: pl.DataFrame, told: str
) -> None:
    desk = desk_file(tmp_path, (WINDOW, WINDOW + 'books = "books"\n'))
    data = recorded(tmp_path / "data")
    (data / "books").mkdir()
    frame.write_parquet(data / "books" / BOOK)
    with pytest.raises(RecordingRejected, match=rf"book20_1s\.parquet: row 0 .*({told})"):
        run_session(
            desk_path=desk, data=data, out=tmp_path / "out", seed=None, compare=True, as_json=True
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "desk.toml"]


@pytest.mark.parametrize(
    ("more", "source"), [("", "BTCUSDT-PERP"), ('spot = "spot"\n', "BTCUSDT-SPOT")]
)
def test_without_chains_an_index_is_assumed_and_said(
    tmp_path: Path, more: str, source: str
) -> None:
    """Otherwise nothing on the desk could be valued, however well its prices are known."""
    desk = desk_file(tmp_path, ('options = "options"\n', more))
    data = recorded(tmp_path / "data")
    more_recorded(data)
    _, market = open_market(desk, data, None)
    events = list(market.events())
    closes = [(e.time_ns, e.price_close_usd) for e in events if _is_candle(e, source)]
    assert closes == [(e.time_ns, e.price_usd) for e in events if isinstance(e, IndexPrice)]
    assert closes
    told = f"No option chain brings an index of BTC: it is taken as the close of {source}."
    assert told in market.statements


def _is_candle(event: MarketEvent, name: str) -> TypeGuard[Candle]:
    return isinstance(event, Candle) and event.instrument_id == name


def test_the_other_files_of_the_recordings_can_be_named_too(tmp_path: Path) -> None:
    named = 'marks = "perpetuals"\nspot_windows = "spot"\nperpetual_quotes = "futures"\n'
    desk = desk_file(tmp_path, (WINDOW, WINDOW + named))
    data = recorded(tmp_path / "data")
    more_recorded(data)
    hourly = perpetuals().filter(pl.col("ts").dt.minute() == 0)
    hourly.write_parquet(data / "perpetuals" / "mark_1h.parquet")
    hourly.write_parquet(data / "spot" / "spot_30m_crash_windows.parquet")
    quotes = {"ts": AT, "currency": "BTC", "instrument_name": ["BTC-PERPETUAL"]}
    pl.DataFrame(
        quotes | {"candle_open": 80_000.5}, schema_overrides={"ts": pl.Datetime("ms", "UTC")}
    ).write_parquet(data / "futures" / "perpetual_1m_at_snapshot.parquet")
    _, market = open_market(desk, data, None)
    events = list(market.events())
    assert {e.instrument_id for e in events if isinstance(e, Quote)} == {
        "BTCUSDT-PERP",
        "BTC-PERPETUAL",
    }
    assert any(_is_candle(event, "BTCUSDT-SPOT") for event in events)


ETH = """[[instruments]]
kind = "linear_perpetual"
id = "ETHUSDT-PERP"
underlying = "ETH"
settlement = "USDC"
multiplier_coin_per_contract = "1"
tick_usd = "0.01"
lot_contracts = "0.001"
funding_interval = "8h"

[[accounts]]
id = "options"
"""


def test_a_perpetual_whose_book_nobody_recorded_keeps_the_assumed_one(tmp_path: Path) -> None:
    desk = desk_file(
        tmp_path,
        (WINDOW, WINDOW + 'books = "books"\n'),
        ('BTC = "BTCUSDT-PERP"\n', 'BTC = "BTCUSDT-PERP"\nETH = "ETHUSDT-PERP"\n'),
        ('[[accounts]]\nid = "options"\n', ETH),
        ('options = "options"\n', ""),
        ('funding = "funding"\n', ""),
    )
    both = perpetuals().with_columns(pl.lit("ETHUSDT").alias("symbol"))
    data = recorded(tmp_path / "data", candles=pl.concat([perpetuals(), both]).sort("ts"))
    more_recorded(data)
    _, market = open_market(desk, data, None)
    ladders = [event for event in market.events() if isinstance(event, Ladder)]
    assert {ladder.instrument_id for ladder in ladders if not ladder.is_assumed} == {"BTCUSDT-PERP"}
    assert "ETHUSDT-PERP" in {ladder.instrument_id for ladder in ladders}
