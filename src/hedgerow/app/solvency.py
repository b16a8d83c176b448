"""``hedgerow solvency``: at what price accounts break, how likely that is, and how soon.

Only the wiring; `app.actions` names what each command runs.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number
from hedgerow.app.options import USUAL, Data, DeskPath, Json, Setting
from hedgerow.app.solvency_request import (
    FeeQuintile,
    FrontierAsked,
    LadderAsked,
    ProbabilityAsked,
    ReactionAsked,
)

__all__ = ["solvency"]

solvency = App(name="solvency", help="At what price accounts break, how likely, and how soon.")

# What is asked where no flag is given.
_FRONTIER: Final = FrontierAsked()
_PROBABILITY: Final = ProbabilityAsked()


@solvency.command(name="frontier")
def frontier(
    desk: DeskPath = None, *, asked: FrontierAsked = _FRONTIER, setting: Setting = USUAL
) -> int:
    """Show where each account breaks and heals: by price, vol, basis, peg, funding and time.

    By the rules of its venue, with everything else it holds. Exit status 1 where an account is
    liquidatable now, its requirement is unknown, or what was asked for by name has no answer.
    """
    return act("solvency frontier", setting.source(desk), asked, as_json=setting.as_json)


@solvency.command(name="probability")
def probability(
    desk: DeskPath = None, *, asked: ProbabilityAsked = _PROBABILITY, setting: Setting = USUAL
) -> int:
    """Say how likely each account, and any of them, is liquidated within an hour to thirty days.

    By paths of prices and vols against the rules of the venue, with standard errors, and what that
    costs on average. Options age and expire on the way, and loans grow at their last rates. What
    the paths cannot tell from nothing is written with a < and what it is at most; a ~ marks what
    few paths carry. "Any of them" counts what left the grid apart, and is renamed where an account
    has no answer. Exit status 1 where an account is liquidatable, or an answer is unknown.
    """
    return act("solvency probability", setting.source(desk), asked, as_json=setting.as_json)


@solvency.command(name="reaction")
def reaction(desk: DeskPath = None, *, asked: ReactionAsked, setting: Setting = USUAL) -> int:
    """Say whether a rescue that starts now arrives before each account breaks, by every route.

    Exit status 1 where no route arrives with the probability wanted, or a distance is unknown.
    """
    return act("solvency reaction", setting.source(desk), asked, as_json=setting.as_json)


@solvency.command(name="ladder")
def ladder(
    file: Annotated[
        Path,
        Parameter(
            help="A .csv or .parquet, one account a row: level_usd, size_coin (positive is long) "
            "and, where some are ours, is_own. Two more say where ours that gain stand in the "
            "venue's queue: price_entry_usd and account_value_usd, of accounts that gain."
        ),
    ],
    *,
    asked: LadderAsked,
    setting: Setting = USUAL,
) -> int:
    """Show where others and we are liquidated, what a shock sets off, and what hunting it gains.

    Exit status 1 where pushing the price to a level that takes ours pays, the shock asked for takes
    some of ours, or some of ours may be liquidated already.
    """
    desk = None if asked.desk is None else setting.source(asked.desk)
    return act("solvency ladder", file, desk, asked, as_json=setting.as_json)


backtest = App(name="backtest", help="What alarms and probabilities would have been worth.")
solvency.command(backtest)


@backtest.command(name="loans")
def backtest_loans(
    *,
    data: Annotated[
        Path, Parameter(help="Folder with aave_v2_account_histories, its calls and prices.")
    ],
    route: Annotated[
        str, Parameter(help="By which a rescue would have come.")
    ] = "ethereum-same-chain",
    regime: Annotated[
        Literal["calm", "busy", "wild"], Parameter(help="How the market is.")
    ] = "wild",
    fees: FeeQuintile = 5,
    alarm: Annotated[
        float,
        number("--alarm", "chance_frac", "Probability of a breach that rings: 1%."),
    ] = 0.01,
    as_json: Json = False,
) -> int:
    """Try the alarm on recorded Aave v2 accounts: leads, misses and their cause, false alarms.

    Beside it a fixed health threshold that is as often false.
    """
    return act(
        "solvency backtest loans",
        data,
        route=route,
        volatility=regime,
        fee_quintile_index=fees,
        breach_frac_max=alarm,
        as_json=as_json,
    )


@backtest.command(name="perps")
def backtest_perps(*, data: Data = None, as_json: Json = False) -> int:
    """Hold chances of liquidation of perpetuals against recorded prices, hour by hour.

    DATA holds the folders perp_binance and ohlcv_binance. Exit status 1 where fewer than nine in
    ten bins hold what came, totals are off by more than a factor 1.25 at a horizon, or the closed
    form on an average of squared returns scores better.
    """
    return act("solvency backtest perps", data, as_json=as_json)
