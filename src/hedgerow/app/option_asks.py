"""What ``hedgerow hedge scalp`` is asked; nothing heavy is imported."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from hedgerow.app.amounts import number, numbers

__all__ = ["ScalpAsked"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ScalpAsked:
    """What is scalped, how, and at which vols; what is left out is None."""

    options: Annotated[
        tuple[str, ...],
        Parameter(
            name="--option",
            negative="",
            show_default=False,
            help="Options to get into, as BTC-27FEB26-80000-C=5 in contracts, sold where "
            "negative; without any, what the desk holds. May be given again.",
        ),
    ] = ()
    realised_frac: Annotated[
        tuple[float, ...] | None,
        numbers(
            "--realised",
            "vol_frac",
            "Vols that may be realised: 40%,50%,60%. Without it some about the break-even.",
        ),
    ] = None
    days: Annotated[float, number("--days", "elapsed_days", "For so long gamma is traded.")] = 1.0
    hedge_hours: Annotated[
        float, number("--hedge-hours", "hours", "Between two hedges of the delta.")
    ] = 1.0
    cost_frac: Annotated[
        float,
        number("--cost", "cost_frac", "Of what is traded to hedge, fee and half a spread: 0.05%."),
    ] = 0.0005
    fee_frac: Annotated[
        float,
        number(
            "--fee",
            "fee_frac",
            "Of the underlying for each option entered: 0.03%; at most an eighth of its price.",
        ),
    ] = 0.0003
