from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.market import IndexPrice, MarketEvent, OptionQuote
from hedgerow.units import SECOND_NS, parse_ns
from hedgerow.venues.recordings import read_chains, tables
from tests.rooms.venues.made import EVER, START, chain, changed, file

NAME = "chain_202602.parquet"
COINS = ("BTC", "ETH")


def read(folder: Path, frame: pl.DataFrame) -> list[MarketEvent]:
    return list(read_chains(file(folder, NAME, frame), underlyings=COINS, **EVER))


def test_a_row_becomes_a_quote_to_the_last_digit(tmp_path: Path) -> None:
    frame = changed(chain(), "bid_price", 0, None)
    row = frame.row(0, named=True)
    quote = next(e for e in read(tmp_path, frame) if isinstance(e, OptionQuote))
    assert quote == OptionQuote(
        time_ns=int(START.timestamp()) * SECOND_NS + 172_000_000,
        instrument_id=row["instrument_name"],
        underlying="BTC",
        price_underlying_usd=Decimal(repr(row["underlying_price"])),
        vol_mark_frac=row["mark_iv"],
        price_mark_ccy=Decimal(repr(row["mark_price"])),
        price_bid_ccy=None,
        price_ask_ccy=Decimal(repr(row["ask_price"])),
        delta_forward_frac=row["delta"],
        vega_usd_per_volpt=row["vega"],
    )


def test_every_snapshot_begins_with_the_index_of_every_coin(tmp_path: Path) -> None:
    frame = chain(snapshots=2, strikes=3)
    events = read(tmp_path, frame)
    kinds = ["IndexPrice"] * 2 + ["OptionQuote"] * 6
    assert [type(e).__name__ for e in events] == kinds * 2
    named = [e.underlying for e in events if isinstance(e, IndexPrice | OptionQuote)]
    assert named == ["BTC", "ETH", "BTC", "BTC", "BTC", "ETH", "ETH", "ETH"] * 2


