"""Where an account breaks and heals along one direction: every root of its headroom.

An account, the market, its rulebook and a `Direction` enter; a `Frontier` leaves: roots, and what
the account is between them. Headroom is equity less maintenance requirement, both by the venue's
own engine after the move, so that tiers, close factors, e-mode, settlement windows and scans are
inside the search.

How it searches: places on a grid that is fine near the present market, and on what a grid would
step over (`places`), all at once by `margin.require_across` (the venue's model where it
has one, its engine where not or where the model is within its bound of zero). Then every stretch
without a change of sign is asked whether it could hold two roots: whether a parabola bent four
times as much as the headroom bends nearby could reach zero inside; if so it is halved, until none
could or it is 1e-4 wide in logs. Last the engine closes in on each change of sign to 2e-11. What
dips through zero and back between two places without bending the headroom at any of them is not
seen; a jump is found where it leaves the sign changed.

Where the venue's rules refuse (a table of tiers ends, a price is missing) the stretch is unknown,
with the reason: neither safe nor breached. Where answers end is found to 1e-4 in logs too, if a
root could lie before it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency.bracket import Place, closed_in
from hedgerow.solvency.frontiers.directions import applied
from hedgerow.solvency.frontiers.line import Line, Sample, guessed
from hedgerow.solvency.frontiers.places import places_of
from hedgerow.solvency.records import Direction, Frontier, Root, Stretch, StretchState
from hedgerow.units import digits_of

__all__ = ["frontier", "refined"]

_SIDE_COUNT = 14
_BEND = 4.0
_WIDTH_MIN = 1e-4
_TOLERANCE = 2e-11  # in logs: venues round to steps that are a little less
_SAMPLES_COUNT_MAX = 600


def frontier(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
    direction: Direction,
) -> Outcome[Frontier]:
    """Find every root along one direction.

    Returns
    -------
    Frontier or Failure
        A failure where the account has no requirement in the present market.
    """

    def moved(at: float) -> Outcome[tuple[Account, Shock]]:
        return applied(direction, direction.move_at(at), account, instruments, snapshot)

    line = Line(account, instruments, snapshot, rulebook, moved)
    now = line.report(0.0)
    if isinstance(now, Failure):
        return now
    line.asked_ccy[0.0] = now.headroom_ccy
    present = Sample(0.0, float(now.headroom_ccy))
    places = places_of(direction, account, instruments, snapshot, side_count=_SIDE_COUNT)
    samples = refined(line.samples, present, places)
    roots: list[Root] = []
    stretches: list[Stretch] = []
    for n, (left, right) in enumerate(pairwise(samples)):
        low, high = left.at_coordinate, right.at_coordinate
        failure = left.failure or right.failure
        if failure is not None:
            _add(stretches, direction, low, high, "unknown", failure.message)
        elif _state(left) == _state(right):
            _add(stretches, direction, low, high, _state(left))
        else:
            closed = _closed(line, samples, n)
            if isinstance(closed, Failure):
                _add(stretches, direction, low, high, "unknown", closed.message)
                continue
            solvent, breached = closed
            roots.append(
                Root(
                    move_solvent_frac_or_days=direction.move_at(solvent),
                    move_breached_frac_or_days=direction.move_at(breached),
                )
            )
            _add(stretches, direction, low, solvent, _state(left))
            _add(stretches, direction, solvent, high, _state(right))
    return Frontier(
        account_id=account.account_id,
        rulebook=rulebook.name,
        confidence=now.confidence,
        time_ns=snapshot.time_ns,
        currency=now.currency,
        direction=direction,
        headroom_ccy=now.headroom_ccy,
        roots=tuple(roots),
        stretches=tuple(stretches),
        requirements_count=line.requirements_count,
    )


def refined(
    sampled: Callable[[Sequence[float]], list[Sample]],
    present: Sample,
    places_coordinate: Sequence[float],
) -> list[Sample]:
    """Sample the places, and halve whatever could hide a root."""
    samples = sorted([present, *sampled(places_coordinate)], key=lambda each: each.at_coordinate)
    while len(samples) < _SAMPLES_COUNT_MAX:
        halves = [
            0.5 * (samples[n].at_coordinate + samples[n + 1].at_coordinate)
            for n in range(len(samples) - 1)
            if _may_hide(samples, n)
        ]
        if not halves:
            break
        samples = sorted([*samples, *sampled(halves)], key=lambda each: each.at_coordinate)
    return samples


def _may_hide(samples: Sequence[Sample], n: int) -> bool:
    """Say whether roots may lie unseen between sample n and the next.

    Two of them where both agree in sign; one where the next has no answer, up to where answers end.
    """
    left, right = samples[n], samples[n + 1]
    width = right.at_coordinate - left.at_coordinate
    if width <= _WIDTH_MIN:
        return False
    if left.failure or right.failure:
        return not (left.failure and right.failure) and _may_reach_zero(samples, n)
    if _state(left) != _state(right):
        return False
    bends = (_bend(samples, at) for at in range(n - 1, n + 3))
    bend = _BEND * max(bends)
    reach = math.sqrt(abs(left.room_ccy)) + math.sqrt(abs(right.room_ccy))
    return width * math.sqrt(0.5 * bend) > reach


def _may_reach_zero(samples: Sequence[Sample], n: int) -> bool:
    """Say whether headroom could pass zero between the last answer and the place without one.

    From there on it is taken to go on as it went, and to bend four times as much as it bends.
    """
    is_left = samples[n].failure is None
    last, before = (n, n - 1) if is_left else (n + 1, n + 2)
    if not 0 <= before < len(samples) or samples[before].failure:
        return True
    here, there = samples[last], samples[before]
    sign = 1.0 if here.room_ccy >= 0 else -1.0
    width = samples[n + 1].at_coordinate - samples[n].at_coordinate
    behind = abs(here.at_coordinate - there.at_coordinate)
    slope = sign * (here.room_ccy - there.room_ccy) / behind
    bends = (_bend(samples, at) for at in range(max(last - 3, 0), last + 4))
    bend = _BEND * max(bends)
    return sign * here.room_ccy + slope * width - 0.5 * bend * width**2 <= 0.0


def _bend(samples: Sequence[Sample], n: int) -> float:
    """Give the size of the second derivative at sample n; zero where it has no two neighbours."""
    if not 0 < n < len(samples) - 1:
        return 0.0
    before, here, after = samples[n - 1 : n + 2]
    if before.failure or here.failure or after.failure:
        return 0.0
    rise = (after.room_ccy - here.room_ccy) / (after.at_coordinate - here.at_coordinate)
    rise_before = (here.room_ccy - before.room_ccy) / (here.at_coordinate - before.at_coordinate)
    return abs(2.0 * (rise - rise_before) / (after.at_coordinate - before.at_coordinate))


def _closed(line: Line, samples: Sequence[Sample], n: int) -> Outcome[tuple[float, float]]:
    """Close in by the engine; give the last coordinate with headroom and the first without.

    Of what is smooth the places aimed at are enough. What jumps, or bends more than a cubic, is
    closed in on in the part that they leave.
    """
    left, right = (
        Place(each.at_coordinate, digits_of(each.room_ccy)) for each in samples[n : n + 2]
    )
    aims = _aims(line, samples, n)
    if isinstance(aims, Failure):
        return aims
    for at in aims:
        if left.at < at < right.at:
            room_ccy = line.room_ccy(at)
            if isinstance(room_ccy, Failure):
                return room_ccy
            if (room_ccy >= 0) is (left.room_ccy >= 0):
                left = Place(at, room_ccy)
            else:
                right = Place(at, room_ccy)
    closed = closed_in(line.room_ccy, left, right, tolerance_coordinate=_TOLERANCE)
    if isinstance(closed, Failure):
        return closed
    solvent, breached = closed if closed[0].room_ccy >= 0 else reversed(closed)
    for place, is_solvent in ((solvent, True), (breached, False)):
        # An end that is a sample still has the model's word for it.
        room_ccy = line.room_ccy(place.at)
        if isinstance(room_ccy, Failure):
            return room_ccy
        assert (room_ccy >= 0) is is_solvent, f"the model was off by more than its bound: {place}"
    return solvent.at, breached.at


def _aims(line: Line, samples: Sequence[Sample], n: int) -> Outcome[tuple[float, ...]]:
    """Give the places between which the root should lie, and those that led there.

    From the guess that the samples allow a step by its slope, from there one by the secant of the
    two, and then a little to either side. Fewer where a step leads out of the bracket.
    """
    reach = 0.4 * _TOLERANCE  # so that its two sides are nearer to each other than the tolerance
    first, slope = guessed(samples, n)
    first_ccy = line.room_ccy(first)
    if isinstance(first_ccy, Failure):
        return first_ccy
    if first_ccy == 0:
        return first, first - reach, first + reach
    second = first - float(first_ccy) / slope if slope else first
    if second == first or not samples[n].at_coordinate < second < samples[n + 1].at_coordinate:
        return (first,)
    second_ccy = line.room_ccy(second)
    if isinstance(second_ccy, Failure):
        return second_ccy
    if second_ccy == first_ccy:
        return first, second
    third = second - float(second_ccy) * (second - first) / float(second_ccy - first_ccy)
    return first, second, third - reach, third + reach


def _state(sample: Sample) -> StretchState:
    return "solvent" if sample.room_ccy >= 0.0 else "breached"


def _add(
    stretches: list[Stretch],
    direction: Direction,
    low_coordinate: float,
    high_coordinate: float,
    state: StretchState,
    reason: str = "",
) -> None:
    """Add a stretch between two coordinates, or let the last one go on."""
    move_low_frac_or_days, move_high_frac_or_days = (
        direction.move_at(low_coordinate),
        direction.move_at(high_coordinate),
    )
    last = stretches[-1] if stretches else None
    if last is not None and last.state == state:
        stretches[-1] = msgspec.structs.replace(last, move_high_frac_or_days=move_high_frac_or_days)
    elif move_high_frac_or_days > move_low_frac_or_days:
        stretches.append(
            Stretch(
                state=state,
                move_low_frac_or_days=move_low_frac_or_days,
                move_high_frac_or_days=move_high_frac_or_days,
                reason=reason,
            )
        )
