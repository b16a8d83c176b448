"""Derivatives by differences over seven points in every direction, of sixth order."""

from collections.abc import Callable
from itertools import product
from math import factorial, fsum

import numpy as np

POINTS = tuple(range(-3, 4))


def weights(order: int) -> list[float]:
    """Weights of the derivative at the middle of seven points one apart."""
    table = np.array([[float(x) ** power for x in POINTS] for power in range(len(POINTS))])
    target = np.zeros(len(POINTS))
    target[order] = factorial(order)
    return [float(each) for each in np.linalg.solve(table, target)]


def derived(
    worth: Callable[[float, float, float], float],
    orders: tuple[int, int, int],
    steps: tuple[float, float, float],
) -> float:
    """Derive a function of spot move, vol move and time."""
    axes = [
        list(zip(POINTS, weights(order), strict=True)) if order else [(0, 1.0)] for order in orders
    ]
    total = fsum(
        a * b * c * worth(i * steps[0], j * steps[1], k * steps[2])
        for (i, a), (j, b), (k, c) in product(*axes)
    )
    return total / float(np.prod([step**order for step, order in zip(steps, orders, strict=True)]))