@pytest.mark.parametrize("strikes", [3, 4])
def test_the_index_is_the_lower_median_of_its_rows(tmp_path: Path, strikes: int) -> None:
    frame = chain(strikes=strikes, snapshots=1, coins=("BTC",))
    printed = sorted(frame["index_price"])
    folder = file(tmp_path, NAME, frame)
    first = next(read_chains(folder, underlyings=["BTC"], **EVER))
    assert isinstance(first, IndexPrice)
    assert first.price_usd == Decimal(repr(printed[(strikes - 1) // 2]))


def test_a_snapshot_across_slices_has_one_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = chain(snapshots=3, strikes=5)
    whole = read(tmp_path, frame)
    for rows in (1, 2, 7):
        monkeypatch.setattr(tables, "ROWS_COUNT_SLICE", rows)
        assert read(tmp_path, frame) == whole


def test_options_may_be_named_and_the_index_is_still_that_of_all(tmp_path: Path) -> None:
    frame = chain(snapshots=2, strikes=5)
    whole = read(tmp_path, frame)
    quoted = sorted({e.instrument_id for e in whole if isinstance(e, OptionQuote)})
    wanted = {quoted[1], quoted[-1], "BTC-1JAN30-1-C"}
    some = list(read_chains(tmp_path, underlyings=COINS, names=wanted, **EVER))
    assert some == [
        e for e in whole if isinstance(e, IndexPrice) or getattr(e, "instrument_id", "") in wanted
    ]
    assert len(some) == 2 * (2 + 2)


def test_months_follow_each_other(tmp_path: Path) -> None:
    later = chain().with_columns(pl.col("ts") + timedelta(days=2))
    file(tmp_path, "chain_202602.parquet", chain())
    file(tmp_path, "chain_202603.parquet", later)
    times = [e.time_ns for e in read_chains(tmp_path, underlyings=COINS, **EVER)]
    assert len(times) == 2 * (3 * 8 + 6)
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("bid_price", float("nan"), "bid_price must be finite and positive, was nan"),
        ("bid_price", 0.0, r"bid_price must be finite and positive, was 0\.0"),
        ("bid_price", 0.9, r"bid_price and ask_price must be uncrossed: .*, was 0\.9, 0\.0"),
        ("ask_price", -0.01, r"ask_price must be finite and positive, was -0\.01"),
        ("mark_price", -0.01, r"mark_price must be finite and not negative, was -0\.01"),
        ("mark_price", None, "mark_price must not be null"),
        ("underlying_price", 0.0, "underlying_price must be finite and positive"),
        ("index_price", float("inf"), "index_price must be finite and positive, was inf"),
        ("mark_iv", -0.4, r"mark_iv must be in \(0, 10\], was -0\.4"),
        ("mark_iv", 0.0, r"mark_iv must be in \(0, 10\], was 0\.0"),
        ("mark_iv", 44.0, r"mark_iv must be in \(0, 10\], was 44\.0"),
        ("mark_iv", float("nan"), r"mark_iv must be in \(0, 10\], was nan"),
        ("delta", float("nan"), "delta must be finite, was nan"),
        ("expiry", START, "expiry and ts must be in this order"),
        ("strike", 1.0, "instrument_name disagrees with currency, expiry, strike, cp"),
        ("cp", "X", "instrument_name disagrees with currency, expiry, strike, cp"),
        ("instrument_name", "BTC-27FEB26-X", "must be an option such as BTC-27FEB26-75000-P"),
        ("instrument_name", "ETH-27FEB26-72000-C", "instrument_name disagrees with currency"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, column: str, value: object, says: str) -> None:
    with pytest.raises(RecordingRejected, match=says) as caught:
        read(tmp_path, changed(chain(), column, 4, value))
    assert f"{NAME}: row 4 (" in str(caught.value)


def test_a_mark_of_zero_is_a_price_far_from_the_money(tmp_path: Path) -> None:
    events = read(tmp_path, changed(chain(), "mark_price", 0, 0.0))
    quote = next(e for e in events if isinstance(e, OptionQuote))
    assert quote.price_mark_ccy == 0


def test_venue_greeks_may_be_absent(tmp_path: Path) -> None:
    events = read(tmp_path, changed(chain(), "vega", 0, None))
    quote = next(e for e in events if isinstance(e, OptionQuote))
    assert quote.vega_usd_per_volpt is None


@pytest.mark.slow
def test_all_recorded_rows_are_read(shared_data: Path) -> None:
    folder = shared_data / "deribit_options_2026"
    counted: Counter[tuple[str, str]] = Counter()
    last_ns = 0
    for event in read_chains(folder, underlyings=COINS, **EVER):
        assert isinstance(event, IndexPrice | OptionQuote)
        assert event.time_ns >= last_ns
        last_ns = event.time_ns
        counted[type(event).__name__, event.underlying] += 1
    assert counted == {
        ("OptionQuote", "BTC"): 513_630,
        ("OptionQuote", "ETH"): 459_782,
        ("IndexPrice", "BTC"): 604,
        ("IndexPrice", "ETH"): 604,
    }


def test_the_crash_has_its_snapshots(shared_data: Path) -> None:
    events = read_chains(
        shared_data / "deribit_options_2026",
        underlyings=["BTC"],
        start_ns=parse_ns("2026-01-29"),
        end_ns=parse_ns("2026-02-07"),
    )
    indices = {e.time_ns: e.price_usd for e in events if isinstance(e, IndexPrice)}
    assert len(indices) == 35
    gaps_ns = [b - a for a, b in zip(list(indices), list(indices)[1:], strict=False)]
    assert 12.6 < max(gaps_ns) / (3600 * SECOND_NS) < 12.8
    at_the_low = min(indices, key=lambda t: abs(t - parse_ns("2026-02-05T21:29:37")))
    assert abs(indices[at_the_low] - 63_800) < 300
