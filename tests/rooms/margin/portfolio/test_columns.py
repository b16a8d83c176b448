"""Scans of many accounts: the sheet's own example, and the same as one by one."""

import numpy as np
import pytest
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.margin.portfolio import scan_accounts, scans_of, tail_weights
from hedgerow.pricing import EuropeanColumns, ScenarioGrid
from tests.golden.read import numbers


def test_the_scan_of_the_sheet() -> None:
    """Ten calls short and four futures, 9 prices by 3 vols (method_vectors, portfolio_scan)."""
    told = numbers("portfolio_scan")
    forward = float(told["F"])
    calls = EuropeanColumns(
        underlying_usd=np.array([forward]),
        strike_usd=np.array([float(told["K"])]),
        vol_frac=np.array([float(told["sigma"])]),
        expiry_years=np.array([float(told["T"])]),
        is_call=np.array([True]),
    )
    prices = [float(x) for x in told["price_shocks"]]
    vols = [float(x) for x in told["vol_multipliers"]]
    grid = ScenarioGrid.product(price_moves_frac=prices, vol_moves_frac=[vol - 1.0 for vol in vols])
    futures = float(told["futures"]) * forward * grid.price_move_frac[None, :]
    held = sparse.csr_array(np.array([[float(told["calls"])]]))
    found = scan_accounts(calls, grid, held, other_profits_usd=futures)
    assert found.requirement_usd[0] == pytest.approx(-float(told["worst"]), rel=1e-12)

    def cell(name: str) -> int:
        price, vol = (float(x) for x in told[name])
        return prices.index(price) * len(vols) + vols.index(vol)

    assert found.worst_index[0] == cell("worst_at")
    # A shortfall over the two worst of 27 cells is their mean, which gives the second away.
    two = scan_accounts(calls, grid, held, other_profits_usd=futures, level_frac=25 / 27)
    second = 2 * two.shortfall_usd[0] - two.worst_usd[0]
    assert second == pytest.approx(-float(told["second"]), rel=1e-9)
    # Held the other way round, the best cell is the worst.
    other = scan_accounts(calls, grid, -held, other_profits_usd=-futures)
    assert other.requirement_usd[0] == pytest.approx(float(told["best"]), rel=1e-12)
    assert other.worst_index[0] == cell("best_at")


def test_many_are_as_one_by_one() -> None:
    rng = np.random.Generator(np.random.Philox(5))
    profits = rng.standard_normal((50, 37)) + 0.5
    profits[3] = 1.0  # gains everywhere
    found = scans_of(profits, level_frac=0.9)
    for at, row in enumerate(profits):
        assert found.worst_usd[at] == -row.min()
        assert found.worst_index[at] == int(np.argmin(row))
        assert found.shortfall_usd[at] == pytest.approx(tail_weights(-row, 0.9) @ -row)
    assert found.requirement_usd[3] == 0.0
    assert found.worst_usd[3] == -1.0


def test_bad_tables_are_refused() -> None:
    for table in (np.zeros((2, 0)), np.zeros(3), np.array([[np.nan]])):
        with pytest.raises(OutOfDomain):
            scans_of(table)
    with pytest.raises(OutOfDomain, match="level_frac"):
        scans_of(np.zeros((1, 1)), level_frac=1.0)
    one = EuropeanColumns(
        underlying_usd=np.ones(1), strike_usd=np.ones(1), vol_frac=np.ones(1),
        expiry_years=np.ones(1), is_call=np.array([True]),
    )  # fmt: skip
    grid = ScenarioGrid.product(price_moves_frac=[0.0])
    with pytest.raises(OutOfDomain, match="other_profits_usd"):
        scan_accounts(
            one, grid, sparse.csr_array(np.ones((1, 1))), other_profits_usd=np.zeros((2, 1))
        )
