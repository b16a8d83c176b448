"""Where the barriers of several accounts lie at the end of every step of a walk.

Boundaries enter; tables leave, accounts by steps by nodes, for the compiled loops. Barriers are
straight between their times. A step within which a boundary has times of its own ends at the
innermost barriers of all: straight from end to end it would pass between the two sides of a jump,
or by a barrier that comes near for less than the step.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics
from hedgerow.pricing import Floats
from hedgerow.solvency.chances.boundary import Boundary

__all__ = ["Barriers", "barriers_of", "kinds_of"]

Counts: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


class Barriers(NamedTuple):
    """Shape (accounts, steps + 1, nodes), all with the most nodes of any account.

    `low_open` and `high_open` are 1 where the interval from a node to the next has no barrier but
    the end of what was looked at.
    """

    low_log: Floats
    high_log: Floats
    low_open: Floats
    high_open: Floats


def barriers_of(boundaries: Sequence[Boundary], steps_years: Floats) -> Barriers:
    """Lay out barriers by step.

    Raises
    ------
    OutOfDomain
        If accounts of a second factor differ in their nodes, or a boundary of several times ends
        before the last step.
    """
    ends_years = np.concatenate(([0.0], np.cumsum(steps_years)))
    nodes_count = max(each.low_log.shape[1] for each in boundaries)
    shape = (len(boundaries), len(ends_years), nodes_count)
    found = Barriers(*(np.zeros(shape) for _ in range(4)))
    for a, each in enumerate(boundaries):
        _check(each, nodes_count, float(ends_years[-1]))
        (low, high), (is_low_open, is_high_open) = _at_ends(each, ends_years)
        _keep_inside(low, high, is_low_open, is_high_open, each, ends_years)
        found.low_log[a] = _widened(low, nodes_count)
        found.high_log[a] = _widened(high, nodes_count)
        for flags, out in ((is_low_open, found.low_open), (is_high_open, found.high_open)):
            flags[:, :-1] &= flags[:, 1:].copy()
            out[a] = _widened(flags.astype(np.float64), nodes_count)
    return found


def kinds_of(dynamics: Dynamics, boundaries: Sequence[Boundary], barriers: Barriers) -> Counts:
    """Give a row for each account: which factors it hangs on, and of what kind its sides are.

    Factor of the spot; second factor or -1; then of the lower and the upper side 0 where there are
    barriers everywhere, 1 nowhere, 2 here and there.

    Raises
    ------
    OutOfDomain
        If a factor does not move.
    """
    rows = []
    for a, each in enumerate(boundaries):
        kinds = []
        for table in (barriers.low_open[a, :, :-1], barriers.high_open[a, :, :-1]):
            kinds.append(0 if not table.any() else 1 if table.all() else 2)
        second = -1 if each.second is None else dynamics.index_of(each.second)
        rows.append([dynamics.index_of(each.spot), second, *kinds])
    return np.array(rows, dtype=np.int64)


def _check(of: Boundary, nodes_count: int, last_years: float) -> None:
    if of.low_log.shape[1] != nodes_count and of.second is not None:
        raise OutOfDomain(
            f"{of.account_id} has {of.low_log.shape[1]} nodes of its second factor, others "
            f"{nodes_count}; give all the same"
        )
    times = of.times_years
    if len(times) > 1 and times[-1] < last_years * (1.0 - 1e-9):
        raise OutOfDomain(
            f"the boundary of {of.account_id} ends after {times[-1]:.6g} years, the last horizon "
            f"is {last_years:.6g}"
        )


def _at_ends(of: Boundary, ends_years: Floats) -> tuple[list[Floats], list[Flags]]:
    """Give both barriers at the ends of steps, and whether they are open there."""
    times = of.times_years
    lower = np.clip(np.searchsorted(times, ends_years, side="right") - 1, 0, max(len(times) - 2, 0))
    upper = np.minimum(lower + 1, len(times) - 1)
    span = np.where(upper > lower, times[upper] - times[lower], 1.0)
    part = np.clip((ends_years - times[lower]) / span, 0.0, 1.0)[:, None]
    rows = [
        (1.0 - part) * table[lower] + part * table[upper] for table in (of.low_log, of.high_log)
    ]
    flags = [table[lower] & table[upper] for table in (of.is_low_open, of.is_high_open)]
    return rows, flags


def _keep_inside(
    low_log: Floats,
    high_log: Floats,
    is_low_open: Flags,
    is_high_open: Flags,
    of: Boundary,
    ends_years: Floats,
) -> None:
    """End each step within which a boundary has times of its own at the innermost barriers."""
    inside = np.flatnonzero((of.times_years > 0.0) & (of.times_years <= ends_years[-1]))
    for at in inside.tolist():
        step = int(np.searchsorted(ends_years, of.times_years[at] * (1.0 - 1e-12)))
        low_log[step] = np.maximum(low_log[step], of.low_log[at])
        high_log[step] = np.minimum(high_log[step], of.high_log[at])
        is_low_open[step] &= of.is_low_open[at]
        is_high_open[step] &= of.is_high_open[at]
    is_empty = low_log > high_log
    centre = 0.5 * (low_log + high_log)
    for table in (low_log, high_log):
        table[is_empty] = centre[is_empty]
    for each in (is_low_open, is_high_open):
        each[is_empty] = False


def _widened(rows: Floats, nodes_count: int) -> Floats:
    """Repeat the last node of a boundary that has no second factor."""
    more = nodes_count - rows.shape[1]
    return np.concatenate([rows, np.repeat(rows[:, -1:], more, axis=1)], axis=1)
