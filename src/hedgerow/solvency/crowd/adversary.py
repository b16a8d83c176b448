"""What somebody gains who pushes the price to where others are liquidated.

A ladder of liquidations, the depth of a linear book, fees and how much of a move comes back enter;
a profit for every level leaves (`hunt_map`), with our own part of it and the size up to which no
level pays. The attacker sells until a level fires, lets the forced sales and what they set off go
through, waits for a part of the move to come back, and buys back; a rise is the mirror image.

References
----------
Methods sheet, section 18: `hunting_profit_usd` is its formula for one level. With several levels
on the way, those that fire earlier save the attacker coins and spoil the price of the rest, which
`hunt_map` counts; with one it is the same to rounding.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.solvency.crowd.cascade import LiquidationLadder, linear_impact, shock_to_reach_usd

__all__ = ["HuntMap", "HuntTerms", "hunt_map", "hunting_profit_usd", "safe_size_coin"]

Floats: TypeAlias = NDArray[np.float64]
_HAIR: Final = 1e-9


class HuntTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What an attacker meets.

    `recovery_frac` of the whole move comes back before the attacker buys back. `fee_frac` is paid
    on each side. `elsewhere_coin` is a position the attacker already has elsewhere that gains from
    the move (a short, of a fall). `bonus_frac` of what is liquidated goes to liquidators, and
    `bonus_share_frac` of that to the attacker.
    """

    depth_coin_per_usd: float
    fee_frac: float
    recovery_frac: float
    elsewhere_coin: float = 0.0
    bonus_frac: float = 0.0
    bonus_share_frac: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.depth_coin_per_usd < np.inf:
            raise OutOfDomain(f"depth must be positive and finite, was {self.depth_coin_per_usd}")
        for name in ("fee_frac", "elsewhere_coin", "bonus_frac"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise OutOfDomain(f"{name} must be finite and not negative")
        if not 0.0 <= self.recovery_frac < 1.0:
            raise OutOfDomain(f"recovery_frac must lie in [0, 1), was {self.recovery_frac}")
        if not 0.0 <= self.bonus_share_frac <= 1.0:
            raise OutOfDomain(f"bonus_share_frac must lie in [0, 1], was {self.bonus_share_frac}")


@dataclass(frozen=True, slots=True, eq=False)
class HuntMap:
    """What it takes and gives to push the price to each level. Columns are locked.

    Attributes
    ----------
    sold_coin, capital_usd
        What the attacker trades himself to set the level off, and that at the present price.
    forced_coin
        All that fires by it: nearer levels, this one, and what they bring with them.
    own_forced_coin
        Ours of that.
    rest_usd
        The price before any of it comes back. Where it is zero or less the book is used up, and
        the profit is that of a book which goes on below nothing: too much.
    safe_own_coin
        How much of ours may break at this level before pushing to it, and no further, pays: with
        the levels that so much would bring on, and all but ours at this level as they are. Zero
        where the others alone make it pay.
    """

    level_usd: Floats
    sold_coin: Floats
    capital_usd: Floats
    forced_coin: Floats
    own_forced_coin: Floats
    rest_usd: Floats
    profit_usd: Floats
    safe_own_coin: Floats

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            column = np.array(getattr(self, name), dtype=np.float64)
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @property
    def pays(self) -> NDArray[np.bool_]:
        """Which levels are worth pushing to; one that is worth nothing is not."""
        found: NDArray[np.bool_] = self.profit_usd > 0.0
        return found


def hunting_profit_usd(
    terms: HuntTerms, *, price_now_usd: float, level_usd: float, forced_coin: float
) -> float:
    """Give the profit of setting one level off, nothing else being on the way or beyond.

    ``Q [(1 - ρ) W - ρ Q] / D - 2 φ Q p + H (1 - ρ) (Q + W) / D + bonus W p_T share`` with
    ``Q = D |p - p_T|``.

    Raises
    ------
    OutOfDomain
        If a price is not positive or the size negative.
    """
    _check(price_now_usd, level_usd, forced_coin)
    D, rho, H = terms.depth_coin_per_usd, terms.recovery_frac, terms.elsewhere_coin
    Q, W = D * abs(price_now_usd - level_usd), forced_coin
    own = Q * ((1.0 - rho) * W - rho * Q) / D - 2.0 * terms.fee_frac * Q * price_now_usd
    bonus = terms.bonus_frac * terms.bonus_share_frac * W * level_usd
    return own + H * (1.0 - rho) * (Q + W) / D + bonus


def safe_size_coin(terms: HuntTerms, *, price_now_usd: float, level_usd: float) -> float:
    """Give the size at one level up to which hunting it alone does not pay.

    ``(ρ Q + 2 φ p D) / (1 - ρ)``; what the attacker has elsewhere, and a bonus, make it smaller,
    down to zero.

    Raises
    ------
    OutOfDomain
        If a price is not positive, or both are one.
    """
    _check(price_now_usd, level_usd, 0.0)
    if price_now_usd == level_usd:
        raise OutOfDomain("a level at the present price needs no push")
    none = hunting_profit_usd(
        terms, price_now_usd=price_now_usd, level_usd=level_usd, forced_coin=0.0
    )
    Q = terms.depth_coin_per_usd * abs(price_now_usd - level_usd)
    return max(0.0, -none / _gain_usd_per_coin(terms, Q, level_usd))


def hunt_map(ladder: LiquidationLadder, terms: HuntTerms) -> HuntMap:
    """Give what pushing to each level takes and gives, chains and all.

    Raises
    ------
    OutOfDomain
        As `linear_impact`.
    """
    D, rho = terms.depth_coin_per_usd, terms.recovery_frac
    pushed = shock_to_reach_usd(ladder, linear_impact(D))
    count = len(pushed)
    sign = -1.0 if ladder.side == "fall" else 1.0
    total, own = ladder.cumulative_coin, np.cumsum(ladder.own_coin)
    # The last level that fires with each: those that need no further push.
    last = np.searchsorted(pushed, pushed, side="right") - 1
    bonus = terms.bonus_frac * terms.bonus_share_frac
    worth = np.cumsum(ladder.size_coin * ladder.level_usd)
    sold, forced = D * pushed, total[last]
    # A stretch of the push is sold after what had fired before it has spoilt the price.
    steps = np.diff(pushed, prepend=0.0)
    spoilt = np.cumsum(steps * ladder.before_coin)
    fees = 2.0 * terms.fee_frac * sold * ladder.price_now_usd

    def profit(at: int | slice, all_coin: Floats, worth_usd: Floats) -> Floats:
        own_sale = sold[at]
        back = own_sale * ((1.0 - rho) * all_coin - rho * own_sale) / D - spoilt[at] - fees[at]
        elsewhere = terms.elsewhere_coin * (1.0 - rho) * (own_sale + all_coin) / D
        return np.asarray(back + elsewhere + bonus * worth_usd, dtype=np.float64)

    def safe_coin(at: int) -> float:
        """Give the least of ours that makes it pay, over all the levels it may bring on."""
        rest_coin = total[at:] - ladder.own_coin[at]
        rest_usd = worth[at:] - ladder.own_coin[at] * ladder.level_usd[at]
        gain = _gain_usd_per_coin(terms, float(sold[at]), float(ladder.level_usd[at]))
        pays_from = -profit(at, rest_coin, rest_usd) / gain
        # Level by level: what of ours the chain needs to get there, less a hair.
        way = D * (ladder.away_usd[at + 1 :] * (1.0 - _HAIR) - pushed[at])
        fires_from = np.maximum.accumulate(np.concatenate([[0.0], way - rest_coin[:-1]]))
        return max(float(np.min(np.maximum(pays_from, fires_from))), 0.0)

    return HuntMap(
        level_usd=ladder.level_usd,
        sold_coin=sold,
        capital_usd=sold * ladder.price_now_usd,
        forced_coin=forced,
        own_forced_coin=own[last],
        rest_usd=ladder.price_now_usd + sign * (sold + forced) / D,
        profit_usd=profit(slice(None), forced, worth[last]),
        safe_own_coin=np.array([safe_coin(at) for at in range(count)], dtype=np.float64),
    )


def _gain_usd_per_coin(terms: HuntTerms, sold_coin: float, level_usd: float) -> float:
    """What one coin more at a level adds to the profit; positive, since something was sold."""
    moved = (1.0 - terms.recovery_frac) * (sold_coin + terms.elsewhere_coin)
    bonus = terms.bonus_frac * terms.bonus_share_frac * level_usd
    return moved / terms.depth_coin_per_usd + bonus


def _check(price_now_usd: float, level_usd: float, forced_coin: float) -> None:
    if not (0.0 < price_now_usd < np.inf and 0.0 < level_usd < np.inf):
        raise OutOfDomain(f"prices must be positive, were {price_now_usd}, {level_usd}")
    if not 0.0 <= forced_coin < np.inf:
        raise OutOfDomain(f"forced_coin must be finite and not negative, was {forced_coin}")
