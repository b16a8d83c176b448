"""Where the factors of a block of paths go in a step: what is drawn, how far, and their jumps.

`moves` are the terms of all factors and `factors` the rows of a block, as `walk` lists them.
"""

from math import log
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.pricing.kernels.compiled import inlined
from hedgerow.solvency.kernels.draws import normals, pair, uniforms
from hedgerow.solvency.kernels.steps import (
    copied,
    correlated,
    drifted,
    mixing,
    next_variance,
    scaled,
)

__all__ = ["draw_jumps", "draw_normals", "has_event", "jump", "move", "renew", "restart"]

_Row: TypeAlias = NDArray[np.float64]
_Word: TypeAlias = np.uint64

# What a draw is for; normal numbers of factors 2n and 2n + 1 are for n.
_MIXING = np.uint64(64)
_WHETHER_JUMPS = np.uint64(65)
_EVENT = np.uint64(128)
_JUMP = np.uint64(1024)
_JUMPS_MAX = 64


@inlined
def restart(moves: Any, factors: Any) -> None:
    """Put every factor back to where it is now."""
    variance_start = moves[6]
    _, x, _, variance, surprise, _, _ = factors
    x[:] = 0.0
    surprise[:] = 0.0
    for f in range(variance.shape[0]):
        variance[f] = variance_start[f]


@inlined
def draw_normals(
    m: int, path_first: _Word, k0: _Word, k1: _Word, moves: Any, factors: Any, row: _Row,
    other: _Row,
) -> None:  # fmt: skip
    """Draw a normal number for each factor, and what the step multiplies all variances by."""
    mix_table, z, mix = moves[9], factors[5], factors[6]
    step = np.uint64(m)
    for n in range(z.shape[0] // 2):
        normals(path_first, step, np.uint64(n), k0, k1, z[2 * n], z[2 * n + 1])
    if mix_table.shape[0] > 0:
        normals(path_first, step, _MIXING, k0, k1, row, other)
        mixing(row, mix_table[2:], mix_table[0], mix_table[1], mix)


@inlined
def move(m: int, dt: float, is_new_length: bool, moves: Any, factors: Any, row: _Row) -> None:
    """Move every factor by its drift and its part of the draws."""
    drift, pull, decay, noise = moves[0], moves[1], moves[2], moves[3]
    root, garch, mix_table = moves[4][moves[5][m]], moves[7], moves[9]
    before, x, deviation, variance, surprise, z, mix = factors
    count = variance.shape[0]
    is_changing = mix_table.shape[0] > 0
    for f in range(count):
        is_changing = is_changing or garch[f, 4] > 0.0
    for f in range(count):
        copied(x[f], before[f])
        row[:] = 0.0
        for g in range(f + 1):
            correlated(z[g], root[f, g], row)
        if is_changing or is_new_length:
            scaled(variance[f], mix, dt, noise[m, f], deviation[f])
        drifted(variance[f], deviation[f], row, drift[f], pull[m, f], decay[m, f], x[f])
        if garch[f, 4] > 0.0:
            for i in range(row.shape[0]):
                surprise[f, i] += deviation[f, i] * row[i]


@inlined
def has_event(m: int, moves: Any) -> bool:
    """Say whether an event lies in the step."""
    event_deviation = moves[11]
    found = False
    for f in range(event_deviation.shape[1]):
        found = found or event_deviation[m, f] > 0.0
    return found


@inlined
def draw_jumps(m: int, path_first: _Word, k0: _Word, k1: _Word, row: _Row, other: _Row) -> None:
    """Draw a uniform number for each path: below the chance of a jump it has one, or more."""
    uniforms(path_first, np.uint64(m), _WHETHER_JUMPS, k0, k1, row, other)


@inlined
def jump(
    m: int, i: int, path: _Word, k0: _Word, k1: _Word, u: float, chance: float, is_event: bool,
    jumps: _Row, moves: Any, x: Any,
) -> None:  # fmt: skip
    """Move one path by its jumps of a step and by the events in it."""
    loading, event_deviation = moves[10], moves[11]
    step = np.uint64(m)
    size = 0.0
    if u < chance:
        size = _size(path, step, k0, k1, u, chance, jumps)
    for f in range(loading.shape[0]):
        x[f, i] += loading[f] * size
    if is_event:
        for f in range(loading.shape[0]):
            sd = event_deviation[m, f]
            first, second = pair(path, step, _EVENT + np.uint64(f), k0, k1)
            normal = np.sqrt(-2.0 * log(first)) * np.cos(6.283185307179586 * second)
            x[f, i] += sd * normal - 0.5 * sd * sd


@inlined
def _size(
    path: _Word, step: _Word, k0: _Word, k1: _Word, u: float, chance: float, jumps: _Row
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
def renew(moves: Any, factors: Any) -> None:
    """Give every factor of a variance by GARCH that of its next period."""
    garch, periods = moves[7], moves[8]
    _, _, _, variance, surprise, _, _ = factors
    for f in range(variance.shape[0]):
        if garch[f, 4] > 0.0:
            next_variance(
                surprise[f], garch[f, 0], garch[f, 1], garch[f, 2], garch[f, 3], periods[0],
                variance[f],
            )  # fmt: skip
