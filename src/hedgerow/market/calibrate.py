"""Fit SVI to many slices at once, each kept free of butterfly arbitrage while it is fitted.

For a given bend s and place m the slice ``w = α + δ y + γ √(y²+1)``, y = (k - m)/s, is linear in
(α, δ, γ) (Zeliade's quasi-explicit form). A grid of (m, s) is solved that way, the solutions are
moved into the domain ``0 <= γ, abs(δ) <= γ, γ + abs(δ) <= 2s``, and the best few are polished in
all five parameters by Levenberg-Marquardt on vols. Slices with a butterfly fit their quotes a
little better than those without, so a free fit that is repaired afterwards ends up worse than one
that never goes there: what g lacks to a small margin is a residual like any other, and so is what w
lacks to the slice below.

Columns in, columns out; slices are padded to one width with weight zero.

References
----------
S. De Marco, C. Martini (2009), Quasi-explicit calibration of Gatheral's SVI model, Zeliade.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgerow.market.svi import Floats, Svi, clamp_wings, density_g, total_variance

__all__ = ["Neighbour", "SliceColumns", "fit"]

# Outer grid, in deviations √w at the money.
_PLACES = (-1.5, -0.5, 0.0, 0.5, 1.5)
_BENDS = (0.1, 0.35, 1.0, 3.0)
_POLISHED_COUNT = 4
_STEPS_COUNT = 40
_MARGIN_G = 2e-3
_MARGIN_CALENDAR_FRAC = 2e-3
_MARGIN_WING_FRAC = 5e-3
# What a whole unit of missing g, or of missing variance relative to w, costs in residuals.
_PENALTIES = (30.0, 1000.0)
_BEND_POINTS = np.sinh(np.linspace(-7.0, 7.0, 49))
_DEVIATION_POINTS = np.linspace(-12.0, 12.0, 49)
_FAR_POINTS = np.concatenate(
    [np.linspace(-6.0, 6.0, 49), *(side * np.geomspace(6.5, 3e3, 16) for side in (-1.0, 1.0))]
)
_NUDGE = 1e-6
# Bounds of ln(least w), ln b, artanh ρ, m, ln s.
_BOX: tuple[Floats, Floats] = (
    np.array([-30.0, -12.0, -3.5, -5.0, -12.0]),
    np.array([4.0, 1.0, 3.5, 5.0, 3.0]),
)


@dataclass(frozen=True, slots=True, eq=False)
class SliceColumns:
    """Row i is one slice; its quotes lie along the second axis.

    Attributes
    ----------
    moneyness_log
        ln(K/F), shape (n, quotes).
    vol_frac
        Annualised, positive; anything positive where the weight is zero.
    weight_per_volpt
        What one vol point of error is worth; zero for padding and for quotes to be left out.
    expiry_years
        ACT/365, shape (n,).
    """

    moneyness_log: Floats
    vol_frac: Floats
    weight_per_volpt: Floats
    expiry_years: Floats

    def rows(self, keep: NDArray[np.int64]) -> "SliceColumns":
        """Give some of the slices, in the order asked for."""
        return SliceColumns(
            moneyness_log=self.moneyness_log[keep],
            vol_frac=self.vol_frac[keep],
            weight_per_volpt=self.weight_per_volpt[keep],
            expiry_years=self.expiry_years[keep],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """A slice that each fitted slice must not cross: below it, or above it."""

    svi: Svi
    is_below: bool


def fit(slices: SliceColumns, *, neighbours: tuple[Neighbour, ...] = ()) -> tuple[Svi, Floats]:
    """Fit every slice, without butterflies, and without crossing its neighbours.

    Penalties push and do not promise: the caller checks what it is given.

    Returns
    -------
    Svi, shape (n,)
    ndarray, shape (n,)
        Root of the weighted mean square error, in vol points.
    """
    n = len(slices.expiry_years)
    starts = _starts(slices)
    repeated = np.repeat(np.arange(n), _POLISHED_COUNT)
    wide = slices.rows(repeated)
    near = tuple(Neighbour(each.svi.rows(repeated), each.is_below) for each in neighbours)
    theta, cost = starts, np.zeros(len(repeated))
    for penalty in _PENALTIES:
        theta, cost = _polish(wide, near, theta, penalty)
    best = np.argmin(cost.reshape(n, _POLISHED_COUNT), axis=1) + np.arange(n) * _POLISHED_COUNT
    svi = clamp_wings(_svi(theta[best]))
    misses = _vol_misses(slices, svi)
    total = np.maximum((slices.weight_per_volpt**2).sum(axis=1), 1e-300)
    return svi, np.sqrt((misses**2).sum(axis=1) / total)


def _svi(theta: Floats) -> Svi:
    """Read the unbounded coordinates: ln(least w), ln b, artanh ρ, m, ln s."""
    least, b = np.exp(theta[..., 0]), np.exp(theta[..., 1])
    rho, m, s = np.tanh(theta[..., 2]), theta[..., 3], np.exp(theta[..., 4])
    return Svi(least - b * s / np.cosh(theta[..., 2]), b, rho, m, s)


def _theta(svi: Svi) -> Floats:
    rho = np.clip(svi.rho, -0.995, 0.995)
    least = svi.a + svi.b * svi.s * np.sqrt(1.0 - rho * rho)
    return np.stack([np.log(least), np.log(svi.b), np.arctanh(rho), svi.m, np.log(svi.s)], axis=-1)


def _starts(slices: SliceColumns) -> Floats:
    """Solve the linear problem on the grid of (m, s) and give the best few, slice by slice."""
    k, T = slices.moneyness_log, slices.expiry_years
    w = slices.vol_frac**2 * T[:, None]
    # An error in w is 2σT times that in vol.
    weight = slices.weight_per_volpt / (2.0 * slices.vol_frac * T[:, None])
    nearest = np.argmin(np.where(slices.weight_per_volpt > 0, np.abs(k), np.inf), axis=1)
    w_atm = w[np.arange(len(T)), nearest]
    deviation = np.sqrt(w_atm)
    found, costs = [], []
    for place in _PLACES:
        for bend in _BENDS:
            m, s = place * deviation, bend * deviation
            y = (k - m[:, None]) / s[:, None]
            basis = np.stack([np.ones_like(y), y, np.sqrt(y * y + 1.0)], axis=-1)
            weighted = basis * weight[..., None]
            normal = np.einsum("nqi,nqj->nij", weighted, weighted)
            right = np.einsum("nqi,nq->ni", weighted, weight * w)
            ridge = 1e-10 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(3)
            alpha, delta, gamma = np.linalg.solve(normal + ridge, right[..., None])[..., 0].T
            gamma = np.clip(gamma, 1e-3 * w_atm, 1.9 * s)
            most = 0.98 * np.minimum(gamma, np.maximum(2.0 * s - gamma, 0.02 * s))
            delta = np.clip(delta, -most, most)
            # With the wings moved into their domain the level is the weighted mean of what is left.
            shape = delta[:, None] * y + gamma[:, None] * basis[..., 2]
            square = weight * weight
            alpha = (square * (w - shape)).sum(axis=1) / square.sum(axis=1)
            least = alpha + np.sqrt(gamma * gamma - delta * delta)
            alpha = alpha + np.maximum(1e-2 * w_atm - least, 0.0)
            svi = Svi(alpha, gamma / s, delta / gamma, m, s)
            found.append(_theta(svi))
            costs.append((_vol_misses(slices, svi) ** 2).sum(axis=1))
    order = np.argsort(np.stack(costs, axis=1), axis=1)[:, :_POLISHED_COUNT]
    starts = np.stack(found, axis=1)[np.arange(len(T))[:, None], order]
    return starts.reshape(-1, 5)


def _vol_misses(slices: SliceColumns, svi: Svi) -> Floats:
    """Give weighted errors in vol points, shape (n, quotes)."""
    w = np.maximum(total_variance(svi, slices.moneyness_log), 1e-300)
    vol = np.sqrt(w / slices.expiry_years[:, None])
    misses: Floats = slices.weight_per_volpt * 100.0 * (vol - slices.vol_frac)
    return misses


def _residuals(
    slices: SliceColumns, neighbours: tuple[Neighbour, ...], theta: Floats, penalty: float
) -> Floats:
    svi = _svi(theta)
    deviation = np.sqrt(np.maximum(total_variance(svi, np.zeros(len(theta))), 1e-12))
    k = np.concatenate(
        [
            svi.m[:, None] + svi.s[:, None] * _BEND_POINTS,
            deviation[:, None] * _DEVIATION_POINTS,
        ],
        axis=1,
    )
    g = density_g(svi, k)
    lack = np.clip(_MARGIN_G - np.where(np.isfinite(g), g, -10.0), 0.0, 10.0)
    steep = np.maximum(svi.b * (1.0 + np.abs(svi.rho)) - 1.99, 0.0)
    parts = [_vol_misses(slices, svi), penalty * lack, penalty * steep[:, None]]
    for each in neighbours:
        parts.append(penalty * _crossing(svi, each))
    return np.concatenate(parts, axis=1)


def _crossing(svi: Svi, neighbour: Neighbour) -> Floats:
    """How far a slice lies on the wrong side of its neighbour, relative to the neighbour's w."""
    other = neighbour.svi
    deviation = np.sqrt(np.maximum(total_variance(other, np.zeros(len(other.m))), 1e-12))
    k = np.concatenate(
        [deviation[:, None] * _FAR_POINTS, other.m[:, None] + other.s[:, None] * _BEND_POINTS],
        axis=1,
    )
    sign = 1.0 if neighbour.is_below else -1.0
    base = total_variance(other, k)
    across = (1.0 + sign * _MARGIN_CALENDAR_FRAC) * base - total_variance(svi, k)
    part = np.maximum(sign * across / base, 0.0)
    # The wings last, by their slopes: out there those are all that is left of w.
    wings = []
    for side in (-1.0, 1.0):
        theirs = other.b * (1.0 + side * other.rho)
        lack = (1.0 + sign * _MARGIN_WING_FRAC) * theirs - svi.b * (1.0 + side * svi.rho)
        wings.append(np.maximum(sign * lack / np.maximum(theirs, 1e-4), 0.0))
    gap = np.concatenate([part, np.stack(wings, axis=1)], axis=1)
    return np.where(np.isfinite(gap), gap, 0.0)


