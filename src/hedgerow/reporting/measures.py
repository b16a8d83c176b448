"""Use and distance of accounts, and the worst among many, with what is unknown counted."""

from collections.abc import Iterable

from hedgerow.reporting.figures import UNKNOWN, percent
from hedgerow.reporting.records import NearestDistance, WorstUse
from hedgerow.simulation import AccountFrame

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


def worst_use(accounts: Iterable[AccountFrame]) -> WorstUse:
    """The highest use of some accounts at some times; the first of equals."""
    worst: AccountFrame | None = None
    highest = -1.0
    exhausted = False
    unknown_count = 0
    for account in accounts:
        if is_exhausted(account):
            if not exhausted:
                worst, exhausted = account, True
            continue
        use = use_frac(account)
        if use is None:
            unknown_count += 1
        elif use > highest and not exhausted:
            worst, highest = account, use
    known = worst is not None and not exhausted
    return WorstUse(
        account_id=None if worst is None else worst.account_id,
        use_frac_max=highest if known else None,
        is_exhausted=exhausted,
        unknown_count=unknown_count,
    )


def nearest_distance(accounts: Iterable[AccountFrame]) -> NearestDistance:
    """The smallest move that makes one of some accounts liquidatable; the first of equals."""
    account_id: str | None = None
    nearest: float | None = None
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
        is_known=known_count > 0,
        unknown_count=unknown_count,
    )


def text_use(use: WorstUse) -> str:
    """Write a worst use with its account, such as ``perp-1 83.2 %``."""
    if use.is_exhausted:
        return f"{use.account_id}, no equity left"
    if use.use_frac_max is None:
        return UNKNOWN
    return f"{use.account_id} {percent(use.use_frac_max)}"


def text_distance(distance: NearestDistance) -> str:
    """Write a nearest distance with its account, such as ``loan -12.3 %``."""
    if not distance.is_known:
        return UNKNOWN
    if distance.distance_frac is None:
        return "none in range" if not distance.unknown_count else "none known in range"
    if distance.distance_frac == 0:
        return f"{distance.account_id}, liquidatable"
    return f"{distance.account_id} {percent(distance.distance_frac, sign=True)}"
