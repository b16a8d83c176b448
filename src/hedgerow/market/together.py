"""Fit the slices of whole chains together, so that neighbours that cross meet half way.

Slices fitted alone cross mostly in their wings, where quotes are few: a short expiry takes a steep
wing, and every later one would have to be steeper. Moving one of a pair passes the trouble on to
the next. Here all slices of a chain move at once, and what each lacks to the one before is a
residual of both: Levenberg-Marquardt with one block of coordinates per slice, where only blocks of
neighbours meet. Many chains are fitted side by side; none depends on another.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgerow.market.calibrate import NUDGE, PENALTIES
from hedgerow.market.coordinates import COORDINATES, Coordinates, SmileModel
from hedgerow.market.residuals import Neighbour, SliceColumns, crossing, residuals
from hedgerow.market.svi import Floats

__all__ = ["fit_together"]

_STEPS_COUNT = 40


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Which chain each row belongs to, from 0 without a gap, and its place there, from 0."""

    chain_index: NDArray[np.int64]
    place_index: NDArray[np.int64]

    @property
    def chains_count(self) -> int:
        return int(self.chain_index[-1]) + 1

    def upper(self) -> NDArray[np.int64]:
        """Give the rows with a slice before them; that slice is the row before."""
        return np.flatnonzero(self.place_index > 0)


def fit_together(
    slices: SliceColumns, chain_index: NDArray[np.int64], theta: Floats, *, model: SmileModel
) -> Floats:
    """Fit chains, each as a whole, from where their slices stand.

    Parameters
    ----------
    slices
        Chain by chain, each in order of expiry.
    chain_index
        Which chain a row is of, rising from 0 without a gap, shape (n,).
    theta
        Where to start, shape (n, coordinates of the model).

    Returns
    -------
    ndarray, shape (n, coordinates of the model)
        Penalties push and do not promise: the caller checks.
    """
    starts = np.flatnonzero(np.diff(chain_index, prepend=-1))
    place = np.arange(len(chain_index)) - starts[chain_index]
    for penalty_volpt in PENALTIES:
        theta = _descend(
            slices, _Layout(chain_index, place), theta, penalty_volpt, COORDINATES[model]
        )
    return theta


def _descend(
    slices: SliceColumns, layout: _Layout, theta: Floats, penalty_volpt: float, box: Coordinates
) -> Floats:
    theta = theta.copy()
    damping = np.full(layout.chains_count, 1e-2)
    is_moving = np.ones(layout.chains_count, dtype=np.bool_)
    for _ in range(_STEPS_COUNT):
        rows = np.flatnonzero(is_moving[layout.chain_index])
        if not len(rows):
            break
        moving = np.flatnonzero(is_moving)
        here = _Layout(np.searchsorted(moving, layout.chain_index[rows]), layout.place_index[rows])
        part, at = slices.rows(rows), theta[rows]
        cost, normal, slope = _equations(part, here, at, penalty_volpt, box)
        scale = np.einsum("cii->ci", normal)
        scale = scale + 1e-9 * scale.sum(axis=1, keepdims=True)
        lifted = normal + (damping[moving, None] * scale + 1e-12)[:, :, None] * np.eye(
            normal.shape[-1]
        )
        step = -np.linalg.solve(lifted, slope[..., None])[..., 0]
        step = step.reshape(len(moving), -1, box.count)[here.chain_index, here.place_index]
        step = np.clip(np.where(np.isfinite(step), step, 0.0), -1.0, 1.0)
        tried = np.clip(at + step, box.theta_log_min, box.theta_log_max)
        reached = _cost(part, here, tried, penalty_volpt, box)
        better = reached < cost
        theta[rows] = np.where(better[here.chain_index, None], tried, at)
        damping[moving] *= np.where(better, 0.25, 6.0)
        settled = (better & (cost - reached <= 1e-6 * cost)) | (damping[moving] > 1e8)
        is_moving[moving[settled]] = False
    return theta


def _own(slices: SliceColumns, theta: Floats, penalty_volpt: float, box: Coordinates) -> Floats:
    return residuals(slices, (), box.svi(theta), penalty_volpt)


def _between(lower: Floats, upper: Floats, penalty_volpt: float, box: Coordinates) -> Floats:
    return penalty_volpt * crossing(box.svi(upper), Neighbour(box.svi(lower), True))


def _cost(
    slices: SliceColumns, layout: _Layout, theta: Floats, penalty_volpt: float, box: Coordinates
) -> Floats:
    cost = np.zeros(layout.chains_count)
    np.add.at(cost, layout.chain_index, (_own(slices, theta, penalty_volpt, box) ** 2).sum(axis=1))
    up = layout.upper()
    gap = _between(theta[up - 1], theta[up], penalty_volpt, box)
    np.add.at(cost, layout.chain_index[up], (gap**2).sum(axis=1))
    return cost


def _equations(
    slices: SliceColumns, layout: _Layout, theta: Floats, penalty_volpt: float, box: Coordinates
) -> tuple[Floats, Floats, Floats]:
    """Give cost, normal matrix and slope of each chain, its slices' coordinates in one row."""
    n, p = layout.chains_count, box.count
    most = int(layout.place_index.max()) + 1
    normal, slope, cost = np.zeros((n, most, p, most, p)), np.zeros((n, most, p)), np.zeros(n)
    # Places that a short chain does not fill stand still.
    normal[:, np.arange(most), :, np.arange(most), :] += 1e-9 * np.eye(p)
    units = NUDGE * np.eye(p)
    chain, place = layout.chain_index, layout.place_index
    base = _own(slices, theta, penalty_volpt, box)
    jacobian = np.stack(
        [(_own(slices, theta + unit, penalty_volpt, box) - base) / NUDGE for unit in units], axis=-1
    )
    np.add.at(cost, chain, (base * base).sum(axis=1))
    normal[chain, place, :, place, :] += np.einsum("nri,nrj->nij", jacobian, jacobian)
    slope[chain, place] += np.einsum("nri,nr->ni", jacobian, base)
    up = layout.upper()
    if len(up):
        low, high = theta[up - 1], theta[up]
        chain, place = chain[up], place[up]
        base = _between(low, high, penalty_volpt, box)
        above = np.stack(
            [(_between(low, high + unit, penalty_volpt, box) - base) / NUDGE for unit in units],
            axis=-1,
        )
        below = np.stack(
            [(_between(low + unit, high, penalty_volpt, box) - base) / NUDGE for unit in units],
            axis=-1,
        )
        np.add.at(cost, chain, (base * base).sum(axis=1))
        mixed = np.einsum("nri,nrj->nij", above, below)
        normal[chain, place, :, place, :] += np.einsum("nri,nrj->nij", above, above)
        normal[chain, place - 1, :, place - 1, :] += np.einsum("nri,nrj->nij", below, below)
        normal[chain, place, :, place - 1, :] += mixed
        normal[chain, place - 1, :, place, :] += mixed.transpose(0, 2, 1)
        slope[chain, place] += np.einsum("nri,nr->ni", above, base)
        slope[chain, place - 1] += np.einsum("nri,nr->ni", below, base)
    return cost, normal.reshape(n, most * p, most * p), slope.reshape(n, most * p)
