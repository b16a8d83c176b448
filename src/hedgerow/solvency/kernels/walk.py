"""Blocks of paths from now to the last horizon, against the barriers of several accounts.

Each block of `BLOCK` paths is done by itself and leaves its own sums, so nothing depends on who
does which. All accounts see the same paths.
"""

from math import exp, log
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
    inlined,
)
from hedgerow.solvency.kernels.draws import normals, pair, uniforms
from hedgerow.solvency.kernels.steps import (
    add_cost,
    add_part,
    barriers,
    both_sides,
    bridge_variance,
    correlated,
    drifted,
    is_wide,
    leave_grid,
    lose,
    met,
    mixing,
    next_variance,
    places,
    scaled,
    split,
)

__all__ = ["BLOCK", "QUANTITIES", "walk"]

_Row: TypeAlias = NDArray[np.float64]
_Table: TypeAlias = NDArray[np.float64]

BLOCK = 256
# Sums over a block, in this order: weight that met the lower barrier, the upper, either and its
# square, all by a jump, that left the grid and its square, loss and its square.
QUANTITIES = 9

_CUBES = types.Array(types.float64, 3, "C", readonly=True)
_SUMS = types.Array(types.float64, 4, "C")
_ENDS = types.Array(types.float64, 3, "C")

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
# What a draw is for; normal numbers of factors 2n and 2n + 1 are for n.
_MIXING = np.uint64(64)
_WHETHER_JUMPS = np.uint64(65)
_EVENT = np.uint64(128)
_JUMP = np.uint64(1024)
_JUMPS_MAX = 64


@inlined
def _cell(v: float, v_first: float, per_v: float, nodes_count: int) -> tuple[int, float]:
    place = (v - v_first) * per_v
    place = place if place > 0.0 else 0.0
    place = place if place < nodes_count - 1.0 else nodes_count - 1.0
    j = int(place)
    j = j if j < nodes_count - 2 else nodes_count - 2
    return j, place - j


@inlined
def _jump(
    path: np.uint64,
    step: np.uint64,
    k0: np.uint64,
    k1: np.uint64,
    u: float,
    chance: float,
    jumps: _Row,
) -> float:
    """Sum of the jumps of a step that has some: counted by u, then drawn one by one."""
    mean = -log(1.0 - chance)
    probability = (1.0 - chance) * mean
    below = probability
    count = 1
    while u > below and count < _JUMPS_MAX:
        count += 1
        probability *= mean / count
        below += probability
    total = 0.0
    for n in range(count):
        which, size = pair(path, step, _JUMP + np.uint64(n), k0, k1)
        if which < jumps[1]:
            total -= jumps[2] * log(size)
        else:
            total += jumps[3] * log(size)
    return total


@inlined
def _gap(
    x: float, j: int, part: float, low: _Row, high: _Row, open_low: _Row, open_high: _Row,
    terms: _Row, weight: _Row, hit_low: _Row, hit_high: _Row, hit_jump: _Row, left: _Row,
    loss: _Row, i: int,
) -> None:  # fmt: skip
    """Take all the weight of a path that has jumped over a barrier."""
    lower = low[j] + part * (low[j + 1] - low[j])
    upper = high[j] + part * (high[j + 1] - high[j])
    if x > lower and x < upper:
        return
    is_low = x <= lower
    gone = weight[i]
    weight[i] = 0.0
    is_open = open_low[j] > 0.5 if is_low else open_high[j] > 0.5
    if is_open:
        left[i] += gone
        return
    hit_jump[i] += gone
    if is_low:
        hit_low[i] += gone
    else:
        hit_high[i] += gone
    at = exp(lower if is_low else upper)
    loss[i] += gone * (terms[0] * exp(x) + terms[1] * abs(exp(x) - at))


