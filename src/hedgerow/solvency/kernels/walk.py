"""Blocks of paths from now to the last horizon, against the barriers of several accounts.

Each block of `BLOCK` paths is done by itself and leaves its own sums, so nothing depends on who
does which. All accounts see the same paths.
"""

from math import exp
from typing import Any, TypeAlias

import numpy as np
from numba import types
from numpy.typing import NDArray

from hedgerow.pricing.kernels.compiled import (
    COLUMN,
    COLUMNS,
    COUNT,
    FLAGS,
    INDICES,
    compiled,
)
from hedgerow.solvency.kernels.moves import (
    draw_jumps,
    draw_normals,
    has_event,
    jump,
    move,
    renew,
    restart,
)
from hedgerow.solvency.kernels.watched import (
    SPARES,
    STATES,
    add_up,
    begin,
    go_over,
    join,
    jump_over,
    watch,
)

__all__ = ["BLOCK", "JOINED", "QUANTITIES", "walk"]

_Row: TypeAlias = NDArray[np.float64]
_Table: TypeAlias = NDArray[np.float64]

BLOCK = 256
# Sums over a block, in this order: weight that met the lower barrier, the upper, either and its
# square, all by a jump, that left the grid and its square, loss and its square.
QUANTITIES = 9
# Sums of a hit of any account that is joined, as if their bridges were independent, and of its
# square; the same where what left the grid counts as hit; then the least and the most that a hit of
# any may be, whatever bridges have to do with each other, the latter with what left.
JOINED = 6

_CUBES = types.Array(types.float64, 3, "C", readonly=True)
_PLACES = types.Array(types.int64, 2, "C", readonly=True)
_SUMS = types.Array(types.float64, 4, "C")
_ENDS = types.Array(types.float64, 3, "C")

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


@compiled(
    COUNT, COUNT, COUNT, COUNT, COLUMN, FLAGS, INDICES, COLUMN, COLUMNS, COLUMNS, COLUMNS, _CUBES,
    INDICES, COLUMN, COLUMNS, COLUMN, COLUMN, COLUMN, COLUMN, COLUMNS, _CUBES, _CUBES, _CUBES,
    _CUBES, _PLACES, COLUMNS, COLUMNS, FLAGS, _SUMS, _SUMS, _SUMS, _ENDS,
)  # fmt: skip
def walk(
    block_first: int, block_last: int, paths_count: int, seed: int, years: _Row,
    is_period_end: NDArray[np.bool_], horizon_at: NDArray[np.int64], drift: _Row, pull: _Table,
    decay: _Table, noise: _Table, roots: Any, root_at: NDArray[np.int64], variance_start: _Row,
    garch: _Table, periods: _Row, mix_table: _Row, jumps: _Row, loading: _Row,
    event_deviation: _Table, low: Any, high: Any, open_low: Any, open_high: Any,
    which: NDArray[np.int64], grid: _Table, terms: _Table, is_joined: NDArray[np.bool_], sums: Any,
    products: Any, joined: Any, ends: Any,
) -> None:  # fmt: skip
    """Walk blocks of paths.

    Parameters
    ----------
    years, is_period_end, horizon_at
        Of each step: its length, whether a period of the variance ends with it, and which horizon
        does, or -1.
    drift, variance_start, loading
        Of each factor: of its logarithm, without half the variance; yearly; and how far it goes
        with a jump.
    pull, decay, noise
        Shape (steps, factors): years for which a drift counts, what is left of a factor, and what
        of its deviation.
    roots, root_at
        Lower roots of the correlation of draws, and which of them is for a step.
    garch
        A row for each factor: constant, alpha, gamma, beta, and 1 where there is such a variance.
    periods
        One number: how many periods a year has.
    mix_table
        What multiplies the variance, over normal numbers; empty for normal draws. The first two
        numbers say where it starts and how many places there are to 1.
    jumps
        Per year, probability of up, mean size up and down.
    event_deviation
        Shape (steps, factors), of a jump at the end of the step.
    low, high, open_low, open_high
        Shape (accounts, steps + 1, nodes): logarithms of the barriers; 1 where the interval from a
        node to the next has none but the end of what was looked at.
    which
        A row for each account: factor of the price, second factor or -1, then what kind the lower
        and upper side are: 0 has barriers everywhere, 1 nowhere, 2 here and there.
    grid
        A row for each account: first node of the second factor, and nodes to 1.
    terms
        A row for each account: cost at the price of the liquidation, and cost of the gap, each for
        a price of 1 now.
    is_joined
        Which accounts `joined` is about.
    sums
        Shape (blocks, horizons, accounts, `QUANTITIES`).
    products
        Shape (blocks, horizons, accounts, accounts): of the hits of two.
    joined
        Shape (blocks, horizons, 1, `JOINED`).
    ends
        Shape (paths, horizons, factors): where paths are; may be empty.
    """
    factors_count, accounts_count = loading.shape[0], low.shape[0]
    k0, k1 = np.uint64(seed) & _LOW, np.uint64(seed) >> _HALF
    moves = (
        drift, pull, decay, noise, roots, root_at, variance_start, garch, periods, mix_table,
        loading, event_deviation,
    )  # fmt: skip
    accounts = (low, high, open_low, open_high, which, grid, terms)
    x = np.zeros((factors_count + 1, BLOCK))  # the last row stands still: no second factor
    factors = (
        np.zeros((factors_count + 1, BLOCK)),  # before the step
        x,
        np.zeros((factors_count + 1, BLOCK)),  # deviation of the step
        np.zeros((factors_count, BLOCK)),  # variance
        np.zeros((factors_count, BLOCK)),  # surprise of the period so far
        np.zeros((factors_count + 1, BLOCK)),  # normal numbers
        np.ones(BLOCK),  # what multiplies the variance
    )
    states = np.zeros((accounts_count, STATES, BLOCK))
    spare = np.zeros((SPARES, BLOCK))
    row, other, place = np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)

    for block in range(block_first, block_last):
        path_first = np.uint64(block * BLOCK)
        here = min(BLOCK, paths_count - block * BLOCK)
        restart(moves, factors)
        for a in range(accounts_count):
            begin(a, x, accounts, states[a], place)

        for m in range(years.shape[0]):
            dt = years[m]
            draw_normals(m, path_first, k0, k1, moves, factors, row, other)
            move(m, dt, m == 0 or dt != years[m - 1], moves, factors, row)
            root = roots[root_at[m]]
            for a in range(accounts_count):
                watch(a, m, root, factors, accounts, states[a], spare)

            is_event = has_event(m, moves)
            if is_event or jumps[0] > 0.0:
                chance = 1.0 - exp(-jumps[0] * dt)
                draw_jumps(m, path_first, k0, k1, row, other)
                for i in range(here):
                    if not is_event and row[i] >= chance:
                        continue
                    path = path_first + np.uint64(i)
                    jump(m, i, path, k0, k1, row[i], chance, is_event, jumps, moves, x)
                    for a in range(accounts_count):
                        jump_over(a, i, m, x, accounts, states[a])
                for a in range(accounts_count):
                    go_over(a, m, x, accounts, states[a], place)

            if is_period_end[m]:
                renew(moves, factors)
            at = horizon_at[m]
            if at >= 0:
                for a in range(accounts_count):
                    add_up(a, here, states, sums[block, at, a], products[block, at])
                join(is_joined, here, states, joined[block, at, 0])
                if ends.shape[0] > 0:
                    for i in range(here):
                        for f in range(factors_count):
                            ends[block * BLOCK + i, at, f] = x[f, i]
