"""Dynamics that tests of paths share: one price, a price and its vols, everything at once."""

from typing import Any

import numpy as np

from hedgerow.market import Dynamics, Factor, FactorMoves, Garch, Jumps, VarianceEvent
from hedgerow.units import DAY_NS

SPOT = Factor(kind="spot", name="BTC")
VOL = Factor(kind="vol_level", name="BTC")
DAY_YEARS = 1 / 365
WEEK_YEARS = 7 / 365
SEED = 20_260_201


def moves(factor: Factor = SPOT, vol: float = 0.6, **more: Any) -> FactorMoves:
    return FactorMoves(factor=factor, vol_frac=vol, **more)


def alone(vol: float = 0.6, growth: float = 0.0, **more: Any) -> Dynamics:
    return Dynamics(
        factors=(moves(vol=vol, growth_frac_per_year=growth),), correlation_frac=np.eye(1), **more
    )


def two(correlation: float, spot: FactorMoves, vol: FactorMoves, **more: Any) -> Dynamics:
    return Dynamics(
        factors=(spot, vol),
        correlation_frac=np.array([[1.0, correlation], [correlation, 1.0]]),
        **more,
    )


def eventful() -> Dynamics:
    """Everything at once."""
    garch = Garch(vol_long_frac=0.6, alpha_frac=0.08, beta_frac=0.85, gamma_frac=0.06)
    event = VarianceEvent(time_ns=3 * DAY_NS, variance_frac=0.02**2)
    return two(
        -0.5,
        moves(garch=garch, jump_loading_frac=1.0, events=(event,), funding_frac_per_8h=1e-4),
        moves(VOL, 0.9, reversion_frac_per_year=6.0, jump_loading_frac=-0.5),
        degrees_count=5.0,
        jumps=Jumps(jumps_count_per_year=30.0, up_frac=0.4, size_up_log=0.02, size_down_log=0.03),
        period_years=DAY_YEARS,
    )