@inlined
def _credit(
    lost: _Row, v: _Row, nodes_open: _Row, v_first: float, per_v: float, kind: int, hit: _Row,
    left: _Row,
) -> None:  # fmt: skip
    """Book what one side took: a hit, or left behind where there is no barrier but an end."""
    if kind == 0:
        add_part(lost, 1.0, hit)
    elif kind == 1:
        add_part(lost, 1.0, left)
    else:
        for i in range(lost.shape[0]):
            j, _ = _cell(v[i], v_first, per_v, nodes_open.shape[0])
            if nodes_open[j] > 0.5:
                left[i] += lost[i]
                lost[i] = 0.0
            else:
                hit[i] += lost[i]


@compiled(
    COUNT, COUNT, COUNT, COUNT, COLUMN, FLAGS, INDICES, COLUMN, COLUMNS, COLUMNS, COLUMNS, COLUMN,
    COLUMNS, COLUMN, COLUMN, COLUMN, COLUMN, COLUMNS, _CUBES, _CUBES, _CUBES, _CUBES,
    types.Array(types.int64, 2, "C", readonly=True), COLUMNS, COLUMNS, FLAGS, _SUMS, _SUMS, _SUMS,
    _ENDS,
)  # fmt: skip
def walk(
    block_first: int, block_last: int, paths_count: int, seed: int, years: _Row,
    is_period_end: NDArray[np.bool_], horizon_at: NDArray[np.int64], drift: _Row, decay: _Table,
    noise: _Table, root: _Table, variance_start: _Row, garch: _Table, periods: _Row,
    mix_table: _Row, jumps: _Row, loading: _Row, event_deviation: _Table, low: Any, high: Any,
    open_low: Any, open_high: Any, which: NDArray[np.int64], grid: _Table, terms: _Table,
    is_joined: NDArray[np.bool_], sums: Any, products: Any, joined: Any, ends: Any,
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
    decay, noise
        Shape (steps, factors): what is left of a factor, and what of its deviation.
    root
        Lower root of the correlation of draws.
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
        Shape (blocks, horizons, 1, 4): of the hit of any that is joined, and of its square; then
        the same where what left the grid counts as hit.
    ends
        Shape (paths, horizons, factors): where paths are; may be empty.
    """
    factors = root.shape[0]
    accounts, _, nodes = low.shape
    steps = years.shape[0]
    k0, k1 = np.uint64(seed) & _LOW, np.uint64(seed) >> _HALF
    has_mix = mix_table.shape[0] > 0
    is_changing = has_mix
    for f in range(factors):
        is_changing = is_changing or garch[f, 4] > 0.0
    place_last = nodes - 1.0
    before = np.zeros((factors + 1, BLOCK))
    x = np.zeros((factors + 1, BLOCK))  # the last row stands still: no second factor
    deviation = np.zeros((factors + 1, BLOCK))
    variance = np.zeros((factors, BLOCK))
    surprise = np.zeros((factors, BLOCK))
    z = np.zeros((factors + 1, BLOCK))
    draw = np.zeros(BLOCK)
    mix = np.ones(BLOCK)
    weight = np.zeros((accounts, BLOCK))
    hit_low = np.zeros((accounts, BLOCK))
    hit_high = np.zeros((accounts, BLOCK))
    hit_jump = np.zeros((accounts, BLOCK))
    left = np.zeros((accounts, BLOCK))
    loss = np.zeros((accounts, BLOCK))
    lower = np.zeros((accounts, BLOCK))
    upper = np.zeros((accounts, BLOCK))
    slope_low = np.zeros((accounts, BLOCK))
    slope_high = np.zeros((accounts, BLOCK))
    lower_next, upper_next = np.zeros(BLOCK), np.zeros(BLOCK)
    of_bridge, place = np.zeros(BLOCK), np.zeros(BLOCK)
    met_low, met_high, met_both = np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)
    lost, lost_low, lost_high = np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)

    for block in range(block_first, block_last):
        path_first = np.uint64(block * BLOCK)
        here = min(BLOCK, paths_count - block * BLOCK)
        x[:] = 0.0
        surprise[:] = 0.0
        for f in range(factors):
            variance[f] = variance_start[f]
        for a in range(accounts):
            places(x[which[a, 1]], grid[a, 0], grid[a, 1], place_last, place)
            barriers(place, low[a, 0], grid[a, 1], lower[a], slope_low[a])
            barriers(place, high[a, 0], grid[a, 1], upper[a], slope_high[a])
            is_dead = lower[a, 0] >= 0.0 or upper[a, 0] <= 0.0
            weight[a] = 0.0 if is_dead else 1.0
            hit_low[a] = 1.0 if is_dead and lower[a, 0] >= 0.0 else 0.0
            hit_high[a] = 1.0 if is_dead and lower[a, 0] < 0.0 else 0.0
            hit_jump[a] = 0.0
            left[a] = 0.0
            loss[a] = terms[a, 0] if is_dead else 0.0

        for m in range(steps):
            step, dt = np.uint64(m), years[m]
            for n in range((factors + 1) // 2):
                normals(path_first, step, np.uint64(n), k0, k1, z[2 * n], z[2 * n + 1])
            if has_mix:
                normals(path_first, step, _MIXING, k0, k1, draw, lost)
                mixing(draw, mix_table[2:], mix_table[0], mix_table[1], mix)
            for f in range(factors):
                before[f] = x[f]
                draw[:] = 0.0
                for g in range(f + 1):
                    correlated(z[g], root[f, g], draw)
                if is_changing or m == 0 or years[m] != years[m - 1]:
                    scaled(variance[f], mix, dt, noise[m, f], deviation[f])
                drifted(variance[f], deviation[f], draw, drift[f], dt, decay[m, f], x[f])
                if garch[f, 4] > 0.0:
                    for i in range(BLOCK):
                        surprise[f, i] += deviation[f, i] * draw[i]
            for a in range(accounts):
                s, g = which[a, 0], which[a, 1]
                v_first, per_v = grid[a, 0], grid[a, 1]
                correlation = 0.0
                if g >= 0:
                    for n in range(factors):
                        correlation += root[s, n] * root[g, n]
                places(x[g], v_first, per_v, place_last, place)
                bridge_variance(deviation[s], deviation[g], slope_low[a], correlation, of_bridge)
                barriers(place, low[a, m + 1], per_v, lower_next, slope_low[a])
                met(before[s], x[s], lower[a], lower_next, 1.0, of_bridge, met_low)
                bridge_variance(deviation[s], deviation[g], slope_high[a], correlation, of_bridge)
                barriers(place, high[a, m + 1], per_v, upper_next, slope_high[a])
                met(before[s], x[s], upper[a], upper_next, -1.0, of_bridge, met_high)
                if is_wide(met_low, met_high):
                    met_both[:] = 0.0
                else:
                    both_sides(
                        before[s], x[s], lower[a], lower_next, upper[a], upper_next, of_bridge,
                        met_both,
                    )  # fmt: skip
                lose(weight[a], met_low, met_high, met_both, lost)
                split(lost, met_low, met_high, lost_low)
                split(lost, met_high, met_low, lost_high)
                add_part(lost, -1.0, weight[a])
                _credit(
                    lost_low, x[g], open_low[a, m + 1], v_first, per_v, which[a, 2], hit_low[a],
                    left[a],
                )  # fmt: skip
                _credit(
                    lost_high, x[g], open_high[a, m + 1], v_first, per_v, which[a, 3], hit_high[a],
                    left[a],
                )  # fmt: skip
                if terms[a, 0] > 0.0:
                    if which[a, 2] != 1:
                        add_cost(lost_low, lower_next, terms[a, 0], loss[a])
                    if which[a, 3] != 1:
                        add_cost(lost_high, upper_next, terms[a, 0], loss[a])
                lower[a] = lower_next
                upper[a] = upper_next
                if g >= 0:
                    leave_grid(x[g], v_first, v_first + (nodes - 1) / per_v, weight[a], left[a])

            is_event = False
            for f in range(factors):
                is_event = is_event or event_deviation[m, f] > 0.0
            if is_event or jumps[0] > 0.0:
                chance = 1.0 - exp(-jumps[0] * dt)
                uniforms(path_first, step, _WHETHER_JUMPS, k0, k1, draw, lost)
                for i in range(here):
                    if not is_event and draw[i] >= chance:
                        continue
                    path = path_first + np.uint64(i)
                    size = 0.0
                    if draw[i] < chance:
                        size = _jump(path, step, k0, k1, draw[i], chance, jumps)
                    for f in range(factors):
                        x[f, i] += loading[f] * size
                    if is_event:
                        for f in range(factors):
                            sd = event_deviation[m, f]
                            u, v_ = pair(path, step, _EVENT + np.uint64(f), k0, k1)
                            normal = np.sqrt(-2.0 * log(u)) * np.cos(6.283185307179586 * v_)
                            x[f, i] += sd * normal - 0.5 * sd * sd
                    for a in range(accounts):
                        s, g = which[a, 0], which[a, 1]
                        j, part = _cell(x[g, i], grid[a, 0], grid[a, 1], nodes)
                        _gap(
                            x[s, i], j, part, low[a, m + 1], high[a, m + 1], open_low[a, m + 1],
                            open_high[a, m + 1], terms[a], weight[a], hit_low[a], hit_high[a],
                            hit_jump[a], left[a], loss[a], i,
                        )  # fmt: skip
                for a in range(accounts):
                    g = which[a, 1]
                    places(x[g], grid[a, 0], grid[a, 1], place_last, place)
                    barriers(place, low[a, m + 1], grid[a, 1], lower[a], slope_low[a])
                    barriers(place, high[a, m + 1], grid[a, 1], upper[a], slope_high[a])
                    if g >= 0:
                        last = grid[a, 0] + (nodes - 1) / grid[a, 1]
                        leave_grid(x[g], grid[a, 0], last, weight[a], left[a])

            if is_period_end[m]:
                for f in range(factors):
                    if garch[f, 4] > 0.0:
                        next_variance(
                            surprise[f], garch[f, 0], garch[f, 1], garch[f, 2], garch[f, 3],
                            periods[0], variance[f],
                        )  # fmt: skip
            at = horizon_at[m]
            if at >= 0:
                for a in range(accounts):
                    total = sums[block, at, a]
                    for i in range(here):
                        hit = hit_low[a, i] + hit_high[a, i]
                        total[0] += hit_low[a, i]
                        total[1] += hit_high[a, i]
                        total[2] += hit
                        total[3] += hit * hit
                        total[4] += hit_jump[a, i]
                        total[5] += left[a, i]
                        total[6] += left[a, i] * left[a, i]
                        total[7] += loss[a, i]
                        total[8] += loss[a, i] * loss[a, i]
                    for b in range(accounts):
                        for i in range(here):
                            products[block, at, a, b] += (hit_low[a, i] + hit_high[a, i]) * (
                                hit_low[b, i] + hit_high[b, i]
                            )
                for i in range(here):
                    either = 0.0
                    most = 0.0
                    for a in range(accounts):
                        if is_joined[a]:
                            hit = hit_low[a, i] + hit_high[a, i]
                            either += (1.0 - either) * hit
                            most += (1.0 - most) * (hit + left[a, i])
                    joined[block, at, 0, 0] += either
                    joined[block, at, 0, 1] += either * either
                    joined[block, at, 0, 2] += most
                    joined[block, at, 0, 3] += most * most
                if ends.shape[0] > 0:
                    for i in range(here):
                        for f in range(factors):
                            ends[block * BLOCK + i, at, f] = x[f, i]
