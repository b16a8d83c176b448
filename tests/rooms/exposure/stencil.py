"""Derivatives by differences over seven points in every direction, of sixth order."""

from collections.abc import Callable, Sequence
from itertools import product
from math import factorial, fsum

import numpy as np

POINTS = tuple(range(-3, 4))


def weights(order: int, points: Sequence[int] = POINTS) -> list[float]:
    """Weights of the derivative at zero of seven points one apart."""
    table = np.array([[float(x) ** power for x in points] for power in range(len(points))])
    target = np.zeros(len(points))
    target[order] = factorial(order)
    return [float(each) for each in np.linalg.solve(table, target)]


def derived(
    worth: Callable[[float, float, float], float],
    orders: tuple[int, int, int],
    steps: tuple[float, float, float],
    *,
    is_time_forward: bool = False,
) -> float:
    """Derive a function of spot move, vol move and time."""
    points = (POINTS, POINTS, tuple(range(7)) if is_time_forward else POINTS)
    axes = [
        list(zip(at, weights(order, at), strict=True)) if order else [(0, 1.0)]
        for order, at in zip(orders, points, strict=True)
    ]
    total = fsum(
        a * b * c * worth(i * steps[0], j * steps[1], k * steps[2])
        for (i, a), (j, b), (k, c) in product(*axes)
    )
    return total / float(np.prod([step**order for step, order in zip(steps, orders, strict=True)]))
