"""Fit the polynomials of the pricing kernels anew, and say how far off each is.

Run ``python -m tools.fit_kernels`` (needs mpmath, of the extra ``dev``; a minute or so). What it
prints stands in ``elementary.py`` and ``implied.py`` of ``src/hedgerow/pricing/kernels``, highest
power first. Four functions:

- the Mills ratio ``M(z) = N(-z) / n(z)`` on 0 ≤ z ≤ 40, as P/Q of degrees 9 and 10. It falls
  smoothly from √(π/2) to 1/z, so one quotient covers every tail, and as all coefficients are
  positive nothing cancels in it;
- ``exp(r)`` on |r| ≤ ln 2 / 2, a polynomial of degree 11 that begins with 1 + r;
- ``ln((1+f)/(1-f)) = 2f + f u L(u)`` with u = f², for |f| ≤ 3 - 2√2, L of degree 6;
- the moneyness e in deviations of an option whose price is normal rather than lognormal. Price
  over moneyness is A = n(e)/e - N(-e), which runs from infinity to 1e-300 and less, so the fit is
  of (e/u)² in u = ln(1 + 1/2A): u is near 1.25 e for small e and e²/2 for large ones. It only
  begins an iteration, so P/Q of degrees 3 and 4 will do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp

DIGITS = 60
Z_MAX = 40
E_MAX = 38


def mills(z: Any) -> Any:
    """Give the Mills ratio of the normal distribution to working precision."""
    return mp.sqrt(mp.pi / 2) * mp.exp(z * z / 2) * mp.erfc(z / mp.sqrt(2))


def horner(coefficients: Sequence[Any], x: Any) -> Any:
    """Evaluate a polynomial, highest power first."""
    total = mp.mpf(0)
    for coefficient in coefficients:
        total = total * x + coefficient
    return total


def chebyshev_points(count: int) -> list[Any]:
    """Give the roots of the Chebyshev polynomial of that degree, in (-1, 1)."""
    return [-mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def polynomial(target: Callable[[Any], Any], low: Any, high: Any, degree: int) -> list[float]:
    """Interpolate in Chebyshev points, within a small factor of the best; highest power first."""
    points = [(low + high + (high - low) * t) / 2 for t in chebyshev_points(degree + 1)]
    rows = mp.matrix([[x**power for power in range(degree, -1, -1)] for x in points])
    return [float(c) for c in mp.lu_solve(rows, mp.matrix([target(x) for x in points]))]


def quotient(
    points: Sequence[Any], goal: Sequence[Any], degree: int, rounds: int = 12
) -> tuple[list[float], list[float]]:
    """Fit P/Q, of this degree over one more, for the smallest relative error; highest power first.

    The denominator is taken from the round before, which makes the problem linear (Sanathanan and
    Koerner 1963); points with a large error weigh more in the next round (Lawson 1961).
    """
    count = len(points)
    weight = [mp.mpf(1)] * count
    below = [mp.mpf(1)] * count
    for round_ in range(rounds):
        rows, right = mp.matrix(count, 2 * degree + 2), mp.matrix(count, 1)
        for i, z in enumerate(points):
            scale = mp.sqrt(weight[i]) / (below[i] * goal[i])
            powers = [z**k for k in range(degree + 2)]
            for k in range(degree + 1):
                rows[i, k] = scale * powers[k]
                rows[i, degree + 1 + k] = -scale * goal[i] * powers[k + 1]
            right[i] = scale * goal[i]
        found = list(mp.lu_solve(rows, right))
        above = found[degree::-1]
        under = [*found[:degree:-1], mp.mpf(1)]
        below = [horner(under, z) for z in points]
        off = [
            abs(horner(above, z) / q / m - 1) for z, q, m in zip(points, below, goal, strict=True)
        ]
        if round_ > 0:
            worst = max(off)
            weight = [w * (e / worst + mp.mpf("0.02")) for w, e in zip(weight, off, strict=True)]
            mean = mp.fsum(weight) / count
            weight = [w / mean for w in weight]
    return [float(c) for c in above], [float(c) for c in under]


def stretched(middle: int, end: int, count: int) -> list[Any]:
    """Give points from 0 to `end`, dense around `middle`, where what is fitted bends."""
    # z = m (1+t)/(1-t) spreads the points over the bend and the long tail alike.
    t_max = (mp.mpf(end) - middle) / (end + middle)
    ts = [-1 + (t + 1) / 2 * (t_max + 1) for t in chebyshev_points(count)]
    return [mp.mpf(0), *(middle * (1 + t) / (1 - t) for t in ts[1:])]


def normal_price_log(e: Any) -> Any:
    """Give u = ln(1 + 1/2A) of an option e deviations out of the money, e > 0."""
    price = mp.npdf(e) * (1 / e - mills(e))
    return mp.log(1 + 1 / (2 * price))


def worst_error(
    ours: Callable[[Any], Any], truth: Callable[[Any], Any], points: Sequence[Any]
) -> float:
    """Give the largest relative error over some points, of coefficients rounded to double."""
    return float(max(abs(ours(x) / truth(x) - 1) for x in points))


def spread(low: Any, high: Any, count: int) -> list[Any]:
    """Give equally spaced points, neither end exactly, so that no function is 0/0 there."""
    return [low + (high - low) * (i + mp.mpf("0.37")) / count for i in range(count)]


def show(name: str, coefficients: Sequence[float], error: float | None = None) -> None:
    """Print one polynomial as a Python tuple."""
    print(f"{name} = (" + ", ".join(repr(c) for c in coefficients) + ")")
    if error is not None:
        print(f"    largest relative error {error:.2e}")


def main() -> int:
    """Fit, print and measure."""
    mp.mp.dps = DIGITS
    half = mp.log(2) / 2
    e = polynomial(lambda r: (mp.exp(r) - 1 - r) / r**2, -half, half, 9)
    show(
        "EXP",
        [*e, 1.0, 1.0],
        worst_error(lambda r: horner([*e, 1, 1], r), mp.exp, spread(-half, half, 2000)),
    )
    f_max = 3 - 2 * mp.sqrt(2)

    def log_rest(u: Any) -> Any:
        f = mp.sqrt(u)
        return (2 * mp.atanh(f) - 2 * f) / (f * u)

    rest = polynomial(log_rest, mp.mpf(0), f_max**2, 6)
    show(
        "LOG",
        rest,
        worst_error(
            lambda f: 2 * f + f**3 * horner(rest, f * f),
            lambda f: 2 * mp.atanh(f),
            spread(mp.mpf(0), f_max, 2000),
        ),
    )
    zs = stretched(3, Z_MAX, 162)
    above, under = quotient(zs, [mills(z) for z in zs], 9)
    show("MILLS_ABOVE", above)
    show(
        "MILLS_UNDER",
        under,
        worst_error(
            lambda z: horner(above, z) / horner(under, z),
            mills,
            spread(mp.mpf(0), mp.mpf(Z_MAX), 4000),
        ),
    )
    es = stretched(3, E_MAX, 120)[1:]
    us = [normal_price_log(e) for e in es]
    over, beneath = quotient(us, [(e / u) ** 2 for e, u in zip(es, us, strict=True)], 3)
    show("NORMAL_ABOVE", over)
    show("NORMAL_UNDER", beneath)
    off = worst_error(
        lambda e: (
            normal_price_log(e)
            * mp.sqrt(horner(over, normal_price_log(e)) / horner(beneath, normal_price_log(e)))
        ),
        lambda e: e,
        spread(mp.mpf(0), mp.mpf(E_MAX), 2000),
    )
    print(f"    largest error of the guess {off:.2e}")
    return 0 if min(above + under + over + beneath) > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
