"""What the command line says of a plan. Imports nothing heavy: the wiring makes it."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = [
    "CAPITAL_FRAC_PER_YEAR",
    "HORIZON_DAYS",
    "OPTION_DEPTH_CONTRACTS",
    "SLIPPAGE_FRAC",
    "KeptLimits",
    "PlanAsked",
    "WaysAsked",
]

# What is taken where neither a flag nor the desk file says otherwise; `planning.JointTerms` takes
# the same. A round figure of what dollars earn elsewhere: it ranks ways, and no market was asked.
CAPITAL_FRAC_PER_YEAR: Final = 0.05
# A plan answers for a day: the next is made by what the market is then.
HORIZON_DAYS: Final = 1.0
# What a fill beyond the mark may take at worst: a bound that a person sets, no figure of a market.
SLIPPAGE_FRAC: Final = 0.01
# Nobody records it: assumed, and said with every plan that trades an option.
OPTION_DEPTH_CONTRACTS: Final = 25.0

# Which limits a desk keeps: all of its own, or those of its accounts' requirements and distances.
KeptLimits: TypeAlias = Literal["all", "account"]


class PlanAsked(NamedTuple):
    """What else may be traded, how deep books are taken to be, and what a plan is priced by.

    None is left out: as the desk file says (`plan_prices.prices_of`).
    """

    patterns: Sequence[str] | None
    depth_factor_frac: float
    ticket_usd: float
    option_depth_contracts: float | None = None
    horizon_days: float | None = None
    capital_frac_per_year: float | None = None
    slippage_frac: float | None = None


class WaysAsked(NamedTuple):
    """In which markets ways of planning are compared, with what limits, and what they cost by.

    None is left out: as the desk file says.
    """

    seeds_count: int
    depths_frac: tuple[float, ...]
    limits: KeptLimits
    slacks_frac: tuple[float, ...]
    step: str | None
    option_depth_contracts: float | None
    horizon_days: float | None
    capital_frac_per_year: float | None
    workers_count: int
