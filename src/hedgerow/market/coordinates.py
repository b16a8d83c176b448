"""Unbounded coordinates in which slices are fitted, one set for each model.

A step of the fit moves freely in them, and every place they name is a slice within the bounds of
its model: b and s positive and abs(ρ) < 1 for SVI, and for eSSVI ψ below the bound that rules
butterflies out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from hedgerow.market.essvi import Essvi, psi_max, to_svi
from hedgerow.market.svi import Floats, Svi

__all__ = ["COORDINATES", "Coordinates", "ModelChoice", "SmileModel", "essvi_theta", "svi_theta"]

SmileModel: TypeAlias = Literal["svi", "essvi"]
ModelChoice: TypeAlias = Literal["svi", "essvi", "either"]

_RHO_MAX = 0.995


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """How many, what slice they name, and how far the fit may walk; θ has shape (n, count)."""

    count: int
    svi: Callable[[Floats], Svi]
    theta_log_min: Floats
    theta_log_max: Floats


def _svi(theta: Floats) -> Svi:
    """Read ln(least w), ln b, artanh ρ, m, ln s."""
    least, b = np.exp(theta[..., 0]), np.exp(theta[..., 1])
    rho, m, s = np.tanh(theta[..., 2]), theta[..., 3], np.exp(theta[..., 4])
    return Svi(least - b * s / np.cosh(theta[..., 2]), b, rho, m, s)


def svi_theta(svi: Svi) -> Floats:
    """Write a slice whose least w is positive in the coordinates of SVI."""
    rho = np.clip(svi.rho, -_RHO_MAX, _RHO_MAX)
    least = svi.a + svi.b * svi.s * np.sqrt(1.0 - rho * rho)
    return np.stack([np.log(least), np.log(svi.b), np.arctanh(rho), svi.m, np.log(svi.s)], axis=-1)


def _essvi(theta: Floats) -> Svi:
    """Read ln θ, artanh ρ and the logit of ψ's share of its bound."""
    level, rho = np.exp(theta[..., 0]), np.tanh(theta[..., 1])
    part = 1.0 / (1.0 + np.exp(-theta[..., 2]))
    return to_svi(Essvi(level, rho, part * psi_max(level, rho)))


def essvi_theta(level: Floats, rho: Floats, part_frac: Floats) -> Floats:
    """Write w(0), ρ and ψ's share of its bound in the coordinates of eSSVI."""
    logit = np.log(part_frac) - np.log1p(-part_frac)
    return np.stack(np.broadcast_arrays(np.log(level), np.arctanh(rho), logit), axis=-1)


COORDINATES: dict[SmileModel, Coordinates] = {
    "svi": Coordinates(
        5,
        _svi,
        np.array([-30.0, -12.0, -3.5, -5.0, -12.0]),
        np.array([4.0, 1.0, 3.5, 5.0, 3.0]),
    ),
    "essvi": Coordinates(3, _essvi, np.array([-30.0, -3.5, -12.0]), np.array([4.0, 3.5, 12.0])),
}
