"""Accounts of Aave v2, rebuilt from balances, against what the protocol said of them."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.measure_lending_accounts import (
    COLLATERAL_UNLISTED,
    DEBT_FRAC_MIN,
    DEBT_UNLISTED,
    FOLDER,
    HEALTH_LISTED_FRAC_MIN,
    NEAR,
    NEAR_FRAC,
    OTHER,
    SPECK_UNLISTED,
    SUPPLY_IDLE,
    compared,
    rebuilt,
)
from hedgerow.venues.recordings import read_stored_standings


@pytest.fixture(scope="module")
def table(shared_data: Path) -> pl.DataFrame:
    return compared(rebuilt(shared_data), read_stored_standings(shared_data / FOLDER))


def test_debts_add_up(table: pl.DataFrame) -> None:
    assert len(table) == 646
    off = table["debt_frac"].to_numpy()
    assert (np.abs(off) <= NEAR_FRAC).mean() >= DEBT_FRAC_MIN
    # What misses is owed in coins that the file does not list; never do we see more than there is.
    assert off.max() <= NEAR_FRAC


def test_health_factors_where_all_collateral_is_listed(table: pl.DataFrame) -> None:
    listed = table.filter(pl.col("collateral_frac").abs() <= NEAR_FRAC)
    assert len(listed) / len(table) > 0.55
    is_near = np.abs(listed["health_frac"].to_numpy()) <= NEAR_FRAC
    assert is_near.mean() >= HEALTH_LISTED_FRAC_MIN
    # The rest owes what is not listed, or misses by the basis point that flooring gives or takes.
    missed = listed.filter(~is_near)
    assert set(missed["reason"]) == {DEBT_UNLISTED, SPECK_UNLISTED}
    specks = missed.filter(pl.col("reason") == SPECK_UNLISTED)
    assert np.abs(specks["health_frac"].to_numpy()).max() < 1.3e-4


def test_every_miss_has_its_reason(table: pl.DataFrame) -> None:
    counts = dict(table["reason"].value_counts().iter_rows())
    assert OTHER not in counts
    assert set(counts) == {NEAR, COLLATERAL_UNLISTED, DEBT_UNLISTED, SPECK_UNLISTED, SUPPLY_IDLE}


def test_the_average_must_be_floored(table: pl.DataFrame, shared_data: Path) -> None:
    """Of accounts with several collaterals, all listed, floored averages are the stored ones."""
    stored = read_stored_standings(shared_data / FOLDER)
    ours = rebuilt(shared_data)
    listed = table.filter(
        (pl.col("collateral_frac").abs() <= NEAR_FRAC) & (pl.col("reason") != SPECK_UNLISTED)
    )
    same = [
        ours[user].threshold_average_bps == stored[user].threshold_average_bps
        for user in listed["user"]
    ]
    assert all(same)
    assert any(ours[user].threshold_average_bps != 8300 for user in listed["user"])
