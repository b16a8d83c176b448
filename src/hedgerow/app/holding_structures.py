"""``hedgerow hedge stop``, ``vol-target``, ``staked`` and ``pool``: what a holding is hedged by.

Only the wiring; `app.actions` names what each command runs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from hedgerow.app.actions import act
from hedgerow.app.chain_request import ChainSource
from hedgerow.app.holding_asks import PoolAsked, StakedAsked, StopAsked, VolTargetAsked
from hedgerow.app.options import At, ChainAt, Data, DeskPath, Json, Seed, Source

__all__ = ["HOLDING_STRUCTURES"]

# What is asked where no flag is given.
_STOP: Final = StopAsked()
_VOL_TARGET: Final = VolTargetAsked()
_STAKED: Final = StakedAsked()
_POOL: Final = PoolAsked()


def stop(
    *,
    asked: StopAsked = _STOP,
    plot: Annotated[
        Path | None, Parameter(help="Draw how profits are spread to this SVG file.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Say how likely a stop-loss is met, how far beyond its level it is left, and what rivals do.

    Paths of a price without drift are drawn at --vol, with regimes and jumps; doing nothing, the
    stop, an option at its level and closing at once are walked along the same ones.
    """
    return act("hedge stop", asked, plot=plot, as_json=as_json)


def vol_target(
    desk: DeskPath = None,
    *,
    asked: VolTargetAsked = _VOL_TARGET,
    plot: Annotated[
        Path | None, Parameter(help="Draw the chance of liquidation over size to this SVG file.")
    ] = None,
    data: Data = None,
    at: At = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Say how large to be for a vol wanted, capped where a liquidation becomes too likely.

    With --account all of its positions are scaled, and its venue's own rules say how far it is
    from breaking; else an isolated leg at --maintenance. Exit status 1 where a cap is not known,
    because the account cannot be judged at some size. Sends nothing.
    """
    return act("hedge vol-target", Source(desk, data, at, seed), asked, plot=plot, as_json=as_json)


def staked(
    *,
    asked: StakedAsked = _STAKED,
    plot: Annotated[
        Path | None, Parameter(help="Draw value and hedge over the discount to this SVG file.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Size a short perpetual against staked coins that are sold today, or redeemed after a wait.

    The perpetual does not move with the peg: what that may cost over each wait stands apart, one
    deviation of it, and what redeeming earns over selling. Unknown rates stay unknown.
    """
    return act("hedge staked", asked, plot=plot, as_json=as_json)


def pool(
    *,
    asked: PoolAsked = _POOL,
    chains: Annotated[
        Path | None, Parameter(help="Folder of chain_*.parquet: options against the gamma.")
    ] = None,
    coin: Annotated[str, Parameter(help="Which coin's options.")] = "ETH",
    at: ChainAt = None,
    plot: Annotated[
        Path | None, Parameter(help="Draw share, hedge and both over the price to this SVG file.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Hedge a pool share: a perpetual brings its delta into a band, options its gamma if wanted.

    What whoever rebalances against the pool takes at --vol stands beside what its fees earn. With
    --chains and --gamma-max the cheapest options at their asks, in whole lots, are chosen together
    with the perpetual, of each as much as is assumed below the table. Exit status 1 where those
    cannot do it.
    """
    return act(
        "hedge pool",
        asked,
        ChainSource(None, None, chains, coin, None),
        at=at,
        plot=plot,
        as_json=as_json,
    )


HOLDING_STRUCTURES: Final[Mapping[str, Callable[..., int]]] = {
    "stop": stop,
    "vol-target": vol_target,
    "staked": staked,
    "pool": pool,
}
