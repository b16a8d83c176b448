"""``hedgerow hedge backtest``: hedge policies through the same market, side by side.

Only the wiring; what it does is in `app.backtests`.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number
from hedgerow.app.backtest_flags import Against, DrawSeed, End, Start, Width
from hedgerow.app.backtest_request import BacktestAsked
from hedgerow.app.hedge_request import Budget, FixedCost, Interval, Shortfall
from hedgerow.app.options import Data, DeskPath, Json, Seed, Source

__all__ = ["backtest"]

backtest = App(name="backtest")


@backtest.default
def _backtest(
    desk: DeskPath = None,
    *,
    data: Data = None,
    policy: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="none, stop-loss, fixed, whalley-wilmott, zakamouline, leland, fixed-cost or "
            "combined-cost; without it all that can be followed. May be given again.",
        ),
    ] = ("all",),
    start: Start = None,
    end: End = None,
    look: Annotated[
        str | None,
        Parameter(help="Between two looks of a policy, such as 6h, or chain; default: step."),
    ] = None,
    every: Annotated[
        str, Parameter(help="Length of an explained step, such as 6h; or chain, after every chain.")
    ] = "6h",
    depth: Annotated[
        float,
        number(
            "--depth",
            "depth_factor_frac",
            "How much of every book is there: 0.3 for books a third as deep.",
        ),
    ] = 1.0,
    budget: Budget = None,
    shortfall: Shortfall = None,
    gas: FixedCost = None,
    interval: Interval = None,
    width: Width = None,
    loss: Annotated[
        float | None, number("--loss", "positive", "Loss at which the stop-loss closes, USD.")
    ] = None,
    against: Against = None,
    draw_seed: DrawSeed = 7,
    out: Annotated[
        Path | None, Parameter(help="Folder for steps.parquet and policies.parquet.")
    ] = None,
    plot: Annotated[
        Path | None, Parameter(help="Draw profit, cost, hedge and delta to this SVG.")
    ] = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Follow hedge policies through one market: cost, profit, shortfall, and what explains them.

    Each starts from the opening positions of the desk file, at the same venues, fees and books.
    Exit status 1 where an account is liquidated under a policy other than none, a step's profit is
    unknown, or more than 1 % of the gross stays unexplained by revaluation or 2 % by Greeks, pooled
    over the run. Bounds of fewer than 20 steps are unknown.
    """
    return act(
        "hedge backtest",
        Source(desk, data, None, seed),
        BacktestAsked(
            policies=policy,
            start=start,
            end=end,
            look=look,
            every=every,
            depth_factor_frac=depth,
            budget_bps_per_day=budget,
            shortfall_usd=shortfall,
            fixed_cost_usd=gas,
            interval=interval,
            width_coin=width,
            loss_usd=loss,
            against=against,
            draw_seed=draw_seed,
            out=out,
            plot=plot,
        ),
        as_json=as_json,
    )
