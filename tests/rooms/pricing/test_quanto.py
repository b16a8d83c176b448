"""Quanto contracts: by hand, by derivatives, and their fair forward by simulation."""

from typing import Any

import numpy as np
import pytest
from mpmath import exp

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import quanto_contracts, quanto_forwards
from tests.rooms.pricing.slopes import slope


def test_profit_of_the_sheet() -> None:
    # Long 100 contracts of 1e-6 BTC per dollar of ETH, entered at 2000, marked at 2500.
    got = quanto_contracts(
        quantity_contracts=np.array([100.0, -100.0]),
        multiplier_coin_per_usd=1e-6,
        price_entry_usd=2_000.0,
        price_mark_usd=2_500.0,
        price_settlement_usd=60_000.0,
    )
    assert got.value_coin == pytest.approx([0.05, -0.05], rel=1e-15)
    assert got.value_usd == pytest.approx([3_000.0, -3_000.0], rel=1e-15)
    # Six dollars for each dollar of ETH: six ETH.
    assert got.delta_underlying_coin == pytest.approx([6.0, -6.0], rel=1e-15)
    assert got.delta_settlement_coin == pytest.approx([0.05, -0.05], rel=1e-15)


def test_deltas_are_slopes_in_both_prices() -> None:
    size, m, entry = -40.0, 3e-6, 2_100.0
    at = (1_900.0, 55_000.0)

    def worth(mark: Any, coin: Any) -> Any:
        return size * m * (mark - entry) * coin

    got = quanto_contracts(
        quantity_contracts=size,
        multiplier_coin_per_usd=m,
        price_entry_usd=entry,
        price_mark_usd=at[0],
        price_settlement_usd=at[1],
    )
    assert got.value_usd[0] == pytest.approx(slope(worth, at, 0, 0), rel=1e-14)
    assert got.delta_underlying_coin[0] == pytest.approx(slope(worth, at, 1, 0), rel=1e-14)
    assert got.delta_settlement_coin[0] == pytest.approx(slope(worth, at, 0, 1), rel=1e-14)
    assert got.gamma_cross_coin_per_usd[0] == pytest.approx(slope(worth, at, 1, 1), rel=1e-14)
    assert got.gamma_coin_per_usd[0] == slope(worth, at, 2, 0) == 0.0
    assert got.slope_coin_per_usd[0] == pytest.approx(size * m, rel=1e-15)


@pytest.mark.parametrize("correlation", [0.8, 0.0, -0.5])
def test_at_the_fair_entry_a_quanto_costs_nothing(correlation: float) -> None:
    forward, coin, vols, years = 2_000.0, 60_000.0, (0.8, 0.6), 0.5
    fair = quanto_forwards(
        price_forward_usd=forward,
        vol_underlying_frac=vols[0],
        vol_settlement_frac=vols[1],
        correlation_frac=correlation,
        expiry_years=years,
    ).forward_quanto_usd[0]
    rng = np.random.Generator(np.random.Philox(11))
    z1 = rng.standard_normal(400_000)
    z2 = correlation * z1 + np.sqrt(1 - correlation**2) * rng.standard_normal(400_000)
    root = np.sqrt(years)
    mark = forward * np.exp(vols[0] * root * z1 - 0.5 * vols[0] ** 2 * years)
    settled = coin * np.exp(vols[1] * root * z2 - 0.5 * vols[1] ** 2 * years)
    profit = (mark - fair) * settled
    error = profit.std() / np.sqrt(len(profit))
    assert abs(profit.mean()) < 3.0 * error
    # Three errors are a hundredth of the forward: the wrong sign of the drift would be seen.
    assert correlation == 0.0 or abs(fair - forward) * coin > 20.0 * error


def test_forward_moves_with_its_inputs() -> None:
    at = (2_000.0, 0.3)

    def fair(forward: Any, correlation: Any) -> Any:
        return forward * exp(correlation * 0.8 * 0.6 * 0.25)

    got = quanto_forwards(
        price_forward_usd=at[0],
        vol_underlying_frac=0.8,
        vol_settlement_frac=0.6,
        correlation_frac=at[1],
        expiry_years=0.25,
    )
    assert got.forward_quanto_usd[0] == pytest.approx(slope(fair, at, 0, 0), rel=1e-14)
    assert got.delta_forward_frac[0] == pytest.approx(slope(fair, at, 1, 0), rel=1e-14)
    assert got.correlation_usd_per_frac[0] == pytest.approx(slope(fair, at, 0, 1), rel=1e-14)
    assert got.drift_frac_per_year[0] == pytest.approx(0.3 * 0.8 * 0.6, rel=1e-15)


@pytest.mark.parametrize("bad", [1.0001, -1.0001, float("nan")])
def test_a_correlation_beyond_one_is_refused(bad: float) -> None:
    with pytest.raises(OutOfDomain, match=r"^correlation_frac must be .* from -1 to 1, row 0"):
        quanto_forwards(
            price_forward_usd=1.0,
            vol_underlying_frac=1.0,
            vol_settlement_frac=1.0,
            correlation_frac=bad,
            expiry_years=1.0,
        )
