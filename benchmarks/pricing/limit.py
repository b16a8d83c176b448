"""How fast this machine could be at best, and how far from it we are.

A kernel's operations, counted in its source, over the rate at which the machine is seen to multiply
and add in packed instructions. A multiply-add counts once; a division or a root counts as the eight
that it keeps the unit busy for. Nothing is counted for loads and stores, so nobody reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit

from .clock import Result, row, took_s

_EXPONENTIAL = 18  # to an integer 3, remainder 2, polynomial 11, exponent and guard 2
_LOGARITHM = 30
_MILLS = 9 + 10 + 8  # numerator, denominator, and a division or its share of one
_DIVISION = 8
_ROOT = 8

# Two Mills ratios that share a division, which four products part.
_TWO_MILLS = 2 * _MILLS - _DIVISION + 4

OPERATIONS: Mapping[str, int] = {
    # `_core`: three exponentials, a logarithm, two Mills ratios, another division, a root, 41
    # around them and 25 for the series of a small deviation; two divisions and 40 in `_second` and
    # `_third`.
    "greeks_12": 3 * _EXPONENTIAL + _LOGARITHM + _TWO_MILLS + _DIVISION + _ROOT + 41 + 25
    + 2 * _DIVISION + 40,
    # `_cell`: one exponential, two Mills ratios, a division; 9 for the vol and the legs, 9 for d1
    # and d2, 6 for tails, 13 for the value and its base, 25 for the series.
    "scenario_cell": _EXPONENTIAL + _TWO_MILLS + _DIVISION + 9 + 9 + 6 + 13 + 25,
    "implied_vol": (
        # `_gate`: a logarithm, a root, a division, and 30 to find reasons.
        _LOGARITHM + _ROOT + _DIVISION + 30
        # `_guess`: a logarithm, a root, three divisions, two polynomials of 3 and 4, 11 products.
        + _LOGARITHM + _ROOT + 3 * _DIVISION + 7 + 11
        # Two steps. `_tails`: two Mills ratios, a division, 10 around them.
        + 2 * (_TWO_MILLS + _DIVISION + 10
               # `_near`: a Mills ratio, a division, 12 derivatives of two, a series of 13, 6 more.
               + _MILLS + _DIVISION + 24 + 13 + 6
               # `_step`: a logarithm, four divisions, 45 for derivatives and bounds.
               + _LOGARITHM + 4 * _DIVISION + 45)
        # `_finish`: a division and a root, 6 for the code.
        + _DIVISION + _ROOT + 6
    ),
}  # fmt: skip
MEASURED = {
    "greeks_12": "greeks_12_ns_per_option_1e4",
    "scenario_cell": "scenario_cell_ns",
    "implied_vol": "implied_vol_ns",
}


@njit(fastmath={"contract"})
def _multiply_add(of: np.ndarray, times: int) -> None:
    for _ in range(times):
        for i in range(of.shape[0]):
            x = of[i]
            for _ in range(16):
                x = x * 0.999999 + 1e-6
            of[i] = x


def rate_per_ns() -> float:
    """Give how many multiply-adds a nanosecond the machine is seen to do."""
    of = np.ones(1_024)
    _multiply_add(of, 1)
    return (
        2_000
        * 16
        * of.size
        / min(took_s(lambda: _multiply_add(of, 2_000), 1) for _ in range(9))
        / 1e9
    )


def limits(results: list[Result]) -> list[Result]:
    """Give the limit of each kernel, and how many times longer it was seen to take."""
    rate = rate_per_ns()
    measured = {str(result["name"]): result["value"] for result in results}
    found = []
    for name, operations in OPERATIONS.items():
        best_ns = operations / rate
        note = f"{operations} operations counted; multiply-adds at {rate:.1f} a nanosecond"
        found.append(row(f"{name}_limit_ns", best_ns, "ns", None, note))
        times = float(str(measured[MEASURED[name]])) / best_ns
        note = f"how many times longer than its limit; {note}"
        found.append(row(f"{name}_over_limit", times, "times", None, note))
    return found
