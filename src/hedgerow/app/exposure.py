"""``hedgerow exposure``: what the desk is exposed to, at every node of its tree.

Only the wiring; what the commands do is in `app.exposures` and imported when one of them runs.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from hedgerow.app.options import At, Data, DeskPath, Json, Seed

__all__ = ["exposure"]

exposure = App(name="exposure", help="What the desk is exposed to.")

Node = Annotated[
    str, Parameter(help="Node of the tree: desk, desk/VENUE/ACCOUNT/COIN/EXPIRY, or coin/COIN.")
]
Moves = Parameter(allow_leading_hyphen=True)


@exposure.command(name="show")
def show(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    order: Annotated[
        Literal["2", "3"], Parameter(help="3 also shows rho and the Greeks up to third order.")
    ] = "2",
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show value and Greeks of every node: desk, venue, account, underlying, expiry, coin."""
    from hedgerow.app.exposures import Source, show_tree

    return show_tree(Source(desk, data, at, seed), with_higher=order == "3", as_json=as_json)


@exposure.command(name="ladder")
def ladder(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    node: Node = "desk",
    spot: Annotated[
        str, Moves, Parameter(help="Moves of spot in per cent; -30,-20,...,30 fills in.")
    ] = "-30,-20,...,30",
    vol: Annotated[str, Moves, Parameter(help="Moves of all vols in points.")] = "-10,0,10",
    days: Annotated[str, Parameter(help="Days gone by.")] = "0,1,7",
    coin: Annotated[
        str | None, Parameter(help="Only this coin moves; otherwise all but dollar coins do.")
    ] = None,
    plot: Annotated[Path | None, Parameter(help="Draw the profits to this SVG file.")] = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show what a node gains over spot, vol and time by full revaluation, and what Greeks miss."""
    from hedgerow.app.exposures import Source, show_ladder

    return show_ladder(
        Source(desk, data, at, seed),
        node=node,
        axes=(spot, vol, days),
        coin=coin,
        plot=plot,
        as_json=as_json,
    )


@exposure.command(name="buckets")
def buckets(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    node: Node = "desk",
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show a node's Greeks by time to expiry and by moneyness, per coin."""
    from hedgerow.app.exposures import Source, show_buckets

    return show_buckets(Source(desk, data, at, seed), node=node, as_json=as_json)


@exposure.command(name="cross")
def cross(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    node: Node = "desk",
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show how a node's delta in one coin changes when another moves by one per cent."""
    from hedgerow.app.exposures import Source, show_cross

    return show_cross(Source(desk, data, at, seed), node=node, as_json=as_json)


@exposure.command(name="funding")
def funding(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show what perpetuals pay every node per day at the rates last settled."""
    from hedgerow.app.exposures import Source, show_funding

    return show_funding(Source(desk, data, at, seed), as_json=as_json)


@exposure.command(name="liquidity")
def liquidity(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    node: Node = "desk",
    participation: Annotated[
        float, Parameter(help="Share of the traded volume that an exit takes, up to 1.")
    ] = 0.1,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show what it costs to leave every node at once, and how long it takes."""
    from hedgerow.app.exposures import Source, show_liquidity

    return show_liquidity(
        Source(desk, data, at, seed), node=node, participation_frac=participation, as_json=as_json
    )
