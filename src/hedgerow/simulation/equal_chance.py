"""What two ways cost at equal liquidation probability: points on what each can reach.

A way is one policy or several, such as one followed with wider and with narrower limits. A policy
followed with some probability, and another otherwise, is a policy too: its liquidation probability
and its cost lie on the line between theirs. So a way reaches every probability from that of its
safest policy up to that of the desk left alone, at the least cost of all mixtures of two. Two ways
are compared at the least probability that both reach: there the difference of cost is all that
sets them apart. Where the desk left alone is liquidated less often than all of one way, the
comparison is unknown.

Entered are costs and liquidations market by market; the interval is of markets redrawn, for both
ways and the desk left alone together. Redraws in which nothing equal can be mixed are left out;
where they are more than one in twenty there is no interval, nor of fewer than twenty markets.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain

__all__ = ["MARKETS_COUNT_LEAST", "EqualChance", "Outcomes", "equal_chance"]

# Of fewer, redrawn markets tell of themselves and of nothing beyond: between the bounds of two that
# differ lies the truth half the time.
MARKETS_COUNT_LEAST: Final = 20

_UNMIXED_FRAC_MAX = 0.05


class Outcomes(NamedTuple):
    """One policy, market by market: all it cost in USD, and whether an account was liquidated."""

    cost_usd: NDArray[np.float64]
    is_liquidated: NDArray[np.bool_]


class EqualChance(NamedTuple):
    """By how much a way costs more than another at liquidation probability `chance_frac`."""

    chance_frac: float
    dearer_usd: float
    low_usd: float | None
    high_usd: float | None


def equal_chance(
    own: Sequence[Outcomes],
    other: Sequence[Outcomes],
    alone: Outcomes,
    market_index: NDArray[np.int64],
) -> EqualChance | None:
    """Compare two ways where both are liquidated equally often.

    Parameters
    ----------
    own, other
        The policies of each way, in the same markets.
    alone
        The desk left alone, in these markets too.
    market_index
        Redraws of markets by their places, one a row; fewer than twenty markets have no interval.

    Returns
    -------
    EqualChance or None
        None where no probability is reached by both.

    Raises
    ------
    OutOfDomain
        If they did not see the same number of markets, or saw none.
    """
    count = len(alone.cost_usd)
    policies = (*own, *other, alone)
    if not own or not other or count == 0:
        raise OutOfDomain("two ways of at least one policy, in at least one market, are compared")
    if any(len(each) != count for policy in policies for each in policy):
        raise OutOfDomain("all must have been played in the same markets")
    chance, dearer = _compared(own, other, alone, np.arange(count, dtype=np.int64)[None, :])
    if np.isnan(dearer[0]):
        return None
    low = high = None
    if count >= MARKETS_COUNT_LEAST:
        redrawn = _compared(own, other, alone, market_index)[1]
        mixed = redrawn[~np.isnan(redrawn)]
        if len(mixed) >= (1.0 - _UNMIXED_FRAC_MAX) * len(redrawn):
            low, high = (round(float(each), 6) for each in np.percentile(mixed, [2.5, 97.5]))
    return EqualChance(round(float(chance[0]), 6), round(float(dearer[0]), 6), low, high)


class _Points(NamedTuple):
    """Policies as rows, redraws as columns. Liquidations are counted, so that equals are equal."""

    liquidated_count: NDArray[np.int64]
    cost_usd: NDArray[np.float64]


def _compared(
    own: Sequence[Outcomes],
    other: Sequence[Outcomes],
    alone: Outcomes,
    market_index: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the probability compared at and the difference, a redraw each; NaN where there is none.

    NaN stays in this module.
    """
    ways = [_points((*policies, alone), market_index) for policies in (own, other)]
    at = np.maximum(*(each.liquidated_count[:-1].min(axis=0) for each in ways))
    costs = [_least_usd(each, at) for each in ways]
    return at / market_index.shape[1], costs[0] - costs[1]


def _points(policies: Sequence[Outcomes], market_index: NDArray[np.int64]) -> _Points:
    return _Points(
        np.array([each.is_liquidated[market_index].sum(axis=1) for each in policies]),
        np.array([each.cost_usd[market_index].mean(axis=1) for each in policies]),
    )


def _least_usd(points: _Points, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the least cost of what is liquidated just so often: a policy, or a mixture of two.

    The desk left alone is the last of the points. It is no way of acting: by itself it stands for
    one only where none of the way's own policies is liquidated as often.
    """
    counts, costs = points
    is_here = counts == at
    is_here[-1] &= ~is_here[:-1].any(axis=0)
    found = np.where(is_here, costs, np.inf).min(axis=0)
    for first, second in combinations(range(len(counts)), 2):
        safer = np.where(counts[first] <= counts[second], first, second)
        riskier = first + second - safer
        columns = np.arange(counts.shape[1])
        low, high = counts[safer, columns], counts[riskier, columns]
        is_between = (low < at) & (at < high)
        share = np.where(is_between, (at - low) / np.where(is_between, high - low, 1), 0.0)
        cheap, dear = costs[safer, columns], costs[riskier, columns]
        mixed = cheap + share * (dear - cheap)
        found = np.where(is_between, np.minimum(found, mixed), found)
    return np.where(np.isinf(found), np.nan, found)
