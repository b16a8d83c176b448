"""What one recorded deleveraging says of the rules: Hyperliquid, 2025-10-10, 21:15 to 21:27 UTC.

ConejoCapital/HyperMultiAssetedADL, commit 79bad0fa: counts, notional and realised profit by coin,
and counts by second. Who held what is not in it, nor leverage that could be trusted: the order of
the queue cannot be tried against it. Only looked at where it lies; nothing of it is kept here.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hedgerow.solvency import Regime, gini_frac, transit_s
from tests.rooms.solvency.reaction.route_book import generator, packaged


@pytest.fixture
def recording(shared_data: Path) -> Path:
    folder = shared_data / "hyperliquid_adl_20251010"
    if not folder.is_dir():
        pytest.skip(f"no {folder.name} beside the repository")
    return folder


def test_it_was_the_winners_who_were_closed(recording: Path) -> None:
    """The rule says so; profits by coin say it of 95 % of the notional and more."""
    coins = pl.read_parquet(recording / "adl_by_coin.parquet")
    notional, profit = (np.array(coins[name]) for name in ("adl_notional", "closed_pnl"))
    assert notional[profit > 0.0].sum() / notional.sum() > 0.95
    # A few coins of 162 are nearly all of it.
    assert gini_frac(notional) > 0.8


def test_it_began_before_most_rescues_arrive(recording: Path) -> None:
    """A minute after the first liquidation; by then only the same venue or chain had helped."""
    counts = pl.read_parquet(recording / "per_second_counts.parquet")
    first_s = float(counts.filter(pl.col("adls") > 0)["second"].min())  # type: ignore[arg-type]
    assert first_s == 61.0
    at_once = counts.filter(pl.col("second") == 61)["adls"][0] / counts["adls"].sum()
    assert at_once == pytest.approx(0.32, abs=0.01)
    book, wild = packaged(), Regime(volatility="wild", fee_quintile_index=5)
    in_time = {
        route.name: float(
            np.mean(transit_s(book, route, wild, count=4_000, rng=generator(81)) <= first_s)
        )
        for route in book.routes
    }
    assert [name for name, share in in_time.items() if share > 0.5] == [
        "same-venue",
        "ethereum-same-chain",
    ]
    assert in_time["ethereum-to-exchange"] == 0.0
