"""When does a price first reach a barrier? Closed forms for a price of constant drift and vol.

Columns enter, of one shape or of shapes that NumPy broadcasts; columns leave, numbers where all are
numbers. The price grows by `growth_frac_per_year` on average, so its logarithm drifts by
``ν = μ − σ²/2``. Below, d is the distance ``|ln(B/S)|`` and m the drift of the logarithm towards
the barrier; it makes no difference on which side that lies. At the barrier is hit already.

Limits are taken and not divided by: no vol (the price goes where it grows to), no time, and a
horizon of infinity, which asks whether ever. A price is watched all the time; `seen_barrier_usd`
moves a barrier that is looked at now and then. Two barriers at once: `corridor`.

References
----------
Methods sheet, section 16.2. M. Broadie, P. Glasserman and S. Kou (1997), A continuity correction
for discrete barrier options, Mathematical Finance 7. E. Haug (2007), The complete guide to option
pricing formulas.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx, ndtr

from hedgerow.errors import OutOfDomain

__all__ = [
    "bridge_hit_frac",
    "cash_at_hit_usd",
    "ever_frac",
    "hit_density_per_year",
    "hit_frac",
    "mean_years",
    "median_years",
    "seen_barrier_usd",
]

Floats: TypeAlias = NDArray[np.float64]

_SQRT_2: Final = float(np.sqrt(2.0))
_SQRT_2PI: Final = float(np.sqrt(2.0 * np.pi))
# −ζ(1/2)/√(2π): how far, in deviations of a step, a random walk oversteps a level on average.
_OVERSTEP: Final = 0.5825971579390106
_HALVINGS_COUNT: Final = 90


def hit_frac(
    spot_usd: ArrayLike,
    barrier_usd: ArrayLike,
    growth_frac_per_year: ArrayLike,
    vol_frac: ArrayLike,
    horizon_years: ArrayLike,
) -> Floats:
    """Give the probability that the barrier is reached within the horizon.

    Raises
    ------
    OutOfDomain
        If a price is not positive and finite, a growth not finite, a vol negative or not finite, or
        a horizon negative.

    Notes
    -----
    ``N((mT − d)/σ√T) + exp(2md/σ²) N((−mT − d)/σ√T)``.
    """
    d, m, sigma, T = _toward(spot_usd, barrier_usd, growth_frac_per_year, vol_frac, horizon_years)
    return reached(d, m, sigma, T)


def hit_density_per_year(
    spot_usd: ArrayLike,
    barrier_usd: ArrayLike,
    growth_frac_per_year: ArrayLike,
    vol_frac: ArrayLike,
    time_years: ArrayLike,
) -> Floats:
    """Give the density of the time of the first hit: ``d/(σ√(2πt³)) exp(−(d − mt)²/(2σ²t))``.

    Raises
    ------
    OutOfDomain
        As `hit_frac`; and where there is no density: without vol, or at the barrier.
    """
    d, m, sigma, t = _toward(spot_usd, barrier_usd, growth_frac_per_year, vol_frac, time_years)
    if (sigma == 0.0).any() or (d == 0.0).any():
        raise OutOfDomain("a price without vol, or at its barrier, has no density of when it hits")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        s = sigma * np.sqrt(t)
        found = d / (_SQRT_2PI * s * t) * np.exp(-0.5 * ((d - m * t) / s) ** 2)
    return np.where((t > 0.0) & np.isfinite(t) & np.isfinite(found), found, 0.0)[()]


def ever_frac(
    spot_usd: ArrayLike,
    barrier_usd: ArrayLike,
    growth_frac_per_year: ArrayLike,
    vol_frac: ArrayLike,
) -> Floats:
    """Give the probability that the barrier is ever reached: 1, or ``exp(2md/σ²)`` if m < 0.

    Raises
    ------
    OutOfDomain
        As `hit_frac`.
    """
    return hit_frac(spot_usd, barrier_usd, growth_frac_per_year, vol_frac, np.inf)


def mean_years(
    spot_usd: ArrayLike,
    barrier_usd: ArrayLike,
    growth_frac_per_year: ArrayLike,
    vol_frac: ArrayLike,
) -> Floats:
    """Give the mean time to the first hit, ``d/m``; infinite unless the drift leads there.

    Raises
    ------
    OutOfDomain
        As `hit_frac`.
    """
    d, m, _, _ = _toward(spot_usd, barrier_usd, growth_frac_per_year, vol_frac, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(m > 0.0, d / m, np.inf)
    return np.where(d == 0.0, 0.0, found)[()]


def median_years(
    spot_usd: ArrayLike,
    barrier_usd: ArrayLike,
    growth_frac_per_year: ArrayLike,
    vol_frac: ArrayLike,
) -> Floats:
    """Give the time by which half of all paths have hit; infinite where half never do.

    Where the mean is infinite this still says when. Found by halving, to the last bits of a double.

    Raises
    ------
    OutOfDomain
        As `hit_frac`.
    """
    d, m, sigma, _ = _toward(spot_usd, barrier_usd, growth_frac_per_year, vol_frac, 0.0)
    ever = reached(d, m, sigma, np.full(d.shape, np.inf))
    # Halving of ln T. Whatever the drift, half have hit between these two or not at all that a
    # double could tell.
    low, high = np.full(d.shape, -300.0), np.full(d.shape, 300.0)
    for _ in range(_HALVINGS_COUNT):
        middle = 0.5 * (low + high)
        is_late = reached(d, m, sigma, np.exp(middle)) >= 0.5
        low, high = np.where(is_late, low, middle), np.where(is_late, middle, high)
    found = np.where(ever > 0.5, np.exp(0.5 * (low + high)), np.inf)
    return np.where(d == 0.0, 0.0, found)[()]


def cash_at_hit_usd(
    cash_usd: ArrayLike,
    rate_frac_per_year: ArrayLike,
    spot_usd: ArrayLike,
    barrier_usd: ArrayLike,
    growth_frac_per_year: ArrayLike,
    vol_frac: ArrayLike,
    horizon_years: ArrayLike,
) -> Floats:
    """Give today's worth of cash that is paid at the first hit, if that is within the horizon.

    Parameters
    ----------
    rate_frac_per_year
        At which the cash is discounted, compounded all the time; at least zero.

    Raises
    ------
    OutOfDomain
        As `hit_frac`; and if a rate is negative or not finite.

    Notes
    -----
    ``E exp(−rτ)`` is ``exp((m − a) d/σ²)`` times the probability of a hit under the drift
    ``a = √(m² + 2rσ²)`` towards the barrier.
    """
    d, m, sigma, T = _toward(spot_usd, barrier_usd, growth_frac_per_year, vol_frac, horizon_years)
    r = np.asarray(rate_frac_per_year, dtype=np.float64)
    if not (np.isfinite(r).all() and (r >= 0.0).all()):
        raise OutOfDomain("rate_frac_per_year must be finite and not negative")
    a = np.sqrt(m**2 + 2.0 * r * sigma**2)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        # (m − a)/σ², which cancels where the drift leads to the barrier.
        gap = np.where(m > 0.0, -2.0 * r / (m + a), (m - a) / sigma**2)
        certain = np.where(m > 0.0, np.exp(-r * d / m), 0.0)  # without vol the time is d/m
        factor = np.where(sigma > 0.0, np.exp(gap * d), certain)
    factor = np.where(d == 0.0, 1.0, factor)
    paid: Floats = np.multiply(np.multiply(cash_usd, factor), reached(d, a, sigma, T))
    return paid


def seen_barrier_usd(
    spot_usd: ArrayLike, barrier_usd: ArrayLike, vol_frac: ArrayLike, step_years: ArrayLike
) -> Floats:
    """Give the barrier that, watched all the time, is hit as often as this one seen every step.

    It lies farther away by 0.5826 deviations of a step. Good where the barrier is several such
    deviations off; at the barrier it stays.

    Raises
    ------
    OutOfDomain
        As `hit_frac`, with the step for the horizon.
    """
    S, B, sigma, dt = np.broadcast_arrays(
        *(
            np.asarray(each, dtype=np.float64)
            for each in (spot_usd, barrier_usd, vol_frac, step_years)
        )
    )
    _check(S, B, np.zeros(()), sigma, dt)
    if not np.isfinite(dt).all():
        raise OutOfDomain("step_years must be finite")
    moved: Floats = B * np.exp(np.sign(B - S) * _OVERSTEP * sigma * np.sqrt(dt))
    return moved[()]


def bridge_hit_frac(
    spot_start_usd: ArrayLike,
    spot_end_usd: ArrayLike,
    barrier_usd: ArrayLike,
    vol_frac: ArrayLike,
    step_years: ArrayLike,
) -> Floats:
    """Give the probability that a path met the barrier between two of its prices.

    1 where the two lie on different sides or one is at the barrier; else
    ``exp(−2 ln(S₀/B) ln(S₁/B)/(σ²Δt))``, whatever the drift.

    Raises
    ------
    OutOfDomain
        As `hit_frac`, with the step for the horizon.
    """
    S0, S1, B, sigma, dt = np.broadcast_arrays(
        *(
            np.asarray(each, dtype=np.float64)
            for each in (spot_start_usd, spot_end_usd, barrier_usd, vol_frac, step_years)
        )
    )
    _check(S0, B, np.zeros(()), sigma, dt)
    _check(S1, B, np.zeros(()), sigma, dt)
    product = np.log(S0 / B) * np.log(S1 / B)
    with np.errstate(divide="ignore", over="ignore", under="ignore", invalid="ignore"):
        found = np.exp(-2.0 * product / (sigma**2 * dt))
    return np.where(product <= 0.0, 1.0, found)[()]


def _check(
    spot_usd: Floats,
    barrier_usd: Floats,
    growth_frac_per_year: Floats,
    vol_frac: Floats,
    time_years: Floats,
) -> None:
    for name, prices_usd in (("spot", spot_usd), ("barrier", barrier_usd)):
        if not (np.isfinite(prices_usd).all() and (prices_usd > 0.0).all()):
            raise OutOfDomain(f"every {name} must be positive and finite")
    if not np.isfinite(growth_frac_per_year).all():
        raise OutOfDomain("every growth must be finite")
    if not (np.isfinite(vol_frac).all() and (vol_frac >= 0.0).all()):
        raise OutOfDomain("every vol must be finite and not negative")
    if not (time_years >= 0.0).all():
        raise OutOfDomain("every time must be known and not negative")


def _toward(
    spot_usd: ArrayLike,
    barrier_usd: ArrayLike,
    growth_frac_per_year: ArrayLike,
    vol_frac: ArrayLike,
    horizon_years: ArrayLike,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Give distance, drift towards the barrier, vol and time, all of one shape."""
    S, B, mu, sigma, T = np.broadcast_arrays(
        *(
            np.asarray(each, dtype=np.float64)
            for each in (spot_usd, barrier_usd, growth_frac_per_year, vol_frac, horizon_years)
        )
    )
    _check(S, B, mu, sigma, T)
    x = np.log(B / S)
    nu = mu - 0.5 * sigma**2
    return np.abs(x), np.where(x < 0.0, -nu, nu), sigma, T


