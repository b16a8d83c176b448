"""Accounts that paths are held against: who is hit in a step, at which side, at what cost.

`accounts` are the terms of all accounts as `walk` lists them, and `states` what a block has found
of each: shape (accounts, `STATES`, paths). `v` is where the second factor of an account stands, a
logarithm counted from now, along which its barriers are known at nodes.
"""

from math import exp
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.pricing.kernels.compiled import inlined
from hedgerow.solvency.kernels.steps import (
    add_cost,
    add_part,
    barriers,
    both_sides,
    bridge_variance,
    copied,
    is_tight,
    is_wide,
    leave_grid,
    lose,
    met,
    more_turns,
    places,
    split,
)

__all__ = ["SPARES", "STATES", "add_up", "begin", "go_over", "join", "jump_over", "watch"]

_Row: TypeAlias = NDArray[np.float64]

# Rows of an account: what is left of each path, what met the lower barrier, the upper one, either
# by a jump, and what left the grid; the loss; barriers, and their slopes along the second factor.
_WEIGHT, _HIT_LOW, _HIT_HIGH, _HIT_JUMP, _LEFT, _LOSS = 0, 1, 2, 3, 4, 5
_LOWER, _UPPER, _SLOPE_LOW, _SLOPE_HIGH = 6, 7, 8, 9
STATES = 10
SPARES = 10  # rows that a step of an account needs for itself


@inlined
def begin(a: int, x: Any, accounts: Any, state: Any, place: _Row) -> None:
    """Give every path its whole weight, or none of it where the account is at a barrier now."""
    low, _, open_low, open_high, which, grid, terms = accounts
    _look_up(a, 0, x, accounts, state, place)
    is_low, is_high = state[_LOWER, 0] >= 0.0, state[_UPPER, 0] <= 0.0
    j, _ = _cell(x[which[a, 1], 0], grid[a, 0], grid[a, 1], low.shape[2])
    is_open = open_low[a, 0, j] > 0.5 if is_low else open_high[a, 0, j] > 0.5
    is_gone = is_low or is_high
    is_hit = is_gone and not is_open
    state[_WEIGHT] = 0.0 if is_gone else 1.0
    state[_HIT_LOW] = 1.0 if is_hit and is_low else 0.0
    state[_HIT_HIGH] = 1.0 if is_hit and not is_low else 0.0
    state[_HIT_JUMP] = 0.0
    state[_LEFT] = 1.0 if is_gone and is_open else 0.0
    state[_LOSS] = terms[a, 0] if is_hit else 0.0


@inlined
def watch(a: int, m: int, root: Any, factors: Any, accounts: Any, state: Any, spare: Any) -> None:
    """Take from each path the weight with which it met a barrier of the account within a step."""
    low, high, open_low, open_high, which, grid, terms = accounts
    weight, left, loss = state[_WEIGHT], state[_LEFT], state[_LOSS]
    lower, upper = state[_LOWER], state[_UPPER]
    slope_low, slope_high = state[_SLOPE_LOW], state[_SLOPE_HIGH]
    lower_next, upper_next, of_bridge, place = spare[0], spare[1], spare[2], spare[3]
    met_low, met_high, met_both = spare[4], spare[5], spare[6]
    lost, lost_low, lost_high = spare[7], spare[8], spare[9]
    s, g = which[a, 0], which[a, 1]
    v_first, per_v, place_last = grid[a, 0], grid[a, 1], low.shape[2] - 1.0
    before, after, second = factors[0][s], factors[1][s], factors[1][g]
    deviation, second_deviation = factors[2][s], factors[2][g]
    correlation = 0.0
    if g >= 0:
        for n in range(root.shape[0]):
            correlation += root[s, n] * root[g, n]
    places(second, v_first, per_v, place_last, place)
    bridge_variance(deviation, second_deviation, slope_low, correlation, of_bridge)
    barriers(place, low[a, m + 1], per_v, lower_next, slope_low)
    met(before, after, lower, lower_next, 1.0, of_bridge, met_low)
    bridge_variance(deviation, second_deviation, slope_high, correlation, of_bridge)
    barriers(place, high[a, m + 1], per_v, upper_next, slope_high)
    met(before, after, upper, upper_next, -1.0, of_bridge, met_high)
    if is_wide(met_low, met_high):
        met_both[:] = 0.0
    else:
        both_sides(before, after, lower, lower_next, upper, upper_next, of_bridge, met_both)
        if is_tight(met_both):
            more_turns(
                before, after, lower, lower_next, upper, upper_next, of_bridge, met_low, met_high,
                met_both,
            )  # fmt: skip
    lose(weight, met_low, met_high, met_both, lost)
    split(lost, met_low, met_high, lost_low)
    split(lost, met_high, met_low, lost_high)
    add_part(lost, -1.0, weight)
    _credit(
        lost_low, second, open_low[a, m + 1], v_first, per_v, which[a, 2], state[_HIT_LOW], left
    )
    _credit(
        lost_high, second, open_high[a, m + 1], v_first, per_v, which[a, 3], state[_HIT_HIGH], left
    )
    if terms[a, 0] > 0.0:
        if which[a, 2] != 1:
            add_cost(lost_low, lower_next, terms[a, 0], loss)
        if which[a, 3] != 1:
            add_cost(lost_high, upper_next, terms[a, 0], loss)
    copied(lower_next, lower)
    copied(upper_next, upper)
    if g >= 0:
        leave_grid(second, v_first, v_first + place_last / per_v, weight, left)


