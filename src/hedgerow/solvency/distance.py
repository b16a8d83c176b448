"""Distance to liquidation along the joint spot: steps outwards, then the root of the headroom.

Every coin traded or pledged moves by the same factor; dollar coins stand still.
From the present price the search steps outwards on each side until equity falls below the
requirement, then closes in. Steps are fine near home, where a root matters most, and coarse far
away; two roots inside one step (an account that breaks and heals) are seen as none.

A step is taken on the model's word where that is clear of its bound (`hedgerow.margin.model`), and
on the engine's elsewhere; whatever is returned is the engine's. Cost: the model for 24 shocks at
once, or 24 requirements where a venue has none, and about 6 requirements per root.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from math import ceil, log2

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, require, require_across
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency.coins import coins_moved
from hedgerow.solvency.records import Distance
from hedgerow.units import to_model

__all__ = ["distance"]

_DOWN = (0.97, 0.94, 0.90, 0.85, 0.80, 0.75, 0.70, 0.64, 0.57, 0.50, 0.40, 0.30)
_UP = (1.03, 1.06, 1.10, 1.15, 1.20, 1.27, 1.35, 1.50, 1.70, 2.00, 2.50, 3.00)
_TOLERANCE_FRAC = 1e-4


def distance(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
) -> Outcome[Distance]:
    """Find the nearest breach on each side.

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
        report = require(account, instruments, snapshot.shocked(moved(factor)), rulebook)
        return report if isinstance(report, Failure) else report.headroom_ccy

    now_ccy = headroom_ccy(1.0)
    if isinstance(now_ccy, Failure):
        return now_ccy
    down: Outcome[float | None] = 0.0
    up: Outcome[float | None] = 0.0
    if now_ccy >= 0:
        across = require_across(
            [msgspec.structs.replace(account, rulebook=rulebook.name)],
            instruments,
            snapshot,
            [moved(factor) for factor in (*_DOWN, *_UP)],
            {rulebook.name: rulebook},
        )
        may_break = across.is_liquidatable[0].tolist()
        down = _first_breach(headroom_ccy, zip(_DOWN, may_break, strict=False))
        up = _first_breach(headroom_ccy, zip(_UP, may_break[len(_DOWN) :], strict=True))
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
    headroom_ccy: Callable[[float], Outcome[Decimal]], steps: Iterable[tuple[float, bool]]
) -> Outcome[float | None]:
    """Step outwards to the first breach, then close in; the answer is a move, or None.

    A step comes with whether the account may break there; only the engine says that it does.
    """
    safe = 1.0
    for factor, may_break in steps:
        room_ccy = headroom_ccy(factor) if may_break else None
        if isinstance(room_ccy, Failure):
            return room_ccy
        if room_ccy is not None and room_ccy < 0:
            return _closed_in(headroom_ccy, safe, factor, room_ccy)
        safe = factor
    return None


def _closed_in(
    headroom_ccy: Callable[[float], Outcome[Decimal]],
    safe: float,
    broken: float,
    broken_ccy: Decimal,
) -> Outcome[float]:
    """Close in on the breach between two prices by the ITP method; give the move before it.

    Never more than one requirement beyond bisection's, whatever jumps the headroom makes, and
    about half of them where it is smooth.

    References
    ----------
    I. Oliveira and R. Takahashi (2020), An enhancement of the bisection method average performance
    preserving minmax optimality, ACM Transactions on Mathematical Software 47.
    """
    safe_ccy = headroom_ccy(safe)
    if isinstance(safe_ccy, Failure):
        return safe_ccy
    if safe_ccy < 0:
        # Our own bug: a model is off by more than the bound it gave.
        raise ValueError(f"headroom at {safe} is {safe_ccy}, and the model called that safe")
    # From here on the price is told by its place between the two, from 0 to 1.
    width = broken - safe
    tolerance = _TOLERANCE_FRAC * min(safe, broken) / abs(width)
    near, far = 0.0, 1.0
    near_room, far_room = to_model(safe_ccy), to_model(broken_ccy)
    left = ceil(log2(1.0 / tolerance)) + 1
    while far - near > tolerance:
        middle = 0.5 * (near + far)
        secant = (near_room * far - far_room * near) / (near_room - far_room)
        side = 1.0 if middle >= secant else -1.0
        nudge = 0.2 * (far - near) ** 2
        place = secant + side * nudge if nudge <= abs(middle - secant) else middle
        # As far from the middle as bisection could still make good in what is left, less a hair
        # for rounding.
        slack = 0.4999 * tolerance * 2.0**left - 0.5 * (far - near)
        if abs(place - middle) > slack:
            place = middle - side * slack
        room_ccy = headroom_ccy(safe + place * width)
        if isinstance(room_ccy, Failure):
            return room_ccy
        if room_ccy < 0:
            far, far_room = place, to_model(room_ccy)
        else:
            near, near_room = place, to_model(room_ccy)
        left -= 1
    return safe + near * width - 1.0
