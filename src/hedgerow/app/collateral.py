"""``hedgerow collateral``: which transfers bring the desk back, and what capital could be freed.

Only the wiring; `app.actions` names what each command runs.
"""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number
from hedgerow.app.options import USUAL, DeskPath, Setting

__all__ = ["collateral"]

collateral = App(name="collateral", help="Which transfers bring the desk back.")


@collateral.command(name="plan")
def plan(
    desk: DeskPath = None,
    *,
    method: Annotated[
        Literal["least", "greedy"],
        Parameter(
            help="least: all accounts at once, at the least cost; greedy: one by one, along the "
            'routes in their order, as agent = "bands" does.'
        ),
    ] = "least",
    reserve: Annotated[
        float,
        number("--reserve", "reserve_usd", "Dollars that stay in accounts without a rulebook."),
    ] = 0.0,
    scenarios: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="Shocks after which no account shall be past its trigger, written as for margin "
            "stress: spot=-20%,vol=+10pt or a name. May be given again.",
        ),
    ] = (),
    within: Annotated[
        str | None,
        Parameter(
            help="How long from now transfers may take, such as 30m; what would arrive later is "
            "not sent. As long as their routes say, and longer where one waits for another."
        ),
    ] = None,
    transit_haircut: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="What part of an asset is not counted upon while it is on its way, such as "
            "BTC=2%, or BTC=auto: what it loses over its slowest route, 99 % sure, at the desk's "
            "vol and without jumps. May be given again. Of others all is.",
        ),
    ] = (),
    on_its_way: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="What was sent before and has not arrived, such as perp:USDC=5000, so that it is "
            "not sent twice. May be given again.",
        ),
    ] = (),
    earns: Annotated[
        float | None,
        number("--earns", "yield_frac_per_year", "What is posted would earn elsewhere, if not 5%."),
    ] = None,
    posted_days: Annotated[
        float | None,
        number("--posted-days", "elapsed_days", "How long what is posted stays, if not 30 days."),
    ] = None,
    setting: Setting = USUAL,
) -> int:
    """Plan the transfers that refill each account's buffer. Sends nothing."""
    return act(
        "collateral plan",
        setting.source(desk),
        method=method,
        reserve_usd=reserve,
        scenarios=scenarios,
        within=within,
        transit_haircut=transit_haircut,
        on_its_way=on_its_way,
        earns_frac_per_year=earns,
        posted_days=posted_days,
        as_json=setting.as_json,
    )


@collateral.command(name="freed")
def freed(desk: DeskPath = None, *, setting: Setting = USUAL) -> int:
    """Show the capital that moving positions, or keeping an account another way, would free."""
    return act("collateral freed", setting.source(desk), as_json=setting.as_json)
