"""A desk of ten thousand positions in a hundred scenarios: priced, added to accounts, margined.

`desk_*` are 10,000 options, none twice, held by 100 accounts of 100 positions; the grid is ten
prices by five vols by two times. Out come each account's worst scenario, its shortfall and its
requirement. `desk_series_*` are as many positions in 1,000 series, which is what a venue lists;
`desk_mixed_*` have a tenth of the positions in perpetuals, inverse and power contracts and shares
of pools beside options. NumPy prices the same cells one after the other, adds them up with a sparse
product of SciPy and reduces them in the same way, in the same run.

Expected cost, before measuring: a million cells at 5 ns, turned at 0.3 ns and added at 0.2 ns, and
ten thousand sums to sort: 5.5 ms on one core. In 1,000 series only a tenth is priced: 0.8 ms.

The limit counts the operations of a cell and one multiply-add for each holding in a cell, at the
rate of multiply-adds that the machine is seen to do; nothing for loads and stores, nor for sorting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from scipy import sparse

from hedgerow.margin.portfolio import AccountScans, scan_accounts, scans_of
from hedgerow.pricing import (
    EuropeanColumns,
    MovedContracts,
    ScenarioGrid,
    account_scenario_profits,
    value_usd,
)

from .clock import CONDITIONS, Result, Way, interleaved, ratio, row
from .inputs import book
from .limit import OPERATIONS, rate_per_ns

POSITIONS_COUNT = 10_000
SERIES_COUNT = 1_000
ACCOUNTS_COUNT = 100
OTHERS_COUNT = 1_000


@dataclass(frozen=True)
class Desk:
    """Options, a grid, and what accounts hold of them."""

    options: EuropeanColumns
    grid: ScenarioGrid
    held: sparse.csr_array

    @property
    def cells_count(self) -> int:
        """Revaluations: every option in every cell."""
        return len(self.options) * len(self.grid)

    @property
    def sums_count(self) -> int:
        """Every holding in every cell."""
        return int(self.held.nnz) * len(self.grid)


def grid() -> ScenarioGrid:
    """Give a hundred cells."""
    return ScenarioGrid.product(
        price_moves_frac=np.linspace(-0.2, 0.25, 10),
        vol_moves_frac=(-0.3, -0.15, 0.0, 0.25, 0.5),
        elapsed_years=(0.0, 1 / 365),
    )


def desk(
    positions_count: int, series_count: int, accounts_count: int = ACCOUNTS_COUNT, seed: int = 19
) -> Desk:
    """Make a desk; each account holds as many positions, none of a series twice."""
    rng = np.random.default_rng(seed)
    each = positions_count // accounts_count
    if series_count == positions_count:
        columns = rng.permutation(series_count)  # everybody holds his own
    else:
        drawn = [rng.choice(series_count, each, replace=False) for _ in range(accounts_count)]
        columns = np.concatenate(drawn)
    rows = np.repeat(np.arange(accounts_count), each)
    sizes = rng.normal(0.0, 5.0, len(rows))
    held = sparse.csr_array((sizes, (rows, columns)), shape=(accounts_count, series_count))
    return Desk(book(series_count), grid(), held)


def by_numpy(of: Desk) -> AccountScans:
    """Do the same as plainly as NumPy and SciPy can."""
    S, K, v, T, r, _, cp = of.options.given
    is_call = cp > 0
    now = np.exp(-r * T) * value_usd(S, K, v, T, is_call)
    profits = np.empty((len(of.grid), len(of.options)))
    for c in range(len(of.grid)):
        left = np.maximum(T - of.grid.elapsed_years[c], 0.0)
        moved = S * (1.0 + of.grid.price_move_frac[c])
        vol = v * (1.0 + of.grid.vol_move_frac[c])
        profits[c] = np.exp(-r * left) * value_usd(moved, K, vol, left, is_call) - now
    return scans_of(of.held @ profits.T)


def others(count: int) -> list[MovedContracts]:
    """Make contracts of every other kind, as many of each; of those that gain in dollars."""
    rng = np.random.default_rng(20)
    each = count // 4
    price = rng.choice([80_000.0, 2_500.0], each) * rng.uniform(0.95, 1.05, each)
    return [
        MovedContracts.linear(price_usd=price, expiry_years=rng.uniform(0.0, 1.0, each)),
        MovedContracts.quanto(
            price_mark_usd=price, price_entry_usd=price * 1.01, price_settlement_usd=2_500.0
        ),
        MovedContracts.power(price_usd=price, norm_factor_frac=0.5, vol_frac=0.7),
        MovedContracts.pool(
            price_usd=price, price_lower_usd=0.8 * price, price_upper_usd=1.2 * price
        ),
    ]


def mixed() -> Callable[[], object]:
    """Give the work of a desk of which a tenth of the positions are no options."""
    beside = others(OTHERS_COUNT)
    of = desk(POSITIONS_COUNT - OTHERS_COUNT, POSITIONS_COUNT - OTHERS_COUNT)
    more = np.random.default_rng(21).normal(size=OTHERS_COUNT)
    owners = np.arange(OTHERS_COUNT) % ACCOUNTS_COUNT
    held_beside = sparse.csr_array(
        (more, (owners, np.arange(OTHERS_COUNT))), shape=(ACCOUNTS_COUNT, OTHERS_COUNT)
    )
    held = sparse.csr_array(sparse.hstack([of.held, held_beside]))
    return lambda: scans_of(account_scenario_profits(of.options, of.grid, held, others=beside))


def measure() -> list[Result]:
    """Measure all desks, and what the machine could do."""
    apart = desk(POSITIONS_COUNT, POSITIONS_COUNT)
    series = desk(POSITIONS_COUNT, SERIES_COUNT)
    for of in (apart, series):
        ours, plain = scan_accounts(of.options, of.grid, of.held), by_numpy(of)
        if not np.allclose(ours.shortfall_usd, plain.shortfall_usd, rtol=1e-9, atol=1e-5):
            raise SystemExit("the kernel and NumPy disagree")

    def scanned(of: Desk) -> Callable[[], object]:
        return lambda: scan_accounts(of.options, of.grid, of.held)

    took = interleaved(
        {
            "desk": Way(scanned(apart), 1),
            "numpy": Way(lambda: by_numpy(apart), 1),
            "series": Way(scanned(series), 1, 5),
            "series_numpy": Way(lambda: by_numpy(series), 1),
            "mixed": Way(mixed(), 1),
        }
    )
    ms = {name: median(each) / 1e6 for name, each in took.items()}
    size = f"{POSITIONS_COUNT:,} positions x {len(apart.grid)} scenarios, {ACCOUNTS_COUNT} accounts"
    alone, many = (f"{size}, {of.cells_count:,} cells, {CONDITIONS}" for of in (apart, series))
    rate = rate_per_ns()
    results = [
        row("desk_ms", ms["desk"], "ms", None, f"priced and margined; {alone}"),
        row("desk_numpy_ms", ms["numpy"], "ms", None, f"plain NumPy; {alone}"),
        row("desk_ratio_numpy", ratio(took["numpy"], took["desk"]), "×", None, alone),
        row("desk_series_ms", ms["series"], "ms", None, f"{SERIES_COUNT:,} series; {many}"),
        row("desk_series_numpy_ms", ms["series_numpy"], "ms", None, f"plain NumPy; {many}"),
        row(
            "desk_series_ratio_numpy", ratio(took["series_numpy"], took["series"]), "×", None, many
        ),
        row(
            "desk_mixed_ms", ms["mixed"], "ms", None,
            f"{OTHERS_COUNT:,} of them no options; {size}, {CONDITIONS}",
        ),
    ]  # fmt: skip
    for name, of in (("desk", apart), ("desk_series", series)):
        operations = of.cells_count * OPERATIONS["scenario_cell"] + of.sums_count
        best_ms = operations / rate / 1e6
        note = f"{operations:,} operations counted; multiply-adds at {rate:.1f} a nanosecond"
        took_ms = ms["desk" if of is apart else "series"]
        results += [
            row(f"{name}_limit_ms", best_ms, "ms", None, note),
            row(f"{name}_over_limit", took_ms / best_ms, "times", None, note),
        ]
    return results
