"""Who is closed when a venue cannot pay its winners, and what is left of a hedge then.

Columns of the accounts on the side that gains enter (`Winners`); scores, the queue, what each
account is closed by, haircuts and, for an account that hedges, the delta that stands alone
afterwards leave. Amounts to be absorbed are drawn elsewhere: here nothing is.

Two rules are known of venues: profit times leverage for those who gain and profit over leverage for
those who lose (Binance's documentation; not verified against its engine), and Hyperliquid's index
of mark over entry times leverage (its page of 2026-08-22 prints it for longs; for shorts entry over
mark is assumed, as in `hedgerow.margin.rules.hyperliquid`). Pro rata is what a venue could do
instead. A venue may also choose otherwise: where the rule is not known the rank is not known.

References
----------
Methods sheet, section 21.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain

__all__ = [
    "Haircuts",
    "HedgeLeft",
    "QueueRank",
    "QueueRule",
    "Winners",
    "closed_coin",
    "gini_frac",
    "haircuts_pro_rata",
    "haircuts_queued",
    "hedge_left",
    "left_to_absorb_coin",
    "queue",
    "queue_rank",
    "queue_scores",
]

Floats: TypeAlias = NDArray[np.float64]
QueueRule: TypeAlias = Literal["profit_by_leverage", "mark_over_entry"]


@dataclass(frozen=True, slots=True, eq=False)
class Winners:
    """Accounts on one side of one contract; row i of every column is one. Columns are locked.

    Raises
    ------
    OutOfDomain
        If columns differ in length, or a number is not positive and finite.
    """

    is_long: bool
    price_mark_usd: float
    price_entry_usd: Floats
    size_coin: Floats
    account_value_usd: Floats

    def __post_init__(self) -> None:
        shape = np.shape(self.size_coin)
        for name in ("price_entry_usd", "size_coin", "account_value_usd"):
            column = np.array(getattr(self, name), dtype=np.float64)
            if len(shape) != 1 or column.shape != shape:
                raise OutOfDomain(f"columns of one length are needed, {name} is {column.shape}")
            if not (np.isfinite(column).all() and (column > 0.0).all()):
                raise OutOfDomain(f"{name} must be positive and finite; leave other accounts out")
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        if not 0.0 < self.price_mark_usd < np.inf:
            raise OutOfDomain(f"price_mark_usd must be positive, was {self.price_mark_usd}")

    @property
    def profit_frac(self) -> Floats:
        """Profit over the notional at entry."""
        sign = 1.0 if self.is_long else -1.0
        gain: Floats = sign * (self.price_mark_usd / self.price_entry_usd - 1.0)
        return gain

    @property
    def leverage_frac(self) -> Floats:
        """Notional at the mark over what the account is worth."""
        leverage: Floats = self.size_coin * self.price_mark_usd / self.account_value_usd
        return leverage


class QueueRank(msgspec.Struct, frozen=True, kw_only=True):
    """Where an account stands: how many, and how many coins, are closed before it."""

    rank_index: int
    accounts_count: int
    before_coin: float
    size_coin: float


class Haircuts(msgspec.Struct, frozen=True, kw_only=True):
    """What each winner loses, in the order of the columns, and what nobody is left to pay.

    `overshoot_frac` is all that is taken over the deficit: one is exact. None without a deficit.
    """

    haircut_usd: tuple[float, ...]
    uncovered_usd: float
    overshoot_frac: float | None
    gini_frac: float


class HedgeLeft(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a hedge, over draws of what must be absorbed.

    `taken_frac` is the probability that any of the leg is taken, `whole_frac` that all of it is.
    `delta_left_coin` is the mean of the two legs together afterwards: signed as the other leg where
    that is the larger, the other way while the leg in the queue still is. `delta_left_coin_max` is
    its level-quantile by size. Errors are those of the draws.
    """

    taken_frac: float
    taken_error_frac: float
    whole_frac: float
    whole_error_frac: float
    delta_left_coin: float
    delta_left_error_coin: float
    level_frac: float
    delta_left_coin_max: float
    draws_count: int


