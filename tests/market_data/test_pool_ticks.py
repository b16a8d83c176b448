"""Concentrated shares against a recorded pool: USDC and WETH on Polygon, 2023-08-13 to 17."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hedgerow.pricing import Floats, PoolGreeks, concentrated_shares

# Token 0 is USDC with 6 decimals, token 1 WETH with 18: a tick is a price of USDC in WETH.
DECIMALS = 10.0**12
TICK_SPACING = 10


@pytest.fixture(scope="module")
def pool(shared_data: Path) -> pl.DataFrame:
    return pl.read_parquet(
        shared_data / "defi_minute_202308" / "uniswap_v3_polygon_usdc_weth.parquet"
    )


def price_usd(tick: float) -> float:
    return float(DECIMALS / 1.0001**tick)


def test_the_first_tick_is_1848_dollars(pool: pl.DataFrame) -> None:
    assert pool["openTick"][0] == 201_101
    assert price_usd(201_101) == pytest.approx(1_848.12, abs=0.005)


def test_what_was_swapped_is_what_a_share_of_everything_gave_out(pool: pl.DataFrame) -> None:
    """Minutes that stay within ten ticks, where no position of the pool begins or ends.

    All active liquidity is then one concentrated share over these ten ticks, and the coins and
    dollars it gains from the close of one minute to that of the next are what was swapped in.
    """
    close, low, high = (
        pool[name].to_numpy() for name in ("closeTick", "lowestTick", "highestTick")
    )
    # In coins and dollars: raw units of both tokens under one root.
    liquidity = pool["currentLiquidity"].cast(pl.Float64).to_numpy() / DECIMALS
    eth = pool["netAmount1"].cast(pl.Float64).to_numpy() / 1e18
    usd = pool["netAmount0"].cast(pl.Float64).to_numpy() / 1e6
    band = close // TICK_SPACING
    stays = (band[1:] == band[:-1]) & (low[1:] // TICK_SPACING == band[1:])
    stays &= (high[1:] // TICK_SPACING == band[1:]) & (liquidity[1:] == liquidity[:-1])
    stays &= np.abs(np.diff(close)) >= 2
    at = np.flatnonzero(stays)
    assert len(at) == 402

    def share(ticks: Floats) -> PoolGreeks:
        edges = DECIMALS / 1.0001 ** (TICK_SPACING * (band[at] + np.array([[1.0], [0.0]])))
        return concentrated_shares(
            liquidity_contracts=liquidity[at],
            price_usd=DECIMALS / 1.0001**ticks,
            price_lower_usd=edges[0],
            price_upper_usd=edges[1],
        )

    before, after = share(close[at]), share(close[at + 1])
    for gained, swapped, root in (
        (after.delta_coin - before.delta_coin, eth[at + 1], 1.0001 ** (close[at] / 2) / 1e6),
        (after.quote_usd - before.quote_usd, usd[at + 1], 1e6 / 1.0001 ** (close[at] / 2)),
    ):
        # A price is known to its tick, and the amount to what moves it by one.
        tick = liquidity[at] * root * 0.5e-4
        is_near = np.abs(gained - swapped) < tick
        # Liquidity is recorded once a minute; where it changed and came back, more was swapped.
        assert is_near.mean() > 0.94
        assert (gained @ swapped) / (swapped @ swapped) == pytest.approx(1.0, abs=0.02)
