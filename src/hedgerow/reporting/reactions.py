"""Whether rescues arrive in time, as tables for the terminal."""

from collections.abc import Sequence
from math import expm1
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.reporting.figures import UNKNOWN, duration, percent, plain
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid
from hedgerow.solvency import DISTANCE_FRAC_MAX, Odds, RouteReaction, TransitTime

__all__ = ["ReactionRow", "reaction_tables"]

_RECORDED = "In history"
_HEAD: tuple[Column, ...] = (
    ("Route", "", False), ("Half in", "", True), ("99 % in", "", True), ("Fails", "", True),
    ("Arrives", "", True), ("± s.e.", "", True), (_RECORDED, "", True), ("Act from", "", True),
    ("Waiting", "bps", True), ("State", "", False),
)  # fmt: skip
_NOTE = (
    "Arrives: probability that a rescue started now is credited before the breach, with the error "
    "of the draws, without jumps. Act from: the distance at which that probability is the one "
    "wanted after a fall of half of the jump; nearer is too late. Waiting: loss not exceeded on "
    "the way with the probability wanted, in basis points of exposure."
)


class ReactionRow(NamedTuple):
    """One side of one account and its routes; or why its distance is unknown.

    A move of nothing is an account that is liquidatable now: it has no side and no routes. Without
    move and failure nothing within the search breaks it.
    """

    account: str
    side: str
    move_frac: float | None
    routes: Sequence[RouteReaction]
    failure: Failure | None

    @property
    def is_liquidatable(self) -> bool:
        """Whether the account breaks where it stands, so that nothing arrives before it."""
        return self.move_frac == 0.0


def reaction_tables(
    rows: Sequence[ReactionRow],
    *,
    heading: str | None,
    statement: str,
    regime: str,
    vol_frac: float,
    jump_frac: float,
) -> RenderableType:
    """One table for each side of an account, a row for each route."""
    parts = headed(heading)
    is_recorded = any(
        each.arrives_recorded or each.unrecorded_why for row in rows for each in row.routes
    )
    head = [column for column in _HEAD if is_recorded or column[0] != _RECORDED]
    whys: dict[str, None] = {}
    for row in rows:
        if row.failure is not None:
            continue
        if row.is_liquidatable:
            parts += [Text(f"{row.account}: LIQUIDATABLE NOW"), Text()]
            continue
        if row.move_frac is None:
            searched = percent(DISTANCE_FRAC_MAX, 0)
            parts += [Text(f"{row.account}: no move of up to {searched} breaks it"), Text()]
            continue
        title = f"{row.account}: breaks at a {row.side} of {percent(abs(row.move_frac))}"
        cells = [_cells(each, row.side, is_recorded=is_recorded) for each in row.routes]
        parts += [grid(title, head, cells), Text()]
        whys |= {
            f"{each.route}: {each.unrecorded_why}": None
            for each in row.routes
            if each.unrecorded_why is not None
        }
    parts += [
        note(
            f"Volatility {percent(vol_frac, 0)}, {_jump(jump_frac)}, regime {regime}. {statement}"
        ),
        note(_NOTE),
        *(note(f"In history, {why}") for why in whys),
    ]
    failures = [row.failure for row in rows if row.failure is not None]
    return Group(*parts, *troubles("Distance unknown", failures))


def _cells(each: RouteReaction, side: str, *, is_recorded: bool) -> tuple[str, ...]:
    recorded = [_recorded(each.arrives_recorded, each.unrecorded_why)] if is_recorded else []
    return (
        each.route,
        _time(each.transit[0]),
        _time(each.transit[2]),
        percent(each.fails_frac, 2),
        percent(each.arrives.arrives_frac, 2),
        percent(each.arrives.error_frac, 2),
        *recorded,
        "never" if each.trigger_log is None else percent(_move_frac(each.trigger_log, side), 2),
        "no bound" if each.waiting.value_bps is None else plain(each.waiting.value_bps, 1),
        "in time" if each.is_in_time else "TOO LATE",
    )


def _jump(jump_frac: float) -> str:
    return f"a typical jump of {percent(jump_frac)}" if jump_frac else "no jump"


def _recorded(odds: Odds | None, why: str | None) -> str:
    if odds is None:
        return "" if why is None else UNKNOWN
    return percent(odds.arrives_frac, 2)


def _move_frac(distance_log: float, side: str) -> float:
    """Give a log distance as the size of the move it is on its side."""
    return abs(expm1(-distance_log if side == "fall" else distance_log))


def _time(transit: TransitTime) -> str:
    if transit.time_s is None:
        return "never"
    return duration(transit.time_s) if transit.time_s >= 10.0 else f"{transit.time_s:.1f} s"
