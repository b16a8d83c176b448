"""``hedgerow hedge backtest-loop`` and ``backtest-carry``: structures through what was recorded.

Only the wiring; `app.actions` names what each command runs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number, numbers
from hedgerow.app.backtest_flags import Against, DrawSeed, End, Start, Width
from hedgerow.app.carry_run_request import CarryRunAsked
from hedgerow.app.loop_request import LoopAsked
from hedgerow.app.options import Data, DeskPath, Json, Seed, Source

__all__ = ["BACKTESTS"]


def loop(
    desk: DeskPath = None,
    *,
    data: Data = None,
    leverage: Annotated[
        tuple[float, ...] | None,
        numbers(
            "--leverage",
            "positive",
            "What is supplied over what is one's own: 3, or 2,3,3.6; default: the file's.",
        ),
    ] = None,
    policy: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="none, fixed, buffered (fixed, and [[buffers]] refilled), stop-loss or a band of "
            "hedge backtest; default: none, fixed, buffered. May be given again.",
        ),
    ] = (),
    start: Start = None,
    end: End = None,
    look: Annotated[
        str | None, Parameter(help="Between two looks of a policy, such as 6h; default: step.")
    ] = None,
    every: Annotated[str, Parameter(help="Length of an explained step, such as 24h.")] = "24h",
    width: Width = None,
    loss: Annotated[
        float | None,
        number("--loss", "positive", "Loss at which the stop-loss sells the delta left, USD."),
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
    """Play a staked-coin loop through its discount, by leverage and policy.

    The desk has one account that supplies a staked token and owes its coin; the lending rulebook
    liquidates it by its oracle. Beside the tables of hedge backtest: how near each account came to
    a liquidation, and what the peg took from who sells. Exit status 1 as hedge backtest.
    """
    return act(
        "hedge backtest-loop",
        Source(desk, data, None, seed),
        LoopAsked(
            leverages_frac=leverage or (),
            policies=policy,
            start=start,
            end=end,
            look=look,
            every=every,
            width_coin=width,
            loss_usd=loss,
            against=against,
            draw_seed=draw_seed,
            out=out,
            plot=plot,
        ),
        as_json=as_json,
    )


def carry(
    desk: DeskPath = None,
    *,
    data: Data = None,
    policy: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="spot, held, buffered, stopped or unpaid; default: all. May be given again.",
        ),
    ] = (),
    hold: Annotated[str, Parameter(help="Length of a holding; they follow each other.")] = "30d",
    notional: Annotated[
        float, number("--notional", "positive", "Of each leg at the start of a holding, USD.")
    ] = 1_000_000.0,
    leverage: Annotated[
        float, number("--leverage", "positive", "Of the short leg: its notional over its margin.")
    ] = 3.0,
    reserve: Annotated[
        float,
        number("--reserve", "floor_frac", "Beside it for refills, of the notional: 0.5 or 50%."),
    ] = 0.5,
    spot_cost: Annotated[
        float,
        number("--spot-cost", "cost_frac", "Of spot, each time it is bought or sold: 0.1%."),
    ] = 0.001,
    borrow: Annotated[
        float, number("--borrow", "rate_frac_per_year", "What the money in spot costs a year: 5%.")
    ] = 0.0,
    margin_cost: Annotated[
        float,
        number("--margin-cost", "rate_frac_per_year", "What margin and reserve cost a year."),
    ] = 0.0,
    stop_use: Annotated[
        float,
        number("--stop-use", "participation_frac", "Use of the margin at which stopped leaves."),
    ] = 0.15,
    unpaid_over: Annotated[
        str, Parameter(help="Before a look, over which unpaid adds funding up.")
    ] = "7d",
    start: Start = None,
    end: End = None,
    look: Annotated[
        str | None, Parameter(help="Between two looks of a policy, such as 1h; default: step.")
    ] = None,
    every: Annotated[str, Parameter(help="Length of an explained step, such as 24h.")] = "24h",
    against: Against = None,
    draw_seed: DrawSeed = 7,
    out: Annotated[
        Path | None,
        Parameter(help="Folder for holdings.parquet, steps.parquet and policies.parquet."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Capture funding in holdings one after another: coins in a wallet, a perpetual sold elsewhere.

    Both legs, the margin and a reserve are sized anew in dollars at each start; the venue of the
    desk file fills, charges, funds and liquidates the short leg by its rulebook. Holdings in which
    prices have a hole are left out and named. Exit status 1 as hedge backtest.
    """
    return act(
        "hedge backtest-carry",
        Source(desk, data, None, None),
        CarryRunAsked(
            policies=policy,
            hold=hold,
            notional_usd=notional,
            leverage_frac=leverage,
            reserve_frac=reserve,
            spot_cost_frac=spot_cost,
            borrow_frac_per_year=borrow,
            margin_cost_frac_per_year=margin_cost,
            stop_use_frac=stop_use,
            unpaid_over=unpaid_over,
            start=start,
            end=end,
            look=look,
            every=every,
            against=against,
            draw_seed=draw_seed,
            out=out,
        ),
        as_json=as_json,
    )


BACKTESTS: Final[Mapping[str, Callable[..., int]]] = {
    "backtest-loop": loop,
    "backtest-carry": carry,
}
