"""What forced sales set off: a ladder of liquidations against the depth of a book.

Columns of accounts enter (`ladder_of`); a `LiquidationLadder` leaves, nearest level first, with our
own part of each level. A shock and an impact (how far so many coins move the price) enter
`cascade`; the price at which it comes to rest leaves: the nearest one, found by letting levels fire
in waves. `critical_shocks` says from which shock on a level that fires brings the next with it.

A ladder is one-sided: longs that break as the price falls, or shorts that break as it rises. The
book does not refill while it lasts, levels fire whole, and what they bring arrives at once.

References
----------
Methods sheet, section 17.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.solvency.records import Side

__all__ = [
    "Cascade",
    "CriticalShock",
    "Impact",
    "LiquidationLadder",
    "book_impact",
    "cascade",
    "critical_shocks",
    "ladder_of",
    "linear_impact",
    "reproduction_numbers",
    "shock_to_reach_usd",
]

Floats: TypeAlias = NDArray[np.float64]
# How far so many coins, sold or bought at once, move the price, in dollars.
Impact: TypeAlias = Callable[[float], float]

# A price this near to a level has reached it: against ourselves, and against rounding.
_HAIR: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class LiquidationLadder:
    """Levels at which accounts are liquidated, the nearest first. Columns are copied and locked.

    Attributes
    ----------
    size_coin, own_coin
        What is sold (of a fall) or bought (of a rise) at each level, and our part of it.
    broken_coin, own_broken_coin
        What could be liquidated already at the present price, and is left out; our part of it.

    Raises
    ------
    OutOfDomain
        If columns differ in length, a level is on the wrong side or out of order, a size is not
        positive, what is left out is negative, or more is ours than there is.
    """

    side: Side
    price_now_usd: float
    level_usd: Floats
    size_coin: Floats
    own_coin: Floats
    broken_coin: float = 0.0
    own_broken_coin: float = 0.0

    def __post_init__(self) -> None:
        columns = {}
        for name in ("level_usd", "size_coin", "own_coin"):
            column = np.array(getattr(self, name), dtype=np.float64)
            columns[name] = column
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        shape = columns["level_usd"].shape
        if len(shape) != 1 or any(each.shape != shape for each in columns.values()):
            raise OutOfDomain("a ladder has three columns of one length")
        if not 0.0 < self.price_now_usd < np.inf:
            raise OutOfDomain(f"price_now_usd must be positive, was {self.price_now_usd}")
        if not all(np.isfinite(each).all() for each in columns.values()):
            raise OutOfDomain("levels and sizes must be finite")
        if (columns["level_usd"] <= 0.0).any() or (columns["size_coin"] <= 0.0).any():
            raise OutOfDomain("levels and sizes must be positive")
        if (columns["own_coin"] < 0.0).any() or (columns["own_coin"] > columns["size_coin"]).any():
            raise OutOfDomain("our part of a level lies between nothing and all of it")
        if not 0.0 <= self.own_broken_coin <= self.broken_coin < np.inf:
            raise OutOfDomain("our part of what is broken lies between nothing and all of it")
        away = self.away_usd
        if (away <= 0.0).any() or (np.diff(away) <= 0.0).any():
            raise OutOfDomain(f"levels of a {self.side} lie on its side, the nearest first")

    @property
    def away_usd(self) -> Floats:
        """How far each level is from the present price, positive."""
        sign = -1.0 if self.side == "fall" else 1.0
        away: Floats = sign * (self.level_usd - self.price_now_usd)
        return away

    @property
    def cumulative_coin(self) -> Floats:
        """What has fired once each level has."""
        return np.cumsum(self.size_coin)

    @property
    def before_coin(self) -> Floats:
        """What fires before each level, all of it nearer."""
        return self.cumulative_coin - self.size_coin

    @property
    def own_share_frac(self) -> Floats:
        """Our part of each level."""
        share: Floats = self.own_coin / self.size_coin
        return share


class Cascade(msgspec.Struct, frozen=True, kw_only=True):
    """Where the price comes to rest after a shock.

    `price_usd` is None where the book given is used up: no price is known then.
    `amplification_frac` is the whole move over the shock.
    """

    shock_frac: float
    price_usd: float | None
    forced_coin: float
    own_forced_coin: float
    levels_count: int
    waves_count: int
    amplification_frac: float | None


class CriticalShock(msgspec.Struct, frozen=True, kw_only=True):
    """A shock at which levels fire in a chain: `levels_count` of them, at least two.

    `shock_frac` has the sign of the side; `jump_frac` is how far the price drops or rises by the
    chain alone, of the present price; None where the book is used up by it.
    """

    shock_frac: float
    levels_count: int
    forced_coin: float
    jump_frac: float | None


def ladder_of(
    side: Side,
    price_now_usd: float,
    level_usd: Sequence[float] | Floats,
    size_coin: Sequence[float] | Floats,
    is_own: Sequence[bool] | NDArray[np.bool_],
    *,
    cluster_frac: float = 0.0,
) -> LiquidationLadder:
    """Build a ladder from accounts: one row each, in any order.

    Parameters
    ----------
    size_coin
        What is forced when the account breaks, positive.
    cluster_frac
        Levels within this part of the present price from the nearest of them are one, at the
        nearest: they fire together.

    Raises
    ------
    OutOfDomain
        As `LiquidationLadder`, also of an account in a cluster or past its level; or if
        `cluster_frac` is negative or not finite.
    """
    levels = np.asarray(level_usd, dtype=np.float64)
    sizes = np.asarray(size_coin, dtype=np.float64)
    own = np.where(np.asarray(is_own, dtype=np.bool_), sizes, 0.0)
    if levels.ndim != 1 or levels.shape != sizes.shape or own.shape != sizes.shape:
        raise OutOfDomain("accounts have a level, a size and an owner each")
    if not (np.isfinite(levels).all() and np.isfinite(sizes).all()):
        raise OutOfDomain("levels and sizes must be finite; leave accounts without one out")
    if (levels <= 0.0).any() or (sizes <= 0.0).any():
        raise OutOfDomain("levels and sizes must be positive, of every account")
    if not 0.0 <= cluster_frac < np.inf:
        raise OutOfDomain(f"cluster_frac must be finite and not negative, was {cluster_frac}")
    away = (price_now_usd - levels) if side == "fall" else (levels - price_now_usd)
    broken = away <= 0.0
    order = np.argsort(away, kind="stable")
    order = order[away[order] > 0.0]
    width, first, groups = cluster_frac * price_now_usd, -np.inf, []
    for i in order:
        if away[i] > first + width:
            first = away[i]
        groups.append(first)
    merged = [
        (levels[order[members[0]]], sizes[order[members]].sum(), own[order[members]].sum())
        for _, found in groupby(range(len(groups)), key=lambda at: groups[at])
        if (members := list(found))
    ]
    columns = np.array(merged, dtype=np.float64).reshape(-1, 3)
    # Sums of parts may exceed their whole by a rounding.
    return LiquidationLadder(
        side,
        price_now_usd,
        columns[:, 0],
        columns[:, 1],
        np.minimum(columns[:, 2], columns[:, 1]),
        float(np.sum(sizes[broken])),
        min(float(np.sum(own[broken])), float(np.sum(sizes[broken]))),
    )


def linear_impact(depth_coin_per_usd: float) -> Impact:
    """Give the impact of a book as deep everywhere.

    Raises
    ------
    OutOfDomain
        If the depth is not positive and finite.
    """
    if not 0.0 < depth_coin_per_usd < np.inf:
        raise OutOfDomain(f"depth must be positive and finite, was {depth_coin_per_usd}")
    return lambda quantity: quantity / depth_coin_per_usd


def book_impact(away_usd: Sequence[float], size_coin: Sequence[float]) -> Impact:
    """Give the impact of a recorded book: the price of the last order that is touched.

    Parameters
    ----------
    away_usd, size_coin
        One row an order or price, the nearest first: its distance from the present price, and what
        rests there. Beyond the last one the impact is infinite: nothing is known to rest there.

    Raises
    ------
    OutOfDomain
        If columns differ, distances fall or are negative, or a size is not positive.
    """
    away, sizes = np.array(away_usd, dtype=np.float64), np.array(size_coin, dtype=np.float64)
    if away.ndim != 1 or away.shape != sizes.shape or not len(away):
        raise OutOfDomain("a book has two columns of one length, and a row")
    if not ((np.diff(away) >= 0.0).all() and away[0] >= 0.0 and (sizes > 0.0).all()):
        raise OutOfDomain("a book lists positive sizes, the nearest first")
    if not (np.isfinite(away).all() and np.isfinite(sizes).all()):
        raise OutOfDomain("a book's numbers must be finite")
    rests = np.cumsum(sizes)

    def moved(quantity_coin: float) -> float:
        if quantity_coin <= 0.0:
            return 0.0
        at = int(np.searchsorted(rests, quantity_coin * (1.0 - _HAIR)))
        return float(away[at]) if at < len(away) else float("inf")

    return moved


def cascade(ladder: LiquidationLadder, shock_frac: float, impact: Impact) -> Cascade:
    """Let levels fire in waves until the price comes to rest: the nearest fixed point.

    Parameters
    ----------
    shock_frac
        Negative for a ladder of a fall, positive for one of a rise; zero is none.

    Raises
    ------
    OutOfDomain
        If the shock goes the other way, or takes all of the price.
    """
    sign = -1.0 if ladder.side == "fall" else 1.0
    if not (-1.0 < shock_frac < np.inf) or sign * shock_frac < 0.0:
        raise OutOfDomain(f"a shock of {shock_frac:+g} is none for a ladder of a {ladder.side}")
    start = abs(shock_frac) * ladder.price_now_usd
    away, total = ladder.away_usd, ladder.cumulative_coin
    fired, waves, moved = 0, 0, start
    while True:
        # What is reached never falls back: the impact only grows.
        reached = int(np.searchsorted(away, moved * (1.0 + _HAIR), side="right"))
        if reached <= fired:
            break
        fired, waves = reached, waves + 1
        moved = start + impact(float(total[fired - 1]))
    is_known = np.isfinite(moved) and (ladder.side == "rise" or moved < ladder.price_now_usd)
    return Cascade(
        shock_frac=shock_frac,
        price_usd=float(ladder.price_now_usd + sign * moved) if is_known else None,
        forced_coin=float(total[fired - 1]) if fired else 0.0,
        own_forced_coin=float(ladder.own_coin[:fired].sum()),
        levels_count=fired,
        waves_count=waves,
        amplification_frac=float(moved / start) if is_known and start > 0.0 else None,
    )


def shock_to_reach_usd(ladder: LiquidationLadder, impact: Impact) -> Floats:
    """Give how far something else must move the price for each level to fire; never falls.

    The levels before it help with their impact, and what is reached by them alone needs no more
    than they did.
    """
    needed, far = [], 0.0
    for away, before in zip(ladder.away_usd, ladder.before_coin, strict=True):
        alone = float(away) - (impact(float(before)) if before > 0.0 else 0.0)
        # What a rounding would set apart fires together.
        far = alone if alone > far * (1.0 + _HAIR) else far
        needed.append(far)
    return np.array(needed, dtype=np.float64)


def reproduction_numbers(ladder: LiquidationLadder, impact: Impact) -> tuple[float | None, ...]:
    """Give for each level how far its firing moves the price, over the way to the next level.

    From one on a level brings the next with it. None for the last one, and infinite where the book
    is used up. It is ``W'(p) I'(q)`` of a ladder with levels.
    """
    after = [impact(float(coin)) for coin in ladder.cumulative_coin]
    before = [0.0, *after[:-1]]
    away = ladder.away_usd
    found: list[float | None] = [
        float("inf")
        if np.isinf(after[k])
        else (after[k] - before[k]) / float(away[k + 1] - away[k])
        for k in range(len(away) - 1)
    ]
    return (*found, None) if len(away) else ()


def critical_shocks(
    ladder: LiquidationLadder, impact: Impact
) -> tuple[CriticalShock, CriticalShock] | None:
    """Give the smallest shock that sets off a chain, and the one whose chain is largest.

    None where no level ever brings another with it.
    """
    needed = shock_to_reach_usd(ladder, impact)
    sign = -1.0 if ladder.side == "fall" else 1.0
    chains = []
    for shock_usd, found in groupby(range(len(needed)), key=lambda at: float(needed[at])):
        members = list(found)
        if len(members) < 2:
            continue
        before = float(ladder.before_coin[members[0]])
        after = float(ladder.cumulative_coin[members[-1]])
        jump = impact(after) - (impact(before) if before > 0.0 else 0.0)
        is_known = np.isfinite(jump) and (
            ladder.side == "rise" or shock_usd + impact(after) < ladder.price_now_usd
        )
        chains.append(
            CriticalShock(
                shock_frac=sign * shock_usd / ladder.price_now_usd,
                levels_count=len(members),
                forced_coin=after - before,
                jump_frac=jump / ladder.price_now_usd if is_known else None,
            )
        )
    if not chains:
        return None
    return chains[0], max(chains, key=lambda each: each.forced_coin)
