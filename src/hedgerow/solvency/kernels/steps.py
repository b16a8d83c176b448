"""One step of a block of paths, loop by loop: factors move, barriers are looked up, weights fall.

A block is few enough paths for all its rows to stay in the nearest cache. Every loop touches few
rows, so that the compiler can prove them apart and pack it. A path carries the weight with which
it is still alive: 1 at first, times the probability, given where the step began and ended, that it
met neither barrier between.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hedgerow.pricing.kernels.compiled import inlined
from hedgerow.pricing.kernels.elementary import exp

__all__ = [
    "add_cost",
    "add_part",
    "barriers",
    "both_sides",
    "bridge_variance",
    "copied",
    "correlated",
    "drifted",
    "is_tight",
    "is_wide",
    "leave_grid",
    "lose",
    "met",
    "mixing",
    "more_turns",
    "next_variance",
    "places",
    "scaled",
    "split",
]

_Row: TypeAlias = NDArray[np.float64]
_TINY = 1e-300
# Below this a probability makes no difference to one less it.
_NOTHING = 1e-18
# Below this nobody turns from one barrier to the other and back.
_NO_TURN = 1e-15
_TURNS = 6
# A corridor narrower than so many variances of the step, as widths at both ends multiplied, is
# left but once in a million times.
_NARROW = 0.3


@inlined
def mixing(z: _Row, table: _Row, z_first: float, per_z: float, out: _Row) -> None:
    """Turn normal numbers into what multiplies a variance, by a table over their range."""
    last = np.float64(table.shape[0] - 2)
    for i in range(out.shape[0]):
        place = (z[i] - z_first) * per_z
        place = place if place > 0.0 else 0.0
        j = np.int64(place if place < last else last)
        low = table[j]
        out[i] = low + (place - j) * (table[j + 1] - low)


@inlined
def scaled(variance: _Row, mix: _Row, years: float, noise: float, out: _Row) -> None:
    """Deviation of a factor's step."""
    for i in range(out.shape[0]):
        out[i] = noise * np.sqrt(variance[i] * mix[i] * years)


@inlined
def copied(row: _Row, out: _Row) -> None:
    """Copy a row: by a loop, which is packed where an assignment of rows need not be."""
    for i in range(out.shape[0]):
        out[i] = row[i]


@inlined
def correlated(z: _Row, part: float, out: _Row) -> None:
    """Add a part of one row of normal numbers."""
    for i in range(out.shape[0]):
        out[i] = out[i] + part * z[i]


@inlined
def drifted(
    variance: _Row, deviation: _Row, z: _Row, drift: float, years: float, decay: float, x: _Row
) -> None:
    """Move a factor: what is left of where it was, drift less half the variance, and the draw.

    The years are those of the step, shortened where the factor is drawn back meanwhile.
    """
    for i in range(x.shape[0]):
        x[i] = decay * x[i] + (drift - 0.5 * variance[i]) * years + deviation[i] * z[i]


@inlined
def places(v: _Row, v_first: float, per_v: float, last: float, out: _Row) -> None:
    """Where the second factor is among the nodes, counted from the first; kept within them."""
    for i in range(out.shape[0]):
        place = (v[i] - v_first) * per_v
        place = place if place > 0.0 else 0.0
        out[i] = place if place < last else last


@inlined
def barriers(place: _Row, nodes: _Row, per_v: float, out: _Row, slope: _Row) -> None:
    """Barrier and its slope there; straight lines between nodes."""
    cell_last = nodes.shape[0] - 2
    for i in range(out.shape[0]):
        j = np.int64(place[i])
        j = j if j < cell_last else cell_last
        low = nodes[j]
        rise = nodes[j + 1] - low
        out[i] = low + (place[i] - j) * rise
        slope[i] = rise * per_v


@inlined
def bridge_variance(
    deviation: _Row, second: _Row, slope: _Row, correlation: float, out: _Row
) -> None:
    """Variance, over the step, of the distance between a factor and a barrier that moves."""
    for i in range(out.shape[0]):
        s, t = deviation[i], slope[i] * second[i]
        found = s * s - 2.0 * correlation * s * t + t * t
        out[i] = found if found > 0.0 else 0.0  # none is left of two that move as one, but rounding


@inlined
def met(
    before: _Row, after: _Row, barrier_before: _Row, barrier_after: _Row, side: float,
    variance: _Row, out: _Row,
) -> None:  # fmt: skip
    """Probability that one barrier was met; `side` is 1 of a lower one, -1 of an upper one."""
    for i in range(out.shape[0]):
        d0 = side * (before[i] - barrier_before[i])
        d1 = side * (after[i] - barrier_after[i])
        power = -2.0 * d0 * d1 / variance[i]
        power = power if power < 0.0 else 0.0
        out[i] = exp(power) if d1 > 0.0 else 1.0


