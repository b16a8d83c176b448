"""How likely a price is to reach a level within a time, in closed form, and the two inverses.

With tails of regimes and jumps `limits.tails` says it. Without them a coin without drift and with
one constant vol (a geometric Brownian motion whose expected price stands still) touches a barrier
B = S·(1 + move) within T with probability

    N((x - νT)/σ√T) + exp(2νx/σ²)·N((x + νT)/σ√T),  x = ln(B/S),  ν = -σ²/2,

for a barrier below; above, x and ν change sign. An account breaks on either side: the sum of both
is an upper bound of the probability that it breaks at all, and exceeds it by that of touching both.

References
----------
I. Karatzas, S. Shreve (1991), Brownian Motion and Stochastic Calculus, section 3.5.C: the
density of the passage time, of which this is the integral.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.limits.seen import Chance
from hedgerow.limits.tails import Tails, tailed_passage_frac
from hedgerow.solvency import DISTANCE_FRAC_MAX, Distance, hit_frac
from hedgerow.units import DAY_NS, SECOND_NS, YEAR_NS

__all__ = ["FirstPassage", "break_frac", "distance_at", "first_passage_frac", "horizon_at"]

_HALVINGS = 60
_HORIZON_NS_MAX: Final = 3_653 * DAY_NS


def first_passage_frac(move_frac: float, vol_frac: float, years: float) -> float:
    """Give the probability of touching one price within a time.

    Parameters
    ----------
    move_frac
        Where it lies: -0.1 is ten per cent below. Above -1; at zero it is touched.
    vol_frac
        Annualised, not negative.
    years
        Not negative.

    Raises
    ------
    OutOfDomain
        If one of them lies outside.
    """
    if not (-1.0 < move_frac < math.inf and 0.0 <= vol_frac < math.inf and 0.0 <= years < math.inf):
        raise OutOfDomain(
            f"a first passage needs a move above -1, a vol and a time that are not negative, "
            f"were {move_frac}, {vol_frac} and {years}"
        )
    return float(hit_frac(1.0, 1.0 + move_frac, 0.0, vol_frac, years))


class FirstPassage(msgspec.Struct, frozen=True, kw_only=True):
    """The chance of a liquidation, by the vols of coins and how far prices go beyond them.

    Of an account that hangs on several coins the largest vol is taken: its distance is a move of
    all of them together. Coins that part from each other are not seen.

    Attributes
    ----------
    vol_frac
        Annualised, by coin. A coin without one has no answer.
    tails, degrees_count
        Regimes, jumps and Student's tails (`tails`). Without them vols are constant and nothing
        jumps: rare moves are then far too rare.
    """

    vol_frac: Mapping[str, float]
    tails: Tails | None = None
    degrees_count: float = math.inf

    @property
    def said(self) -> str:
        """What prices are taken to do."""
        return "one constant vol" if self.tails is None else str(self.tails)

    def __call__(self, coins: Sequence[str], distance: Distance, horizon_ns: int) -> Outcome[float]:
        """Give the probability that an account breaks within a time, from above."""
        vol = self.vol_of(distance.account_id, coins)
        if isinstance(vol, Failure):
            return vol
        try:
            return break_frac(distance, horizon_ns, partial(self._side_frac, vol))
        except OutOfDomain as bad:
            return Failure(subject=distance.account_id, reason="unsupported", message=str(bad))

    def _side_frac(self, vol_frac: float, move_frac: float, years: float) -> float:
        if self.tails is None:
            return first_passage_frac(move_frac, vol_frac, years)
        return tailed_passage_frac(self.tails, self.degrees_count, move_frac, vol_frac, years)

    def vol_of(self, subject: str, coins: Sequence[str]) -> Outcome[float]:
        """Give the vol that a joint move of some coins is taken to have; zero where none moves."""
        unknown = [coin for coin in coins if coin not in self.vol_frac]
        if unknown:
            return Failure(
                subject=subject,
                reason="missing_data",
                message=f"no vol of {', '.join(unknown)} is known; state it under [vols]",
            )
        return max((self.vol_frac[coin] for coin in coins), default=0.0)


def break_frac(
    distance: Distance, horizon_ns: int, side_frac: Callable[[float, float], float]
) -> float:
    """Give the probability that an account breaks on either side, from above.

    Where a side does not break as far as was searched, the end of the search stands for it.

    Parameters
    ----------
    side_frac
        Gives that of one side, of its move and a time in years.
    """
    down = distance.searched_down_frac if distance.down_frac is None else distance.down_frac
    up = distance.searched_up_frac if distance.up_frac is None else distance.up_frac
    years = horizon_ns / YEAR_NS
    return min(1.0, sum(side_frac(side, years) for side in (down, up)))


def distance_at(
    chance: Chance, coins: Sequence[str], chance_frac: float, horizon_ns: int
) -> Outcome[float | None]:
    """Give the least distance, the same on both sides, at which a break is no likelier than that.

    None where not even the furthest distance that is searched for is enough.
    """

    def likelihood(at: float) -> Outcome[float]:
        return chance(coins, _both_ways(at), horizon_ns)

    failure = likelihood(DISTANCE_FRAC_MAX)
    if isinstance(failure, Failure):
        return failure
    return _least(lambda at: _known(likelihood(at)) <= chance_frac, DISTANCE_FRAC_MAX)


def horizon_at(
    chance: Chance, coins: Sequence[str], distance: Distance, chance_frac: float
) -> Outcome[int]:
    """Give the longest time within which a break is no likelier than that, in nanoseconds.

    To the second, from below. Zero where it is likelier at once; ten years stand for all that is
    longer.
    """

    def likelihood(at_s: float) -> Outcome[float]:
        return chance(coins, distance, round(at_s) * SECOND_NS)

    failure = likelihood(0.0)
    if isinstance(failure, Failure):
        return failure
    longest_s = float(_HORIZON_NS_MAX // SECOND_NS)
    found = _least(lambda at_s: _known(likelihood(at_s)) > chance_frac, longest_s)
    if found is None:
        return _HORIZON_NS_MAX
    return max(0, round(found) - 1) * SECOND_NS


def _both_ways(distance_frac: float) -> Distance:
    """Give an account that breaks as far below as above."""
    return Distance(
        account_id="",
        time_ns=0,
        down_frac=-distance_frac,
        up_frac=distance_frac,
        searched_down_frac=-DISTANCE_FRAC_MAX,
        searched_up_frac=DISTANCE_FRAC_MAX,
    )


def _known(likelihood_frac: Outcome[float]) -> float:
    assert not isinstance(likelihood_frac, Failure), "known at one place is known at another"
    return likelihood_frac


def _least(is_enough: Callable[[float], bool], value_max: float) -> float | None:
    """Give the least number from zero on that is enough, from above; more is always enough."""
    if not is_enough(value_max):
        return None
    low, high = 0.0, value_max
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high