@inlined
def jump_over(a: int, i: int, m: int, x: Any, accounts: Any, state: Any) -> None:
    """Take all the weight of a path that has jumped over a barrier of the account."""
    low, high, open_low, open_high, which, grid, terms = accounts
    s, g = which[a, 0], which[a, 1]
    v, v_first, v_last = x[g, i], grid[a, 0], grid[a, 0] + (low.shape[2] - 1.0) / grid[a, 1]
    if g >= 0 and (v < v_first or v > v_last):
        return  # to where no barrier is known: `go_over` gives it up
    j, part = _cell(v, v_first, grid[a, 1], low.shape[2])
    lower = low[a, m + 1, j] + part * (low[a, m + 1, j + 1] - low[a, m + 1, j])
    upper = high[a, m + 1, j] + part * (high[a, m + 1, j + 1] - high[a, m + 1, j])
    price = x[s, i]
    if price > lower and price < upper:
        return
    is_low = price <= lower
    gone = state[_WEIGHT, i]
    state[_WEIGHT, i] = 0.0
    is_open = open_low[a, m + 1, j] > 0.5 if is_low else open_high[a, m + 1, j] > 0.5
    if is_open:
        state[_LEFT, i] += gone
        return
    state[_HIT_JUMP, i] += gone
    state[_HIT_LOW if is_low else _HIT_HIGH, i] += gone
    # The cost of a liquidation at the price that it jumped to, and of the way past the barrier.
    at = exp(lower if is_low else upper)
    state[_LOSS, i] += gone * (terms[a, 0] * exp(price) + terms[a, 1] * abs(exp(price) - at))


@inlined
def go_over(a: int, m: int, x: Any, accounts: Any, state: Any, place: _Row) -> None:
    """Look the barriers up again where the jumps of a step have led."""
    low, which, grid = accounts[0], accounts[4], accounts[5]
    _look_up(a, m + 1, x, accounts, state, place)
    g = which[a, 1]
    if g >= 0:
        v_last = grid[a, 0] + (low.shape[2] - 1.0) / grid[a, 1]
        leave_grid(x[g], grid[a, 0], v_last, state[_WEIGHT], state[_LEFT])


@inlined
def _look_up(a: int, end: int, x: Any, accounts: Any, state: Any, place: _Row) -> None:
    """Find the barriers at the end of a step, counted from 0 for now."""
    low, high, grid = accounts[0], accounts[1], accounts[5]
    places(x[accounts[4][a, 1]], grid[a, 0], grid[a, 1], low.shape[2] - 1.0, place)
    barriers(place, low[a, end], grid[a, 1], state[_LOWER], state[_SLOPE_LOW])
    barriers(place, high[a, end], grid[a, 1], state[_UPPER], state[_SLOPE_HIGH])


@inlined
def add_up(a: int, here: int, states: Any, total: _Row, products: Any) -> None:
    """Add the paths of a block to the sums of a horizon, in the order of `QUANTITIES`."""
    hit_low, hit_high, hit_jump = states[a, _HIT_LOW], states[a, _HIT_HIGH], states[a, _HIT_JUMP]
    left, loss = states[a, _LEFT], states[a, _LOSS]
    for i in range(here):
        hit = hit_low[i] + hit_high[i]
        total[0] += hit_low[i]
        total[1] += hit_high[i]
        total[2] += hit
        total[3] += hit * hit
        total[4] += hit_jump[i]
        total[5] += left[i]
        total[6] += left[i] * left[i]
        total[7] += loss[i]
        total[8] += loss[i] * loss[i]
    for b in range(states.shape[0]):
        for i in range(here):
            products[a, b] += (hit_low[i] + hit_high[i]) * (
                states[b, _HIT_LOW, i] + states[b, _HIT_HIGH, i]
            )


@inlined
def join(is_joined: NDArray[np.bool_], here: int, states: Any, total: _Row) -> None:
    """Add up whether any of the accounts joined was hit, in the order of `JOINED`."""
    for i in range(here):
        either, upper, least, most = 0.0, 0.0, 0.0, 0.0
        for a in range(is_joined.shape[0]):
            if is_joined[a]:
                hit, left = states[a, _HIT_LOW, i] + states[a, _HIT_HIGH, i], states[a, _LEFT, i]
                either += (1.0 - either) * hit
                upper += (1.0 - upper) * (hit + left)
                least = hit if hit > least else least
                most += hit + left
        total[0] += either
        total[1] += either * either
        total[2] += upper
        total[3] += upper * upper
        total[4] += least
        total[5] += most if most < 1.0 else 1.0


@inlined
def _cell(v: float, v_first: float, per_v: float, nodes_count: int) -> tuple[int, float]:
    place = (v - v_first) * per_v
    place = place if place > 0.0 else 0.0
    place = place if place < nodes_count - 1.0 else nodes_count - 1.0
    j = int(place)
    j = j if j < nodes_count - 2 else nodes_count - 2
    return j, place - j


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
