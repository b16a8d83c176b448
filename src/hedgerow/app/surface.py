"""``hedgerow surface``: the smiles of option chains, fitted, shown and checked.

Only the wiring; what the commands do is in `app.surfaces` and imported when one of them runs.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hedgerow.app.options import At, Data, DeskPath, Json, Seed

__all__ = ["surface"]

surface = App(name="surface", help="The smiles of option chains, free of arbitrage.")

Chains = Annotated[
    Path | None, Parameter(help="Folder of chain_*.parquet, read in place of a desk's market.")
]
Coin = Annotated[str | None, Parameter(help="Only this coin, such as BTC.")]
Every = Annotated[int, Parameter(help="Look at each so many-th snapshot only.")]


@surface.command(name="fit")
def fit(
    desk: DeskPath = None,
    *,
    data: Data = None,
    chains: Chains = None,
    coin: Coin = None,
    every: Every = 1,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Fit every snapshot and list what was accepted, and what was not and why."""
    from hedgerow.app.surfaces import Source, fit_all

    return fit_all(Source(desk, data, chains, coin, seed), every=every, as_json=as_json)


@surface.command(name="show")
def show(
    desk: DeskPath = None,
    *,
    data: Data = None,
    chains: Chains = None,
    coin: Coin = None,
    at: At = None,
    plot: Annotated[Path | None, Parameter(help="Write the smiles to this SVG file.")] = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show the smiles of the last chain at a time: forward, vols, parameters, errors."""
    from hedgerow.app.surfaces import Source, show_one

    source = Source(desk, data, chains, coin, seed)
    return show_one(source, at=at, plot=plot, as_json=as_json)


@surface.command(name="check")
def check(
    desk: DeskPath = None,
    *,
    data: Data = None,
    chains: Chains = None,
    coin: Coin = None,
    every: Every = 1,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Fit every snapshot and judge the whole: share accepted, error, arbitrage left.

    Exit status 1 where a figure misses its bar: 95 % accepted beyond two days, a median error of
    0.3 vol points, no arbitrage.
    """
    from hedgerow.app.surfaces import Source, check_all

    return check_all(Source(desk, data, chains, coin, seed), every=every, as_json=as_json)
