"""Gamma scalping: the sheet's figures, a simulation, and lines that add up."""

from math import pi, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.hedging.structures.scalping import (
    ScalpGreeks,
    break_even_move_frac,
    expected_scalp_usd,
    hedging_error_usd,
    rebalances_wanted_count,
    scalp_profit,
    theta_target,
    vega_by_expiry,
)
from hedgerow.pricing import OptionColumns, greeks, value_usd
from hedgerow.solving import EXCESS_FRAC_MAX

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
    found = scalp_profit(
        ScalpGreeks(gamma_coin_per_usd=gamma), price_usd=S, move_usd=-move * S,
        vol_implied_frac=VOL, elapsed_years=1 / 365,
    )  # fmt: skip
    assert found.total_usd == pytest.approx(0.0, abs=1e-15)
    assert found.gamma_usd == pytest.approx(0.5 * gamma * (move * S) ** 2)


def test_a_small_stretch_is_explained() -> None:
    """Against repricing the hedged option: a day, a move of 2 %, a vol point and a half up."""
    one = np.array([1.0])
    before = OptionColumns(S * one, S * one, VOL * one, T * one, np.array([True]))
    now = greeks(before)
    delta = float(now.delta_forward_frac[0])
    after = value_usd(
        np.array([S + 2.0]), before.strike_usd, np.array([VOL + 0.015]), np.array([T - 1 / 365]),
        before.is_call,
    )  # fmt: skip
    exact = float(after[0] - now.value_usd[0]) - 2.0 * delta
    gamma, vega = _greeks()
    d1 = 0.5 * VOL * sqrt(T)
    d2 = -d1
    found = scalp_profit(
        ScalpGreeks(
            gamma_coin_per_usd=gamma,
            vega_usd_per_vol=vega,
            vanna_coin_per_vol=-np.exp(-0.5 * d1**2) / sqrt(2 * pi) * d2 / VOL,
            volga_usd_per_vol2=vega * d1 * d2 / VOL,
        ),
        price_usd=S, move_usd=2.0, vol_implied_frac=VOL, elapsed_years=1 / 365,
        vol_move_frac=0.015,
    )  # fmt: skip
    gross = sum(abs(getattr(found, name)) for name in found.__struct_fields__)
    assert found.total_usd == pytest.approx(exact, abs=0.02 * gross)


def test_lines_add_up_and_costs_are_paid() -> None:
    found = scalp_profit(
        ScalpGreeks(gamma_coin_per_usd=-0.01, vega_usd_per_vol=10.0), price_usd=100.0,
        move_usd=3.0, vol_implied_frac=0.5, elapsed_years=0.01, vol_move_frac=-0.02,
        funding_usd=0.4, costs_usd=0.1,
    )  # fmt: skip
    assert found.gamma_usd == pytest.approx(-0.045)
    assert found.theta_usd == pytest.approx(0.5 * 0.01 * 1e4 * 0.25 * 0.01)
    assert found.total_usd == pytest.approx(-0.045 + 0.125 - 0.2 + 0.4 - 0.1)


@given(st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.floats(1e-6, 1.0))
def test_long_gamma_earns_where_realised_is_above_implied(
    realised: float, implied: float, gamma: float
) -> None:
    found = expected_scalp_usd(
        gamma_coin_per_usd=gamma, price_usd=100.0, vol_realised_frac=realised,
        vol_implied_frac=implied, elapsed_years=0.1,
    )  # fmt: skip
    assert np.sign(found) in (0.0, np.sign(realised - implied))
    told = scalp_profit(
        ScalpGreeks(gamma_coin_per_usd=gamma), price_usd=100.0,
        move_usd=100.0 * realised * sqrt(0.1), vol_implied_frac=implied, elapsed_years=0.1,
    )  # fmt: skip
    assert found == pytest.approx(told.total_usd, abs=1e-9 * gamma * 1e4)


THETA: dict[str, Any] = {
    "names": ("near", "far"),
    "theta_usd_per_day": np.array([-10.0, -4.0]),
    "gamma_coin_per_usd": np.array([0.002, 0.0005]),
    "vega_usd_per_vol": np.array([50.0, 120.0]),
    "half_cost_usd": np.array([2.0, 3.0]),
    "lot_contracts": np.array([0.1, 0.1]),
    "quantity_contracts_max": np.array([50.0, 50.0]),
}


