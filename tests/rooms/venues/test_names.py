from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.instruments import InverseFuture, InversePerpetual, Option
from hedgerow.units import HOUR_NS, MINUTE_NS, parse_ns
from hedgerow.venues.recordings import future_from_name, option_from_name, perpetual_from_name


def test_a_coin_settled_put() -> None:
    assert option_from_name("BTC-27FEB26-75000-P") == Option(
        instrument_id="BTC-27FEB26-75000-P",
        underlying="BTC",
        settlement="BTC",
        expiry_ns=parse_ns("2026-02-27T08:00:00"),
        strike_usd=Decimal(75_000),
        right="put",
        multiplier_coin_per_contract=Decimal(1),
        averaging_ns=30 * MINUTE_NS,
        tick_ccy=Decimal("0.0001"),
        lot_contracts=Decimal("0.1"),
    )


def test_a_linear_call_with_a_point_in_its_strike() -> None:
    option = option_from_name("XRP_USDC-6MAR26-0d65-C")
    assert (option.underlying, option.settlement, option.right) == ("XRP", "USDC", "call")
    assert option.strike_usd == Decimal("0.65")
    assert option.expiry_ns == parse_ns("2026-03-06T08:00:00")
    assert not option.is_coin_settled


def test_a_dated_future() -> None:
    assert future_from_name("ETH-25DEC26") == InverseFuture(
        instrument_id="ETH-25DEC26",
        underlying="ETH",
        expiry_ns=parse_ns("2026-12-25T08:00:00"),
        multiplier_usd_per_contract=Decimal(1),
        tick_usd=Decimal("0.25"),
        lot_contracts=Decimal(1),
    )


def test_a_perpetual() -> None:
    assert perpetual_from_name("BTC-PERPETUAL") == InversePerpetual(
        instrument_id="BTC-PERPETUAL",
        underlying="BTC",
        multiplier_usd_per_contract=Decimal(10),
        tick_usd=Decimal("0.5"),
        lot_contracts=Decimal(1),
        funding_interval_ns=8 * HOUR_NS,
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "must be an option such as"),
        ("BTC-27FEB26-75000", "must be an option such as"),
        ("BTC-27FEB26-75000-X", "must be an option such as"),
        ("BTC-27FEB26-75000-P ", "must be an option such as"),
        ("btc-27FEB26-75000-P", "must be an option such as"),
        ("BTC-027FEB26-75000-P", "must be an option such as"),
        ("BTC-27FEV26-75000-P", "must be an option such as"),
        ("BTC-27FEB26-75.5-P", "must be an option such as"),
        ("BTC-31FEB26-75000-P", "no such day"),
        ("BTC-27FEB26-0-P", "strike must be positive, was 0"),
        ("DOGE-27FEB26-1-P", "no contract terms for DOGE settled in DOGE"),
        ("BTC_EUR-27FEB26-75000-P", "no contract terms for BTC settled in EUR"),
    ],
)
def test_a_bad_option_name_says_what_was_seen(name: str, says: str) -> None:
    with pytest.raises(RecordingRejected, match=says) as caught:
        option_from_name(name)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["BTC-PERPETUAL", "BTC-30FEB26", "SOL-27FEB26", "BTC-27FEB26-1-C"])
def test_a_bad_future_name_says_what_was_seen(name: str) -> None:
    with pytest.raises(RecordingRejected, match=name):
        future_from_name(name)


@pytest.mark.parametrize("name", ["BTC-27FEB26", "SOL-PERPETUAL", "PERPETUAL"])
def test_a_bad_perpetual_name_says_what_was_seen(name: str) -> None:
    with pytest.raises(RecordingRejected, match=name):
        perpetual_from_name(name)


@pytest.mark.slow
def test_every_recorded_name_says_what_its_row_says(shared_data: Path) -> None:
    terms = ["instrument_name", "currency", "expiry", "strike", "cp"]
    rows = (
        pl.scan_parquet(shared_data / "deribit_options_2026" / "chain_*.parquet")
        .with_columns(pl.col("instrument_name", "currency", "cp").cast(pl.String))
        .select(terms)
        .unique()
        .collect()
    )
    assert rows.height == rows["instrument_name"].n_unique() == 16_448
    for name, coin, expiry, strike, right in rows.iter_rows():
        option = option_from_name(name)
        assert (option.underlying, option.settlement) == (coin, coin)
        assert option.expiry_ns == int(expiry.timestamp()) * 10**9
        assert float(option.strike_usd) == strike
        assert option.right == {"C": "call", "P": "put"}[right]


def test_terms_agree_with_the_ticker_fields(shared_data: Path) -> None:
    rows = pl.read_parquet(
        shared_data / "deribit_greeks_20260301" / "btc_chain_full_greeks.parquet"
    )
    columns = ["instrument_name", "tick_size", "min_trade_amount", "contract_size"]
    for name, tick, lot, size in rows.select(columns).iter_rows():
        option = option_from_name(name)
        assert option.tick_ccy == Decimal(str(tick))
        assert option.lot_contracts == Decimal(str(lot))
        assert option.multiplier_coin_per_contract == Decimal(str(size))


@pytest.mark.parametrize(
    ("file", "column", "from_name"),
    [
        ("dated_futures.parquet", "term_candle_close", future_from_name),
        ("perpetual_1m_at_snapshot.parquet", "candle_close", perpetual_from_name),
    ],
)
def test_traded_prices_lie_on_the_tick(
    shared_data: Path, file: str, column: str, from_name: object
) -> None:
    assert callable(from_name)
    rows = pl.read_parquet(shared_data / "deribit_options_2026" / file)
    for name, price in rows.select("instrument_name", column).iter_rows():
        assert Decimal(repr(price)) % from_name(name).tick_usd == 0