def queue_scores(winners: Winners, rule: QueueRule) -> Floats:
    """Score each account; the highest is closed first."""
    leverage = winners.leverage_frac
    if rule == "mark_over_entry":
        ratio = winners.price_mark_usd / winners.price_entry_usd
        index: Floats = (ratio if winners.is_long else 1.0 / ratio) * leverage
        return index
    profit = winners.profit_frac
    return np.where(profit > 0.0, profit * leverage, profit / leverage)


def queue(winners: Winners, rule: QueueRule) -> NDArray[np.int64]:
    """Give the rows in the order in which they are closed; equals as they came."""
    return np.argsort(-queue_scores(winners, rule), kind="stable")


def queue_rank(winners: Winners, rule: QueueRule, row_index: int) -> QueueRank:
    """Say where one row stands; first among its equals, for nobody says who of them is.

    Raises
    ------
    OutOfDomain
        If there is no such row.
    """
    count = len(winners.size_coin)
    if not 0 <= row_index < count:
        raise OutOfDomain(f"no account {row_index} among {count}")
    scores = queue_scores(winners, rule)
    ahead = scores > scores[row_index]
    return QueueRank(
        rank_index=int(ahead.sum()),
        accounts_count=count,
        before_coin=float(winners.size_coin[ahead].sum()),
        size_coin=float(winners.size_coin[row_index]),
    )


def left_to_absorb_coin(bankrupt_coin: Floats, gap_usd_per_coin: Floats, fund_usd: float) -> Floats:
    """Give what the winners must take over once a fund has paid as far as it goes.

    Parameters
    ----------
    bankrupt_coin, gap_usd_per_coin
        One row a draw: positions that nobody bought, and how far the mark is beyond their
        bankruptcy price: what each of their coins costs the fund.

    Raises
    ------
    OutOfDomain
        If a number is negative or not finite.
    """
    coins = np.asarray(bankrupt_coin, dtype=np.float64)
    gap = np.asarray(gap_usd_per_coin, dtype=np.float64)
    if not (np.isfinite(coins).all() and np.isfinite(gap).all() and 0.0 <= fund_usd < np.inf):
        raise OutOfDomain("positions, gaps and the fund must be finite, the fund not negative")
    if coins.shape != gap.shape or (coins < 0.0).any() or (gap < 0.0).any():
        raise OutOfDomain("positions and gaps come in pairs that are not negative")
    # Without a gap the fund takes over at no cost: nobody need be closed.
    paid = np.divide(fund_usd, gap, out=np.full_like(gap, np.inf), where=gap > 0.0)
    return np.maximum(coins - paid, 0.0)


def closed_coin(winners: Winners, rule: QueueRule, absorb_coin: float) -> Floats:
    """Close accounts from the head of the queue until so many coins are taken over.

    Returns
    -------
    ndarray, shape (accounts,)
        In the order of the columns; all of everyone where there is more to absorb than they hold.

    Raises
    ------
    OutOfDomain
        If the amount is negative or not finite.
    """
    if not 0.0 <= absorb_coin < np.inf:
        raise OutOfDomain(f"absorb_coin must be finite and not negative, was {absorb_coin}")
    order = queue(winners, rule)
    sizes = winners.size_coin[order]
    before = np.cumsum(sizes) - sizes
    closed = np.empty_like(sizes)
    closed[order] = np.clip(absorb_coin - before, 0.0, sizes)
    return closed


def haircuts_queued(
    winners: Winners, rule: QueueRule, absorb_coin: float, gap_usd_per_coin: float
) -> Haircuts:
    """Give what the queue costs each winner: closed at the bankruptcy price, `gap` from the mark.

    Raises
    ------
    OutOfDomain
        As `closed_coin`, or if the gap is negative.
    """
    if not 0.0 <= gap_usd_per_coin < np.inf:
        raise OutOfDomain(f"the gap must be finite and not negative, was {gap_usd_per_coin}")
    lost = closed_coin(winners, rule, absorb_coin) * gap_usd_per_coin
    return _haircuts(lost, absorb_coin * gap_usd_per_coin)


