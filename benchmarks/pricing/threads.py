"""One thread and two on columns that double: where a second one pays, and how much at the end.

For each kernel, wall-clock time by one thread and by two, in turn, many rounds; the least of each
counts, because another process on the second core is no property of ours. The kernels' own
thresholds are set aside. A size has crossed over when two threads need at most 1/1.3 of the time of
one: a gain that is worth waking somebody for. The thresholds in the source are half of that, as
they are of one share.

Expected, before measuring: handing over a share and waiting for it costs 30 to 40 µs, so two
threads are even at 70 µs of work and bring 1.3 at 150 µs: ten thousand options, forty thousand
cells, six hundred thousand sums.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from hedgerow.pricing import ScenarioGrid
from hedgerow.pricing.kernels import accounts, implied, vanilla
from hedgerow.pricing.scenarios import cell_terms
from hedgerow.pricing.threads import shared_out, shares

from .clock import Result, row
from .inputs import book, chains

ROUNDS_COUNT = 100
GAIN_MIN = 1.3
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
    options, room = book(elements), np.empty((12, elements))
    terms = options.terms

    def work(first: int, last: int) -> None:
        vanilla.greeks(terms, False, room, first, last)

    return Column(elements, 1, vanilla.BLOCK, work)


def cells(elements: int) -> Column:
    """Profits over a grid; an element is an option in a cell."""
    count = max(2 * vanilla.BLOCK, elements // CELLS_COUNT)
    each = max(1, elements // count)
    options, room = book(count), np.empty((each, count))
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
    name: str, make: Callable[[int], Column], smallest: int, doublings_count: int = 9
) -> list[Result]:
    """Double the size until it has paid, then as far as a size where handing over is nothing."""
    crossed: tuple[int, float] | None = None
    gain, one, elements = 0.0, 0.0, 0
    for doubled in range(doublings_count):
        column = make(smallest * 2**doubled)
        elements = column.count * column.each
        one, two = took_s(column)
        gain = one / two
        if crossed is None and gain >= GAIN_MIN:
            crossed = (elements, one)
    note = f"least of {ROUNDS_COUNT}, wall clock"
    large = f"{elements:,} elements, {one * 1e6:,.0f} µs by one thread; {note}"
    results = [row(f"{name}_threads_2_ratio", gain, "×", None, large)]
    if crossed is None:
        print(f"{name}: two threads never brought {GAIN_MIN}; is a core busy?", file=sys.stderr)
        return results
    many, alone = crossed
    small = f"two threads bring {GAIN_MIN} from here on, {alone * 1e6:,.0f} µs by one; {note}"
    return [row(f"{name}_threads_from_count", many, "elements", None, small), *results]


def threads() -> list[Result]:
    """Measure every kernel."""
    return [
        *crossover("greeks", greeks, 1_024),
        *crossover("vols", vols, 1_024),
        *crossover("cells", cells, 2_048),
        *crossover("sums", sums, 20_000),
    ]
