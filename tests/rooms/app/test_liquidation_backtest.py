"""The command on a market of the tests' own: walks whose chances are known to hold."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from hedgerow.app.liquidation_backtest import (
    CRASHES,
    Backtest,
    backtest,
    misses,
    read_histories,
)
from hedgerow.errors import RecordingRejected
from hedgerow.market import HourBars
from hedgerow.solvency import Bin, Calibration, Totals
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, parse_ns
from tests.rooms.app.made import hedgerow_here
from tests.rooms.market.walks import walk

START_NS = parse_ns("2021-06-01")
TRADES_NS, MARK_NS = START_NS + 580 * DAY_NS, START_NS + 600 * DAY_NS  # 2023-01-02, 2023-01-22
DAYS = 660  # to 2023-03-23


def frame(bars: HourBars, minutes: int, **more: float) -> pl.DataFrame:
    """Write bars as the recordings have them; each hour cut into as many like parts."""
    parts = 60 // minutes
    times = np.repeat(bars.open_ns, parts) + np.tile(np.arange(parts), bars.open_ns.size) * (
        minutes * MINUTE_NS
    )
    prices = {
        name: np.repeat(getattr(bars, f"price_{name}_usd"), parts)
        for name in ("open", "high", "low", "close")
    }
    # Parts but the first open where the hour ends, so that joined they are the hour again.
    later = np.tile(np.arange(parts) > 0, bars.open_ns.size)
    prices["open"] = np.where(later, prices["close"], prices["open"])
    return pl.DataFrame(
        {"ts": times // 1_000_000, "symbol": [f"{bars.subject}USDT"] * times.size, **prices}
    ).with_columns(
        pl.col("ts").cast(pl.Datetime("ms", "UTC")), *(pl.lit(v).alias(k) for k, v in more.items())
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("recorded")
    (data / "perp_binance").mkdir()
    (data / "ohlcv_binance").mkdir()
    whole = [
        walk(name, START_NS, DAYS, seed=n, vol_hour=0.02) for n, name in enumerate(("BTC", "ETH"))
    ]
    end_ns = START_NS + DAYS * DAY_NS
    for name, start_ns, minutes, more in (
        ("ohlcv_binance/spot_1h", START_NS, 60, {"volume": 1.0}),
        ("perp_binance/trade_15m", TRADES_NS, 15, {"volume": 1.0}),
        ("perp_binance/mark_1h", MARK_NS, 60, {}),
    ):
        rows = [frame(each.between(start_ns, end_ns), minutes, **more) for each in whole]
        pl.concat(rows).write_parquet(data / f"{name}.parquet")
    return data


def test_history_is_spot_then_trades_then_mark(recorded: Path) -> None:
    found = read_histories(recorded)
    assert [each.subject for each in found.bars] == ["BTCUSDT", "ETHUSDT"]
    assert dict(found.since_ns) == {"BTCUSDT": TRADES_NS, "ETHUSDT": TRADES_NS}
    whole = walk("BTC", START_NS, DAYS, seed=0, vol_hour=0.02)
    np.testing.assert_array_equal(found.bars[0].open_ns, whole.open_ns)
    np.testing.assert_array_equal(found.bars[0].price_low_usd, whole.price_low_usd)


@pytest.mark.slow
def test_the_command_tells_what_held(recorded: Path) -> None:
    answer = hedgerow_here(
        "solvency", "backtest", "perps", "--data", str(recorded), "--json", cwd=recorded
    )
    told = json.loads(answer.out)
    assert told["ok"] == (answer.code == 0) == (told["misses"] == [])
    assert [row["horizon_hours"] for row in told["calibrations"]] == [1, 8, 24, 168]
    hours = (DAYS - 580) * 24
    for row in told["calibrations"]:
        # Two coins, two sides, three leverages, every hour whose window is over.
        assert row["totals"]["forecasts_count"] == 12 * (hours - row["horizon_hours"] + 1)
    # A walk is what the closed form says, and the past says it too.
    hour = told["calibrations"][0]
    assert 0.8 < hour["totals"]["predicted_count"] / hour["totals"]["observed_count"] < 1.25
    assert abs(hour["gain_log"]) < 0.01
    assert {row["first_day"] for row in told["crashes"]} == {"2023-03-05"}


@pytest.mark.slow
def test_the_command_prints_tables(recorded: Path) -> None:
    answer = hedgerow_here("solvency", "backtest", "perps", "--data", str(recorded), cwd=recorded)
    for words in ("Longs and shorts of BTCUSDT, ETHUSDT", "What was said, and what came",
                  "By horizon", "In the days of crashes", "2023-03-05 to 03-20"):  # fmt: skip
        assert words in answer.out
    assert (answer.code, bool(answer.err)) in ((0, False), (1, True))


def test_without_recordings_it_says_what_to_name(tmp_path: Path) -> None:
    answer = hedgerow_here("solvency", "backtest", "perps", cwd=tmp_path)
    assert answer.code == 2
    assert "perp_binance and ohlcv_binance" in answer.err
    answer = hedgerow_here("solvency", "backtest", "perps", "--data", str(tmp_path), cwd=tmp_path)
    assert answer.code == 2
    assert "no such folder of recordings" in answer.err


def test_too_short_a_history_is_refused(recorded: Path) -> None:
    found = read_histories(recorded)
    short = [each.between(TRADES_NS - 300 * DAY_NS, TRADES_NS + 60 * DAY_NS) for each in found.bars]
    with pytest.raises(RecordingRejected, match="periods of 168 h are over"):
        backtest(found._replace(bars=tuple(short)))


def test_spot_must_come_first(recorded: Path, tmp_path: Path) -> None:
    for name in ("perp_binance", "ohlcv_binance"):
        (tmp_path / name).mkdir()
    for name in ("trade_15m", "mark_1h"):
        path = Path("perp_binance") / f"{name}.parquet"
        (tmp_path / path).write_bytes((recorded / path).read_bytes())
    late = pl.read_parquet(recorded / "ohlcv_binance" / "spot_1h.parquet").with_columns(
        pl.col("ts") + timedelta(days=650)
    )
    late.write_parquet(tmp_path / "ohlcv_binance" / "spot_1h.parquet")
    with pytest.raises(RecordingRejected, match="does not begin before"):
        read_histories(tmp_path)


def judged(
    *,
    held: int = 10,
    of: int = 10,
    predicted: float = 100.0,
    observed: int = 100,
    gain: float = 0.1,
) -> Backtest:
    each = Bin(
        from_frac=0.1, to_frac=0.2, forecasts_count=900, periods_count=30, predicted_frac=0.15,
        observed_frac=0.15, low_frac=0.1, high_frac=0.2,
    )  # fmt: skip
    off = msgspec.structs.replace(each, observed_frac=0.3)
    total = Totals(forecasts_count=900, predicted_count=predicted, observed_count=observed)
    row = Calibration(
        horizon_hours=8, bins=(each,) * held + (off,) * (of - held), totals=total,
        bins_apart_count=0, bins_apart_holding_count=0, probability_frac_min=0.1,
        rival_totals=total, rival_bins=(), score_log=-0.1, rival_score_log=-0.1 - gain,
        gain_log=gain, gain_low_log=gain - 0.01, gain_high_log=gain + 0.01,
    )  # fmt: skip
    return Backtest(subjects=("BTC",), start_ns=0, end_ns=HOUR_NS, calibrations=(row,), crashes=())


@pytest.mark.parametrize(
    ("found", "missed"),
    [
        (judged(), []),
        (judged(held=9), []),
        (judged(held=8), ["80.0 % of bins hold, the bar is 90 %"]),
        (judged(held=0, of=0), ["no bin has enough periods to be judged"]),
        (judged(predicted=125.0), []),
        (
            judged(predicted=126.0),
            ["8 h: predicted over observed is 1.26, the bar is a factor 1.25"],
        ),
        (judged(predicted=80.0), []),
        (
            judged(predicted=79.0),
            ["8 h: predicted over observed is 0.79, the bar is a factor 1.25"],
        ),
        (judged(observed=0), ["8 h: no liquidation was seen"]),
        (judged(gain=-0.2), ["8 h: the closed form scores 0.20000 better"]),
    ],
)
def test_each_bar_is_told_when_it_is_missed(found: Backtest, missed: list[str]) -> None:
    assert misses(found) == missed


def test_days_of_crashes_are_days_in_order() -> None:
    assert all(parse_ns(first) <= parse_ns(last) for first, last in CRASHES)
    assert list(CRASHES) == sorted(CRASHES)
