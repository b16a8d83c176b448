"""Measure how long probabilities of liquidation take.

`paths_1e6x100_s` walks a million paths of two factors (a price and its vols) in 100 steps against a
boundary that was worked out before, on two threads; `paths_added_account_ns` is what each further
account on the same paths costs. Expected before measuring: a path and step are one Philox block
(some 100 integer operations), two normal numbers (80), two exponentials of bridges and their
divisions (52), and some 100 around them, 330 operations or 28 ns at twelve a nanosecond: 1.4 s on
two cores.
`draws_normal_per_s` is the limit: the same draws and nothing else; `paths_over_limit` says how many
times longer the walk takes on one thread, and `paths_over_count` the same against operations
counted, at the rate at which multiply-adds are seen to go.

`boundary_options_s` fills a boundary of an account of 200 positions (121 nodes of the spot by 9 of
the vols). `revalued_paths_scaled_s` is what a million paths of 100 steps would take if the same
account were asked for its requirement at every step of every path: measured on few and scaled.

`roots_200_positions_ms` finds all roots of that account, short of most it holds, along its spot;
`frontier_2d_ms` the curve over spot and vols, 13 levels. Expected: 29 markets by 200 options by 35
cells are 203,000 values at 13 ns by the compiled code and 50 by the plain, 10 ms, as much again for
marks and sums, and six requirements at 2 ms: 32 ms; the plane 13 times 23 markets: 200 ms. The
limit is what `requirements_ms` says of six requirements.

Run ``python benchmarks/bench_solvency.py --json``. Needs no recording.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench_margin import RULEBOOK, best_ms, large_account
from benchmarks.pricing.limit import rate_per_ns
from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import Failure
from hedgerow.margin import require, require_across
from hedgerow.market import Dynamics, Factor, FactorMoves
from hedgerow.solvency import (
    Boundary,
    Direction,
    Driven,
    Frontier,
    Headroom,
    boundary,
    frontier,
    headroom,
    path_ends_log,
    path_hits,
    plane,
    spot_nodes,
)
from hedgerow.solvency.kernels.draws import drawn_normals

PATHS_COUNT, STEPS_COUNT = 1_000_000, 100
WEEK_YEARS = 7 / 365
SEED = 7
SPOT = Driven(
    factor=Factor(kind="spot", name="BTC"),
    direction=Direction(kind="spot", beta_frac={"BTC": 1.0}),
)
VOL = Driven(factor=Factor(kind="vol_level", name="BTC"), direction=Direction(kind="vol"))
DYNAMICS = Dynamics(
    factors=(
        FactorMoves(factor=SPOT.factor, vol_frac=0.6),
        FactorMoves(factor=VOL.factor, vol_frac=0.9),
    ),
    correlation_frac=np.array([[1.0, -0.4], [-0.4, 1.0]]),
)
VOL_NODES_LOG = np.linspace(-0.8, 0.8, 9)
REVALUED_COUNT = 20
# Of a path and step, as the loops of the kernel have them. An integer operation counts as one, and
# so does the multiplication of two words.
_PHILOX = 10 * (2 + 4 + 2 + 2)
_NORMALS = 2 * 5 + 30 + 8 + 1 + 7 + 8 + 8 + 8
_MOVES = 2 * (3 * 2 + 8 + 2 + 5)
_BARRIERS = 2 * 14
_BRIDGES = 2 * 8 + 2 * (3 * 2 + 8 + 18 + 2)
_BOTH = 3  # looked for in each block, and here in none
_LOSSES = 6 + 2 * 11 + 3 + 6
OPERATIONS_COUNT = _PHILOX + _NORMALS + _MOVES + _BARRIERS + _BRIDGES + _BOTH + _LOSSES


def tilted_boundary() -> Boundary:
    """Make barriers about one and a half deviations of a week off, nearer at higher vols."""
    shape = (1, len(VOL_NODES_LOG))
    return Boundary(
        account_id="benchmark",
        spot=SPOT.factor,
        second=VOL.factor,
        second_first_log=float(VOL_NODES_LOG[0]),
        second_step_log=float(VOL_NODES_LOG[1] - VOL_NODES_LOG[0]),
        times_years=np.zeros(1),
        low_log=-0.12 + 0.03 * VOL_NODES_LOG[None, :],
        high_log=0.14 - 0.03 * VOL_NODES_LOG[None, :],
        is_low_open=np.zeros(shape, dtype=np.bool_),
        is_high_open=np.zeros(shape, dtype=np.bool_),
    )


def walked(accounts_count: int, paths_count: int, threads_count: int) -> None:
    """Walk paths of 100 steps."""
    path_hits(
        DYNAMICS,
        [tilted_boundary()] * accounts_count,
        paths_count=paths_count,
        seed=SEED,
        horizons_years=[WEEK_YEARS],
        step_years=WEEK_YEARS / STEPS_COUNT,
        threads_count=threads_count,
    )


def best_s(work: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    """Give the quickest of some repeats after one that warms up."""
    work()
    best = float("inf")
    for _ in range(repeats):
        begun = clock()
        work()
        best = min(best, clock() - begun)
    return best


def measure_paths() -> Iterator[dict[str, object]]:
    """Measure the walk, what an account adds, and the limits."""
    told = f"{PATHS_COUNT:,} paths x {STEPS_COUNT} steps, two factors, boundary given"
    took_s = best_s(lambda: walked(1, PATHS_COUNT, 2), 3, perf_counter)
    yield result("paths_1e6x100_s", took_s, "s", 5.0, f"{told}; two threads, best of 3")

    few = PATHS_COUNT // 10
    cells = few * STEPS_COUNT
    one_ns = best_s(lambda: walked(1, few, 1), 5, process_time) / cells * 1e9
    three_ns = best_s(lambda: walked(3, few, 1), 3, process_time) / cells * 1e9
    clock = "one thread, processor time, best of some"
    yield result("path_step_ns", one_ns, "ns", None, f"one account; {clock}")
    added_ns = 0.5 * (three_ns - one_ns)
    yield result("path_step_added_account_ns", added_ns, "ns", None, clock)

    first, second = np.empty(1 << 18), np.empty(1 << 18)
    pair_s = best_s(lambda: drawn_normals(SEED, 0, first, second), 20, process_time)
    pair_ns = pair_s / len(first) * 1e9
    draws = "Philox and Box-Muller alone; one thread, processor time"
    yield result("draws_normal_per_s", 2e9 / pair_ns, "numbers/s", None, draws, better="higher")
    limit = f"two draws are {pair_ns:.1f} ns of a path and step of {one_ns:.1f} ns"
    yield result("paths_over_draws", one_ns / pair_ns, "times", None, limit)
    rate = rate_per_ns()
    counted = f"{OPERATIONS_COUNT} operations counted; multiply-adds at {rate:.1f} a nanosecond"
    yield result("paths_over_count", one_ns * rate / OPERATIONS_COUNT, "times", None, counted)


def measure_options() -> Iterator[dict[str, object]]:
    """Measure an account of 200 positions: its boundary, and what asking on every path would be."""
    account, instruments, snapshot = large_account()
    rulebook = packaged_rulebooks()[RULEBOOK]

    def filled() -> Headroom:
        found = headroom(
            account, instruments, snapshot, rulebook, spot=SPOT, second=VOL,
            spot_log=spot_nodes(0.6, 0.01), second_log=VOL_NODES_LOG,
        )  # fmt: skip
        if isinstance(found, Failure):
            raise SystemExit(f"no answer: {found}")
        return found

    begun = perf_counter()
    kept = boundary(filled())
    took_s = perf_counter() - begun
    told = f"199 options and a perpetual, {121 * len(VOL_NODES_LOG):,} nodes; once"
    yield result("boundary_options_s", took_s, "s", None, told)
    open_count = int((kept.is_low_open | kept.is_high_open).sum())

    times = [WEEK_YEARS * (k + 1) / STEPS_COUNT for k in range(STEPS_COUNT)]
    ends = path_ends_log(
        DYNAMICS, paths_count=REVALUED_COUNT, seed=SEED, horizons_years=times, step_years=1.0
    ).reshape(-1, 2)
    shocks = [SPOT.shock(x).then(VOL.shock(v)) for x, v in ends.tolist()]
    begun = perf_counter()
    found = require_across([account], instruments, snapshot, shocks, {RULEBOOK: rulebook})
    took_s = perf_counter() - begun
    if found.unanswered:
        raise SystemExit(f"no answer: {found.unanswered[0]}")
    scaled_s = took_s * PATHS_COUNT / REVALUED_COUNT
    told = (
        f"SCALED from {REVALUED_COUNT} paths x {STEPS_COUNT} steps in {took_s:.2f} s, one thread: "
        f"the account's requirement at every step; its boundary has {open_count} open ends"
    )
    yield result("revalued_paths_scaled_s", scaled_s, "s", None, told)


def result(
    name: str, value: float, unit: str, bar: float | None, note: str, *, better: str = "lower"
) -> dict[str, object]:
    """Give one result in the shape of all benchmarks."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "better": better,
        "bar": bar,
        "note": note,
    }


