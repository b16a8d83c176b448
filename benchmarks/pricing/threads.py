"""One thread and two on columns that double: where a second one pays, and how much at the end.

For each kernel, wall-clock time by one thread and by two, in turn, many rounds; the least of each
counts, because another process on the second core is no property of ours. The kernels' own
thresholds are set aside. `*_threads_even_count` is the size from which two threads are as quick as
one, `*_threads_from_count` that from which they bring 1.3 (a gain worth waking somebody for), both
on a line between sizes that double. `*_threads_used_from_count` is where the source begins with
two: twice its constant, which is of one share. `*_threads_used_over_from` puts the two beside each
other, and is about one where the constant is right for the machine.

Expected, before measuring: handing over a share and waiting for it costs 30 to 40 µs, so two
threads are even at 70 µs of work and bring 1.3 at 150 µs: ten thousand options, forty thousand
cells, six hundred thousand sums.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import getloadavg
from time import perf_counter

import numpy as np

from hedgerow.pricing import ScenarioGrid, buffer, european, scenarios
from hedgerow.pricing import accounts as account_sums
from hedgerow.pricing import implied as implied_columns
from hedgerow.pricing.kernels import accounts, implied, vanilla
from hedgerow.pricing.scenarios import cell_terms
from hedgerow.pricing.threads import shared_out, shares

from .clock import Result, row
from .inputs import book, chains

ROUNDS_COUNT = 100
GAIN_MIN = 1.3
LOAD_MAX = 0.5
CELLS_COUNT = 33


@dataclass(frozen=True)
class Column:
    """Work on a column of `count` rows, each of `each` elements."""

    count: int
    each: int
    block_count: int
    work: Callable[[int, int], None]


def greeks(elements: int) -> Column:
    """Twelve Greeks; an element is an option."""
    options, room = book(elements), buffer((12, elements))
    terms = options.terms

    def work(first: int, last: int) -> None:
        vanilla.greeks(terms, False, room, first, last)

    return Column(elements, 1, vanilla.BLOCK, work)


def cells(elements: int) -> Column:
    """Profits over a grid; an element is an option in a cell."""
    count = max(2 * vanilla.BLOCK, elements // CELLS_COUNT)
    each = max(1, elements // count)
    options, room = book(count), buffer((each, count))
    grid = ScenarioGrid.product(price_moves_frac=np.linspace(-0.5, 0.5, each))
    terms, flags = cell_terms(grid, options.years_max), np.zeros(count, dtype=np.bool_)

    def work(first: int, last: int) -> None:
        vanilla.profits(options.given, flags, terms, room, first, last)

    return Column(count, each, vanilla.BLOCK, work)


def vols(elements: int) -> Column:
    """Implied vols; an element is a quote."""
    quotes = chains(elements)
    P, F, K, T = quotes.price_usd, quotes.forward_usd, quotes.strike_usd, quotes.expiry_years
    vol, code = np.empty(elements), np.empty(elements, dtype=np.int8)

    def work(first: int, last: int) -> None:
        part = slice(first, last)
        call = quotes.is_call[part]
        implied.vols(P[part], F[part], K[part], T[part], call, vol[part], code[part])

    return Column(elements, 1, implied.BLOCK, work)


def sums(elements: int) -> Column:
    """Accounts of twenty holdings each; an element is a holding in a cell."""
    holdings, instruments_count = 20, 1_000
    count = max(2, elements // CELLS_COUNT // holdings)
    rng = np.random.default_rng(4)
    instruments = np.sort(rng.integers(0, instruments_count, (count, holdings)), axis=1).ravel()
    quantities, profits = rng.normal(size=len(instruments)), rng.normal(size=(1_000, CELLS_COUNT))
    begins = np.arange(count) * holdings
    ends, room = begins + holdings, np.zeros((count, CELLS_COUNT))

    def work(first: int, last: int) -> None:
        accounts.contract(
            begins.copy(), ends, instruments, quantities, profits, 0, room, 0, CELLS_COUNT,
            first, last,
        )  # fmt: skip

    return Column(count, holdings * CELLS_COUNT, 1, work)


def took_s(column: Column) -> tuple[float, float]:
    """Give the least time of one thread and of two."""
    least = [float("inf")] * 2
    cut = [
        shares(column.count, threads_count=n, block_count=column.block_count, share_count_min=1)
        for n in (1, 2)
    ]
    for parts in cut:
        shared_out(column.work, parts)
    for _ in range(ROUNDS_COUNT):
        for at, parts in enumerate(cut):
            begun = perf_counter()
            shared_out(column.work, parts)
            least[at] = min(least[at], perf_counter() - begun)
    return least[0], least[1]


def crossover(
    name: str,
    make: Callable[[int], Column],
    share_count_min: int,
    smallest: int,
    doublings_count: int = 9,
) -> list[Result]:
    """Find where it pays beside where the source begins, and the gain on a large column.

    Parameters
    ----------
    share_count_min
        Elements in a share of a thread at least, as the source has it: two threads from two shares.
    """
    sizes: list[tuple[int, float, float]] = []  # elements, seconds of one thread, gain of two
    for doubled in range(doublings_count):
        column = make(smallest * 2**doubled)
        one, two = took_s(column)
        sizes.append((column.count * column.each, one, one / two))
    note = f"least of {ROUNDS_COUNT}, wall clock"
    elements, one, gain = sizes[-1]
    large = f"{elements:,} elements, {one * 1e6:,.0f} µs by one thread; {note}"
    used = 2 * share_count_min
    results = [
        row(
            f"{name}_threads_used_from_count", used, "elements", None,
            f"not measured: two shares of {share_count_min:,}, the constant in the source",
        ),
        row(f"{name}_threads_2_ratio", gain, "×", None, large),
    ]  # fmt: skip
    for what, least in (("from", GAIN_MIN), ("even", 1.0)):
        found = crossed(sizes, least)
        if found is None:
            print(f"{name}: two threads never brought {least}; is a core busy?", file=sys.stderr)
            continue
        told = f"two threads bring {least} from here on; {note}"
        if what == "from":
            results.insert(
                0,
                row(
                    f"{name}_threads_used_over_from", used / found, "times", None,
                    "constant over measured: below one a second thread comes too early",
                ),
            )  # fmt: skip
        results.insert(0, row(f"{name}_threads_{what}_count", found, "elements", None, told))
    return results


def crossed(sizes: Sequence[tuple[int, float, float]], gain_min: float) -> int | None:
    """Give the size from which the gain stays above a bound, on a line between sizes that double.

    None where the largest is below it.
    """
    below = [at for at, (_, _, gain) in enumerate(sizes) if gain < gain_min]
    if not below:
        return sizes[0][0]
    at = below[-1]
    if at + 1 == len(sizes):
        return None
    (low, _, gain_low), (high, _, gain_high) = sizes[at], sizes[at + 1]
    share = (gain_min - gain_low) / (gain_high - gain_low)
    grown: float = low * (high / low) ** share
    return round(grown)


def threads() -> list[Result]:
    """Measure every kernel, each beside the constant that the source has for it."""
    busy = getloadavg()[0]
    if busy > LOAD_MAX:
        print(f"load {busy:.1f}: a core is busy, so these figures say little", file=sys.stderr)
    return [
        *crossover("greeks", greeks, european._OPTIONS_COUNT_MIN, 1_024),
        *crossover("vols", vols, implied_columns._QUOTES_COUNT_MIN, 1_024),
        *crossover("cells", cells, scenarios.CELLS_COUNT_MIN, 2_048),
        *crossover("sums", sums, account_sums._SUMS_COUNT_MIN, 20_000),
    ]
