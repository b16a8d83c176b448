"""Profits over a grid: each cell is a revaluation, and accounts are sums."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import ScenarioGrid, account_profits, reference, scenario_profits
from hedgerow.pricing.european import EuropeanColumns
from tests.golden.read import numbers
from tests.rooms.pricing.forty_digits import forty_digits


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
    basis_shifts_frac_per_year=(0.0, -0.2, 0.07),
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
    shifted[5] += grid.basis_shift_frac_per_year[cell]
    return shifted


@pytest.mark.parametrize("count", [1, 5, 600])
def test_each_cell_is_a_revaluation(count: int) -> None:
    options = desk(count)
    got = scenario_profits(options, GRID)
    assert got.shape == (len(GRID), count)
    given = options.given
    # The forward of a cell, which a basis wider for two years has moved by up to half.
    scale = 1.5 * (given[0] * (1.0 + np.abs(GRID.price_move_frac[:, None])) + given[1])
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
        forward = there[0] * np.exp(there[5] * there[3])
        want = worth(there) / forward - worth(given) / given[0]
        scale = 2.0 + given[1] / np.minimum(forward, given[0])
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


def test_a_basis_moves_the_forward_and_not_the_discount() -> None:
    """A call without strike is its forward, discounted: ``S (1 + m) e^{(b + c) t} e^{-r t}``."""
    rate, carry, years = 0.05, 0.02, 1.5
    options = EuropeanColumns(
        underlying_usd=np.full(2, 100.0),
        strike_usd=np.zeros(2),
        vol_frac=np.full(2, 0.5),
        expiry_years=np.full(2, years),
        is_call=np.array([True, True]),
        rate_frac_per_year=rate,
        carry_frac_per_year=np.array([0.0, carry]),
    )
    grid = ScenarioGrid.product(
        price_moves_frac=(0.0, 0.1),
        elapsed_years=(0.0, 0.5, 2.0),
        basis_shifts_frac_per_year=(0.0, 0.08),
    )
    got = scenario_profits(options, grid)
    paid = scenario_profits(options, grid, is_coin_settled=np.ones(2, dtype=np.bool_))
    for cell in range(len(grid)):
        left = max(years - grid.elapsed_years[cell], 0.0)
        spot = 100.0 * (1.0 + grid.price_move_frac[cell])
        for row, b in enumerate((0.0, carry)):
            forward = spot * math.exp((b + grid.basis_shift_frac_per_year[cell]) * left)
            want = forward * math.exp(-rate * left) - 100.0 * math.exp((b - rate) * years)
            assert got[cell, row] == pytest.approx(want, rel=1e-13, abs=1e-12)
            # Paid at the forward of the cell, it is worth its discount: one coin later.
            want = math.exp(-rate * left) - math.exp(-rate * years)
            assert paid[cell, row] == pytest.approx(want, rel=1e-13, abs=1e-15)


def test_an_option_on_spot_has_its_carry_shifted() -> None:
    """The option of the sheet (b = 0.02) is one with b = 0.05 whose basis fell by three points."""
    raised = EuropeanColumns(
        underlying_usd=np.full(1, 60_000.0),
        strike_usd=np.full(1, 65_000.0),
        vol_frac=np.full(1, 0.65),
        expiry_years=np.full(1, 0.2),
        is_call=np.array([True]),
        rate_frac_per_year=0.05,
        carry_frac_per_year=0.05,
    )
    grid = ScenarioGrid.product(price_moves_frac=(0.0,), basis_shifts_frac_per_year=(-0.03,))
    ((gain,),) = scenario_profits(raised, grid)
    before = forty_digits(60_000, 65_000, 0.65, 0.2, 0.05, 0.05, 1, follows=False)["value"][0]
    after = forty_digits(60_000, 65_000, 0.65, 0.2, 0.05, 0.02, 1, follows=False)["value"][0]
    assert abs(gain - float(after - before)) < 1e-13 * 60_000
    # To first order the sheet's delta times what the forward has lost, discounted into spot.
    assert gain == pytest.approx(-0.451 * 60_000 * 0.03 * 0.2, rel=0.02)


def test_a_basis_left_out_or_given_once_is_one_for_all_cells() -> None:
    columns = {
        "price_move_frac": np.array([0.0, 0.1]),
        "vol_move_frac": np.zeros(2),
        "vol_shift_frac": np.zeros(2),
        "elapsed_years": np.zeros(2),
    }
    none = ScenarioGrid(**columns)
    assert none.basis_shift_frac_per_year.tolist() == [0.0, 0.0]
    one = ScenarioGrid(**columns, basis_shift_frac_per_year=np.array(0.1))
    assert one.basis_shift_frac_per_year.tolist() == [0.1, 0.1]
    assert not one.basis_shift_frac_per_year.flags.writeable
    with pytest.raises(OutOfDomain, match=r"basis_shift_frac_per_year has shape \(3,\)"):
        ScenarioGrid(**columns, basis_shift_frac_per_year=np.zeros(3))


def test_cells_in_any_order_are_the_same_cells() -> None:
    order = np.random.default_rng(2).permutation(len(GRID))
    shuffled = ScenarioGrid(
        price_move_frac=GRID.price_move_frac[order],
        vol_move_frac=GRID.vol_move_frac[order],
        vol_shift_frac=GRID.vol_shift_frac[order],
        elapsed_years=GRID.elapsed_years[order],
        basis_shift_frac_per_year=GRID.basis_shift_frac_per_year[order],
    )
    options = desk(40)
    straight = scenario_profits(options, GRID)
    np.testing.assert_array_equal(scenario_profits(options, shuffled), straight[order])


def test_a_basis_that_would_overflow_is_refused() -> None:
    options = desk(3)
    years = float(options.given[3].max())
    edge = 100.0 / years * 0.999
    grid = ScenarioGrid.product(price_moves_frac=(0.0,), basis_shifts_frac_per_year=(edge, -edge))
    assert np.isfinite(scenario_profits(options, grid)).all()
    far = ScenarioGrid.product(
        price_moves_frac=(0.0,), basis_shifts_frac_per_year=(0.0, -1.01 * edge)
    )
    with pytest.raises(OutOfDomain, match="times the years left must be within ±100, cell 1 was -"):
        scenario_profits(options, far)
    # What has expired by then does not feel it.
    later = ScenarioGrid.product(
        price_moves_frac=(0.0,), basis_shifts_frac_per_year=(1e6,), elapsed_years=(years,)
    )
    assert np.isfinite(scenario_profits(options, later)).all()


def test_what_cannot_be_is_refused() -> None:
    for field, bad in (
        ("price_moves_frac", -1.0), ("vol_moves_frac", -1.5), ("elapsed_years", -0.1),
        ("vol_shifts_frac", float("nan")), ("basis_shifts_frac_per_year", float("inf")),
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


def test_a_buffer_is_written() -> None:
    room = np.full((len(GRID), 3), np.nan)
    assert scenario_profits(desk(3), GRID, out=room) is room
    assert np.isfinite(room).all()
