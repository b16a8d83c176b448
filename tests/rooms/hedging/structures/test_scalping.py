"""Hedging now and then: the sheet's figures, a simulation, and the move that pays for theta."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.scalping import (
    break_even_move_frac,
    hedging_error_usd,
    rebalances_wanted_count,
)
from hedgerow.pricing import OptionColumns, greeks, value_usd

S, VOL, T = 100.0, 0.4, 0.25


def _greeks() -> tuple[float, float]:
    one = np.array([1.0])
    found = greeks(OptionColumns(S * one, S * one, VOL * one, T * one, np.array([True])))
    return float(found.gamma_coin_per_usd[0]), float(found.vega_usd_per_vol[0])


@pytest.mark.parametrize(("count", "wanted"), [(21, 1.53534), (84, 0.76767)])
def test_the_error_of_the_sheet(count: int, wanted: float) -> None:
    _, vega = _greeks()
    found = hedging_error_usd(vega_usd_per_vol=vega, vol_frac=VOL, rebalances_count=count)
    assert found == pytest.approx(wanted, abs=5e-6)


@pytest.mark.parametrize("count", [21, 84])
def test_a_simulation_agrees_within_six_per_cent(count: int) -> None:
    """Delta hedged at so many even times; the deviation of what is left at expiry."""
    paths, dt = 40_000, T / count
    rng = np.random.default_rng(5)
    spot = np.full(paths, S)
    premium = float(value_usd(np.array(S), np.array(S), np.array(VOL), np.array(T), np.array(True)))
    cash, held = np.full(paths, -premium), np.zeros(paths)
    one = np.ones(paths)
    for step in range(count):
        left = T - step * dt
        options = OptionColumns(spot, S * one, VOL * one, left * one, one > 0)
        delta = greeks(options).delta_forward_frac
        cash += (delta - held) * spot
        held = delta
        spot = spot * np.exp(VOL * sqrt(dt) * rng.standard_normal(paths) - 0.5 * VOL**2 * dt)
    profit = cash - held * spot + np.maximum(spot - S, 0.0)
    _, vega = _greeks()
    told = hedging_error_usd(vega_usd_per_vol=vega, vol_frac=VOL, rebalances_count=count)
    assert np.std(profit) == pytest.approx(told, rel=0.06)
    assert np.mean(profit) == pytest.approx(0.0, abs=4 * told / sqrt(paths))


@given(st.floats(0.01, 1e3), st.floats(0.01, 3.0), st.floats(1e-3, 1e3))
def test_so_many_rebalances_are_enough_and_one_less_is_not(
    vega: float, vol: float, error: float
) -> None:
    told = {"vega_usd_per_vol": vega, "vol_frac": vol}
    count = rebalances_wanted_count(**told, error_usd=error)
    assert hedging_error_usd(**told, rebalances_count=count) <= error * (1 + 1e-9)
    if count > 1:
        assert hedging_error_usd(**told, rebalances_count=count - 1) > error * (1 - 1e-9)


def test_a_move_of_one_deviation_pays_for_theta() -> None:
    """One day at 40 %: 2.0937 % (0.4 / √365)."""
    gamma, _ = _greeks()
    move = break_even_move_frac(vol_implied_frac=VOL, elapsed_years=1 / 365)
    assert move == pytest.approx(0.020936954)
    theta = -0.5 * gamma * S**2 * VOL**2 / 365
    assert 0.5 * gamma * (move * S) ** 2 + theta == pytest.approx(0.0, abs=1e-15)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="rebalances_count"):
        hedging_error_usd(vega_usd_per_vol=1.0, vol_frac=0.4, rebalances_count=0)
    with pytest.raises(OutOfDomain, match="elapsed_years"):
        break_even_move_frac(vol_implied_frac=0.4, elapsed_years=-1.0)
