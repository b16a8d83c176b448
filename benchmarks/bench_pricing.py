"""Measure what one option costs: value and eleven Greeks, a cell of a grid, a single call.

All runs of one size are interleaved: ours, the NumPy path and, where it is installed, the Greeks of
NautilusTrader, again and again; the figures are medians, and a ratio is the median of the ratios of
neighbours, so that a machine that is slow for a while is slow for all. Times are processor time.

`greeks_12_*`: value, delta, gamma, vega, theta, rho, vanna, volga, charm, speed, zomma, color of
options whose columns have been through the gate, written into a buffer. `greeks_12_call_*` counts
the gate and memory for the results too; `greeks_14_*` adds veta and ultima.

Expected cost, before measuring: some 110 multiply-adds of polynomials and 90 other operations per
option. A core that starts two packed instructions of four doubles in a cycle needs 25 cycles for
200 of them, and some 15 more for two roots and five divisions: 10 ns at 4 GHz, and twice that for
what no schedule hides. A cell of a grid needs 90 operations, one logarithm less: 5 to 10 ns.

`greeks_12_limit_ns` is what this machine could do at best: operations of one option, counted in the
source, over the rate at which it is seen to multiply and add. Run ``python
benchmarks/bench_pricing.py --json``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from numba import njit

from hedgerow.pricing import (
    EuropeanColumns,
    ScenarioGrid,
    coin_greeks,
    european_greeks,
    reference,
    scenario_profits,
)

ROUNDS_COUNT = 15
# Per option in `greeks`, from its source: a multiply-add counts once, a division or root as the
# eight that it keeps the unit busy for. Three exponentials (14 each), a logarithm (24), four halves
# of a Mills ratio (9 or 10), 25 around them, 8 of divisions' worth in `_core`; 40 in the rest.
OPERATIONS_12 = 3 * 14 + 24 + 2 * 19 + 45 + 3 * 8 + 40 + 2 * 8


def book(count: int) -> EuropeanColumns:
    """Make options between a day and two years, within three deviations of their forward."""
    rng = np.random.default_rng(1)
    years = np.exp(rng.uniform(np.log(1 / 365), np.log(2.0), count))
    vol = rng.uniform(0.3, 1.2, count)
    forward = rng.choice([80_000.0, 2_500.0], count) * rng.uniform(0.95, 1.05, count)
    return EuropeanColumns(
        underlying_usd=forward,
        strike_usd=forward * np.exp(rng.uniform(-3.0, 3.0, count) * vol * np.sqrt(years)),
        vol_frac=vol,
        expiry_years=years,
        is_call=rng.random(count) < 0.5,
        rate_frac_per_year=0.03,
    )


def rebuilt(options: EuropeanColumns) -> EuropeanColumns:
    """Send columns through the gate again."""
    S, K, v, T, r, b, cp = options.given
    return EuropeanColumns(
        underlying_usd=S,
        strike_usd=K,
        vol_frac=v,
        expiry_years=T,
        is_call=cp > 0,
        rate_frac_per_year=r,
        carry_frac_per_year=b,
    )


def took_s(work: Callable[[], object], repeats: int) -> float:
    """Give the processor time of one of some repeats: waiting for others on a busy core is none."""
    begun = process_time()
    for _ in range(repeats):
        work()
    return (process_time() - begun) / repeats


def interleaved(works: dict[str, tuple[Callable[[], object], int]]) -> dict[str, list[float]]:
    """Run all in turn, round after round; seconds of one call each."""
    for work, _ in works.values():
        work()  # whatever a first call has to do
    rounds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS_COUNT):
        for name, (work, repeats) in works.items():
            rounds[name].append(took_s(work, repeats))
    return rounds


def ratio(slow: Sequence[float], quick: Sequence[float]) -> float:
    """Give how many times quicker, as the median over neighbours."""
    return median(a / b for a, b in zip(slow, quick, strict=True))


def greeks_of(count: int) -> list[dict[str, object]]:
    """Measure Greeks at one size."""
    options = book(count)
    room, more, coin = np.empty((12, count)), np.empty((14, count)), np.empty((6, count))
    often = max(1, 300_000 // count)
    works: dict[str, tuple[Callable[[], object], int]] = {
        "12": (lambda: european_greeks(options, out=room), often),
        "12_call": (lambda: european_greeks(rebuilt(options)), often),
        "14": (lambda: european_greeks(options, with_third_vol=True, out=more), often),
        "coin": (lambda: coin_greeks(options, out=coin), often),
        "numpy": (
            lambda: reference.greeks(options.given, carry_follows_rate=False),
            max(1, often // 10),
        ),
    }
    nautilus = nautilus_greeks(options)
    if nautilus is not None:
        works["nautilus"] = (nautilus, 1)
    took = interleaved(works)
    size = {10_000: "1e4", 100_000: "1e5"}[count]
    note = f"{count} options, one core, processor time, median of {ROUNDS_COUNT}"

    def each(name: str) -> float:
        return median(took[name]) / count * 1e9

    results = [
        row(f"greeks_12_ns_per_option_{size}", each("12"), "ns", 30.0, note),
        row(f"greeks_12_call_ns_per_option_{size}", each("12_call"), "ns", None, f"gate, {note}"),
        row(f"greeks_14_ns_per_option_{size}", each("14"), "ns", None, note),
        row(f"coin_greeks_ns_per_option_{size}", each("coin"), "ns", None, note),
    ]
    if count == 10_000:
        times = ratio(took["numpy"], took["12"])
        results.append(row("greeks_12_ratio_numpy", times, "×", 5.0, f"fourteen there; {note}"))
        if nautilus is not None:
            times = ratio(took["nautilus"], took["12"])
            results.append(row("greeks_12_ratio_nautilus", times, "×", 10.0, f"six there; {note}"))
    return results


def nautilus_greeks(options: EuropeanColumns) -> Callable[[], object] | None:
    """Give the same book for NautilusTrader, option by option as it offers; None if not there."""
    try:
        from nautilus_trader.core.nautilus_pyo3 import (  # type: ignore[import-not-found]
            black_scholes_greeks,
        )
    except ImportError:
        return None
    rows = [
        (S, r, b, v, cp > 0, K, T)
        for S, K, v, T, r, b, cp in zip(*(row.tolist() for row in options.given), strict=True)
    ]

    def work() -> None:
        for S, r, b, v, is_call, K, T in rows:
            black_scholes_greeks(S, r, b, v, is_call, K, T, 1.0)

    return work


def grid() -> list[dict[str, object]]:
    """Measure cells of a grid: a thousand options in 189 cells."""
    options = book(1_000)
    cells = ScenarioGrid.product(
        price_moves_frac=np.linspace(-0.5, 0.5, 21),
        vol_moves_frac=(-0.25, 0.0, 0.5),
        elapsed_years=(0.0, 1 / 365, 7 / 365),
    )
    flags = np.ones(1_000, dtype=np.bool_)
    room = np.empty((len(cells), 1_000))

    def plain() -> None:
        now = reference.greeks(options.given, carry_follows_rate=False)[0]
        for c in range(len(cells)):
            there = options.given.copy()
            there[0] *= 1.0 + cells.price_move_frac[c]
            there[2] *= 1.0 + cells.vol_move_frac[c]
            there[3] = np.maximum(there[3] - cells.elapsed_years[c], 1e-9)
            room[c] = numpy_value(there) / there[0] - now / options.given[0]

    took = interleaved(
        {
            "ours": (
                lambda: scenario_profits(options, cells, is_coin_settled=flags, out=room),
                20,
            ),
            "numpy": (plain, 1),
        }
    )
    note = f"1,000 coin-settled options, {len(cells)} cells, one core, processor time"
    cost = median(took["ours"]) / room.size * 1e9
    return [
        row("scenario_cell_ns", cost, "ns", 10.0, note),
        row("scenario_cell_ratio_numpy", ratio(took["numpy"], took["ours"]), "×", None, note),
    ]


def numpy_value(terms: np.ndarray) -> np.ndarray:
    """Value options on a forward as plainly as NumPy can."""
    from hedgerow.pricing import value_usd

    S, K, v, T, r, _, cp = terms
    return np.asarray(np.exp(-r * T) * value_usd(S, K, v, T, cp > 0))


def single() -> list[dict[str, object]]:
    """Measure one option through the public functions, columns and gate included."""
    one = np.ones(1)
    forward, strike, vol, years, is_call = 6e4 * one, 6.5e4 * one, 0.65 * one, 0.2 * one, one > 0

    def call() -> None:
        european_greeks(
            EuropeanColumns(
                underlying_usd=forward,
                strike_usd=strike,
                vol_frac=vol,
                expiry_years=years,
                is_call=is_call,
            )
        )

    took = interleaved({"call": (call, 500)})
    return [row("single_option_us", median(took["call"]) * 1e6, "µs", 20.0, "gate and records too")]


FIRST = """
from time import perf_counter
begun = perf_counter()
import numpy as np
from hedgerow.pricing import EuropeanColumns, european_greeks
one = np.ones(1)
european_greeks(EuropeanColumns(
    underlying_usd=one, strike_usd=one, vol_frac=one, expiry_years=one, is_call=one > 0))
