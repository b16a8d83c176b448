"""``hedgerow plan``: hedges and collateral planned together, compared, and read again.

Only the wiring; `app.actions` names what each command runs.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number, numbers
from hedgerow.app.options import At, Data, DeskPath, Json, Seed, Source, whole
from hedgerow.app.plan_asked import (
    CAPITAL_FRAC_PER_YEAR,
    HORIZON_DAYS,
    OPTION_DEPTH_CONTRACTS,
    SLIPPAGE_FRAC,
    KeptLimits,
    PlanAsked,
    WaysAsked,
)

__all__ = ["plan"]

plan = App(name="plan", help="The cheapest trades and transfers that bring every limit back.")


def _left_out(key: str, usual: str) -> str:
    """Say what is taken where a flag is not given."""
    return f"Left out: {key} of the desk's [planning], else {usual}."


Offers = Annotated[
    list[str] | None,
    Parameter(
        name="--offer",
        negative="",
        help="What else may be traded, as PATTERN@ACCOUNT: BTC-27MAR26-*-P@deribit-btc. What is "
        "held and the instruments of [[hedges]] always may. May be given again.",
    ),
]
DepthFactor = Annotated[
    float,
    number(
        "--depth",
        "depth_factor_frac",
        "How much of every book is there: 0.3 plans for books a third as deep.",
    ),
]
OptionDepth = Annotated[
    float | None,
    number(
        "--option-depth",
        "positive",
        "Contracts assumed at an option's best bid and ask; nobody records it. "
        + _left_out("option_depth_contracts", f"{OPTION_DEPTH_CONTRACTS:g}"),
    ),
]
Horizon = Annotated[
    float | None,
    number(
        "--horizon-days",
        "elapsed_days",
        "Days for which funding and capital are counted. "
        + _left_out("horizon", f"{HORIZON_DAYS:g}"),
    ),
]
Capital = Annotated[
    float | None,
    number(
        "--capital",
        "rate_frac_per_year",
        "What money tied up at a venue costs a year. "
        + _left_out("capital_per_year", f"{CAPITAL_FRAC_PER_YEAR:.0%}"),
    ),
]
Ticket = Annotated[
    float, number("--ticket", "not_negative", "What each trade costs beside its size, in USD.")
]
Slippage = Annotated[
    float | None,
    number(
        "--slippage",
        "slippage_frac",
        "How far beyond the mark an order may fill. "
        + _left_out("slippage_limit", f"{SLIPPAGE_FRAC:.0%}"),
    ),
]


@plan.command(name="make")
def make(
    desk: DeskPath = None,
    *,
    offer: Offers = None,
    depth: DepthFactor = 1.0,
    option_depth: OptionDepth = None,
    horizon_days: Horizon = None,
    capital: Capital = None,
    ticket: Ticket = 0.0,
    slippage: Slippage = None,
    out: Annotated[
        Path | None,
        Parameter(
            help="Also write the plan here, for `plan show`; in place of an earlier plan, and of "
            "nothing else."
        ),
    ] = None,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Plan trades and transfers together so that every limit holds again. Sends nothing.

    Exit status 1 where the desk has a breach now, as in every look at it; --json names it under
    breaches, and says under holds_after whether every limit holds after the plan: null where nobody
    knows. What does not is named under unmet, with the reason.
    """
    return act(
        "plan make",
        Source(desk, data, at, seed),
        PlanAsked(offer, depth, ticket, option_depth, horizon_days, capital, slippage),
        out=out,
        as_json=as_json,
    )


@plan.command(name="compare")
def compare(
    desk: DeskPath = None,
    *,
    offer: Offers = None,
    depth: DepthFactor = 1.0,
    option_depth: OptionDepth = None,
    horizon_days: Horizon = None,
    capital: Capital = None,
    ticket: Ticket = 0.0,
    slippage: Slippage = None,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Plan with trades and transfers, with trades alone, by unwinding alone, with transfers alone.

    Exit status 1 where the desk has a breach now, as in every look at it.
    """
    return act(
        "plan compare",
        Source(desk, data, at, seed),
        PlanAsked(offer, depth, ticket, option_depth, horizon_days, capital, slippage),
        as_json=as_json,
    )


@plan.command(name="show")
def show(
    path: Annotated[Path, Parameter(help="A plan that `plan make --out` wrote.")],
    *,
    as_json: Json = False,
) -> int:
    """Read a plan again: its legs, its cost, its limits, and when it expires.

    Refused, with what differs, where the file is not as it was written. Nothing is planned anew.
    """
    return act("plan show", path, as_json=as_json)


Seeds = Annotated[
    int,
    Parameter(help="Play seeds 1 to this of the embedded episode.", converter=whole(1, 10_000)),
]
Depths = Annotated[
    tuple[float, ...],
    numbers(
        "--depth", "depth_factor_frac", "Shares of every book that are there, each played apart."
    ),
]
Slacks = Annotated[
    tuple[float, ...],
    numbers(
        "--slack",
        "slack_frac",
        "Follow every way also with limits of accounts this share as far from liquidation.",
    ),
]
Workers = Annotated[
    int, Parameter(help="Processes to share it; the answer is the same.", converter=whole(1, 64))
]


@plan.command(name="backtest")
def backtest(
    desk: DeskPath = None,
    *,
    seeds: Seeds = 10,
    depth: Depths = (1.0, 0.3, 0.05),
    step: Annotated[
        str | None, Parameter(help="How often the agent looks, such as 30m; else as the desk says.")
    ] = None,
    option_depth: OptionDepth = None,
    horizon_days: Horizon = None,
    capital: Capital = None,
    limits: Annotated[
        KeptLimits,
        Parameter(help="Keep all limits, or those of accounts' requirements and distances alone."),
    ] = "all",
    slack: Slacks = (1.0,),
    workers: Workers = 1,
    keep: Annotated[
        Path | None,
        Parameter(help="Keep runs here as they end; those there already are not played again."),
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Also write every run here: .parquet, or else JSON.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> int:
    """Play plans of both means, of trades alone, of transfers alone, and the desk left alone.

    All of them in the same markets, at the same venues: N seeds of the embedded episode, or the
    window of a desk file's recordings. Costs, liquidations and equity, with intervals.
    """
    return act(
        "plan backtest",
        Source(desk, data, None, None),
        WaysAsked(seeds, depth, limits, slack, step, option_depth, horizon_days, capital, workers),
        keep=keep,
        out=out,
        as_json=as_json,
    )
