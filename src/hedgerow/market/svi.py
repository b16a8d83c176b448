"""SVI: the total variance of one expiry as a hyperbola in log-moneyness.

With k = ln(K/F), ``w(k) = a + b (ρ (k - m) + √((k - m)² + s²))`` is σ²T. A slice is free of
butterfly arbitrage exactly where the density of the terminal price is nowhere negative, that is
g(k) >= 0 for all k, and where d1 falls without end, which a wing slope b(1 + abs(ρ)) <= 2 ensures.

Every function takes arrays: one slice or many, parameters of shape ``(n,)`` and moneyness of shape
``(n, points)``, or scalars throughout.

References
----------
J. Gatheral (2004), A parsimonious arbitrage-free implied volatility parameterization.
J. Gatheral, A. Jacquier (2014), Arbitrage-free SVI volatility surfaces, Quantitative Finance 14.
R. Lee (2004), The moment formula for implied volatility at extreme strikes, Math. Finance 14.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "JumpWings",
    "Svi",
    "butterfly_min",
    "butterfly_points",
    "calendar_gap",
    "clamp_wings",
    "density_g",
    "density_of",
    "from_jump_wings",
    "repair",
    "slopes",
    "to_jump_wings",
    "total_variance",
]

Floats: TypeAlias = NDArray[np.float64]

_WING_MAX = 2.0


class Svi(NamedTuple):
    """The raw parameters, in the letters of the papers; b >= 0, abs(ρ) < 1, s > 0."""

    a: Floats
    b: Floats
    rho: Floats
    m: Floats
    s: Floats

    def rows(self, keep: NDArray[np.bool_] | NDArray[np.int64] | int) -> "Svi":
        """Give some of many slices."""
        return Svi(*(np.asarray(each[keep]) for each in self))


class JumpWings(NamedTuple):
    """The same slice by what a trader sees, per year (Gatheral and Jacquier 2014, section 3.3)."""

    v: Floats  # variance at the money
    psi: Floats  # skew at the money, ∂√w/∂k there
    p: Floats  # slope of the put wing
    c: Floats  # slope of the call wing
    v_tilde: Floats  # least variance


def _columns(svi: Svi, k: Floats) -> tuple[Floats, ...]:
    """Shape the parameters so that they meet moneyness of shape (n, points)."""
    if np.ndim(svi.a) and np.ndim(k) > np.ndim(svi.a):
        return tuple(np.asarray(each)[..., None] for each in svi)
    return tuple(np.asarray(each) for each in svi)


def total_variance(svi: Svi, k: Floats) -> Floats:
    """Give w(k) = σ²T."""
    a, b, rho, m, s = _columns(svi, k)
    y = k - m
    w: Floats = a + b * (rho * y + np.sqrt(y * y + s * s))
    return w


def slopes(svi: Svi, k: Floats) -> tuple[Floats, Floats, Floats]:
    """Give w, w' and w''."""
    a, b, rho, m, s = _columns(svi, k)
    y = k - m
    root = np.sqrt(y * y + s * s)
    return a + b * (rho * y + root), b * (rho + y / root), b * s * s / (root * root * root)


def density_g(svi: Svi, k: Floats) -> Floats:
    """Give Gatheral's g(k), whose sign is that of the terminal density; NaN where w <= 0."""
    return density_of(k, *slopes(svi, k))


def density_of(k: Floats, w: Floats, first: Floats, second: Floats) -> Floats:
    """As `density_g`, of any smile, from its total variance and two derivatives at k."""
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(w > 0, 1.0 / w, np.nan)
        lean = 1.0 - 0.5 * k * first * inverse
        g: Floats = lean * lean - 0.25 * first * first * (inverse + 0.25) + 0.5 * second
    return g


def butterfly_points(svi: Svi, points_count: int = 401) -> Floats:
    """Give the moneyness at which g is looked at, shape ``(n, 2 * points)``.

    Half the points are spaced by the slice's own bend s around m, out to a million bends, where
    nothing of it is left but its wings; half by the deviation √w at the money, out to thirty.
    """
    y = np.sinh(np.linspace(-14.5, 14.5, points_count))
    bend = svi.m[..., None] + svi.s[..., None] * y
    deviation = np.sqrt(np.maximum(total_variance(svi, np.zeros_like(svi.m)), 1e-12))
    return np.concatenate(
        [bend, deviation[..., None] * np.linspace(-30.0, 30.0, points_count)], axis=-1
    )


def butterfly_min(svi: Svi) -> tuple[Floats, Floats]:
    """Give the least g of each slice and the moneyness it lies at.

    Between the points of `butterfly_points` the least is refined by two finer grids. Wings steeper
    than Lee's bound have g below zero far out, which is reported at an infinite moneyness.

    Returns
    -------
    tuple of ndarrays, shape (n,)
        Minus infinity where w is not positive everywhere.
    """
    k = butterfly_points(svi)
    g = density_g(svi, k)
    g = np.where(np.isfinite(g), g, -np.inf)
    at = np.argmin(g, axis=-1)
    rows = np.arange(len(at))
    least, where = g[rows, at], k[rows, at]
    half = k.shape[-1] // 2
    start = (at >= half) * half
    low = k[rows, np.maximum(at - 1, start)]
    high = k[rows, np.minimum(at + 1, start + half - 1)]
    for _ in range(2):
        fine = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, 101)
        values = density_g(svi, fine)
        values = np.where(np.isfinite(values), values, -np.inf)
        at = np.argmin(values, axis=-1)
        better = values[rows, at] < least
        least = np.where(better, values[rows, at], least)
        where = np.where(better, fine[rows, at], where)
        low = fine[rows, np.maximum(at - 1, 0)]
        high = fine[rows, np.minimum(at + 1, 100)]
    # g tends to 1/4 - (slope/4)² in each wing.
    wing = svi.b * (1.0 + np.abs(svi.rho))
    far = 0.25 - 0.0625 * wing * wing
    steep = far < np.minimum(least, 0.0)
    where = np.where(steep, np.copysign(np.inf, svi.rho), where)
    return np.where(steep, far, least), where


