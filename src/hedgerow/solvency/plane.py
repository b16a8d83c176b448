"""The frontier in two directions at once: for every level of the second, all roots of the first.

Two directions enter, and levels of the second; a `Plane` leaves. Its roots are the model's of the
venue where there is one (within its bound, and to 1e-4), and its engine's where there is none.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, require
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency.directions import Direction, applied, shock_of
from hedgerow.solvency.frontier import grid, refined
from hedgerow.solvency.line import Line, Sample

__all__ = ["LEVELS", "Level", "Plane", "plane"]

# Moves of the second direction: vols from less than half to more than double.
LEVELS = (-0.6, -0.45, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)

_SIDE_COUNT = 10
_ROUNDS_COUNT_MAX = 30
_TOLERANCE = 1e-4


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One level of the second direction: roots along the first, in order.

    `is_solvent_low` says what the account is below the first root, and so between all of them.
    `unknown` says why, where a part of the search has no answer.
    """

    move_frac_or_days: float
    roots_frac_or_days: tuple[float, ...]
    is_solvent_low: bool
    unknown: str = ""


class Plane(msgspec.Struct, frozen=True, kw_only=True):
    """Where one account breaks in the plane of two directions, level by level of the second."""

    account_id: str
    rulebook: str
    time_ns: int
    first: Direction
    second: Direction
    levels: tuple[Level, ...]


def plane(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
    first: Direction,
    second: Direction,
    levels_frac_or_days: Sequence[float] = LEVELS,
) -> Outcome[Plane]:
    """Find the curve on which headroom is nothing.

    Returns
    -------
    Plane or Failure
        A failure where the account has no requirement in the present market.

    Raises
    ------
    OutOfDomain
        If the second direction is ``funding``, which moves the account and not the market.
    """
    if second.kind == "funding":
        raise OutOfDomain("the second direction of a plane moves the market; funding does not")
    present = require(account, instruments, snapshot, rulebook)
    if isinstance(present, Failure):
        return present
    found = []
    for move in levels_frac_or_days:
        market = snapshot.shocked(shock_of(second, move))

        def moved(at: float, market: Snapshot = market) -> Outcome[tuple[Account, Shock]]:
            return applied(first, first.move_at(at), account, instruments, market)

        line = Line(account, instruments, market, rulebook, moved)
        here = line.samples([0.0])[0]
        samples = refined(line.samples, here, grid(first, _SIDE_COUNT))
        found.append(_level(line, first, move, samples))
    return Plane(
        account_id=account.account_id,
        rulebook=rulebook.name,
        time_ns=snapshot.time_ns,
        first=first,
        second=second,
        levels=tuple(found),
    )


def _level(line: Line, first: Direction, move: float, samples: Sequence[Sample]) -> Level:
    known = [each for each in samples if each.failure is None]
    failures = [each.failure.message for each in samples if each.failure is not None]
    brackets = [
        (left, right)
        for left, right in pairwise(samples)
        if not (left.failure or right.failure)
        and (left.room_ccy >= 0.0) is not (right.room_ccy >= 0.0)
    ]
    return Level(
        move_frac_or_days=move,
        roots_frac_or_days=tuple(first.move_at(at) for at in _closed(line, brackets)),
        is_solvent_low=bool(known) and known[0].room_ccy >= 0.0,
        unknown=failures[0] if failures else "",
    )


def _closed(line: Line, brackets: Sequence[tuple[Sample, Sample]]) -> list[float]:
    """Close in on all roots of a level at once, by the secant with a bisection every third time."""
    roots = list(brackets)
    for turn in range(_ROUNDS_COUNT_MAX):
        wide = [
            n
            for n, (left, right) in enumerate(roots)
            if right.at_coordinate - left.at_coordinate > _TOLERANCE
        ]
        if not wide:
            break
        sampled = line.samples([_between(*roots[n], turn) for n in wide])
        for n, middle in zip(wide, sampled, strict=True):
            left, right = roots[n]
            if middle.failure is not None:
                roots[n] = (
                    left,
                    Sample(left.at_coordinate, math.nan),
                )  # no answer inside: the left end
            elif (middle.room_ccy >= 0.0) is (left.room_ccy >= 0.0):
                roots[n] = (middle, right)
            else:
                roots[n] = (left, middle)
    return [0.5 * (left.at_coordinate + right.at_coordinate) for left, right in roots]


def _between(left: Sample, right: Sample, turn: int) -> float:
    """Give the next place to look: a little beyond the secant's, so that both ends close in."""
    width = right.at_coordinate - left.at_coordinate
    share = left.room_ccy / (left.room_ccy - right.room_ccy)
    if turn % 3 == 2 or not math.isfinite(share):
        share = 0.5
    nudge = min(0.05, 0.25 * _TOLERANCE / width) * (1.0 if share < 0.5 else -1.0)
    return left.at_coordinate + width * min(max(share + nudge, 0.01), 0.99)