@inlined
def both_sides(
    before: _Row, after: _Row, low_before: _Row, low_after: _Row, high_before: _Row,
    high_after: _Row, variance: _Row, out: _Row,
) -> None:  # fmt: skip
    """Probability that both were met, in one order or the other: counted twice by `met`."""
    for i in range(out.shape[0]):
        l0, l1 = high_before[i] - low_before[i], high_after[i] - low_after[i]
        d0, d1 = before[i] - low_before[i], after[i] - low_after[i]
        twist = l0 * d1 - l1 * d0
        per = -2.0 / variance[i]
        down_up, up_down = per * (l0 * l1 + twist), per * (l0 * l1 - twist)
        down_up = down_up if down_up < 0.0 else 0.0
        up_down = up_down if up_down < 0.0 else 0.0
        is_inside = d1 > 0.0 and d1 < l1
        out[i] = exp(down_up) + exp(up_down) if is_inside else 0.0


@inlined
def is_tight(both: _Row) -> bool:
    """Say that some path of the block may have gone from one barrier to the other and back."""
    count = 0
    for i in range(both.shape[0]):
        count += 1 if both[i] > _NO_TURN else 0
    return count > 0


@inlined
def more_turns(
    before: _Row, after: _Row, low_before: _Row, low_after: _Row, high_before: _Row,
    high_after: _Row, variance: _Row, low: _Row, high: _Row, out: _Row,
) -> None:  # fmt: skip
    """Add to `both_sides` the rest of its series: paths that turn twice and more.

    The probability of leaving between two straight lines by J. Doob (1949), Heuristic approach to
    the Kolmogorov-Smirnov theorems, Annals of Mathematical Statistics 20, with the ways to the
    lines at both ends of the bridge for the four numbers that the lines have there.
    """
    for i in range(out.shape[0]):
        b, a = high_before[i] - before[i], high_after[i] - after[i]
        d, c = before[i] - low_before[i], after[i] - low_after[i]
        per = -2.0 / variance[i]
        widths, twist = (b + d) * (a + c), b * c - d * a
        more = 0.0
        for k in range(2, _TURNS + 1):
            m = np.float64(k)
            first = per * (m * b + (m - 1.0) * d) * (m * a + (m - 1.0) * c)
            second = per * (m * d + (m - 1.0) * b) * (m * c + (m - 1.0) * a)
            third, fourth = per * m * (m * widths + twist), per * m * (m * widths - twist)
            more += exp(third if third < 0.0 else 0.0) + exp(fourth if fourth < 0.0 else 0.0)
            more -= exp(first if first < 0.0 else 0.0) + exp(second if second < 0.0 else 0.0)
        is_inside = a > 0.0 and c > 0.0
        is_narrow = widths < _NARROW * variance[i]
        turned = low[i] + high[i] - 1.0 if is_narrow else out[i] + more
        out[i] = turned if is_inside else out[i]


@inlined
def is_wide(low: _Row, high: _Row) -> bool:
    """Say that no path of the block may have met both barriers: more than `both_sides` can be."""
    count = 0
    for i in range(low.shape[0]):
        count += 1 if low[i] * high[i] > _NOTHING else 0
    return count == 0


@inlined
def lose(weight: _Row, low: _Row, high: _Row, both: _Row, out: _Row) -> None:
    """Weight that the step takes; what `both` leaves out keeps it between nothing and all."""
    for i in range(out.shape[0]):
        gone = low[i] + high[i] - both[i]
        gone = gone if gone < 1.0 else 1.0
        is_out = low[i] >= 1.0 or high[i] >= 1.0
        gone = 1.0 if is_out else (gone if gone > 0.0 else 0.0)
        out[i] = weight[i] * gone


@inlined
def split(lost: _Row, mine: _Row, other: _Row, out: _Row) -> None:
    """Part of the loss that goes to one barrier: as its probability among the two."""
    for i in range(out.shape[0]):
        out[i] = lost[i] * (mine[i] / (mine[i] + other[i] + _TINY))


@inlined
def add_part(lost: _Row, part: float, total: _Row) -> None:
    """Add to, or take from, a total."""
    for i in range(total.shape[0]):
        total[i] = total[i] + part * lost[i]


@inlined
def add_cost(lost: _Row, barrier: _Row, notional: float, total: _Row) -> None:
    """Add what a liquidation at the barrier costs: a part of the notional as it is there."""
    for i in range(total.shape[0]):
        total[i] = total[i] + lost[i] * notional * exp(barrier[i])


@inlined
def leave_grid(v: _Row, v_first: float, v_last: float, weight: _Row, left: _Row) -> None:
    """Give up paths whose second factor is where no barrier is known."""
    for i in range(weight.shape[0]):
        is_out = v[i] < v_first or v[i] > v_last
        left[i] = left[i] + (weight[i] if is_out else 0.0)
        weight[i] = 0.0 if is_out else weight[i]


@inlined
def next_variance(
    surprise: _Row, constant: float, alpha: float, gamma: float, beta: float, per_year: float,
    variance: _Row,
) -> None:  # fmt: skip
    """Variance of the next period by GJR-GARCH, yearly; the surprise was that of a period."""
    for i in range(variance.shape[0]):
        e = surprise[i]
        weight = alpha + gamma if e < 0.0 else alpha
        variance[i] = constant + weight * e * e * per_year + beta * variance[i]
        surprise[i] = 0.0