def _polish(
    slices: SliceColumns, neighbours: tuple[Neighbour, ...], theta: Floats, penalty: float
) -> tuple[Floats, Floats]:
    """Run Levenberg-Marquardt on all rows at once; a row that has settled is left alone."""
    theta = theta.copy()
    damping = np.full(len(theta), 1e-2)
    final = (_residuals(slices, neighbours, theta, penalty) ** 2).sum(axis=1)
    rows = np.arange(len(theta))
    for _ in range(_STEPS_COUNT):
        if not len(rows):
            break
        here, near = _rows_of(slices, neighbours, rows)
        at = theta[rows]
        base = _residuals(here, near, at, penalty)
        cost = (base * base).sum(axis=1)
        jacobian = np.stack(
            [
                (_residuals(here, near, at + _NUDGE * unit, penalty) - base) / _NUDGE
                for unit in np.eye(5)
            ],
            axis=-1,
        )
        normal = np.einsum("nri,nrj->nij", jacobian, jacobian)
        slope = np.einsum("nri,nr->ni", jacobian, base)
        scale = np.einsum("nii->ni", normal) + 1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None]
        lifted = normal + (damping[rows, None] * scale + 1e-12)[:, :, None] * np.eye(5)
        step = -np.linalg.solve(lifted, slope[..., None])[..., 0]
        step = np.clip(np.where(np.isfinite(step), step, 0.0), -1.0, 1.0)
        tried = np.clip(at + step, *_BOX)
        reached = (_residuals(here, near, tried, penalty) ** 2).sum(axis=1)
        better = reached < cost
        theta[rows[better]] = tried[better]
        final[rows] = np.where(better, reached, cost)
        damping[rows] = np.where(better, 0.25 * damping[rows], 6.0 * damping[rows])
        settled = (better & (cost - reached <= 1e-7 * cost)) | (damping[rows] > 1e8)
        rows = rows[~settled]
    return theta, final


def _rows_of(
    slices: SliceColumns, neighbours: tuple[Neighbour, ...], rows: NDArray[np.int64]
) -> tuple[SliceColumns, tuple[Neighbour, ...]]:
    return (
        slices.rows(rows),
        tuple(Neighbour(each.svi.rows(rows), each.is_below) for each in neighbours),
    )
