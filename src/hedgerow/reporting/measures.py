"""Use and distance of accounts, and the worst among many, with what is unknown counted."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from hedgerow.execution import Liquidation
from hedgerow.reporting.figures import UNKNOWN, percent
from hedgerow.reporting.records import NearestDistance, WorstUse
from hedgerow.simulation import AccountFrame
from hedgerow.units import to_model

__all__ = ["is_exhausted", "nearest_distance", "text_distance", "text_use", "use_frac", "worst_use"]


def is_exhausted(account: AccountFrame) -> bool:
    """Whether a requirement stands against no equity at all."""
    equity, requirement = account.equity_ccy, account.requirement_ccy
    return equity is not None and requirement is not None and requirement > 0 >= equity


def use_frac(account: AccountFrame) -> float | None:
    """Requirement over equity; None when either is unknown, or equity is not positive."""
    equity, requirement = account.equity_ccy, account.requirement_ccy
    if equity is None or requirement is None:
        return None
    if requirement == 0:
        return 0.0
    return requirement / equity if equity > 0 else None


def worst_use(
    accounts: Iterable[AccountFrame], liquidations: Iterable[Liquidation] = ()
) -> WorstUse:
    """The highest use of some accounts at some times and liquidations; the first of equals.

    A liquidation of an account without equity is worse than the same account in a frame.
    """
    uses: list[_Use] = []
    unknown_count = 0
    for hit in liquidations:
        use = None if hit.use_frac is None else to_model(hit.use_frac)
        uses.append(_Use(hit.account_id, use, is_liquidated=True))
    for account in accounts:
        if is_exhausted(account):
            uses.append(_Use(account.account_id, None, is_liquidated=False))
        elif (use := use_frac(account)) is None:
            unknown_count += 1
        else:
            uses.append(_Use(account.account_id, use, is_liquidated=False))
    worst = max(uses, key=lambda each: each.rank, default=None)
    return WorstUse(
        account_id=None if worst is None else worst.account_id,
        use_frac_max=None if worst is None else worst.use_frac,
        is_exhausted=worst is not None and worst.use_frac is None,
        is_liquidated=worst is not None and worst.is_liquidated,
        unknown_count=unknown_count,
    )


class _Use(NamedTuple):
    """One use; None is a requirement against no equity."""

    account_id: str
    use_frac: float | None
    is_liquidated: bool

    @property
    def rank(self) -> float:
        return math.inf if self.use_frac is None else self.use_frac


def nearest_distance(
    accounts: Iterable[AccountFrame], liquidations: Iterable[Liquidation] = ()
) -> NearestDistance:
    """The smallest move that makes one of some accounts liquidatable; the first of equals.

    Zero where one of them was liquidated.
    """
    hit = min(liquidations, key=lambda each: each.time_ns, default=None)
    account_id = None if hit is None else hit.account_id
    nearest = None if hit is None else 0.0
    known_count = unknown_count = 0
    for account in accounts:
        if not account.is_distance_known:
            unknown_count += 1
            continue
        known_count += 1
        for move in (account.distance_down_frac, account.distance_up_frac):
            if move is not None and (nearest is None or abs(move) < abs(nearest)):
                account_id, nearest = account.account_id, move
    return NearestDistance(
        account_id=account_id,
        distance_frac=nearest,
        is_known=known_count > 0 or hit is not None,
        is_liquidated=hit is not None,
        unknown_count=unknown_count,
    )


def text_use(use: WorstUse) -> str:
    """Write a worst use with its account, such as ``perp-1 83.2 %``."""
    if use.is_exhausted:
        return f"{use.account_id}, {'liquidated, ' if use.is_liquidated else ''}no equity left"
    if use.use_frac_max is None:
        return UNKNOWN
    text = f"{use.account_id} {percent(use.use_frac_max)}"
    return f"{text}, liquidated" if use.is_liquidated else text


def text_distance(distance: NearestDistance) -> str:
    """Write a nearest distance with its account, such as ``loan -12.3 %``."""
    if distance.is_liquidated:
        return f"{distance.account_id}, liquidated"
    if not distance.is_known:
        return UNKNOWN
    if distance.distance_frac is None:
        return "none in range" if not distance.unknown_count else "none known in range"
    if distance.distance_frac == 0:
        return f"{distance.account_id}, liquidatable"
    return f"{distance.account_id} {percent(distance.distance_frac, sign=True)}"
