"""``hedgerow risk``: why the desk gained or lost what it did.

Only the wiring; what the commands do is in `app.profits`.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from hedgerow.app.actions import act
from hedgerow.app.backtest_flags import End, Start
from hedgerow.app.options import Data, DeskPath, Json, Seed, Source

__all__ = ["risk"]

risk = App(name="risk", help="Why the desk gained or lost what it did.")


@risk.command(name="explain")
def explain(
    desk: DeskPath = None,
    *,
    data: Data = None,
    start: Start = None,
    end: End = None,
    every: Annotated[
        str,
        Parameter(help="Length of a step, such as 6h or 1d; or chain, from option chain to chain."),
    ] = "6h",
    method: Annotated[
        Literal["taylor", "full", "both"],
        Parameter(help="By the Greeks of each step's start, by full revaluation, or both."),
    ] = "both",
    marks: Annotated[
        Literal["model", "venue"],
        Parameter(help="Whose marks of options the actual profit is by."),
    ] = "model",
    node: Annotated[
        str,
        Parameter(help="Node of the tree: desk, desk/VENUE/ACCOUNT/INSTRUMENT, or coin/COIN."),
    ] = "desk",
    plot: Annotated[Path | None, Parameter(help="Draw the lines, added up, to this SVG.")] = None,
    seed: Seed = None,
    as_json: Json = False,
) -> int:
    """Explain what the opening positions of a desk gained, held from one time to another.

    Line by line: time, funding, delta, gamma, vega, vanna, volga, basis and the rest, and what none
    of them explains. Funding is paid, what expires is delivered, nothing is traded or liquidated.
    Exit status 1 where a step is unknown, or leaves more unexplained than one per cent of its gross
    and two ticks of every position, while no coin moved by more than 5 %.
    """
    return act(
        "risk explain",
        Source(desk, data, None, seed),
        window=(start, end),
        every=every,
        method=method,
        marks=marks,
        node=node,
        plot=plot,
        as_json=as_json,
    )
