"""A cell of a grid, and what accounts gain in all of them.

Expected cost of a cell, before measuring: 100 operations, one logarithm less than Greeks: 5 to 10
ns. Of an account: one multiply-add for each holding and cell, whose speed is that of the cache.
"""

from __future__ import annotations

from statistics import median

import numpy as np
from scipy import sparse

from hedgerow.pricing import (
    AveragingWindows,
    ScenarioGrid,
    account_profits,
    account_scenario_profits,
    buffer,
    reference,
    scenario_profits,
    value_usd,
)

from .clock import CONDITIONS, Result, Way, interleaved, ratio, row
from .inputs import book

OPTIONS_COUNT = 1_000
ACCOUNTS_COUNT = 10_000
HOLDINGS_COUNT = 20  # of each account


def cells() -> ScenarioGrid:
    """Give 189 cells: 21 prices, 3 vols, 3 times."""
    return ScenarioGrid.product(
        price_moves_frac=np.linspace(-0.5, 0.5, 21),
        vol_moves_frac=(-0.25, 0.0, 0.5),
        elapsed_years=(0.0, 1 / 365, 7 / 365),
    )


def scenarios() -> list[Result]:
    """Measure cells of a grid: a thousand options in 189 cells, three of them in time."""
    options, grid = book(OPTIONS_COUNT), cells()
    wide = ScenarioGrid.product(
        price_moves_frac=np.linspace(-0.5, 0.5, 7),
        vol_moves_frac=(-0.25, 0.0, 0.5),
        elapsed_years=(0.0, 1 / 365, 7 / 365),
        basis_shifts_frac_per_year=(-0.1, 0.0, 0.1),
    )
    flags = np.ones(OPTIONS_COUNT, dtype=np.bool_)
    room = buffer((len(grid), OPTIONS_COUNT))

    def plain() -> None:
        now = reference.greeks(options.given, carry_follows_rate=False)[0]
        for c in range(len(grid)):
            there = options.given.copy()
            there[0] *= 1.0 + grid.price_move_frac[c]
            there[2] *= 1.0 + grid.vol_move_frac[c]
            there[3] = np.maximum(there[3] - grid.elapsed_years[c], 1e-9)
            room[c] = _numpy_value(there) / there[0] - now / options.given[0]

    def ours(which: ScenarioGrid) -> Way:
        return Way(
            lambda: scenario_profits(options, which, is_coin_settled=flags, out=room), room.size, 20
        )

    windows = AveragingWindows(np.ones(OPTIONS_COUNT))

    def averaged() -> None:
        scenario_profits(options, grid, is_coin_settled=flags, windows=windows, out=room)

    took = interleaved(
        {
            "ours": ours(grid),
            "basis": ours(wide),
            "window": Way(averaged, room.size, 20),
            "numpy": Way(plain, room.size),
        }
    )
    within = float(np.mean(options.given[3] - grid.elapsed_years.max() < 1.0))
    note = f"{OPTIONS_COUNT:,} coin-settled options, {len(grid)} cells, {CONDITIONS}"
    times = ratio(took["numpy"], took["ours"])
    return [
        row("scenario_cell_ns", median(took["ours"]), "ns", 10.0, note),
        row("scenario_cell_basis_ns", median(took["basis"]), "ns", None, f"3 bases; {note}"),
        row(
            "scenario_cell_window_ns", median(took["window"]), "ns", None,
            f"{100 * within:.0f} % of them reach their settlement window; {note}",
        ),
        row("scenario_cell_numpy_ns", median(took["numpy"]), "ns", None, f"plain NumPy; {note}"),
        row("scenario_cell_ratio_numpy", times, "×", 8.0, f"NumPy cell after cell; {note}"),
    ]  # fmt: skip


def _numpy_value(terms: np.ndarray) -> np.ndarray:
    """Value options on a forward as plainly as NumPy can."""
    S, K, v, T, r, _, cp = terms
    return np.asarray(np.exp(-r * T) * value_usd(S, K, v, T, cp > 0))


def accounts() -> list[Result]:
    """Measure ten thousand accounts of twenty holdings each, among a thousand options."""
    options = book(OPTIONS_COUNT)
    grid = ScenarioGrid.product(
        price_moves_frac=np.linspace(-0.16, 0.16, 11), vol_moves_frac=(-0.25, 0.0, 0.5)
    )
    rng = np.random.default_rng(3)
    held = [
        np.sort(rng.choice(OPTIONS_COUNT, HOLDINGS_COUNT, replace=False))
        for _ in range(ACCOUNTS_COUNT)
    ]
    quantities = sparse.csr_array(
        (
            rng.normal(size=ACCOUNTS_COUNT * HOLDINGS_COUNT),
            np.concatenate(held),
            np.arange(ACCOUNTS_COUNT + 1) * HOLDINGS_COUNT,
        ),
        shape=(ACCOUNTS_COUNT, OPTIONS_COUNT),
    )
    table = scenario_profits(options, grid)
    out = np.empty((ACCOUNTS_COUNT, len(grid)))
    sums_count = quantities.nnz * len(grid)
    took = interleaved(
        {
            "sums": Way(lambda: account_profits(quantities, table), sums_count),
            "scipy": Way(lambda: quantities @ table.T, sums_count),
            "whole": Way(lambda: account_scenario_profits(options, grid, quantities, out=out), 1),
        }
    )
    note = (
        f"{ACCOUNTS_COUNT:,} accounts of {HOLDINGS_COUNT}, {OPTIONS_COUNT:,} options, "
        f"{len(grid)} cells, {CONDITIONS}"
    )
    times = ratio(took["scipy"], took["sums"])
    whole_ms = median(took["whole"]) / 1e6
    return [
        row("account_sum_ns", median(took["sums"]), "ns", None, f"a holding in a cell; {note}"),
        row("account_sum_ratio_scipy", times, "×", None, f"a product of SciPy; {note}"),
        row("account_scenarios_ms", whole_ms, "ms", None, f"priced and added up; {note}"),
    ]
