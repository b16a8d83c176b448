"""Distance to liquidation along the joint spot: steps outwards, then the root of the headroom.

Every coin traded or pledged moves by the same factor; dollar coins stand still.
From the present price the search steps outwards on each side until equity falls below the
requirement, then closes in. Steps are fine near home, where a root matters most, and coarse far
away; of an account that breaks, heals and breaks again within a step any of the roots may be found,
and one that breaks and heals within it is not seen to break. Where the venue has a model each step
is looked through in eighths first.

That a price is safe may be the model's word, where it is clear of its bound
(`hedgerow.margin.model`); that one is not, the last price before a breach, and the end of the range
where there is none, are the engine's. Cost: the model for 24 shocks at once, two requirements, and
six more per root. Where a venue has no model: 25 requirements at most, and six more per root.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, Rulebook, are_cleared, require
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency.bracket import Place, closed_in
from hedgerow.solvency.frontiers.coins import coins_moved
from hedgerow.solvency.records import Distance

__all__ = ["DISTANCE_FRAC_MAX", "distance"]

_DOWN = (0.97, 0.94, 0.90, 0.85, 0.80, 0.75, 0.70, 0.64, 0.57, 0.50, 0.40, 0.30)
_UP = (1.03, 1.06, 1.10, 1.15, 1.20, 1.27, 1.35, 1.50, 1.70, 2.00, 2.50, 3.00)
_PARTS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)
_TOLERANCE_FRAC = 1e-4

# The search ends here on its shorter side, the fall: beyond it not every breach is found.
DISTANCE_FRAC_MAX = min(1.0 - _DOWN[-1], _UP[-1] - 1.0)


class _Step(NamedTuple):
    """A factor on the price, and the headroom there; None where the model says there is some."""

    factor: float
    room_ccy: Decimal | None


def distance(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
    *,
    report: Outcome[MarginReport] | None = None,
) -> Outcome[Distance]:
    """Find a breach on each side: the nearest one, unless others lie within the same step.

    Parameters
    ----------
    report
        What the account needs as the market is, where that is known already.

    Returns
    -------
    Distance or Failure
        Moves are accurate to 1e-4 of the price, on the near side: the account is still solvent
        there.
    """
    names = {each.instrument_id for each in account.positions}
    held = [instruments[name] for name in names if name in instruments]
    coins = coins_moved(held, [account], snapshot)

    def moved(factor: float) -> Shock:
        return Shock(spot_factor_frac=dict.fromkeys(coins, factor))

    def headroom_ccy(factor: float) -> Outcome[Decimal]:
        then = require(account, instruments, snapshot.shocked(moved(factor)), rulebook)
        return then if isinstance(then, Failure) else then.headroom_ccy

    def cleared(factors: Sequence[float]) -> list[bool]:
        shocks = [moved(factor) for factor in factors]
        return are_cleared(account, instruments, snapshot, shocks, rulebook)

    if report is None:
        report = require(account, instruments, snapshot, rulebook)
    if isinstance(report, Failure):
        return report
    assert report.account_id == account.account_id, "the report of another account"
    now_ccy = report.headroom_ccy
    down: Outcome[float | None] = 0.0
    up: Outcome[float | None] = 0.0
    if now_ccy >= 0:
        now, clear = _Step(1.0, now_ccy), cleared((*_DOWN, *_UP))
        down = _first_breach(headroom_ccy, cleared, now, _DOWN, clear[: len(_DOWN)])
        up = _first_breach(headroom_ccy, cleared, now, _UP, clear[len(_DOWN) :])
    if isinstance(down, Failure):
        return down
    if isinstance(up, Failure):
        return up
    return Distance(
        account_id=account.account_id,
        time_ns=snapshot.time_ns,
        down_frac=down,
        up_frac=up,
        searched_down_frac=_DOWN[-1] - 1.0,
        searched_up_frac=_UP[-1] - 1.0,
    )


def _first_breach(
    headroom_ccy: Callable[[float], Outcome[Decimal]],
    cleared: Callable[[Sequence[float]], list[bool]],
    now: _Step,
    steps_frac: Sequence[float],
    clear: Sequence[bool],
) -> Outcome[float | None]:
    """Step outwards to the first breach, then close in; the answer is a move, or None."""
    # Safety as far as the search goes is not said on the model's word alone.
    walked = _walk(headroom_ccy, now, zip(steps_frac, (*clear[:-1], False), strict=True))
    if isinstance(walked, Failure):
        return walked
    safe, broken = walked
    if broken is None:
        return None
    width = broken.at - safe.factor
    parts = [safe.factor + part * width for part in _PARTS]
    clear = cleared(parts)
    if any(clear):
        walked = _walk(headroom_ccy, safe, zip(parts, clear, strict=True))
        if isinstance(walked, Failure):
            return walked
        safe, nearer = walked
        broken = nearer or broken
    return _closed_in(headroom_ccy, safe, broken)


def _walk(
    headroom_ccy: Callable[[float], Outcome[Decimal]],
    safe: _Step,
    steps_frac: Iterable[tuple[float, bool]],
) -> Outcome[tuple[_Step, Place | None]]:
    """Step outwards; give the last price before a breach, and the breach if there is one.

    A step comes with whether the model clears it; the engine is asked for the others.
    """
    for factor, is_clear in steps_frac:
        room_ccy = None if is_clear else headroom_ccy(factor)
        if isinstance(room_ccy, Failure):
            return room_ccy
        if room_ccy is not None and room_ccy < 0:
            return safe, Place(factor, room_ccy)
        safe = _Step(factor, room_ccy)
    return safe, None


def _closed_in(
    headroom_ccy: Callable[[float], Outcome[Decimal]], safe: _Step, broken: Place
) -> Outcome[float]:
    """Close in on the breach between two prices; give the move before it."""
    safe_ccy = headroom_ccy(safe.factor) if safe.room_ccy is None else safe.room_ccy
    if isinstance(safe_ccy, Failure):
        return safe_ccy
    assert safe_ccy >= 0, f"the model was off by more than its bound: {safe_ccy} at {safe.factor}"
    closed = closed_in(
        headroom_ccy,
        Place(safe.factor, safe_ccy),
        broken,
        tolerance_coordinate=_TOLERANCE_FRAC * min(safe.factor, broken.at),
    )
    return closed if isinstance(closed, Failure) else closed[0].at - 1.0