print(perf_counter() - begun)
"""


def first_call() -> list[dict[str, object]]:
    """Measure the first price of a process, everything imported in it, with and without a cache."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = os.environ | {"NUMBA_CACHE_DIR": str(Path(folder))}
        took = [
            float(
                subprocess.run(
                    [sys.executable, "-c", FIRST],
                    env=chosen,
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
            )
            for _ in range(6)
        ]
    note = "a new process, imports included"
    return [
        row("first_call_cached_s", median(took[1:]), "s", 1.5, f"{note}; median of 5"),
        row("first_call_compiling_s", took[0], "s", None, note),
    ]


@njit(fastmath={"contract"})
def _multiply_add(of: np.ndarray, times: int) -> None:
    for _ in range(times):
        for i in range(of.shape[0]):
            x = of[i]
            for _ in range(16):
                x = x * 0.999999 + 1e-6
            of[i] = x


def limit() -> list[dict[str, object]]:
    """Estimate what this machine could do at best, from how fast it is seen to multiply and add."""
    of = np.ones(1_024)
    _multiply_add(of, 1)
    rounds = [took_s(lambda: _multiply_add(of, 2_000), 1) for _ in range(9)]
    rate = 2_000 * 16 * of.size / min(rounds)
    note = f"{OPERATIONS_12} operations counted; multiply-adds at {rate / 1e9:.1f} a nanosecond"
    return [row("greeks_12_limit_ns", OPERATIONS_12 / rate * 1e9, "ns", None, note)]


def row(name: str, value: float, unit: str, bar: float | None, note: str) -> dict[str, object]:
    """Give one result in the shape of all benchmarks."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "better": "higher" if unit == "×" else "lower",
        "bar": bar,
        "note": note,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    chosen = parser.parse_args()
    results = [
        *greeks_of(10_000), *greeks_of(100_000), *grid(), *single(), *first_call(), *limit()
    ]  # fmt: skip
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print(f"{result['name']:<38} {result['value']:>12,} {result['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
