"""What a fit of slices makes small: errors in vol, and what each lacks to be free of arbitrage.

Slices with a butterfly fit their quotes a little better than those without, so a free fit that is
repaired afterwards ends up worse than one that never goes there: what g lacks to a small margin is
a residual like any other, and so is what w lacks to the slice below.

Columns in, columns out; slices are padded to one width with weight zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgerow.market.svi import Floats, Svi, density_g, total_variance

__all__ = ["Neighbour", "SliceColumns", "crossing", "residuals", "vol_misses"]

_MARGIN_G = 2e-3
_MARGIN_CALENDAR_FRAC = 2e-3
_MARGIN_WING_FRAC = 5e-3
_BEND_POINTS = np.sinh(np.linspace(-7.0, 7.0, 49))
_DEVIATION_POINTS = np.linspace(-12.0, 12.0, 49)
_FAR_POINTS = np.concatenate(
    [np.linspace(-6.0, 6.0, 49), *(side * np.geomspace(6.5, 3e3, 16) for side in (-1.0, 1.0))]
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


def vol_misses(slices: SliceColumns, svi: Svi) -> Floats:
    """Give weighted errors in vol points, shape (n, quotes)."""
    w = np.maximum(total_variance(svi, slices.moneyness_log), 1e-300)
    vol = np.sqrt(w / slices.expiry_years[:, None])
    misses: Floats = slices.weight_per_volpt * 100.0 * (vol - slices.vol_frac)
    return misses


def residuals(
    slices: SliceColumns, neighbours: tuple[Neighbour, ...], svi: Svi, penalty_volpt: float
) -> Floats:
    """Give what a fit makes small: weighted errors, and what each slice lacks by itself.

    Returns
    -------
    ndarray, shape (n, any)
    """
    deviation = np.sqrt(np.maximum(total_variance(svi, np.zeros(len(svi.m))), 1e-12))
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
    parts = [vol_misses(slices, svi), penalty_volpt * lack, penalty_volpt * steep[:, None]]
    for each in neighbours:
        parts.append(penalty_volpt * crossing(svi, each))
    return np.concatenate(parts, axis=1)


def crossing(svi: Svi, neighbour: Neighbour) -> Floats:
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
