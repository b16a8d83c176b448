"""What the command line says of a plan. Imports nothing heavy: the wiring makes it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["KeptLimits", "PlanAsked", "WaysAsked"]

# Which limits a desk keeps: all of its own, or those of its accounts' requirements and distances.
KeptLimits: TypeAlias = Literal["all", "account"]


class PlanAsked(NamedTuple):
    """What else may be traded, how deep books are taken to be, and what a plan is priced by."""

    patterns: Sequence[str] | None
    depth_factor_frac: float
    option_depth_contracts: float
    horizon_days: float
    capital_frac_per_year: float
    ticket_usd: float
    slippage_frac: float = 0.01


class WaysAsked(NamedTuple):
    """In which markets ways of planning are compared, with what limits, and what they cost by."""

    seeds_count: int
    depths_frac: tuple[float, ...]
    limits: KeptLimits
    slacks_frac: tuple[float, ...]
    step: str | None
    option_depth_contracts: float
    horizon_days: float
    capital_frac_per_year: float
    workers_count: int