def reached(
    way_log: Floats, drift_log_per_year: Floats, vol_frac: Floats, time_years: Floats
) -> Floats:
    """Give the probability that a drift and a vol cover a way of at least zero within a time.

    Nothing is checked here; for modules of this room that have done so.
    """
    d, m, sigma, T = way_log, drift_log_per_year, vol_frac, time_years
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        s = sigma * np.sqrt(T)
        near, far = (m * T - d) / s, (m * T + d) / s
        # exp(2md/σ²) N(−far): where far is positive the product is written so that neither part
        # is huge, n(near)·Mills(far), and where it is negative the exponent is too.
        mirrored = np.where(
            far > 0.0,
            0.5 * np.exp(-0.5 * near**2) * erfcx(np.maximum(far, 0.0) / _SQRT_2),
            np.exp(np.minimum(2.0 * m * d / sigma**2, 0.0)) * ndtr(-np.minimum(far, 0.0)),
        )
        found = np.minimum(ndtr(near) + mirrored, 1.0)
        ever = np.where(m >= 0.0, 1.0, np.exp(np.minimum(2.0 * m * d / sigma**2, 0.0)))
        straight = np.where(m > 0.0, m * T >= d, False)
    found = np.where(np.isinf(T), ever, found)
    found = np.where(sigma == 0.0, straight, found)
    found = np.where(T == 0.0, 0.0, found)
    return np.where(d == 0.0, 1.0, found)[()]
