"""Distance to liquidation along the joint spot, by bracketing outwards and bisecting.

Every coin traded or pledged moves by the same factor; dollar coins stand still.
From the present price the search steps outwards on each side until equity falls below the
requirement, then bisects. Steps are fine near home, where a root matters most, and coarse far away;
two roots inside one step (an account that breaks and heals) are seen as none. Cost: about 20
requirements where nothing breaks, 13 more per root.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, require
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.solvency.coins import coins_moved
from hedgerow.solvency.records import Distance

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

    def headroom_ccy(factor: float) -> Outcome[Decimal]:
        shock = Shock(spot_factor_frac=dict.fromkeys(coins, factor))
        report = require(account, instruments, snapshot.shocked(shock), rulebook)
        return report if isinstance(report, Failure) else report.headroom_ccy

    now = headroom_ccy(1.0)
    if isinstance(now, Failure):
        return now
    if now < 0:
        down: Outcome[float | None] = 0.0
        up: Outcome[float | None] = 0.0
    else:
        down = _first_breach(headroom_ccy, _DOWN)
        up = _first_breach(headroom_ccy, _UP)
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
    headroom_ccy: Callable[[float], Outcome[Decimal]], steps: tuple[float, ...]
) -> Outcome[float | None]:
    """Step outwards to the first breach, then bisect; the answer is a move, or None."""
    safe = 1.0
    for factor in steps:
        room = headroom_ccy(factor)
        if isinstance(room, Failure):
            return room
        if room < 0:
            broken = factor
            while abs(broken - safe) > _TOLERANCE_FRAC * safe:
                middle = 0.5 * (broken + safe)
                room = headroom_ccy(middle)
                if isinstance(room, Failure):
                    return room
                safe, broken = (safe, middle) if room < 0 else (middle, broken)
            return safe - 1.0
        safe = factor
    return None