def measure_frontiers() -> Iterator[dict[str, object]]:
    """Measure all roots along the spot, and the curve over spot and vols."""
    account, instruments, snapshot = large_account()
    short = tuple(
        msgspec.structs.replace(each, quantity_contracts=-abs(each.quantity_contracts))
        if n and (n % 2 == 0 or n % 3 == 0)
        else each
        for n, each in enumerate(account.positions)
    )
    balance = msgspec.structs.replace(account.balances[0], quantity_coin=Decimal(100))
    held = msgspec.structs.replace(account, positions=short, balances=(balance,))
    rulebook = packaged_rulebooks()[RULEBOOK]
    asked = partial(frontier, held, instruments, snapshot, rulebook, SPOT.direction)
    found = asked()
    assert isinstance(found, Frontier), found
    assert found.roots
    roots_ms = best_ms(asked, 20)
    plane_ms = best_ms(
        partial(plane, held, instruments, snapshot, rulebook, SPOT.direction, VOL.direction), 5
    )
    engine_ms = best_ms(partial(require, held, instruments, snapshot, rulebook), 20)
    note = f"{len(found.roots)} of 200 positions, {found.requirements_count} requirements"
    yield result("roots_200_positions_ms", roots_ms, "ms", 50.0, note)
    yield result("frontier_2d_ms", plane_ms, "ms", 500.0, "13 levels of the vols; best of 5")
    alone_ms = engine_ms * found.requirements_count
    yield result("roots_requirements_ms", alone_ms, "ms", None, "those requirements alone")


# Each gives some results; more can be put below.
MEASURES: tuple[Callable[[], Iterator[dict[str, object]]], ...] = (
    measure_frontiers,
    measure_paths,
    measure_options,
)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    chosen = parser.parse_args()
    results = [each for measure in MEASURES for each in measure()]
    if chosen.json:
        print(json.dumps({"results": results}))
    else:
        for each in results:
            print(f"{each['name']:<32} {each['value']:>14} {each['unit']:<10} {each['note']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