def haircuts_pro_rata(profit_usd: Floats, deficit_usd: float) -> Haircuts:
    """Share a deficit among those who gain, by their profit; nobody loses more than it.

    Raises
    ------
    OutOfDomain
        If a profit is not finite, or the deficit negative.
    """
    gains = np.maximum(np.asarray(profit_usd, dtype=np.float64), 0.0)
    if gains.ndim != 1 or not np.isfinite(np.asarray(profit_usd)).all():
        raise OutOfDomain("profits must be finite, one row an account")
    if not 0.0 <= deficit_usd < np.inf:
        raise OutOfDomain(f"deficit_usd must be finite and not negative, was {deficit_usd}")
    whole = float(gains.sum())
    share = min(1.0, deficit_usd / whole) if whole > 0.0 else 0.0
    return _haircuts(share * gains, deficit_usd)


def gini_frac(values: Floats) -> float:
    """Give how unequal amounts are: 0 where all are the same, near 1 where one has all.

    Raises
    ------
    OutOfDomain
        If there is none, or one is negative or not finite.
    """
    amounts = np.sort(np.asarray(values, dtype=np.float64))
    if amounts.ndim != 1 or not len(amounts):
        raise OutOfDomain("nothing has no inequality")
    if not np.isfinite(amounts).all() or amounts[0] < 0.0:
        raise OutOfDomain("amounts must be finite and not negative")
    total, count = float(amounts.sum()), len(amounts)
    if total == 0.0:
        return 0.0
    ranks = np.arange(1, count + 1)
    return float(2.0 * (ranks * amounts).sum() / (count * total) - (count + 1) / count)


def hedge_left(
    rank: QueueRank, absorb_coin: Floats, *, other_leg_coin: float, level_frac: float = 0.99
) -> HedgeLeft:
    """Say what is left of a hedge whose leg stands in the queue.

    Parameters
    ----------
    absorb_coin
        Draws of what the winners must take over, not negative; zero where none need be.
    other_leg_coin
        The leg elsewhere, signed; the leg in the queue is of the other sign, and of any size.

    Raises
    ------
    OutOfDomain
        If there is no draw, one is negative or not finite, there is no other leg, or the level is
        not in (0, 1).
    """
    draws = np.asarray(absorb_coin, dtype=np.float64)
    if draws.ndim != 1 or not len(draws) or not (np.isfinite(draws) & (draws >= 0.0)).all():
        raise OutOfDomain("absorb_coin needs draws, finite and not negative")
    if not 0.0 < level_frac < 1.0 or not np.isfinite(other_leg_coin) or other_leg_coin == 0.0:
        raise OutOfDomain("the level lies in (0, 1), and the other leg is finite and not nothing")
    closed = np.clip(draws - rank.before_coin, 0.0, rank.size_coin)
    # What was open before is open still: legs need not be of one size.
    left = other_leg_coin - np.sign(other_leg_coin) * (rank.size_coin - closed)
    by_size = np.argsort(np.abs(left), kind="stable")
    count = len(draws)
    taken, whole = float(np.mean(closed > 0.0)), float(np.mean(closed >= rank.size_coin))
    return HedgeLeft(
        taken_frac=taken,
        taken_error_frac=sqrt(taken * (1.0 - taken) / count),
        whole_frac=whole,
        whole_error_frac=sqrt(whole * (1.0 - whole) / count),
        delta_left_coin=float(np.mean(left)),
        delta_left_error_coin=float(np.std(left)) / sqrt(count),
        level_frac=level_frac,
        # Less a hair, so that 0.9 of 10 draws is the ninth and not, by rounding, the tenth.
        delta_left_coin_max=float(left[by_size[max(ceil(level_frac * count - 1e-9) - 1, 0)]]),
        draws_count=count,
    )


def _haircuts(lost_usd: Floats, deficit_usd: float) -> Haircuts:
    taken = float(lost_usd.sum())
    return Haircuts(
        haircut_usd=tuple(map(float, lost_usd)),
        uncovered_usd=max(0.0, deficit_usd - taken),
        overshoot_frac=taken / deficit_usd if deficit_usd > 0.0 else None,
        gini_frac=gini_frac(lost_usd) if len(lost_usd) else 0.0,
    )
