"""What the command line says of a plan. Imports nothing heavy: the wiring makes it."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["PlanAsked"]


class PlanAsked(NamedTuple):
    """What else may be traded, how deep books are taken to be, and what a plan is priced by."""

    patterns: Sequence[str] | None
    depth_factor_frac: float
    option_depth_contracts: float
    horizon_days: float
    capital_frac_per_year: float
    ticket_usd: float
    slippage_frac: float = 0.01
