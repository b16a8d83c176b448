"""Reverse stress: the likeliest way to break, and the leg that does it.

Factors with deviations and correlations enter; the breach leaves that is nearest in Mahalanobis
distance, which for joint normal moves is the likeliest one. The search steps to the linearised
boundary (Hasofer, Lind, Rackwitz, Fiessler) from several starts: where the present gradient points,
and along each factor both ways. The best ray is then walked by the engine from the present market
outwards, so that no nearer breach lies on it, and closed in on.

References
----------
R. Rackwitz, B. Fiessler (1978), Structural reliability under combined random load sequences,
Computers and Structures 9. Breuer, Jandacka, Rheinberger, Summer (2009), How to find plausible,
severe and useful stress scenarios, IJCB 5.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from itertools import pairwise

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, Rulebook
from hedgerow.market import NO_SHOCK, Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.pricing import Floats
from hedgerow.solvency.bracket import Place, closed_in
from hedgerow.solvency.frontiers.directions import shock_of
from hedgerow.solvency.frontiers.line import Line, Sample
from hedgerow.solvency.records import Direction
from hedgerow.units import digits_of

__all__ = ["Blame", "FactorMove", "ReverseStress", "reverse_stress"]

_STEP = 0.02  # deviations, of the difference that a gradient is
_ROUNDS_COUNT = 12
_REACH = 12.0  # deviations: beyond it a breach is not called likely in any sense
_RAY_COUNT = 24
_TOLERANCE = 1e-6
_END_WIDTH = 1e-4  # of a ray
_LOG_MOVE_MAX = 3.0  # of one factor: to a twentieth, or twenty times
_UNLIKE_MAX = 1e-6


class FactorMove(msgspec.Struct, frozen=True, kw_only=True):
    """How far one factor goes: as its direction counts it, and in its own deviations."""

    direction: Direction
    move_frac: float
    move_deviations: float


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """What one subject adds to headroom on the way: equity less requirement, in the currency."""

    subject: str
    headroom_change_ccy: Decimal


class ReverseStress(msgspec.Struct, frozen=True, kw_only=True):
    """The likeliest breach of one account.

    `distance_deviations` is the Mahalanobis distance over `horizon_days`; None where no breach lies
    within `searched_deviations`, and then nothing moves and nobody is to blame. `blames` are worst
    first and add up to the whole change of headroom. `unknown` says why, where the venue's rules
    refused on a way that was searched: beyond it nothing is known.
    """

    account_id: str
    rulebook: str
    time_ns: int
    currency: str
    horizon_days: float
    distance_deviations: float | None
    searched_deviations: float
    moves: tuple[FactorMove, ...]
    blames: tuple[Blame, ...]
    unknown: tuple[str, ...]


def reverse_stress(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
    factors: Sequence[Direction],
    deviation_frac_per_day: Floats,
    correlation_frac: Floats,
    *,
    horizon_days: float = 1.0,
) -> Outcome[ReverseStress]:
    """Find the likeliest breach.

    Parameters
    ----------
    factors
        Relative ones; no days.
    deviation_frac_per_day
        Shape (factors,): standard deviation a day of the log of each.
    correlation_frac
        Shape (factors, factors).

    Returns
    -------
    ReverseStress or Failure
        A failure where the present market, or a market near the breach, has no requirement.

    Raises
    ------
    OutOfDomain
        If a factor counts days, or shapes or figures cannot be.
    """
    spread = _spread(factors, deviation_frac_per_day, correlation_frac, horizon_days)
    # Nearer where deviations are so wide that a market beyond would be none.
    reach = min(_REACH, _LOG_MOVE_MAX / float(np.linalg.norm(spread, axis=1).max()))

    def shocked(point: Floats) -> Shock:
        moves = zip(factors, np.expm1(spread @ point).tolist(), strict=True)
        return reduce(Shock.then, (shock_of(each, move) for each, move in moves), NO_SHOCK)

    def line(*points: Floats) -> Line:
        """Lead from the first point at 0 to the next at 1, and so on."""

        def moved(at: float) -> Outcome[tuple[Account, Shock]]:
            n = min(int(at), len(points) - 2)
            return account, shocked(points[n] + (at - n) * (points[n + 1] - points[n]))

        return Line(account, instruments, snapshot, rulebook, moved)

    home = np.zeros(len(factors))
    now = line(home, home).report(0.0)
    if isinstance(now, Failure):
        return now
    unknown: dict[str, None] = {}
    end: Outcome[Floats | None] = home
    if now.headroom_ccy >= 0:
        end = _nearest(line, len(factors), reach, unknown)
    if isinstance(end, Failure):
        return end
    moves: tuple[FactorMove, ...] = ()
    blames: tuple[Blame, ...] = ()
    if end is not None:
        then = line(home, end).report(1.0)
        if isinstance(then, Failure):
            return then
        moves, blames = _moves(factors, spread, end), _blamed(now, then)
    return ReverseStress(
        account_id=account.account_id,
        rulebook=rulebook.name,
        time_ns=snapshot.time_ns,
        currency=now.currency,
        horizon_days=horizon_days,
        distance_deviations=None if end is None else float(np.linalg.norm(end)),
        searched_deviations=reach,
        moves=moves,
        blames=blames,
        unknown=tuple(unknown),
    )


def _spread(
    factors: Sequence[Direction],
    deviation_frac_per_day: Floats,
    correlation_frac: Floats,
    horizon_days: float,
) -> Floats:
    """Give the matrix from independent unit deviations to logs of the factors."""
    count = len(factors)
    deviation_frac_per_day, correlation_frac = (
        np.asarray(deviation_frac_per_day),
        np.asarray(correlation_frac),
    )
    if any(each.is_days for each in factors) or count == 0:
        raise OutOfDomain("reverse stress goes along relative moves, and along one at least")
    if deviation_frac_per_day.shape != (count,) or correlation_frac.shape != (count, count):
        raise OutOfDomain(
            f"{count} factors need as many deviations and a square of correlations, were "
            f"{deviation_frac_per_day.shape} and {correlation_frac.shape}"
        )
    if not (np.all(deviation_frac_per_day > 0.0) and np.all(np.isfinite(deviation_frac_per_day))):
        raise OutOfDomain(f"deviations must be positive and finite, were {deviation_frac_per_day}")
    if not 0.0 < horizon_days < math.inf:
        raise OutOfDomain(f"horizon_days must be positive and finite, was {horizon_days}")
    if not np.allclose(correlation_frac, correlation_frac.T, rtol=0.0, atol=_UNLIKE_MAX):
        raise OutOfDomain(
            f"correlations must be numbers, the same both ways, were {correlation_frac}"
        )
    if not np.allclose(np.diag(correlation_frac), 1.0, rtol=0.0, atol=_UNLIKE_MAX):
        raise OutOfDomain(
            f"a factor's correlation with itself is 1, was {np.diag(correlation_frac)}"
        )
    worth, axes = np.linalg.eigh(correlation_frac)
    if worth.min() < -1e-9:
        raise OutOfDomain(f"correlations are none: an eigenvalue of {worth.min():.3g}")
    root: Floats = axes * np.sqrt(np.maximum(worth, 0.0))
    return deviation_frac_per_day[:, None] * math.sqrt(horizon_days) * root


def _nearest(
    line: Callable[..., Line], count: int, reach_deviations: float, unknown: dict[str, None]
) -> Outcome[Floats | None]:
    """Give the nearest point of the boundary in unit deviations; None where none is in reach."""
    home = np.zeros(count)
    axes = [sign * reach_deviations * axis for axis in np.eye(count) for sign in (-1.0, 1.0)]
    best: Floats | None = None
    starts = [home]
    for axis in axes:
        reached = _along(line, axis, unknown)
        if isinstance(reached, Failure):
            return reached
        if reached is not None:
            starts.append(reached)
    for start in starts:
        reached = _along(line, _stepped(line, start, reach_deviations), unknown)
        if isinstance(reached, Failure):
            return reached
        for point in (reached, start if start.any() else None):
            if point is not None and (best is None or np.linalg.norm(point) < np.linalg.norm(best)):
                best = point
    return best


def _stepped(
    line: Callable[..., Line], start_deviations: Floats, reach_deviations: float
) -> Floats:
    """Step to where the headroom, as straight as it is here, is nothing; the way it points."""
    point, count = start_deviations, len(start_deviations)
    for _ in range(_ROUNDS_COUNT):
        aside = [point + sign * _STEP * axis for axis in np.eye(count) for sign in (-1.0, 1.0)]
        asked = line(point, *aside).samples([float(n) for n in range(2 * count + 1)])
        rooms = np.array([each.room_ccy for each in asked])
        if not np.all(np.isfinite(rooms)):
            break
        slope = (rooms[2::2] - rooms[1::2]) / (2.0 * _STEP)
        steep = float(slope @ slope)
        if steep == 0.0:
            break
        wanted = slope * (float(slope @ point) - rooms[0]) / steep
        size = float(np.linalg.norm(wanted))
        wanted = wanted * min(1.0, reach_deviations / size) if size > 0.0 else wanted
        # It only has to point the way: how far the breach lies along it the engine closes in on.
        if float(np.linalg.norm(wanted - point)) < 1e-4:
            break
        # Full steps may go to and fro for ever where the boundary bends; shorter ones end alike.
        point = point + 0.7 * (wanted - point)
    size = float(np.linalg.norm(point))
    return point * (reach_deviations / size) if size > 0.0 else point


def _along(
    line: Callable[..., Line], end_deviations: Floats, unknown: dict[str, None]
) -> Outcome[Floats | None]:
    """Give the first breach on the way from the present market to a point; None without one."""
    if not end_deviations.any():
        return None
    ray = line(np.zeros(len(end_deviations)), end_deviations)
    places = [n / _RAY_COUNT for n in range(_RAY_COUNT + 1)]
    for left, right in pairwise(ray.samples(places)):
        if left.failure or right.failure:
            left, right = _where_answers_end(ray, left, right)
        failure = left.failure or right.failure
        if failure is not None:
            unknown[failure.message] = None
            return None
        if right.room_ccy < 0.0:
            near, far = (
                Place(each.at_coordinate, digits_of(each.room_ccy)) for each in (left, right)
            )
            closed = closed_in(ray.room_ccy, near, far, tolerance_coordinate=_TOLERANCE)
            return closed if isinstance(closed, Failure) else closed[1].at * end_deviations
    return None


def _where_answers_end(ray: Line, left: Sample, right: Sample) -> tuple[Sample, Sample]:
    """Close in on where a ray has no more answers, or on a breach that lies before."""
    while left.failure is None and right.at_coordinate - left.at_coordinate > _END_WIDTH:
        (middle,) = ray.samples([0.5 * (left.at_coordinate + right.at_coordinate)])
        if middle.failure is None and middle.room_ccy >= 0.0:
            left = middle
        else:
            right = middle
        if right.failure is None:
            break
    return left, right


def _moves(
    factors: Sequence[Direction], spread_log: Floats, end_deviations: Floats
) -> tuple[FactorMove, ...]:
    logs, own = spread_log @ end_deviations, np.sqrt(np.sum(spread_log * spread_log, axis=1))
    return tuple(
        FactorMove(direction=each, move_frac=math.expm1(log), move_deviations=log / deviation)
        for each, log, deviation in zip(factors, logs.tolist(), own.tolist(), strict=True)
    )


def _blamed(now: MarginReport, then: MarginReport) -> tuple[Blame, ...]:
    """Part the change of headroom by what its lines are about."""
    changes: dict[str, Decimal] = {}
    for report, sign in ((now, -1), (then, 1)):
        for lines, side in ((report.equity_lines, sign), (report.lines, -sign)):
            for each in lines:
                changes[each.subject] = (
                    changes.get(each.subject, Decimal(0)) + side * each.amount_ccy
                )
    worst = sorted(changes.items(), key=lambda item: (item[1], item[0]))
    return tuple(
        Blame(subject=name, headroom_change_ccy=change) for name, change in worst if change
    )
