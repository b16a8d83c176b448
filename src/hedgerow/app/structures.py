"""``hedgerow hedge structure`` and ``hedge carry``: the cheapest floor, and what a carry pays.

Only the wiring; `app.actions` names what each command runs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from hedgerow.app.actions import act
from hedgerow.app.chain_request import ChainSource
from hedgerow.app.options import ChainAt, Data, DeskPath, Json, Seed
from hedgerow.app.structure_request import CarryAsked, FloorAsked

__all__ = ["STRUCTURES"]

# What is asked where no flag is given.
_FLOOR: Final = FloorAsked()
_CARRY: Final = CarryAsked()


def structure(
    desk: DeskPath = None,
    *,
    asked: FloorAsked = _FLOOR,
    chains: Annotated[
        Path | None,
        Parameter(
            help="Folder of chain_*.parquet, read in place of a desk's market. The embedded desk "
            "quotes marks and no asks: a floor needs this there."
        ),
    ] = None,
    coin: Annotated[str, Parameter(help="Which coin's options.")] = "BTC",
    plot: Annotated[
        Path | None, Parameter(help="Draw what it is all worth at the horizon to this SVG file.")
    ] = None,
    data: Data = None,
    at: ChainAt = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Find the cheapest floor under a position that the options listed can make. Sends nothing.

    Puts bought at the ask (calls under a short), in whole lots; with --give-away a collar. At every
    spot from --low to --high position and options are worth the floor at least, what they cost
    taken off; each is revalued to confirm it. Beside the cost stands what no floor can undercut.
    Exit status 1 where a floor is out of reach: the highest that is not is then named.
    """
    return act(
        "hedge structure",
        ChainSource(desk, data, chains, coin, seed),
        at=at,
        asked=asked,
        plot=plot,
        as_json=as_json,
    )


def carry(
    *,
    asked: CarryAsked = _CARRY,
    plot: Annotated[
        Path | None, Parameter(help="Draw what each holding of the past paid to this SVG file.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Say what long spot and short future pay, and what may go wrong: a dated one, or a perpetual.

    A perpetual's past is drawn in blocks as long as its funding remembers itself. The short leg is
    isolated: its liquidation before money from elsewhere arrives is a closed form. What is not
    known for want of a vol, marks or spots is said to be so.
    """
    return act("hedge carry", asked, plot=plot, as_json=as_json)


STRUCTURES: Final[Mapping[str, Callable[..., int]]] = {"structure": structure, "carry": carry}
