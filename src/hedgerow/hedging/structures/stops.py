"""Stop-losses: the simplest policy there is, and what every other has to be better than.

A rule, a state and a price enter; the next state leaves, and with it how much is held. Nothing is
remembered but the state. A stop is seen at the price at which it is seen, not at the one it was set
at: where prices jump, or are looked at seldom, more is lost than the rule says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.checks import check_positive

__all__ = ["AT_FRAC", "StopRule", "StopState", "Stopped", "entered", "stop_step", "stopped"]

Floats: TypeAlias = NDArray[np.float64]

# A move this near a stop is at it: a tenth of a hundred is no round number in binary, and a move
# worked out is up to 2e-16 off (300,000 drawn). A tick is 1e-9 of any price or more.
AT_FRAC: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """When to leave, and when to come back.

    Attributes
    ----------
    loss_frac
        Leave at a price this much worse than the reference.
    is_trailing
        Whether the reference is the best price since entry, or the entry itself.
    return_frac
        Come back once the price is this much better than where it was left; None never comes back.
        Negative comes back lower, for who wants to buy cheaper than was sold.
    is_short
        Whether what is worse is higher.
    """

    loss_frac: float
    is_trailing: bool = False
    return_frac: float | None = None
    is_short: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.loss_frac < 1.0:
            raise OutOfDomain(f"a stop needs a loss in (0, 1), was {self.loss_frac}")
        if self.return_frac is not None and not -1.0 < self.return_frac < float("inf"):
            raise OutOfDomain(f"return_frac must be above -1, was {self.return_frac}")


class StopState(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule remembers: whether it holds, and the reference.

    `price_reference_usd` is the best or entry price while it holds, and where it left while not.
    """

    is_held: bool
    price_reference_usd: float


@dataclass(frozen=True, slots=True, eq=False)
class Stopped:
    """A path under a rule: item i is whether it is held after seeing price i.

    `profit_frac` is what a unit at the first price earned on the way, costs taken off, and
    `trades_count` how often the rule traded after its entry.
    """

    is_held: NDArray[np.bool_]
    profit_frac: Floats
    trades_count: int


def entered(price_usd: float) -> StopState:
    """Give the state of who has just entered; OutOfDomain if the price is not positive."""
    check_positive(price_usd=price_usd)
    return StopState(is_held=True, price_reference_usd=price_usd)


def stop_step(rule: StopRule, state: StopState, price_usd: float) -> StopState:
    """Give the next state at a price; a trade is where `is_held` changed.

    Raises
    ------
    OutOfDomain
        If the price is not positive and finite.
    """
    check_positive(price_usd=price_usd)
    sign = -1.0 if rule.is_short else 1.0
    gain = sign * (price_usd / state.price_reference_usd - 1.0)
    if state.is_held:
        if gain <= -rule.loss_frac + AT_FRAC:
            return StopState(is_held=False, price_reference_usd=price_usd)
        if rule.is_trailing and gain > 0.0:
            return StopState(is_held=True, price_reference_usd=price_usd)
        return state
    is_back = rule.return_frac is not None and (
        gain >= rule.return_frac - AT_FRAC
        if rule.return_frac >= 0.0
        else gain <= rule.return_frac + AT_FRAC
    )
    return StopState(is_held=True, price_reference_usd=price_usd) if is_back else state


def stopped(rule: StopRule, prices_usd: Iterable[float], *, cost_frac: float = 0.0) -> Stopped:
    """Walk along prices, entering at the first of them.

    Parameters
    ----------
    cost_frac
        Of what is traded at each stop and return: fee, half spread and what the price ran away.

    Raises
    ------
    OutOfDomain
        If there is no price, one is not positive, or the cost lies outside [0, 1).
    """
    prices = [float(each) for each in prices_usd]
    if not prices or not 0.0 <= cost_frac < 1.0:
        raise OutOfDomain(
            f"one price or more and a cost in [0, 1), were {len(prices)}, {cost_frac}"
        )
    sign = -1.0 if rule.is_short else 1.0
    state = entered(prices[0])
    held, profit, earned, trades = [True], [0.0], 0.0, 0
    for before, price in pairwise(prices):
        was = state.is_held
        state = stop_step(rule, state, price)
        earned += sign * (price - before) / prices[0] if was else 0.0
        if state.is_held != was:
            earned -= cost_frac * price / prices[0]
            trades += 1
        held.append(state.is_held)
        profit.append(earned)
    return Stopped(np.array(held), np.array(profit), trades)
