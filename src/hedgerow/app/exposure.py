"""``hedgerow exposure``: what the desk is exposed to, at every node of its tree.

Only the wiring; what the commands do is in `app.exposures`.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.amounts import number, numbers
from hedgerow.app.options import At, Data, DeskPath, Json, Seed, Source

__all__ = ["exposure"]

exposure = App(name="exposure", help="What the desk is exposed to.")

Node = Annotated[
    str, Parameter(help="Node of the tree: desk, desk/VENUE/ACCOUNT/COIN/EXPIRY, or coin/COIN.")
]


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
    return act(
        "exposure show", Source(desk, data, at, seed), with_higher=order == "3", as_json=as_json
    )


@exposure.command(name="ladder")
def ladder(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    node: Node = "desk",
    spot: Annotated[
        tuple[float, ...],
        numbers(
            "--spot",
            "spot_move_pct",
            "Moves of spot in per cent, with or without the sign: -20 is -20%. Dots fill in, as "
            "in -30,-20,...,30.",
        ),
    ] = (-30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0),
    vol: Annotated[
        tuple[float, ...],
        numbers("--vol", "vol_shift_volpt", "Moves of all vols in points: -10,0,10."),
    ] = (-10.0, 0.0, 10.0),
    days: Annotated[
        tuple[float, ...], numbers("--days", "elapsed_days", "Days gone by: 0,1,7.")
    ] = (0.0, 1.0, 7.0),
    coin: Annotated[
        str | None, Parameter(help="Only this coin moves; otherwise all but dollar coins do.")
    ] = None,
    plot: Annotated[Path | None, Parameter(help="Draw the profits to this SVG file.")] = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show what a node gains over spot, vol and time by full revaluation, and what Greeks miss."""
    return act(
        "exposure ladder",
        Source(desk, data, at, seed),
        node=node,
        axes_pct_volpt_days=(spot, vol, days),
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
    return act("exposure buckets", Source(desk, data, at, seed), node=node, as_json=as_json)


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
    return act("exposure cross", Source(desk, data, at, seed), node=node, as_json=as_json)


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
    return act("exposure funding", Source(desk, data, at, seed), as_json=as_json)


@exposure.command(name="liquidity")
def liquidity(
    desk: DeskPath = None,
    *,
    data: Data = None,
    at: At = None,
    node: Node = "desk",
    participation: Annotated[
        float,
        number(
            "--participation",
            "participation_frac",
            "Share of the traded volume that an exit takes: 0.1 or 10%.",
        ),
    ] = 0.1,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show what it costs to leave every node at once, and how long it takes."""
    return act(
        "exposure liquidity",
        Source(desk, data, at, seed),
        node=node,
        participation_frac=participation,
        as_json=as_json,
    )