def test_theta_is_sold_where_it_is_cheapest() -> None:
    """100 a day are ten contracts of the near option at 2 each, or 25 of the far one at 3."""
    found = theta_target(
        **THETA, book_theta_usd_per_day=0.0, target_theta_usd_per_day=100.0,
        tolerance_usd_per_day=0.01,
    )  # fmt: skip
    assert not isinstance(found, Failure)
    assert found.chosen_amount == pytest.approx((-10.0, 0.0))
    assert found.objective_usd == pytest.approx(20.0)


def test_gamma_is_bounded_while_theta_is_sold() -> None:
    """With 0.015 of gamma: 10 n + 4 f = 100 and 0.002 n + 0.0005 f = 0.015 give n = 10/3."""
    found = theta_target(
        **(THETA | {"lot_contracts": np.zeros(2)}), book_theta_usd_per_day=0.0,
        target_theta_usd_per_day=100.0, tolerance_usd_per_day=0.0, gamma_coin_per_usd_max=0.015,
    )  # fmt: skip
    assert not isinstance(found, Failure)
    assert found.chosen_amount == pytest.approx((-10 / 3, -50 / 3))
    assert found.gap_usd <= 1e-6


def test_vega_is_bounded_with_what_the_book_has_of_it() -> None:
    """Sold n and f: 10 n + 4 f = 100 and 50 n + 120 f = 400 give n = 10.4 and one far bought."""
    found = theta_target(
        **THETA, book_theta_usd_per_day=0.0, target_theta_usd_per_day=100.0,
        tolerance_usd_per_day=1e-6, book_vega_usd_per_vol=100.0, vega_usd_per_vol_max=300.0,
    )  # fmt: skip
    assert not isinstance(found, Failure)
    assert found.chosen_amount == pytest.approx((-10.4, 1.0))
    assert found.objective_usd == pytest.approx(2.0 * 10.4 + 3.0)


@pytest.mark.parametrize("gamma", [5.0, 5e6])
def test_what_nothing_can_mend_hinders_nothing_else(gamma: float) -> None:
    """No instrument has a gamma: theta is brought there as if none were asked for."""
    bare = THETA | {"gamma_coin_per_usd": np.zeros(2), "lot_contracts": np.full(2, 1e-5)}
    found = theta_target(
        **bare, book_theta_usd_per_day=0.0, target_theta_usd_per_day=100.003,
        tolerance_usd_per_day=1e-5, book_gamma_coin_per_usd=gamma, gamma_coin_per_usd_max=1.0,
    )  # fmt: skip
    assert not isinstance(found, Failure)
    assert found.conflicts == ("gamma",)
    assert found.chosen_amount == pytest.approx((-10.0003, 0.0), abs=2e-6)


def test_what_cannot_be_held_is_named() -> None:
    found = theta_target(
        **THETA, book_theta_usd_per_day=0.0, target_theta_usd_per_day=100.0,
        tolerance_usd_per_day=0.01, gamma_coin_per_usd_max=0.001,
    )  # fmt: skip
    assert not isinstance(found, Failure)
    assert found.excess_frac > EXCESS_FRAC_MAX
    assert set(found.conflicts) <= {"theta", "gamma"}
    assert found.conflicts


def test_vegas_fall_into_their_buckets() -> None:
    """An expiry at an edge belongs below it; 7.5 days weigh twice, 120 half."""
    found = vega_by_expiry(
        expiry_days=np.array([7.5, 30.0, 31.0, 120.0]),
        vega_usd_per_vol=np.array([100.0, 50.0, -20.0, 10.0]),
        edges_days=(30.0, 90.0),
    )
    assert [each.vega_usd_per_vol for each in found] == [150.0, -20.0, 10.0]
    assert [each.options_count for each in found] == [2, 1, 1]
    assert found[0].vega_term_usd_per_vol == pytest.approx(250.0)
    assert found[2].vega_term_usd_per_vol == pytest.approx(5.0)
    assert found[2].to_days == float("inf")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="rebalances_count"):
        hedging_error_usd(vega_usd_per_vol=1.0, vol_frac=0.4, rebalances_count=0)
    with pytest.raises(OutOfDomain, match="rise"):
        vega_by_expiry(
            expiry_days=np.array([1.0]), vega_usd_per_vol=np.array([1.0]), edges_days=(9.0, 3.0)
        )
    with pytest.raises(OutOfDomain, match="gamma_coin_per_usd"):
        expected_scalp_usd(
            gamma_coin_per_usd=float("nan"), price_usd=1.0, vol_realised_frac=0.1,
            vol_implied_frac=0.1, elapsed_years=0.1,
        )  # fmt: skip
