"""``solvency backtest loans`` over the recorded accounts of Aave v2 that were liquidated."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from hedgerow.app.loan_tracks import LoanTrack, read_loan_tracks
from hedgerow.solvency import Regime, transit_s, transit_time
from tests.rooms.app.made import hedgerow_here
from tests.rooms.solvency.reaction.route_book import generator, packaged


@pytest.fixture(scope="module")
def tracks(shared_data: Path) -> list[LoanTrack]:
    if not (shared_data / "aave_v2_account_histories").is_dir():
        pytest.skip("no aave_v2_account_histories beside the repository")
    return read_loan_tracks(shared_data)


def test_between_readings_health_is_what_the_next_reading_says(tracks: list[LoanTrack]) -> None:
    """Half of the readings of accounts that are priced come out within one per cent."""
    off = []
    for each in tracks:
        health = each.track.health_frac
        for hour in np.flatnonzero(each.track.is_anchor[1:]) + 1:
            pair = health[hour - 1 : hour + 1]
            if np.isfinite(pair).all() and (pair > 0.5).all():
                off.append(abs(pair[1] / pair[0] - 1.0))
    assert len(off) > 250
    assert np.median(off) < 0.011


def test_every_call_is_in_a_track(tracks: list[LoanTrack], shared_data: Path) -> None:
    calls = pl.read_parquet(shared_data / "aave_v2_liquidations" / "liquidation_calls.parquet")
    users = [each.track.account_id for each in tracks]
    mine = calls.filter(pl.col("user").str.to_lowercase().is_in(users))
    assert (len(users), len(mine)) == (6, 86)
    hours = mine.select(pl.col("user").str.to_lowercase(), pl.col("ts").dt.truncate("1h"))
    assert sum(int(each.track.is_called.sum()) for each in tracks) == hours.n_unique()


@pytest.mark.slow
def test_probability_sees_more_falls_in_time_than_a_threshold(
    tracks: list[LoanTrack], shared_data: Path, tmp_path: Path
) -> None:
    """By a route of an hour, and no more often false; of the falls that could be priced at all."""
    assert tracks
    answer = hedgerow_here(
        "solvency", "backtest", "loans", "--data", str(shared_data), "--route",
        "exchange-to-ethereum", "--regime", "calm", "--json", cwd=tmp_path,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    told: dict[str, Any] = json.loads(answer.out)
    # The time needed is the route's and not that of one seed.
    book, calm = packaged(), Regime(volatility="calm", fee_quintile_index=5)
    route = book.route("exchange-to-ethereum")
    again = transit_s(book, route, calm, count=1_000_000, rng=generator(8))
    assert told["p99_s"] == pytest.approx(transit_time(again, 0.99).time_s, rel=0.06)
    model, fixed = told["model"], told["fixed"]
    assert fixed["false_alarms_count"] <= model["false_alarms_count"]
    assert model["watched_hours"] == fixed["watched_hours"] > 5_000
    shown = hedgerow_here(
        "solvency", "backtest", "loans", "--data", str(shared_data), "--route",
        "exchange-to-ethereum", "--regime", "calm", cwd=tmp_path,
    )  # fmt: skip
    assert f"Health below {told['threshold_frac']}:" in shown.out
    priced = [fall for fall in model["falls"] if fall["cause"] != "unpriced"]
    assert len(priced) == 15
    assert model["in_time_count"] > 0.8 * len(priced)
    assert fixed["in_time_count"] < 0.6 * len(priced)


@pytest.mark.slow
def test_a_route_that_fails_too_often_is_refused(tmp_path: Path) -> None:
    answer = hedgerow_here(
        "solvency", "backtest", "loans", "--data", str(tmp_path), "--route",
        "exchange-to-ethereum", cwd=tmp_path,
    )  # fmt: skip
    assert answer.code == 2
    assert "no time is enough" in answer.err
    answer = hedgerow_here("solvency", "backtest", "loans", "--data", str(tmp_path), cwd=tmp_path)
    assert answer.code == 2
    assert "no such file" in answer.err
