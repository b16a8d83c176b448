"""What ``hedgerow hedge bands`` is asked, apart from the desk; nothing heavy is imported."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hedgerow.app.amounts import number

__all__ = ["BandsAsked", "Budget", "FixedCost", "Interval", "Shortfall"]

Budget = Annotated[
    float | None,
    number("--budget", "bps_per_day", "What hedging may cost, in bp of the notional a day."),
]
Shortfall = Annotated[
    float | None,
    number("--shortfall", "positive", "Or what a day may lose, the mean of the worst 2.5%."),
]
FixedCost = Annotated[
    float | None, number("--gas", "positive", "What each trade costs, whatever its size, USD.")
]
Interval = Annotated[
    str | None, Parameter(help="Between two hedges of the policy that hedges at times: 8h.")
]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class BandsAsked:
    """Of which coin, at what costs; what is left out is as the desk file has it."""

    coin: Annotated[str | None, Parameter(help="Only this coin of those that are hedged.")] = None
    budget_bps_per_day: Budget = None
    shortfall_usd: Shortfall = None
    fixed_cost_usd: FixedCost = None
    interval: Interval = None
    plot: Annotated[
        Path | None, Parameter(help="Draw one coin's bands across spot to this SVG file.")
    ] = None
