"""``hedgerow plan``: hedges and collateral planned together, compared, and read again.

Only the wiring; `app.actions` names what each command runs.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number
from hedgerow.app.options import At, Data, DeskPath, Json, Seed, Source

__all__ = ["plan"]

plan = App(name="plan", help="The cheapest trades and transfers that bring every limit back.")

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
    float,
    number(
        "--option-depth",
        "positive",
        "Contracts assumed at an option's best bid and ask; nobody records it.",
    ),
]
Horizon = Annotated[
    float,
    number("--horizon-days", "elapsed_days", "Days for which funding and capital are counted."),
]
Capital = Annotated[
    float,
    number("--capital", "rate_frac_per_year", "What money tied up at a venue costs a year: 5%."),
]
Ticket = Annotated[
    float, number("--ticket", "not_negative", "What each trade costs beside its size, in USD.")
]


@plan.command(name="make")
def make(
    desk: DeskPath = None,
    *,
    offer: Offers = None,
    depth: DepthFactor = 1.0,
    option_depth: OptionDepth = 25.0,
    horizon_days: Horizon = 1.0,
    capital: Capital = 0.05,
    ticket: Ticket = 0.0,
    out: Annotated[
        Path | None, Parameter(help="Also write the plan here, for `plan show`.")
    ] = None,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Plan trades and transfers together so that every limit holds again. Sends nothing.

    Exit status 1 where the desk has a breach now, as in every look at it.
    """
    return act(
        "plan make",
        Source(desk, data, at, seed),
        patterns=offer,
        depth_factor_frac=depth,
        option_depth_contracts=option_depth,
        horizon_days=horizon_days,
        capital_frac_per_year=capital,
        ticket_usd=ticket,
        out=out,
        as_json=as_json,
    )


@plan.command(name="compare")
def compare(
    desk: DeskPath = None,
    *,
    offer: Offers = None,
    depth: DepthFactor = 1.0,
    option_depth: OptionDepth = 25.0,
    horizon_days: Horizon = 1.0,
    capital: Capital = 0.05,
    ticket: Ticket = 0.0,
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
        patterns=offer,
        depth_factor_frac=depth,
        option_depth_contracts=option_depth,
        horizon_days=horizon_days,
        capital_frac_per_year=capital,
        ticket_usd=ticket,
        as_json=as_json,
    )


@plan.command(name="show")
def show(
    path: Annotated[Path, Parameter(help="A plan that `plan make --out` wrote.")],
    *,
    as_json: Json = False,
) -> int:
    """Read a plan again, and say whether it has expired by the last moment it knows of."""
    return act("plan show", path, as_json=as_json)
