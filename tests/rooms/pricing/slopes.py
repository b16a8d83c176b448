"""Derivatives of a formula with forty digits, for columns to be held against."""

from collections.abc import Callable, Sequence
from typing import Any

import mpmath


def slope(of: Callable[..., Any], at: Sequence[float], *orders: int) -> float:
    """Differentiate `of` at a point, so many times in each of its arguments."""
    with mpmath.workdps(60):
        point = tuple(mpmath.mpf(x) for x in at)
        if not any(orders):
            return float(of(*point))
        return float(mpmath.diff(of, point, orders))
