"""``hedgerow hedge scalp`` and ``hedge greeks``: gamma against theta, and Greeks by expiry.

Only the wiring; `app.actions` names what each command runs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from hedgerow.app.actions import act
from hedgerow.app.chain_request import ChainSource
from hedgerow.app.option_asks import ScalpAsked
from hedgerow.app.options import At, ChainAt, Data, DeskPath, Json, Seed, Source
from hedgerow.app.plan_asked import PlanAsked
from hedgerow.app.planning import DepthFactor, Horizon, Offers, OptionDepth, Ticket

__all__ = ["OPTION_STRUCTURES"]

# What is asked where no flag is given.
_SCALP: Final = ScalpAsked()


def scalp(
    desk: DeskPath = None,
    *,
    asked: ScalpAsked = _SCALP,
    chains: Annotated[
        Path | None, Parameter(help="Folder of chain_*.parquet, read in place of a desk's market.")
    ] = None,
    coin: Annotated[str, Parameter(help="Which coin's options.")] = "BTC",
    plot: Annotated[
        Path | None, Parameter(help="Draw what is expected over realised vol to this SVG file.")
    ] = None,
    data: Data = None,
    at: ChainAt = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Say what trading gamma is expected to earn against theta, and which vol breaks even.

    Of what the desk holds in a coin, or of options got into at the ask or bid of a chain. Gamma and
    vols stay what they are, the delta is hedged every --hedge-hours: assumptions, said below the
    table. Funding of that hedge is not counted, and no option may expire within --days. Exit
    status 1 where what entering costs is unknown. Sends nothing.
    """
    return act(
        "hedge scalp",
        ChainSource(desk, data, chains, coin, seed),
        at=at,
        asked=asked,
        plot=plot,
        as_json=as_json,
    )


def greeks(
    desk: DeskPath = None,
    *,
    coin: Annotated[str, Parameter(help="Which coin's Greeks.")] = "BTC",
    target: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="Where a Greek shall be, as theta=1450..1550, delta=-0.1..0.1 (coins) or "
            "gamma=-5000.. in the units of `exposure show`; of a bucket of expiries as "
            "vega@7-30d=-25..25, the buckets being 0-2d, 2-7d, 7-30d, 30-90d, over-90d. May be "
            "given again.",
        ),
    ] = (),
    offer: Offers = None,
    depth: DepthFactor = 1.0,
    option_depth: OptionDepth = None,
    horizon_days: Horizon = None,
    ticket: Ticket = 1.0,
    legs_count_max: Annotated[
        int | None,
        Parameter(
            name="--legs", help="How many trades at most; ends with 2 where none so few are found."
        ),
    ] = None,
    plot: Annotated[
        Path | None, Parameter(help="Draw vega and theta by expiry, before and after, to this SVG.")
    ] = None,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Choose the cheapest trades that bring theta, vega by expiry, gamma and delta to targets.

    Whole lots of what is held, of [[hedges]] and of --offer, each at its book, fees and funding
    counted. Without a target it shows the Greeks by expiry. Exit status 1 where targets cannot all
    be met: they are then missed by as little as can be, and named. Sends nothing.
    """
    return act(
        "hedge greeks",
        Source(desk, data, at, seed),
        coin=coin,
        targets=target,
        trading=PlanAsked(offer, depth, ticket, option_depth, horizon_days),
        legs_count_max=legs_count_max,
        plot=plot,
        as_json=as_json,
    )


OPTION_STRUCTURES: Final[Mapping[str, Callable[..., int]]] = {"scalp": scalp, "greeks": greeks}
