"""``hedgerow surface``: the smiles of option chains, fitted, shown and checked.

Only the wiring; what the commands do is in `app.surfaces`.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.chain_request import ChainSource, How, Shown, Span
from hedgerow.app.options import ChainAt, Data, DeskPath, Json, Seed

__all__ = ["surface"]

surface = App(name="surface", help="The smiles of option chains, free of arbitrage.")

Chains = Annotated[
    Path | None, Parameter(help="Folder of chain_*.parquet, read in place of a desk's market.")
]
Coin = Annotated[str | None, Parameter(help="Only this coin, such as BTC.")]
Model = Annotated[
    Literal["svi", "essvi", "either"],
    Parameter(help="What is fitted; either is SVI, and eSSVI where SVI has no answer."),
]
From = Annotated[
    Literal["mark", "mid"],
    Parameter(name="--from", help="Fit the venue's marks, or the mids of its quotes."),
]
Forwards = Annotated[
    Literal["venue", "parity", "future"],
    Parameter(help="The venue's, or from calls and puts, or listed futures where there are some."),
]
Day = Annotated[
    str | None,
    Parameter(
        help="Only the chains of this day, as 2026-02-05; with a time, the last of each coin then."
    ),
]
FromTime = Annotated[str | None, Parameter(help="Only chains at this time or later.")]
ToTime = Annotated[str | None, Parameter(help="Only chains before this time.")]
Plot = Annotated[
    Path | None, Parameter(help="Write the smiles, the last of each coin, to this SVG file.")
]
Every = Annotated[int, Parameter(help="Look at each so many-th snapshot only.")]


@surface.command(name="fit")
def fit(
    desk: DeskPath = None,
    *,
    data: Data = None,
    chains: Chains = None,
    coin: Coin = None,
    at: Day = None,
    from_time: FromTime = None,
    to_time: ToTime = None,
    every: Every = 1,
    model: Model = "either",
    vols_from: From = "mark",
    forwards: Forwards = "venue",
    plot: Plot = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Fit every snapshot and list what was accepted, and what was not and why."""
    source = ChainSource(desk, data, chains, coin, seed)
    how = How(model, vols_from, forwards)
    span = Span(at, from_time, to_time)
    return act(
        "surface fit", source, how=how, span=span, every_count=every, plot=plot, as_json=as_json
    )


@surface.command(name="show")
def show(
    desk: DeskPath = None,
    *,
    data: Data = None,
    chains: Chains = None,
    coin: Coin = None,
    at: ChainAt = None,
    model: Model = "either",
    vols_from: From = "mark",
    forwards: Forwards = "venue",
    plot: Plot = None,
    deltas: Annotated[
        bool, Parameter(negative="", help="Deltas of every strike, one column for each regime.")
    ] = False,
    event: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="TIME=VARIANCE that falls on a date, in σ²T; may be given again.",
        ),
    ] = (),
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Show the smiles of the last chain at a time: forward, vols, parameters, errors.

    Deltas of minimum variance are regressed on the recording's 30 days before that time, and
    unknown where it has none.
    """
    source = ChainSource(desk, data, chains, coin, seed)
    return act(
        "surface show",
        source,
        how=How(model, vols_from, forwards),
        at=at,
        shown=Shown(plot, deltas, event),
        as_json=as_json,
    )


@surface.command(name="check")
def check(
    desk: DeskPath = None,
    *,
    data: Data = None,
    chains: Chains = None,
    coin: Coin = None,
    at: Day = None,
    from_time: FromTime = None,
    to_time: ToTime = None,
    every: Every = 1,
    model: Model = "either",
    vols_from: From = "mark",
    forwards: Forwards = "venue",
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Fit every snapshot and judge the whole: share accepted, error, arbitrage left.

    Exit status 1 where a figure misses its bar: 95 % accepted beyond two days, a median error of
    0.3 vol points, no arbitrage. With --at it also lists the arbitrage that stands in the quotes
    and marks themselves, which no fit is blamed for.
    """
    source = ChainSource(desk, data, chains, coin, seed)
    how = How(model, vols_from, forwards)
    span = Span(at, from_time, to_time)
    return act("surface check", source, how=how, span=span, every_count=every, as_json=as_json)
