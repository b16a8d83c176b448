"""Where an account breaks and heals along one direction: every root of its headroom.

An account, the market, its rulebook and a `Direction` enter; a `Frontier` leaves: roots, and what
the account is between them. Headroom is equity less maintenance requirement, both by the venue's
own engine after the move, so that tiers, close factors, e-mode, settlement windows and scans are
inside the search.

How it searches: places on a grid that is fine near the present market, along time also on both
sides of every expiry and beginning of a settlement, all at once by
`margin.require_across` (the venue's model where it has one, its engine where not or where the model
is within its bound of zero). Then every stretch without a change of sign is asked whether it could
hold two roots: whether a parabola bent four times as much as the headroom bends nearby could reach
zero inside; if so it is halved, until none could or it is 1e-4 wide in logs. Last the engine
closes in on each change of sign to 2e-11. What dips through zero and back between two places of the
grid without bending the headroom at any of them is not seen; a jump is found where it leaves the
sign changed.

Where the venue's rules refuse (a table of tiers ends, a price is missing) the stretch is unknown,
with the reason: neither safe nor breached.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, InverseFuture, LinearFuture, Option
from hedgerow.margin import Rulebook
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency.bracket import Place, closed_in
from hedgerow.solvency.directions import Direction, applied
from hedgerow.solvency.line import Line, Sample, guessed
from hedgerow.solvency.records import Frontier, Root, Stretch, StretchState
from hedgerow.units import DAY_NS, SECOND_NS

__all__ = ["frontier", "grid", "refined"]

_SIDE_COUNT = 14
_CROWDING = 3.0  # how much finer the grid is near home: the sinh of this over itself
_BEND = 4.0
_WIDTH_MIN = 1e-4
_TOLERANCE = 2e-11  # in logs: venues round to steps that are a little less
_SAMPLES_COUNT_MAX = 600
_ASIDE_NS = SECOND_NS


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
    places = grid(direction, _SIDE_COUNT) + _jumps(direction, account, instruments, snapshot)
    samples = refined(line.samples, present, sorted(places))
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


def _jumps(
    direction: Direction,
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
) -> list[float]:
    """Give both sides of every moment at which something held expires, or begins to settle."""
    if direction.kind != "time":
        return []
    moments_ns: set[int] = set()
    names = {each.instrument_id for each in account.positions}
    for name in names | {each.instrument_id for each in account.orders}:
        terms = instruments[name]
        if isinstance(terms, Option):
            moments_ns |= {terms.expiry_ns, terms.expiry_ns - terms.averaging_ns}
        elif isinstance(terms, LinearFuture | InverseFuture):
            moments_ns.add(terms.expiry_ns)
    latest = direction.coordinate(direction.span[1])
    sides = (
        direction.coordinate((moment_ns - snapshot.time_ns + aside_ns) / DAY_NS)
        for moment_ns in moments_ns
        for aside_ns in (-_ASIDE_NS, _ASIDE_NS)
        if moment_ns - snapshot.time_ns > _ASIDE_NS
    )
    return [at for at in sides if at < latest]


def grid(direction: Direction, side_count: int) -> list[float]:
    """Give coordinates on both sides of the present market, which is not among them."""
    places = []
    for edge in (direction.coordinate(move) for move in direction.span):
        if edge != 0.0:
            steps = (n / side_count for n in range(1, side_count + 1))
            places += [edge * math.sinh(_CROWDING * n) / math.sinh(_CROWDING) for n in steps]
    return sorted(places)


def refined(
    sampled: Callable[[Sequence[float]], list[Sample]],
    present: Sample,
    places_coordinate: Sequence[float],
) -> list[Sample]:
    """Sample the places, and halve whatever could hide a pair of roots."""
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
    """Say whether two roots may lie between sample n and the next, which agree in sign."""
    left, right = samples[n], samples[n + 1]
    width = right.at_coordinate - left.at_coordinate
    if left.failure or right.failure or _state(left) != _state(right) or width <= _WIDTH_MIN:
        return False
    bends = (_bend(samples, at) for at in range(n - 1, n + 3))
    bend = _BEND * max(bends)
    reach = math.sqrt(abs(left.room_ccy)) + math.sqrt(abs(right.room_ccy))
    return width * math.sqrt(0.5 * bend) > reach


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

    Two steps of a secant from the guess that the samples allow, then both sides of where they lead;
    what jumps, or bends more than a cubic, is closed in on from there.
    """
    left, right = (
        Place(each.at_coordinate, Decimal(repr(each.room_ccy))) for each in samples[n : n + 2]
    )
    at, slope = guessed(samples, n)
    reach = 0.4 * _TOLERANCE
    for step in range(4):
        if step >= 2:  # a little to this side of the root, then a little to the other
            at += reach if step == 2 else -2.0 * reach
        if not left.at < at < right.at:
            break
        asked = line.room_ccy(at)
        if isinstance(asked, Failure):
            return asked
        here = Place(at, asked)
        before = float(left.room_ccy), left.at
        if (asked >= 0) is (left.room_ccy >= 0):
            left = here
        else:
            right, before = here, (float(right.room_ccy), right.at)
        if step < 2:
            if step == 1 and before[1] != at:
                slope = (float(asked) - before[0]) / (at - before[1])
            if slope == 0.0:
                break
            at -= float(asked) / slope
    closed = closed_in(line.room_ccy, left, right, tolerance_coordinate=_TOLERANCE)
    if isinstance(closed, Failure):
        return closed
    solvent, breached = closed if closed[0].room_ccy >= 0 else reversed(closed)
    for place in (solvent, breached):
        room_ccy = line.room_ccy(place.at)
        if isinstance(room_ccy, Failure):
            return room_ccy
        is_solvent = place is solvent
        assert (room_ccy >= 0) is is_solvent, f"the model was off by more than its bound: {place}"
    return solvent.at, breached.at


def _state(sample: Sample) -> StretchState:
    return "solvent" if sample.room_ccy >= 0.0 else "breached"


def _add(
    stretches: list[Stretch],
    direction: Direction,
    low: float,
    high: float,
    state: StretchState,
    reason: str = "",
) -> None:
    """Add a stretch between two coordinates, or let the last one go on."""
    move_low_frac_or_days, move_high_frac_or_days = direction.move_at(low), direction.move_at(high)
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
