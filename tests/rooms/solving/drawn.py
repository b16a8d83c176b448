"""Programmes drawn by a seed, and the plans near one."""

from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from hedgerow.solving import (
    EXCESS_FRAC_MAX,
    Answer,
    Band,
    Decisions,
    Impact,
    Ladders,
    Part,
    Programme,
    Tickets,
    Uses,
)

Floats = NDArray[np.float64]


def drawn(seed: int, *, is_soft: bool, is_bent: bool = False, count: int = 12) -> Programme:
    """Draw three bands, hard or with a price, and legs that pay by the ticket or by a power."""
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0.15, 1.0, count)
    bound = rng.uniform(2.0, 20.0, count)
    width = 0.0 if is_soft else 0.5
    greeks = Band.of(
        ("x", "y", "z"),
        10.0 * rng.normal(size=3),
        rng.normal(size=(3, count)),
        low_figure=np.full(3, -width),
        high_figure=np.full(3, width),
        penalty_usd_per_figure=np.array([10.0, 50.0, 1.0]) if is_soft else None,
    )
    parts: list[Part] = [Ladders.flat(cost, cost), greeks]
    legs: Part = Impact(np.full(count, 0.01), 1.5) if is_bent else Tickets(np.full(count, 0.2), 5)
    names = tuple(f"leg {i}" for i in range(count))
    lots = rng.choice([0.1, 0.5, 1.0], count)
    return Programme(Decisions(names, -bound, bound, lots), [*parts, legs])


def powers(seed: int) -> Programme:
    """Draw impact (squares or the power 1.5) beside a scan, which may have fees, and bands."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 8))
    up, down = rng.uniform(0.1, 2.0, (2, count))
    losses, levels = rng.normal(size=(8, count)), rng.normal(size=(3, count))
    lot = rng.choice([0.1, 0.25, 0.5, 1.0], count)
    greeks = Band.of(
        ("a", "b", "c"),
        4.0 * rng.normal(size=3),
        levels,
        low_figure=np.full(3, -0.6),
        high_figure=np.full(3, 0.6),
        penalty_usd_per_figure=np.full(3, 4.0),
    )
    scan = Uses(
        ("s", "t"),
        losses,
        np.maximum(-losses, 0.5 * losses),
        np.full(8, 5.0),
        np.array([1.0, 2.0]),
        of_index=np.repeat([0, 1], [5, 3]),
        used_figure=rng.uniform(0.0, 0.3, (8, count)) if seed % 3 == 0 else None,
    )
    impact = Impact(np.full(count, 0.05), 1.5 if seed % 2 else 2.0)
    names = tuple(f"leg {i}" for i in range(count))
    ends = np.full(count, 5.3)
    return Programme(
        Decisions(names, -ends, ends, lot), [Ladders.flat(up, down), greeks, scan, impact]
    )


def changes(count: int) -> Floats:
    """Give every change of one lot in one or in two of so many."""
    rows = [
        {i: a, j: b}
        for i, j in combinations(range(count), 2)
        for a, b in product((-1, 0, 1), repeat=2)
        if a or b
    ]
    found = np.zeros((len(rows), count))
    for row, each in enumerate(rows):
        found[row, list(each)] = list(each.values())
    return found


def changes_of_three(count: int) -> Floats:
    """Give every change of up to two lots in up to three of so many."""
    each = np.array(list(product(range(-2, 3), repeat=3)), dtype=np.float64)
    found = []
    for legs in combinations(range(count), 3):
        wide = np.zeros((len(each), count))
        wide[:, list(legs)] = each
        found.append(wide)
    return np.vstack(found)


def cheapest_near_usd(programme: Programme, answer: Answer, changes_count: Floats) -> float:
    """Give the least cost of plans so many lots from an answer, among those that keep bounds."""
    decisions = programme.decisions
    lot = decisions.lot_amount
    near = (np.round(np.array(answer.chosen_amount) / lot) + changes_count) * lot
    is_inside = (near >= decisions.low_amount - 1e-9) & (near <= decisions.high_amount + 1e-9)
    near = near[np.all(is_inside, axis=1)]
    near = near[programme.excess_frac(near) <= EXCESS_FRAC_MAX]
    return float(programme.usd(near).min(initial=np.inf))
