"""The paths of the embedded crash: two coins that jump together, and what follows from their falls.

A script of phases gives drift and jump intensity; the random numbers decide when and how far.
Everything else is driven by the returns: volatility reverts to its mean and rises with every fall,
the perpetual's basis and the staked coin's discount open with falls and close slowly. All of this
is invented to be plausible and hard, and fitted to no market.
"""

from dataclasses import dataclass
from math import exp, sqrt

import msgspec
import numpy as np

from hedgerow.pricing import Floats
from hedgerow.units import HOUR_NS, YEAR_NS

__all__ = ["PHASES", "VOL_MEAN_FRAC", "Paths", "Phase", "crash_paths"]

VOL_MEAN_FRAC = 0.45
_START_USD = (88_000.0, 3_000.0)
_CORRELATION = 0.85
_VOL_RATIO_ETH = 1.30
_BETA_JUMP_ETH = 1.20
_JUMP_SD_FRAC = 0.006
# Per hour: how fast vol, basis and discount return to their means.
_VOL_REVERSION = 0.06
_BASIS_REVERSION = 1.2
_DISCOUNT_REVERSION = 0.10
_BASIS_MEAN_FRAC = 0.0002
_DISCOUNT_MEAN_FRAC = 0.0005
# What one unit of negative log return adds.
_VOL_PER_FALL = 6.0
_BASIS_PER_FALL = 0.12
_DISCOUNT_PER_FALL = 0.12


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """From `start_hours` on: drift and jumps of BTC, as log returns."""

    start_hours: float
    drift_frac_per_hour: float
    jumps_count_per_hour: float
    jump_mean_frac: float


PHASES = (
    Phase(start_hours=-24, drift_frac_per_hour=0.0, jumps_count_per_hour=0.0, jump_mean_frac=0.0),
    Phase(
        start_hours=10, drift_frac_per_hour=-0.004, jumps_count_per_hour=0.3, jump_mean_frac=-0.008
    ),
    Phase(
        start_hours=20, drift_frac_per_hour=-0.018, jumps_count_per_hour=3.0, jump_mean_frac=-0.009
    ),
    Phase(
        start_hours=24, drift_frac_per_hour=0.006, jumps_count_per_hour=0.3, jump_mean_frac=0.006
    ),
    Phase(
        start_hours=30, drift_frac_per_hour=-0.018, jumps_count_per_hour=2.5, jump_mean_frac=-0.009
    ),
    Phase(
        start_hours=33, drift_frac_per_hour=0.002, jumps_count_per_hour=0.1, jump_mean_frac=0.004
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """One row per step. `vol_frac` is BTC's instantaneous volatility, annualised."""

    time_ns: tuple[int, ...]
    spot_btc_usd: Floats
    spot_eth_usd: Floats
    vol_frac: Floats
    basis_btc_frac: Floats
    basis_eth_frac: Floats
    discount_frac: Floats


def crash_paths(
    rng: np.random.Generator, *, start_ns: int, first_ns: int, end_ns: int, step_ns: int
) -> Paths:
    """Draw the paths from `first_ns` to `end_ns`; phases count from `start_ns`.

    The same generator state gives the same paths on one machine; the caller rounds them to ticks,
    so that the last bits of a float never reach an event.
    """
    times = tuple(range(first_ns, end_ns + 1, step_ns))
    hours = step_ns / HOUR_NS
    root_years = sqrt(step_ns / YEAR_NS)
    phases = [_phase_at((time_ns - start_ns) / HOUR_NS) for time_ns in times]
    shocks = rng.standard_normal((len(times), 4))
    jumps = rng.poisson([phase.jumps_count_per_hour * hours for phase in phases])
    sizes = rng.standard_normal(len(times))

    btc, eth = _START_USD
    vol, discount = VOL_MEAN_FRAC, _DISCOUNT_MEAN_FRAC
    basis_btc = basis_eth = _BASIS_MEAN_FRAC
    rows: list[tuple[float, ...]] = []
    for i, phase in enumerate(phases):
        if i > 0:
            own, other, noise_btc, noise_eth = (float(shock) for shock in shocks[i])
            drift = phase.drift_frac_per_hour * hours
            # n jumps of independent size add up to a normal with n times mean and variance.
            jump = phase.jump_mean_frac * int(jumps[i])
            jump += _JUMP_SD_FRAC * sqrt(int(jumps[i])) * float(sizes[i])
            diffusion = vol * root_years
            mixed = _CORRELATION * own + sqrt(1.0 - _CORRELATION**2) * other
            r_btc = drift + diffusion * own + jump
            r_eth = drift * _BETA_JUMP_ETH
            r_eth += diffusion * _VOL_RATIO_ETH * mixed + jump * _BETA_JUMP_ETH
            btc *= exp(r_btc)
            eth *= exp(r_eth)
            vol += _VOL_REVERSION * hours * (VOL_MEAN_FRAC - vol) + _VOL_PER_FALL * _fall(
                r_btc, vol
            )
            basis_btc = _basis(basis_btc, _fall(r_btc, vol), hours, noise_btc)
            basis_eth = _basis(basis_eth, _fall(r_eth, vol), hours, noise_eth)
            discount += _DISCOUNT_REVERSION * hours * (_DISCOUNT_MEAN_FRAC - discount)
            discount += _DISCOUNT_PER_FALL * _fall(r_eth, vol)
        rows.append((btc, eth, vol, basis_btc, basis_eth, discount))
    columns = np.array(rows, dtype=np.float64).T
    return Paths(
        time_ns=times,
        spot_btc_usd=columns[0],
        spot_eth_usd=columns[1],
        vol_frac=columns[2],
        basis_btc_frac=columns[3],
        basis_eth_frac=columns[4],
        discount_frac=columns[5],
    )


def _phase_at(hours: float) -> Phase:
    return [phase for phase in PHASES if phase.start_hours <= hours][-1]


def _fall(log_return: float, vol_frac: float) -> float:
    """Give the part of a fall that is more than the noise of a quiet five minutes."""
    return max(0.0, -log_return - 0.003 * max(1.0, vol_frac / VOL_MEAN_FRAC))


def _basis(basis_frac: float, fall: float, hours: float, noise: float) -> float:
    moved = basis_frac + _BASIS_REVERSION * hours * (_BASIS_MEAN_FRAC - basis_frac)
    moved += 0.00003 * noise - _BASIS_PER_FALL * fall
    return max(-0.01, min(0.01, moved))
