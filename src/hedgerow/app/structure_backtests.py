"""``hedgerow hedge backtest-loop`` and ``backtest-carry``: structures through what was recorded.

Only the wiring; `app.actions` names what each command runs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number, numbers
from hedgerow.app.loop_request import LoopAsked
from hedgerow.app.options import Data, DeskPath, Json, Seed, Source, Whole

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
    start: Annotated[
        str | None, Parameter(name="--from", help="From this time; default: the desk's start.")
    ] = None,
    end: Annotated[
        str | None, Parameter(name="--to", help="To this time; default: the desk's end.")
    ] = None,
    look: Annotated[
        str | None, Parameter(help="Between two looks of a policy, such as 6h; default: step.")
    ] = None,
    every: Annotated[str, Parameter(help="Length of an explained step, such as 24h.")] = "24h",
    width: Annotated[
        float | None,
        number("--width", "positive", "Half width of the fixed band, coin; default: the file's."),
    ] = None,
    loss: Annotated[
        float | None,
        number("--loss", "positive", "Loss at which the stop-loss sells the delta left, USD."),
    ] = None,
    against: Annotated[
        str | None, Parameter(help="Also what every policy came to less this one, with bounds.")
    ] = None,
    draw_seed: Annotated[Whole, Parameter(help="Seed of the redrawn runs behind intervals.")] = 7,
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


BACKTESTS: Final[Mapping[str, Callable[..., int]]] = {"backtest-loop": loop}
