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
from hedgerow.solvency.frontiers.directions import applied
from hedgerow.solvency.frontiers.frontier import refined
from hedgerow.solvency.frontiers.line import Line, Sample, guessed
from hedgerow.solvency.frontiers.places import places_of
from hedgerow.solvency.records import Direction

__all__ = ["LEVELS", "Level", "Plane", "plane"]

# Moves of the second direction: vols from less than half to more than double.
LEVELS = (-0.6, -0.45, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)

_SIDE_COUNT = 10
_ROUNDS_COUNT_MAX = 30
_TOLERANCE = 1e-4
_REACH = 0.45 * _TOLERANCE


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
        If the second direction is ``funding``, which moves the account and not the market, or a
        level is none of its moves.
    """
    if second.kind == "funding":
        raise OutOfDomain("the second direction of a plane moves the market; funding does not")
    for move in levels_frac_or_days:
        if not second.floor <= move < math.inf:
            raise OutOfDomain(
                f"levels along {second.kind} are finite and {second.floor:g} or more, one was "
                f"{move:g}"
            )
    present = require(account, instruments, snapshot, rulebook)
    if isinstance(present, Failure):
        return present
    found = []
    for move in levels_frac_or_days:
        shifted = applied(second, move, account, instruments, snapshot)
        if isinstance(shifted, Failure):
            found.append(
                Level(
                    move_frac_or_days=move,
                    roots_frac_or_days=(),
                    is_solvent_low=False,
                    unknown=shifted.message,
                )
            )
            continue
        market = snapshot.shocked(shifted[1])

        def moved(at: float, market: Snapshot = market) -> Outcome[tuple[Account, Shock]]:
            return applied(first, first.move_at(at), account, instruments, market)

        line = Line(account, instruments, market, rulebook, moved)
        here = line.samples([0.0])[0]
        samples = refined(
            line.samples,
            here,
            places_of(first, account, instruments, market, side_count=_SIDE_COUNT),
        )
        found.append(_level(line, first, move, samples))
    return Plane(
        account_id=account.account_id,
        rulebook=rulebook.name,
        time_ns=snapshot.time_ns,
        first=first,
        second=second,
        levels=tuple(found),
    )


def _level(
    line: Line, first: Direction, move_frac_or_days: float, samples: Sequence[Sample]
) -> Level:
    known = [each for each in samples if each.failure is None]
    failures = [each.failure.message for each in samples if each.failure is not None]
    brackets = [
        ((left, right), guessed(samples, n)[0])
        for n, (left, right) in enumerate(pairwise(samples))
        if not (left.failure or right.failure) and _differ(left, right)
    ]
    roots, refused = _closed(line, [each for each, _ in brackets], [guess for _, guess in brackets])
    failures += refused
    return Level(
        move_frac_or_days=move_frac_or_days,
        roots_frac_or_days=tuple(first.move_at(at) for at in roots),
        is_solvent_low=bool(known) and known[0].room_ccy >= 0.0,
        unknown=failures[0] if failures else "",
    )


def _closed(
    line: Line, brackets: Sequence[tuple[Sample, Sample]], guesses_coordinate: Sequence[float]
) -> tuple[list[float], list[str]]:
    """Close in on all roots of a level at once: where each is guessed, looked at on both sides.

    What does not lie there is looked for in the part of the bracket that is left, in the same way.
    A root at which a question has no answer is none; the reasons are given beside the roots.
    """
    refused: dict[int, str] = {}
    roots, guesses = list(brackets), list(guesses_coordinate)
    for _ in range(_ROUNDS_COUNT_MAX):
        wide = [
            n
            for n, (left, right) in enumerate(roots)
            if _width(left, right) > _TOLERANCE and n not in refused
        ]
        if not wide:
            break
        places = [guesses[n] + side * _REACH for n in wide for side in (-1.0, 1.0)]
        sampled = line.samples(places)
        for k, n in enumerate(wide):
            inside = sampled[2 * k : 2 * k + 2]
            failure = next((each.failure for each in inside if each.failure is not None), None)
            if failure is not None:
                refused[n] = failure.message
                continue
            roots[n] = _narrowed(roots[n], inside)
            left, right = roots[n]
            share = left.room_ccy / (left.room_ccy - right.room_ccy)
            # The secant of a jump creeps along one end: never nearer to it than a tenth.
            guesses[n] = left.at_coordinate + min(max(share, 0.1), 0.9) * _width(left, right)
    middles = [0.5 * (left.at_coordinate + right.at_coordinate) for left, right in roots]
    return [at for n, at in enumerate(middles) if n not in refused], list(refused.values())


def _narrowed(root: tuple[Sample, Sample], inside: Sequence[Sample]) -> tuple[Sample, Sample]:
    """Keep the part in which the sign changes."""
    left, right = root
    for each in inside:
        if not left.at_coordinate < each.at_coordinate < right.at_coordinate:
            continue
        if _differ(left, each):
            return left, each
        left = each
    return left, right


def _differ(left: Sample, right: Sample) -> bool:
    return (left.room_ccy >= 0.0) is not (right.room_ccy >= 0.0)


def _width(left: Sample, right: Sample) -> float:
    return right.at_coordinate - left.at_coordinate
