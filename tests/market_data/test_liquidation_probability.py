"""Chances of liquidation hold on recorded perpetuals, and what came is counted a second way."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hedgerow.app.liquidation_backtest import (
    POSITIONS,
    Histories,
    backtest,
    misses,
    read_histories,
)
from hedgerow.errors import Failure
from hedgerow.market import filtered_pasts
from hedgerow.solvency import SIDES, calibrated, closed_form, walked_forward
from hedgerow.units import DAY_NS, HOUR_NS, parse_ns


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> Histories:
    return read_histories(shared_data)


def test_history_begins_with_spot_and_ends_with_the_mark(
    shared_data: Path, recorded: Histories
) -> None:
    btc = recorded.bars[0]
    assert btc.subject == "BTCUSDT"
    # Figures of the readme pages: spot's low of March 2020, the mark's of October 2025.
    march = btc.between(parse_ns("2020-03-13"), parse_ns("2020-03-14"))
    assert march.price_low_usd.min() == 3_782.13
    october = btc.between(parse_ns("2025-10-10T21:00:00"), parse_ns("2025-10-10T22:00:00"))
    assert october.price_low_usd[0] == pytest.approx(101_877.7, abs=0.05)
    assert dict(recorded.since_ns) == {
        "BTCUSDT": parse_ns("2023-01-01"),
        "ETHUSDT": parse_ns("2023-01-01"),
        "SOLUSDT": parse_ns("2024-01-01"),
    }


def test_a_slice_of_two_months(shared_data: Path, recorded: Histories) -> None:
    """Two coins in autumn 2025, with its crash; liquidations are counted anew from the file."""
    start, end = "2025-09-01", "2025-11-01"
    bars = [each.between(parse_ns("2023-01-01"), parse_ns(end)) for each in recorded.bars[:2]]
    since_ns = {each.subject: parse_ns(start) for each in bars}
    walked = walked_forward(filtered_pasts(bars, 24), POSITIONS, since_ns=since_ns)
    assert not isinstance(walked, Failure)

    mark = pl.read_parquet(shared_data / "perp_binance" / "mark_1h.parquet").filter(
        (pl.col("symbol").cast(pl.String) == "BTCUSDT")
        & (pl.col("ts") >= pl.lit(start).str.to_datetime(time_zone="UTC"))
        & (pl.col("ts") < pl.lit(end).str.to_datetime(time_zone="UTC"))
    )
    opens, lows, highs = (mark[name].to_list() for name in ("open", "low", "high"))
    for column, position in enumerate(POSITIONS):
        came = 0
        for hour in range(len(opens) - 23):
            if position.side == "fall":
                price = opens[hour] * (1.0 - 1.0 / position.leverage_frac) / 0.995
                came += min(lows[hour : hour + 24]) <= price
            else:
                price = opens[hour] * (1.0 + 1.0 / position.leverage_frac) / 1.005
                came += max(highs[hour : hour + 24]) >= price
        assert walked[0].happened[:, column].sum() == came
        assert walked[0].happened.shape[0] == len(opens) - 23

    groups = [
        each.columns(positions=np.array([one.side == side for one in POSITIONS]))
        for each in walked
        for side in SIDES
    ]
    rivals = [
        closed_form(each, history, POSITIONS).columns(
            positions=np.array([one.side == side for one in POSITIONS])
        )
        for each, history in zip(walked, bars, strict=True)
        for side in SIDES
    ]
    found = calibrated(groups, rivals, rng=np.random.default_rng(7))
    assert found.gain_log > 0.0
    assert found.probability_frac_min > 0.0


@pytest.mark.slow
def test_chances_of_a_day_do_not_know_the_next(recorded: Histories) -> None:
    """The recording is cut hours before the crash: what was said until then stays the same."""
    cut_ns = parse_ns("2025-10-10T18:00:00")
    start_ns = cut_ns - 60 * DAY_NS
    bars = [each.between(parse_ns("2023-06-01"), cut_ns + 20 * DAY_NS) for each in recorded.bars]
    short = [each.between(0, cut_ns) for each in bars]
    for whole, part in zip(filtered_pasts(bars, 24), filtered_pasts(short, 24), strict=True):
        kept = whole.time_ns <= cut_ns
        np.testing.assert_array_equal(whole.range_log[kept], part.range_log)
    since_ns = {each.subject: start_ns for each in bars}
    late = walked_forward(filtered_pasts(bars, 24), POSITIONS, since_ns=since_ns)
    early = walked_forward(filtered_pasts(short, 24), POSITIONS, since_ns=since_ns)
    assert not isinstance(late, Failure)
    assert not isinstance(early, Failure)
    for given, before in zip(late, early, strict=True):
        count = before.start_ns.size
        assert int(before.start_ns[-1]) == cut_ns - 24 * HOUR_NS
        np.testing.assert_array_equal(given.probability_frac[:count], before.probability_frac)


@pytest.mark.slow
def test_every_bar_is_met_on_all_of_it(recorded: Histories) -> None:
    found = backtest(recorded)
    assert misses(found) == []
    assert sum(len(row.bins) for row in found.calibrations) >= 30
    # Coins and sides by themselves, of windows that lie end to end, hold as well.
    for row in found.calibrations:
        assert row.bins_apart_holding_count >= 0.9 * row.bins_apart_count
