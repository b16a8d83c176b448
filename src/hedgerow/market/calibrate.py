"""Fit slices one by one, many at once, each kept free of butterfly arbitrage while it is fitted.

For a given bend s and place m the slice ``w = α + δ y + γ √(y²+1)``, y = (k - m)/s, is linear in
(α, δ, γ) (Zeliade's quasi-explicit form). A grid of (m, s) is solved that way, the solutions are
moved into the domain ``0 <= γ, abs(δ) <= γ, γ + abs(δ) <= 2s``, and the best few are polished in
all coordinates by Levenberg-Marquardt on vols. eSSVI has three coordinates and a grid of its own.

References
----------
S. De Marco, C. Martini (2009), Quasi-explicit calibration of Gatheral's SVI model, Zeliade.
"""

import numpy as np
from numpy.typing import NDArray

from hedgerow.market.coordinates import COORDINATES, SmileModel, essvi_theta, svi_theta
from hedgerow.market.residuals import Neighbour, SliceColumns, residuals, vol_misses
from hedgerow.market.svi import Floats, Svi

__all__ = ["NUDGE", "PENALTIES", "fit"]

# Outer grid of SVI, in deviations √w at the money.
_PLACES = (-1.5, -0.5, 0.0, 0.5, 1.5)
_BENDS = (0.1, 0.35, 1.0, 3.0)
# Outer grid of eSSVI: ρ, and the share of the largest ψ without a butterfly.
_LEANS = (-0.7, -0.35, 0.0, 0.35, 0.7)
_PARTS_FRAC = (0.1, 0.3, 0.55, 0.85)
_POLISHED_COUNT = 4
_STEPS_COUNT = 40
# What a whole unit of missing g, or of missing variance relative to w, costs in residuals.
PENALTIES = (30.0, 1000.0)
NUDGE = 1e-6


def fit(
    slices: SliceColumns, *, neighbours: tuple[Neighbour, ...] = (), model: SmileModel = "svi"
) -> Floats:
    """Fit every slice, without butterflies, and without crossing its neighbours.

    Penalties push and do not promise: the caller checks what it is given.

    Returns
    -------
    ndarray, shape (n, coordinates of the model)
    """
    n = len(slices.expiry_years)
    theta = _starts(slices) if model == "svi" else _essvi_starts(slices)
    repeated = np.repeat(np.arange(n), _POLISHED_COUNT)
    wide = slices.rows(repeated)
    near = tuple(Neighbour(each.svi.rows(repeated), each.is_below) for each in neighbours)
    cost = np.zeros(len(repeated))
    for penalty_volpt in PENALTIES:
        theta, cost = _polish(wide, near, theta, penalty_volpt, model)
    best = np.argmin(cost.reshape(n, _POLISHED_COUNT), axis=1) + np.arange(n) * _POLISHED_COUNT
    chosen: Floats = theta[best]
    return chosen


def _starts(slices: SliceColumns) -> Floats:
    """Solve the linear problem on the grid of (m, s) and give the best few, slice by slice."""
    k, T = slices.moneyness_log, slices.expiry_years
    w = slices.vol_frac**2 * T[:, None]
    # An error in w is 2σT times that in vol.
    weight = slices.weight_per_volpt / (2.0 * slices.vol_frac * T[:, None])
    w_atm = _w_atm(slices)
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
            found.append(svi_theta(svi))
            costs.append((vol_misses(slices, svi) ** 2).sum(axis=1))
    return _best_few(found, costs)


def _essvi_starts(slices: SliceColumns) -> Floats:
    """Look at a grid of (ρ, ψ) through the quote nearest the money, and give the best few."""
    w_atm = _w_atm(slices)
    found, costs = [], []
    for lean in _LEANS:
        for part in _PARTS_FRAC:
            theta = essvi_theta(w_atm, np.array(lean), np.array(part))
            found.append(theta)
            misses = vol_misses(slices, COORDINATES["essvi"].svi(theta))
            costs.append((misses**2).sum(axis=1))
    return _best_few(found, costs)


def _w_atm(slices: SliceColumns) -> Floats:
    """Give the total variance that the quote nearest the money has."""
    k = slices.moneyness_log
    nearest = np.argmin(np.where(slices.weight_per_volpt > 0, np.abs(k), np.inf), axis=1)
    rows = np.arange(len(k))
    w: Floats = slices.vol_frac[rows, nearest] ** 2 * slices.expiry_years
    return w


def _best_few(found: list[Floats], costs: list[Floats]) -> Floats:
    """Give the cheapest starts of each slice, one slice after the other."""
    order = np.argsort(np.stack(costs, axis=1), axis=1)[:, :_POLISHED_COUNT]
    starts = np.stack(found, axis=1)[np.arange(len(order))[:, None], order]
    return starts.reshape(-1, starts.shape[-1])


def _polish(
    slices: SliceColumns,
    neighbours: tuple[Neighbour, ...],
    theta: Floats,
    penalty_volpt: float,
    model: SmileModel,
) -> tuple[Floats, Floats]:
    """Run Levenberg-Marquardt on all rows at once; a row that has settled is left alone."""
    theta = theta.copy()
    box = COORDINATES[model]
    units = np.eye(box.count)
    damping = np.full(len(theta), 1e-2)
    final = (residuals(slices, neighbours, box.svi(theta), penalty_volpt) ** 2).sum(axis=1)
    rows = np.arange(len(theta))
    for _ in range(_STEPS_COUNT):
        if not len(rows):
            break
        here, near = _rows_of(slices, neighbours, rows)
        at = theta[rows]
        base = residuals(here, near, box.svi(at), penalty_volpt)
        cost = (base * base).sum(axis=1)
        jacobian = np.stack(
            [
                (residuals(here, near, box.svi(at + NUDGE * unit), penalty_volpt) - base) / NUDGE
                for unit in units
            ],
            axis=-1,
        )
        normal = np.einsum("nri,nrj->nij", jacobian, jacobian)
        slope = np.einsum("nri,nr->ni", jacobian, base)
        scale = np.einsum("nii->ni", normal) + 1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None]
        lifted = normal + (damping[rows, None] * scale + 1e-12)[:, :, None] * units
        step = -np.linalg.solve(lifted, slope[..., None])[..., 0]
        step = np.clip(np.where(np.isfinite(step), step, 0.0), -1.0, 1.0)
        tried = np.clip(at + step, box.theta_log_min, box.theta_log_max)
        reached = (residuals(here, near, box.svi(tried), penalty_volpt) ** 2).sum(axis=1)
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
