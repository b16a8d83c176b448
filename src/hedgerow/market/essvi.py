"""eSSVI: three numbers per expiry whose signs alone rule arbitrage out.

``w(k) = θ/2 (1 + ρ φ k + √((φ k + ρ)² + 1 - ρ²))`` is σ²T with θ = w(0); ψ = θφ is the sum of the
slopes of both wings. A slice has no butterfly where ``θφ (1 + |ρ|) < 4`` and
``θφ² (1 + |ρ|) <= 4``. A later slice crosses an earlier one nowhere only if θ and ψ do not fall and
``|ρ₁ψ₁ - ρ₂ψ₂| <= ψ₂ - ψ₁``; where φ does not rise either, that is enough.

An eSSVI slice is an SVI slice, so `to_svi` is how it leaves this module: everything else asks
questions of `Svi` only.

References
----------
J. Gatheral, A. Jacquier (2014), Arbitrage-free SVI volatility surfaces, Quantitative Finance 14.
S. Hendriks, C. Martini (2019), The extended SSVI volatility surface, J. Computational Finance 22.
"""

from typing import NamedTuple

import numpy as np

from hedgerow.market.svi import Floats, Svi

__all__ = ["Essvi", "psi_max", "to_svi"]


class Essvi(NamedTuple):
    """The parameters, in the letters of the paper; θ > 0, abs(ρ) < 1, ψ = θφ > 0."""

    theta: Floats
    rho: Floats
    psi: Floats


def to_svi(essvi: Essvi) -> Svi:
    """Give the same slice in raw parameters."""
    theta, rho, psi = (np.asarray(each, dtype=np.float64) for each in essvi)
    phi = psi / theta
    return Svi(
        a=0.5 * theta * (1.0 - rho * rho),
        b=0.5 * psi,
        rho=rho,
        m=-rho / phi,
        s=np.sqrt(1.0 - rho * rho) / phi,
    )


def psi_max(theta: Floats, rho: Floats) -> Floats:
    """Give the largest ψ that leaves no butterfly; the first condition wants ψ below it."""
    lean = 1.0 + np.abs(rho)
    most: Floats = np.minimum(4.0 / lean, 2.0 * np.sqrt(theta / lean))
    return most
