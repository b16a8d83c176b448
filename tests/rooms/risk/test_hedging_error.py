"""How far off hedging now and then is, by a simulation of it."""

from math import sqrt

import numpy as np
import pytest

from hedgerow.pricing import OptionColumns, greeks, value_usd
from hedgerow.risk import hedging_error_usd

S, VOL, T = 100.0, 0.4, 0.25


def _vega() -> float:
    one = np.array([1.0])
    found = greeks(OptionColumns(S * one, S * one, VOL * one, T * one, np.array([True])))
    return float(found.vega_usd_per_vol[0])


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
    told = hedging_error_usd(vega_usd_per_vol=_vega(), vol_frac=VOL, hedges_count=count)
    assert np.std(profit) == pytest.approx(told, rel=0.06)
    assert np.mean(profit) == pytest.approx(0.0, abs=4 * told / sqrt(paths))
