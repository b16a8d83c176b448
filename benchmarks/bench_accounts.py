"""Measure the scan of ten thousand accounts over 33 scenarios.

A chain of 1,000 options on one coin, 10,000 accounts of 20 positions each, eleven prices by three
vols; out come each account's worst scenario, its shortfall and its requirement. Expected cost:
33,000 revaluations at 5 ns and 6.6 million sums at 0.2 ns, so that most of it is the reduction:
some ten milliseconds. `accounts_together_ratio` says how much longer the same takes with one
matrix product per account, measured on 200 of them and scaled.

Run ``python benchmarks/bench_accounts.py --json``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy import sparse

from hedgerow.margin.portfolio import scan_accounts, scans_of
from hedgerow.pricing import EuropeanColumns, ScenarioGrid, scenario_profits

Row: TypeAlias = dict[str, object]

ACCOUNTS, OPTIONS, POSITIONS, SOME, ROUNDS = 10_000, 1_000, 20, 200, 5


def inputs() -> tuple[EuropeanColumns, ScenarioGrid, sparse.csr_array]:
    """Make a chain, a grid and the accounts; the same every time."""
    rng = np.random.Generator(np.random.Philox(33))
    options = EuropeanColumns(
        underlying_usd=np.full(OPTIONS, 60_000.0),
        strike_usd=60_000.0 * np.exp(rng.uniform(-0.5, 0.5, OPTIONS)),
        vol_frac=rng.uniform(0.4, 0.9, OPTIONS),
        expiry_years=rng.uniform(0.01, 1.0, OPTIONS),
        is_call=rng.random(OPTIONS) < 0.5,
    )
    grid = ScenarioGrid.product(
        price_moves_frac=np.linspace(-0.2, 0.2, 11), vol_moves_frac=(-0.25, 0.0, 0.5)
    )
    rows = np.repeat(np.arange(ACCOUNTS), POSITIONS)
    columns = np.concatenate(
        [rng.choice(OPTIONS, POSITIONS, replace=False) for _ in range(ACCOUNTS)]
    )
    sizes = rng.normal(0.0, 5.0, len(rows))
    held = sparse.csr_array((sizes, (rows, columns)), shape=(ACCOUNTS, OPTIONS))
    return options, grid, held


def best_s(call: Callable[[], object]) -> float:
    """Give the least of some runs; the first, which compiles, is not counted."""
    call()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def measure() -> list[Row]:
    """Measure both ways, and check that they agree."""
    options, grid, held = inputs()
    together = scan_accounts(options, grid, held, threads_count=2)

    def one_by_one() -> np.ndarray:
        profits = scenario_profits(options, grid)
        found = [scans_of((profits @ held[[i]].toarray()[0])[None, :]) for i in range(SOME)]
        return np.array([each.requirement_usd[0] for each in found])

    if not np.allclose(one_by_one(), together.requirement_usd[:SOME], rtol=1e-9, atol=1e-6):
        raise SystemExit("accounts together and one by one disagree")
    all_s = best_s(lambda: scan_accounts(options, grid, held, threads_count=2))
    single_s = best_s(lambda: scan_accounts(options, grid, held))
    apart_s = best_s(one_by_one) * ACCOUNTS / SOME
    note = f"{ACCOUNTS:,} accounts x {len(grid)} scenarios, {held.nnz:,} positions"

    def row(name: str, value: float, unit: str, told: str, *, bar: float | None = None) -> Row:
        better = "higher" if unit == "times" else "lower"
        return {
            "name": name, "value": value, "unit": unit, "better": better, "bar": bar, "note": told,
        }  # fmt: skip

    return [
        row("accounts_10000x33_s", round(all_s, 4), "s", f"{note}, two threads", bar=5.0),
        row("accounts_10000x33_one_thread_s", round(single_s, 4), "s", note),
        row(
            "accounts_together_ratio", round(apart_s / all_s, 1), "times",
            f"faster than one by one, which is taken from {SOME} of them",
        ),
    ]  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    chosen = parser.parse_args()
    results = measure()
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for row in results:
            print(f"{row['name']:<28} {row['value']:>10} {row['unit']:<6} {row['note']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