def calendar_gap(earlier: Svi, later: Svi) -> Floats:
    """Give the least of ``(w_later - w_earlier) / w_earlier`` over moneyness, slice by slice.

    Looked at where either slice bends and out to thirty deviations of either; beyond that the
    slopes of the wings decide, and where the later wing is flatter by more than rounding the gap is
    minus infinity.

    Returns
    -------
    ndarray, shape (n,)
        Below zero where total variance falls with time: calendar arbitrage.
    """
    k = np.concatenate([butterfly_points(earlier), butterfly_points(later)], axis=-1)
    below = total_variance(earlier, k)
    gap: Floats = ((total_variance(later, k) - below) / np.maximum(below, 1e-300)).min(axis=-1)
    for side in (-1.0, 1.0):
        steep = earlier.b * (1.0 + side * earlier.rho)
        flatter = later.b * (1.0 + side * later.rho) < steep * (1.0 - 1e-9)
        gap = np.where(flatter, -np.inf, gap)
    return gap


def clamp_wings(svi: Svi) -> Svi:
    """Cut b so that no wing is steeper than Lee's bound; the least variance stays what it was."""
    b = np.minimum(svi.b, _WING_MAX / (1.0 + np.abs(svi.rho)))
    a = svi.a + (svi.b - b) * svi.s * np.sqrt(1.0 - svi.rho**2)
    return Svi(a, b, svi.rho, svi.m, svi.s)


def to_jump_wings(svi: Svi, expiry_years: Floats) -> JumpWings:
    """Give the jump-wing numbers; w(0) must be positive."""
    a, b, rho, m, s = svi
    w0 = total_variance(svi, np.zeros_like(m))
    root = np.sqrt(w0)
    return JumpWings(
        v=w0 / expiry_years,
        psi=0.5 * b / root * (rho - m / np.sqrt(m * m + s * s)),
        p=b * (1.0 - rho) / root,
        c=b * (1.0 + rho) / root,
        v_tilde=(a + b * s * np.sqrt(1.0 - rho * rho)) / expiry_years,
    )


def from_jump_wings(wings: JumpWings, expiry_years: Floats) -> Svi:
    """Give the raw parameters back, NaN where the numbers belong to no slice.

    Nor do they where the least variance is that at the money, which leaves the bend s open.
    """
    v, psi, p, c, v_tilde = (np.asarray(each, dtype=np.float64) for each in wings)
    T = expiry_years
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        root = np.sqrt(v * T)
        b = 0.5 * root * (c + p)
        rho = 1.0 - p * root / b
        beta = rho - 2.0 * psi * root / b
        bend = np.sqrt(1.0 - rho * rho)
        # β = m/√(m²+s²): with β the sine of an angle, m = h β and s = h √(1-β²), and the gap
        # between the variance at the money and the least is b h (1 - ρβ - √(1-ρ²) √(1-β²)). The
        # papers divide by β, which is zero for m = 0; this does not.
        lean = np.sqrt(1.0 - beta * beta)
        h = (v - v_tilde) * T / (b * (1.0 - rho * beta - bend * lean))
        h = np.where(np.isfinite(h) & (h > 0), h, np.nan)
        s = np.where(lean > 0, h * lean, np.nan)
        return Svi(v_tilde * T - b * s * bend, b, rho, h * beta, s)


def repair(svi: Svi, expiry_years: Floats, *, steps_count: int = 40) -> Svi:
    """Bend a slice with butterfly arbitrage until it has none, keeping v, ψ and p.

    Gatheral and Jacquier (section 5.1): with c' = p + 2ψ and ṽ' = 4 v p c' / (p + c')² a slice
    belongs to SSVI and has no butterfly. The slice given back lies on the straight line from there
    to what was fitted, as near to the fit as g allows.

    Returns
    -------
    Svi, shape (n,)
        Free of butterflies wherever the SSVI end is; where it is not, or a slice had none, the
        slice comes back as it was: check again.
    """
    T = np.asarray(expiry_years, dtype=np.float64)
    wings = to_jump_wings(svi, T)
    c_end = np.maximum(wings.p + 2.0 * wings.psi, 1e-9)
    v_end = wings.v * 4.0 * wings.p * c_end / (wings.p + c_end) ** 2

    def between(part: Floats) -> Svi:
        """Part 0 is the safe end, part 1 the fit."""
        return from_jump_wings(
            wings._replace(
                c=c_end + part * (wings.c - c_end), v_tilde=v_end + part * (wings.v_tilde - v_end)
            ),
            T,
        )

    bad = butterfly_min(svi)[0] < 0
    low, high = np.zeros_like(T), np.ones_like(T)
    for _ in range(steps_count):
        middle = 0.5 * (low + high)
        fine = butterfly_min(between(middle))[0] >= 0
        low, high = np.where(fine, middle, low), np.where(fine, high, middle)
    mended = between(low)
    taken = bad & (butterfly_min(mended)[0] >= 0)
    return Svi(*(np.where(taken, new, old) for new, old in zip(mended, svi, strict=True)))
