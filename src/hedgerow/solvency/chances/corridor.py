"""A price between two barriers: whether it is still there, and which one it met first.

The price grows by `growth_frac_per_year` on average, so its logarithm drifts by ``ν = μ − σ²/2``.
Two series give the same. For short times images: each barrier mirrors the other, and the
probability that the lower one is met first is a sum, of falling terms with signs in turn, of hits
at distances d, 2l − d, 2l + d, … where l is the corridor's width and d the way to that barrier. For
long times waves that fit the corridor, the slowest of which is soon all that is left; they say how
much is yet to come, so that a small survival keeps its digits. They change where σ²T is l².

References
----------
Methods sheet, section 16.2. N. Kunitomo and M. Ikeda (1992), Pricing options with curved
boundaries, Mathematical Finance 2. A. Borodin and P. Salminen (2002), Handbook of Brownian motion,
part II, section 2.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from hedgerow.errors import OutOfDomain
from hedgerow.solvency.chances.passage import Floats, hit_frac, reached

__all__ = ["Corridor", "corridor"]

_IMAGES_COUNT: Final = 12  # the next is 24 widths off: 24 deviations where images are used
_WAVES_COUNT: Final = 12  # the next fades by exp(−13² π²/2)


@dataclass(frozen=True, slots=True, eq=False)
class Corridor:
    """Item i of every column is one price between two barriers; the three add up to 1."""

    survival_frac: Floats
    lower_first_frac: Floats
    upper_first_frac: Floats


def corridor(
    spot_usd: ArrayLike,
    lower_usd: ArrayLike,
    upper_usd: ArrayLike,
    growth_frac_per_year: ArrayLike,
    vol_frac: ArrayLike,
    horizon_years: ArrayLike,
) -> Corridor:
    """Give the probabilities that neither was met within the horizon, or which one first.

    A price at a barrier has met it. A horizon of infinity asks which is ever met first.

    Raises
    ------
    OutOfDomain
        If the prices are not positive and finite with ``lower ≤ spot ≤ upper`` and
        ``lower < upper``, a growth is not finite, a vol negative or not finite, or a horizon
        negative.
    """
    columns = np.broadcast_arrays(
        *(
            np.asarray(each, dtype=np.float64)
            for each in (
                spot_usd,
                lower_usd,
                upper_usd,
                growth_frac_per_year,
                vol_frac,
                horizon_years,
            )
        )
    )
    S, A, B, mu, sigma, T = columns
    if not (np.isfinite(B).all() and (A > 0.0).all() and ((A <= S) & (S <= B) & (A < B)).all()):
        raise OutOfDomain("prices must be positive and finite, and the spot between its barriers")
    # With no vol at most one barrier is met; this also checks the rest of what was given.
    straight_down = np.asarray(hit_frac(S, A, mu, 0.0, T))
    straight_up = np.asarray(hit_frac(S, B, mu, 0.0, T))
    hit_frac(S, A, mu, sigma, T)

    down, up = np.log(S / A), np.log(B / S)
    # A vol of zero, no time and prices at a barrier are put right below.
    is_inside = (sigma > 0.0) & (T > 0.0) & (down > 0.0) & (up > 0.0)
    s1 = np.where(is_inside, sigma, 1.0)
    t1 = np.where(is_inside, T, 1.0)
    d1, u1 = np.where(is_inside, down, 1.0), np.where(is_inside, up, 1.0)
    c = (np.where(is_inside, mu, 0.0) - 0.5 * s1**2) / s1**2
    variance = s1**2 * t1
    is_short = variance < (d1 + u1) ** 2

    brief = np.where(is_short, variance, 0.5 * (d1 + u1) ** 2)
    by_images = _by_images(d1, u1, c, brief), _by_images(u1, d1, -c, brief)
    long = np.where(is_short, (d1 + u1) ** 2, variance)
    to_come = _to_come(d1, u1, c, long), _to_come(u1, d1, -c, long)
    lower = np.where(is_short, by_images[0], _ever_first(d1, u1, c) - to_come[0])
    upper = np.where(is_short, by_images[1], _ever_first(u1, d1, -c) - to_come[1])
    alive = np.where(is_short, 1.0 - by_images[0] - by_images[1], to_come[0] + to_come[1])

    lower = np.where(sigma == 0.0, straight_down, np.where(T == 0.0, 0.0, lower))
    upper = np.where(sigma == 0.0, straight_up, np.where(T == 0.0, 0.0, upper))
    alive = np.where((sigma == 0.0) | (T == 0.0), 1.0 - lower - upper, alive)
    at_lower, at_upper = down <= 0.0, up <= 0.0
    lower = np.where(at_lower, 1.0, np.where(at_upper, 0.0, lower))
    upper = np.where(at_upper, 1.0, np.where(at_lower, 0.0, upper))
    alive = np.where(at_lower | at_upper, 0.0, alive)
    return Corridor(
        survival_frac=np.clip(alive, 0.0, 1.0)[()],
        lower_first_frac=np.clip(lower, 0.0, 1.0)[()],
        upper_first_frac=np.clip(upper, 0.0, 1.0)[()],
    )


def _by_images(d: Floats, e: Floats, c: Floats, variance_frac: Floats) -> Floats:
    """Give the probability that the barrier at −d is met before the one at e; c is ν/σ².

    Time is counted in variance, so that the drift is c and the deviation 1.
    """
    width = d + e
    total = np.zeros(d.shape)
    for n in range(_IMAGES_COUNT):
        for sign, way in ((1.0, d + 2.0 * n * width), (-1.0, 2.0 * (n + 1) * width - d)):
            # A hit at that way with a drift of |c| towards it, less the tilt of the measure.
            towards = reached(way, np.abs(c), np.ones(way.shape), variance_frac)
            with np.errstate(under="ignore"):
                total = total + sign * np.exp(-c * d - np.abs(c) * way) * towards
    return total


def _to_come(d: Floats, e: Floats, c: Floats, variance_frac: Floats) -> Floats:
    """Give the probability that neither is met yet and the barrier at −d will be first."""
    width = d + e
    total = np.zeros(d.shape)
    with np.errstate(under="ignore"):
        for k in range(1, _WAVES_COUNT + 1):
            w = k * np.pi / width
            fading = 0.5 * (c**2 + w**2)
            tilt = np.exp(-c * d - fading * variance_frac)
            total = total + w / width * np.sin(w * d) * tilt / fading
    return total


def _ever_first(d: Floats, e: Floats, c: Floats) -> Floats:
    """Give the probability that the barrier at −d is met before the one at e, ever."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        up = np.exp(-2.0 * np.abs(c) * d) * np.expm1(-2.0 * np.abs(c) * e)
        away = up / np.expm1(-2.0 * np.abs(c) * (d + e))
        towards = np.expm1(-2.0 * np.abs(c) * e) / np.expm1(-2.0 * np.abs(c) * (d + e))
    return np.where(c == 0.0, e / (d + e), np.where(c > 0.0, away, towards))
