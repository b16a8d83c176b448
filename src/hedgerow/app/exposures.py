"""What ``hedgerow exposure`` does: look at the desk once, ask the exposure room, print."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hedgerow.app.asked import heading_of, show, status_of, surveyed
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
    "Source",
    "moves_of",
    "show_buckets",
    "show_cross",
    "show_funding",
    "show_ladder",
    "show_liquidity",
    "show_tree",
]

_CELLS_COUNT_MAX = 2_000  # a second or more of revaluations on a large desk, and no screen shows it
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """Which desk, in which market, at what time."""

    desk: Path | None
    data: Path | None
    at: str | None
    seed: int | None

    def survey(self) -> Survey:
        """Look at it."""
        return surveyed(self.desk, self.data, self.at, self.seed)


def show_tree(source: Source, *, with_higher: bool, as_json: bool) -> int:
    """Print the tree."""
    state = source.survey()
    shown = exposure_table(state.exposures, heading=heading_of(state), with_higher=with_higher)
    show(builtins_of(state.exposures), shown, as_json=as_json)
    return status_of(state, as_json=as_json)


def show_ladder(
    source: Source,
    *,
    node: str,
    axes: tuple[str, str, str],
    coin: str | None,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Print a ladder of one node, and draw it where asked to."""
    spot, vol, days = (
        moves_of(text, option)
        for text, option in zip(axes, ("--spot", "--vol", "--days"), strict=True)
    )
    if (count := len(spot) * len(vol) * len(days)) > _CELLS_COUNT_MAX:
        raise DeskRejected(f"a ladder of {count} cells; ask for at most {_CELLS_COUNT_MAX}")
    state = source.survey()
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
        plot.write_text(ladder_svg(made), encoding="utf-8")
    show(builtins_of(made), ladder_tables(made, heading=heading_of(state)), as_json=as_json)
    return status_of(state, as_json=as_json)


def show_buckets(source: Source, *, node: str, as_json: bool) -> int:
    """Print the buckets of one node."""
    state = source.survey()
    made = _answer(buckets(state.book, state.snapshot, node), state)
    show(builtins_of(made), bucket_tables(made, heading=heading_of(state)), as_json=as_json)
    return status_of(state, as_json=as_json)


def show_cross(source: Source, *, node: str, as_json: bool) -> int:
    """Print the cross-gammas of one node."""
    state = source.survey()
    made = _answer(cross_gammas(state.book, state.snapshot, node), state)
    show(builtins_of(made), cross_table(made, heading=heading_of(state)), as_json=as_json)
    return status_of(state, as_json=as_json)


def show_funding(source: Source, *, as_json: bool) -> int:
    """Print the funding of every node."""
    state = source.survey()
    made = funding(state.book, value(state.book, state.snapshot), state.snapshot)
    show(builtins_of(made), funding_table(made, heading=heading_of(state)), as_json=as_json)
    return status_of(state, as_json=as_json)


def show_liquidity(source: Source, *, node: str, participation_frac: float, as_json: bool) -> int:
    """Print what every node costs to leave, and the lines of one."""
    state = source.survey()
    values = value(state.book, state.snapshot)
    try:
        made = liquidity(state.book, values, state.snapshot, participation_frac=participation_frac)
    except OutOfDomain as bad:
        raise DeskRejected(f"--participation: {bad}") from bad
    lines = _answer(made.row(node), state)
    shown = liquidity_tables(made, lines, heading=heading_of(state))
    show(builtins_of(made), shown, as_json=as_json)
    return status_of(state, as_json=as_json)


def moves_of(text: str, option: str) -> list[float]:
    """Read a list of numbers, in which three dots go on in the steps before them.

    >>> moves_of("-30,-20,...,30", "--spot"), moves_of("0, 2.5", "--days")
    ([-30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0], [0.0, 2.5])

    Raises
    ------
    DeskRejected
        If it is no such list.
    """
    words = [word.strip() for word in text.split(",")]
    moves: list[float] = []
    try:
        for at, word in enumerate(words):
            if word != "...":
                moves.append(float(word))
                continue
            step, end = moves[-1] - moves[-2], float(words[at + 1])
            count = round((end - moves[-1]) / step)
            if not 0 < count <= _CELLS_COUNT_MAX:
                raise ValueError("the dots lead nowhere")
            moves += [moves[-1] + step * n for n in range(1, count)]
    except (ValueError, IndexError, ZeroDivisionError, OverflowError) as bad:
        raise DeskRejected(
            f"{option} {text}: write numbers with commas between, such as -10,0,10 or "
            "-30,-20,...,30"
        ) from bad
    return list(dict.fromkeys(moves))


def _answer(found: Outcome[T], state: Survey) -> T:
    """Refuse a node that is not there, and name some that are."""
    if not isinstance(found, Failure):
        return found
    known = [row.node for row in state.exposures.rows if row.node.count("/") <= 3]
    raise DeskRejected(f"{found.message}; there are: {', '.join(known)}")
