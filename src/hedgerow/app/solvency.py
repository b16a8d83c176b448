"""``hedgerow solvency``: at what price accounts break, how likely that is, and how soon.

Only the wiring; `app.actions` names what each command runs.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.options import At, Data, DeskPath, Json, Seed, Source

__all__ = ["solvency"]

solvency = App(name="solvency", help="At what price accounts break, how likely, and how soon.")


@solvency.command(name="frontier")
def frontier(
    desk: DeskPath = None,
    *,
    along: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="A direction: spot:BTC, spot:BTC,ETH=1.3 (by betas), mark:BTC-PERPETUAL (all else "
            "frozen, as venues print it), vol, basis:BTC, peg:USDC, funding, time. May be given "
            "again; without it all that may hurt an account.",
        ),
    ] = (),
    account: Annotated[str | None, Parameter(help="Only this account.")] = None,
    likeliest: Annotated[
        bool, Parameter(negative="", help="Also the likeliest breach, and the leg that causes it.")
    ] = False,
    plot: Annotated[
        Path | None, Parameter(help="Draw one account's frontier over spot and vol to this SVG.")
    ] = None,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show where each account breaks and heals: by price, vol, basis, peg, funding and time.

    By the rules of its venue, with everything else it holds. Exit status 1 where an account is
    liquidatable now or a frontier is unknown.
    """
    return act(
        "solvency frontier",
        Source(desk, data, at, seed),
        account=account,
        along=along,
        likeliest=likeliest,
        plot=plot,
        as_json=as_json,
    )
