"""Profits over a grid: each cell is a revaluation, and accounts are sums."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import ScenarioGrid, account_profits, reference, scenario_profits
from hedgerow.pricing.european import EuropeanColumns
from tests.golden.read import numbers


def desk(count: int, *, with_carry: bool = True) -> EuropeanColumns:
    rng = np.random.default_rng(7)
    spot = rng.uniform(1e3, 1e5, count)
    years = np.exp(rng.uniform(np.log(1 / 365), np.log(2.0), count))
    vol = rng.uniform(0.1, 2.0, count)
    return EuropeanColumns(
        underlying_usd=spot,
        strike_usd=spot * np.exp(rng.uniform(-4.0, 4.0, count) * vol * np.sqrt(years)),
        vol_frac=vol,
        expiry_years=years,
        is_call=rng.random(count) < 0.5,
        rate_frac_per_year=rng.uniform(0.0, 0.1, count),
        carry_frac_per_year=rng.uniform(-0.05, 0.1, count) if with_carry else 0.0,
    )


GRID = ScenarioGrid.product(
    price_moves_frac=(-0.5, -0.16, 0.0, 0.04, 1.5),
    vol_moves_frac=(-0.25, 0.0, 0.5),
    vol_shifts_frac=(0.0, 0.1),
    elapsed_years=(0.0, 1 / 365, 0.5),
)


def worth(given: Any) -> Any:
    """Values by the plain path, row by row alive or at its limit."""
    nothing = given[2] * np.sqrt(given[3]) == 0.0
    found = np.empty(given.shape[1])
    found[~nothing] = reference.greeks(given[:, ~nothing], carry_follows_rate=False)[0]
    found[nothing] = reference.limits(given[:, nothing], carry_follows_rate=False)[0]
    return found


def moved(given: Any, grid: ScenarioGrid, cell: int) -> Any:
    shifted = given.copy()
    shifted[0] *= 1.0 + grid.price_move_frac[cell]
    shifted[2] *= 1.0 + grid.vol_move_frac[cell]
    shifted[2] = np.maximum(shifted[2] + grid.vol_shift_frac[cell], 0.0)
    shifted[3] = np.maximum(shifted[3] - grid.elapsed_years[cell], 0.0)
    return shifted


@pytest.mark.parametrize("count", [1, 5, 600])
def test_each_cell_is_a_revaluation(count: int) -> None:
    options = desk(count)
    got = scenario_profits(options, GRID)
    assert got.shape == (len(GRID), count)
    given = options.given
    scale = given[0] * (1.0 + np.abs(GRID.price_move_frac[:, None])) + given[1]
    for cell in range(len(GRID)):
        want = worth(moved(given, GRID, cell)) - worth(given)
        assert (np.abs(got[cell] - want) <= 1e-13 * scale[cell]).all(), cell


def test_coin_settled_options_gain_in_coin() -> None:
    options = desk(50, with_carry=False)
    flags = np.arange(50) % 3 == 0
    both = scenario_profits(options, GRID, is_coin_settled=flags)
    dollars = scenario_profits(options, GRID)
    np.testing.assert_array_equal(both[:, ~flags], dollars[:, ~flags])
    given = options.given
    for cell in range(len(GRID)):
        there = moved(given, GRID, cell)
        want = worth(there) / there[0] - worth(given) / given[0]
        scale = 2.0 + given[1] / np.minimum(there[0], given[0])
        assert (np.abs(both[cell] - want)[flags] <= 1e-13 * scale[flags]).all(), cell


def test_no_move_is_exactly_nothing() -> None:
    still = ScenarioGrid.product(price_moves_frac=(0.0,))
    for flags in (None, np.ones(700, dtype=np.bool_)):
        assert not scenario_profits(desk(700), still, is_coin_settled=flags).any()


def test_without_time_or_vol_only_what_is_in_the_money_moves() -> None:
    n = 4
    options = EuropeanColumns(
        underlying_usd=np.full(n, 100.0),
        strike_usd=np.array([90.0, 110.0, 100.0, 0.0]),
        vol_frac=np.array([0.0, 0.5, 0.5, 0.5]),
        expiry_years=np.array([0.5, 0.0, 0.0, 0.5]),
        is_call=np.ones(n, dtype=np.bool_),
    )
    grid = ScenarioGrid.product(price_moves_frac=(-0.2, 0.0, 0.2))
    want = [[-10.0, 0.0, 0.0, -20.0], [0.0] * n, [20.0, 10.0, 20.0, 20.0]]
    np.testing.assert_allclose(scenario_profits(options, grid), want, atol=1e-13)


def test_a_vol_never_falls_below_zero() -> None:
    grid = ScenarioGrid.product(price_moves_frac=(0.0, 0.3), vol_shifts_frac=(-5.0, -9.0))
    got = scenario_profits(desk(20), grid)
    np.testing.assert_array_equal(got[0::2], got[1::2])
    assert np.isfinite(got).all()


def test_the_portfolio_scan_of_the_sheet() -> None:
    want = numbers("portfolio_scan")
    forward, strike = float(want["F"]), float(want["K"])
    options = EuropeanColumns(
        underlying_usd=np.full(2, forward),
        strike_usd=np.array([strike, 0.0]),  # a call with no strike is a future less its entry
        vol_frac=np.full(2, float(want["sigma"])),
        expiry_years=np.full(2, float(want["T"])),
        is_call=np.array([True, True]),
    )
    moves = [float(move) for move in want["price_shocks"]]
    factors = [float(factor) for factor in want["vol_multipliers"]]
    grid = ScenarioGrid.product(price_moves_frac=moves, vol_moves_frac=np.array(factors) - 1.0)
    held = sparse.csr_array(np.array([[float(want["calls"]), float(want["futures"])]]))
    profit = account_profits(held, scenario_profits(options, grid))[0]
    ranked = np.argsort(profit)
    assert profit[ranked[0]] == pytest.approx(float(want["worst"]), rel=1e-12)
    assert profit[ranked[1]] == pytest.approx(float(want["second"]), rel=1e-12)
    assert profit[ranked[-1]] == pytest.approx(float(want["best"]), rel=1e-12)
    worst = int(ranked[0])
    assert grid.price_move_frac[worst] == float(want["worst_at"][0])
    assert 1.0 + grid.vol_move_frac[worst] == float(want["worst_at"][1])


def test_accounts_are_sums_of_what_they_hold() -> None:
    rng = np.random.default_rng(3)
    dense = rng.normal(size=(5, 30)) * (rng.random((5, 30)) < 0.2)
    profits = scenario_profits(desk(30), GRID)
    got = account_profits(sparse.csr_array(dense), profits)
    assert got.shape == (5, len(GRID))
    np.testing.assert_allclose(got, dense @ profits.T, rtol=1e-12, atol=1e-9)


def test_what_cannot_be_is_refused() -> None:
    for field, bad in (
        ("price_moves_frac", -1.0), ("vol_moves_frac", -1.5), ("elapsed_years", -0.1),
        ("vol_shifts_frac", float("nan")),
    ):  # fmt: skip
        axes: dict[str, Any] = {"price_moves_frac": (0.0,), field: (bad,)}
        with pytest.raises(OutOfDomain, match="must be finite and from"):
            ScenarioGrid.product(**axes)
    options = desk(3)
    with pytest.raises(OutOfDomain, match=r"is_coin_settled has shape \(2,\)"):
        scenario_profits(options, GRID, is_coin_settled=np.zeros(2, dtype=np.bool_))
    with pytest.raises(OutOfDomain, match="out must be float64 of shape"):
        scenario_profits(options, GRID, out=np.empty((1, 3)))
    with pytest.raises(OutOfDomain, match="in one piece"):
        scenario_profits(options, GRID, out=np.empty((3, len(GRID))).T)
    with pytest.raises(OutOfDomain, match="quantities know 4 instruments, profits 3"):
        account_profits(sparse.csr_array((1, 4)), np.empty((2, 3)))


def test_a_buffer_is_written() -> None:
    room = np.full((len(GRID), 3), np.nan)
    assert scenario_profits(desk(3), GRID, out=room) is room
    assert np.isfinite(room).all()
