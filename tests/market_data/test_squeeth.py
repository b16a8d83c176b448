"""The power perpetual against a recording of Squeeth around the fall of 2023-08-17.

The controller's file gives norm factor, ETH in dollars and oSQTH in ETH for 5,760 minutes; the
pool's file gives the tick of each minute with a swap.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hedgerow.pricing import (
    SQUEETH_FUNDING_YEARS,
    Floats,
    power_implied,
    power_perpetuals,
)

MINUTES_PER_YEAR = 365 * 24 * 60
POOL_FEE_FRAC = 0.003  # within it nobody gains by bringing mark and index together


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    factor_frac: Floats
    eth_usd: Floats
    mark_usd: Floats


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> Recorded:
    table = pl.read_parquet(shared_data / "defi_minute_202308" / "squeeth_controller.parquet")
    assert table["ts"].is_sorted()
    assert len(table) == 5_760
    eth = table["WETH"].to_numpy()
    return Recorded(
        factor_frac=table["norm_factor"].to_numpy(),
        eth_usd=eth,
        mark_usd=table["OSQTH"].to_numpy() * eth,
    )


def test_marks_are_those_of_the_pool(recorded: Recorded, shared_data: Path) -> None:
    folder = shared_data / "defi_minute_202308"
    minutes = pl.read_parquet(folder / "squeeth_controller.parquet").with_row_index("minute")
    pool = pl.read_parquet(folder / "uniswap_v3_ethereum_weth_osqth.parquet")
    both = minutes.join(pool.select("ts", "closeTick"), on="ts")
    assert len(both) > 4_000
    in_eth = 1.0001 ** -both["closeTick"].to_numpy()
    # A tick is a hundredth of a per cent, and the price lies within it.
    assert np.abs(both["OSQTH"].to_numpy() / in_eth - 1.0).max() < 1.01e-4


def test_the_index_lies_by_the_market_price(recorded: Recorded) -> None:
    index = power_perpetuals(
        quantity_contracts=1.0,
        price_usd=recorded.eth_usd,
        norm_factor_frac=recorded.factor_frac,
        vol_frac=0.0,
    ).index_usd
    premium = recorded.mark_usd / index - 1.0
    # Never below the index by more than the pool's fee and a tenth; above it by what variance is
    # worth, 7 % for minutes of the fall while the pool had not followed ETH yet.
    assert -0.004 < premium.min() < 0.0
    assert 0.06 < premium.max() < 0.07
    assert np.quantile(premium, 0.99) < 0.024
    assert 0.0065 < np.median(premium) < 0.0075
    below = premium < 0.0
    assert below.mean() < 0.014
    assert (premium < -POOL_FEE_FRAC).mean() < 0.0011


def test_implied_vols_are_plausible(recorded: Recorded) -> None:
    got = power_implied(
        price_mark_usd=recorded.mark_usd,
        price_usd=recorded.eth_usd,
        norm_factor_frac=recorded.factor_frac,
    )
    variance = got.variance_frac_per_year
    # 77 minutes have a mark below the index: no vol explains them, and none is made up.
    assert (variance < 0.0).sum() == 77
    vols = np.sqrt(variance[variance >= 0.0])
    assert 0.37 < np.median(vols) < 0.40
    assert np.quantile(vols, 0.01) > 0.15
    assert np.quantile(vols, 0.99) < 0.75
    assert vols.max() < 1.2


def test_the_greeks_explain_every_minute(recorded: Recorded) -> None:
    """Value at the mark, and the next minute's index by delta and gamma of this one."""
    implied = power_implied(
        price_mark_usd=recorded.mark_usd,
        price_usd=recorded.eth_usd,
        norm_factor_frac=recorded.factor_frac,
    )
    is_fine = implied.variance_frac_per_year >= 0.0
    eth, factor = recorded.eth_usd[is_fine], recorded.factor_frac[is_fine]
    vols = np.sqrt(implied.variance_frac_per_year[is_fine])

    def value(price: Floats) -> Floats:
        return power_perpetuals(
            quantity_contracts=1.0, price_usd=price, norm_factor_frac=factor, vol_frac=vols
        ).value_usd

    got = power_perpetuals(
        quantity_contracts=1.0, price_usd=eth, norm_factor_frac=factor, vol_frac=vols
    )
    assert got.value_usd == pytest.approx(recorded.mark_usd[is_fine], rel=1e-13)
    step = 1e-4 * eth
    up, here, down = value(eth + step), value(eth), value(eth - step)
    # Of a square the differences are exact but for rounding.
    assert got.delta_coin == pytest.approx((up - down) / (2 * step), rel=1e-11)
    assert got.gamma_coin_per_usd == pytest.approx((up - 2 * here + down) / step**2, rel=1e-6)


def test_the_norm_factor_never_rises(recorded: Recorded) -> None:
    moves = np.diff(recorded.factor_frac)
    assert moves.max() == 0.0
    assert (moves < 0.0).sum() == 27


def test_funding_is_what_the_mark_said(recorded: Recorded) -> None:
    """Between two updates the factor falls by ln(mark/index)/f, averaged over the time between."""
    implied = power_implied(
        price_mark_usd=recorded.mark_usd,
        price_usd=recorded.eth_usd,
        norm_factor_frac=recorded.factor_frac,
    )
    updates = np.flatnonzero(np.diff(recorded.factor_frac)) + 1
    falls, said = [], []
    for start, end in pairwise(updates):
        falls.append(np.log(recorded.factor_frac[start] / recorded.factor_frac[end]))
        said.append(implied.funding_frac_per_year[start:end].sum() / MINUTES_PER_YEAR)
    lengths = np.diff(updates)
    # Each update at least ten minutes after the last, to a seventh; all together to a hundredth.
    long = lengths >= 10
    assert long.sum() == 24
    assert np.array(said)[long] == pytest.approx(np.array(falls)[long], rel=0.14)
    assert sum(said) == pytest.approx(sum(falls), rel=0.01)
    # A funding period of 17.5 days it is: at 15 or 20 the sum would be off by a seventh.
    assert pytest.approx(17.5 / 365) == SQUEETH_FUNDING_YEARS


def test_funding_paid_is_the_fall_of_the_factor(recorded: Recorded) -> None:
    first, last = recorded.factor_frac[0], recorded.factor_frac[-1]
    held = power_perpetuals(
        quantity_contracts=100.0,
        price_usd=1_800.0,
        norm_factor_frac=np.array([first, last]),
        vol_frac=0.0,
    )
    paid = held.index_usd[0] - held.index_usd[1]
    assert paid == pytest.approx(100.0 * 324.0 * (first - last), rel=1e-9)
    assert paid / held.index_usd[0] == pytest.approx(0.0019852, rel=1e-4)
