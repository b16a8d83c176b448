"""What ``hedgerow exposure`` does: look at the desk once, ask the exposure room, print."""

from pathlib import Path
from typing import TypeAlias, TypeVar

from hedgerow.app.asked import heading_of, looked_at, opened, show, status_of, surveyed
from hedgerow.app.options import Source
from hedgerow.app.what_is_missing import remedies_of
from hedgerow.app.written import write_plot
from hedgerow.errors import DeskRejected, Failure, Outcome, OutOfDomain
from hedgerow.exposure import buckets, cross_gammas, funding, ladder, liquidity
from hedgerow.limits import Survey
from hedgerow.pricing import value
from hedgerow.reporting import (
    bucket_tables,
    builtins_of,
    cross_table,
    exposure_table,
    funding_table,
    ladder_svg,
    ladder_tables,
    liquidity_tables,
)

__all__ = [
    "show_buckets",
    "show_cross",
    "show_funding",
    "show_ladder",
    "show_liquidity",
    "show_tree",
]

_CELLS_COUNT_MAX = 2_000  # a second or more of revaluations on a large desk, and no screen shows it
T = TypeVar("T")
Moves: TypeAlias = tuple[float, ...]


def show_tree(source: Source, *, with_higher: bool, as_json: bool) -> int:
    """Print the tree."""
    state = surveyed(source)
    shown = exposure_table(state.exposures, heading=heading_of(state), with_higher=with_higher)
    show(builtins_of(state.exposures), shown, as_json=as_json)
    return status_of(state, as_json=as_json)


def show_ladder(
    source: Source,
    *,
    node: str,
    axes_pct_volpt_days: tuple[Moves, Moves, Moves],
    coin: str | None,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Print a ladder of one node, and draw it where asked to."""
    spot, vol, days = axes_pct_volpt_days
    if (count := len(spot) * len(vol) * len(days)) > _CELLS_COUNT_MAX:
        raise DeskRejected(f"a ladder of {count} cells; ask for at most {_CELLS_COUNT_MAX}")
    state = surveyed(source)
    try:
        found = ladder(
            state.book,
            state.snapshot,
            node,
            spot_moves_frac=[move / 100.0 for move in spot],
            vol_moves_volpt=vol,
            elapsed_days=days,
            coin=coin,
        )
    except OutOfDomain as bad:
        raise DeskRejected(str(bad)) from bad
    made = _answer(found, state)
    if plot is not None:
        write_plot(plot, ladder_svg(made), as_json=as_json)
    show(builtins_of(made), ladder_tables(made, heading=heading_of(state)), as_json=as_json)
    return status_of(state, as_json=as_json, asked=node)


def show_buckets(source: Source, *, node: str, as_json: bool) -> int:
    """Print the buckets of one node."""
    state = surveyed(source)
    made = _answer(buckets(state.book, state.snapshot, node), state)
    show(builtins_of(made), bucket_tables(made, heading=heading_of(state)), as_json=as_json)
    return status_of(state, as_json=as_json, asked=node)


def show_cross(source: Source, *, node: str, as_json: bool) -> int:
    """Print the cross-gammas of one node."""
    state = surveyed(source)
    made = _answer(cross_gammas(state.book, state.snapshot, node), state)
    show(builtins_of(made), cross_table(made, heading=heading_of(state)), as_json=as_json)
    return status_of(state, as_json=as_json, asked=node)


def show_funding(source: Source, *, as_json: bool) -> int:
    """Print the funding of every node."""
    desk, market, at_ns = opened(source)
    state = looked_at(desk, market, at_ns)
    made = funding(state.book, value(state.book, state.snapshot), state.snapshot)
    remedied = remedies_of(desk, market, state.snapshot)
    shown = funding_table(made, heading=heading_of(state), remedied=remedied)
    show(builtins_of(made), shown, as_json=as_json)
    return status_of(state, as_json=as_json)


def show_liquidity(source: Source, *, node: str, participation_frac: float, as_json: bool) -> int:
    """Print what every node costs to leave, and the lines of one."""
    state = surveyed(source)
    values = value(state.book, state.snapshot)
    try:
        made = liquidity(state.book, values, state.snapshot, participation_frac=participation_frac)
    except OutOfDomain as bad:
        raise DeskRejected(f"--participation: {bad}") from bad
    lines = _answer(made.row(node), state)
    shown = liquidity_tables(made, lines, heading=heading_of(state))
    show(builtins_of(made), shown, as_json=as_json)
    return status_of(state, as_json=as_json, asked=node)


def _answer(found: Outcome[T], state: Survey) -> T:
    """Refuse a node that is not there, and name some that are; or a coin that the node lacks."""
    if not isinstance(found, Failure):
        return found
    if not isinstance(state.exposures.row(found.subject), Failure):
        raise DeskRejected(found.message)
    known = [row.node for row in state.exposures.rows if row.node.count("/") <= 3]
    raise DeskRejected(f"{found.message}; there are: {', '.join(known)}")
