"""How much of each link may be sent, and in which steps.

No more than there is, counting what may come to a place first; nothing too late, and nothing of an
asset that does not count.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from hedgerow.collateral.needs import Key, Row
from hedgerow.collateral.problem import Pile, Problem
from hedgerow.solving.lots import WHOLE_COUNT
from hedgerow.solving.records import Floats

__all__ = ["bounds"]

# Steps of which there are more, and each of which is a smaller part of every need that is not met,
# are rounded after the search instead of being branched upon.
_STEPS_COUNT_MAX = 2_000
_STEP_FRAC_MAX = 1e-4
# A whole number of steps is not to lose one to its last bits: of many steps those are a part, of
# few `WHOLE_COUNT` of one. No more than that, for what is not there cannot be sent.
_LAST_BITS_FRAC = 1e-12


def bounds(
    problem: Problem, piles: Mapping[Key, Pile], rows: Iterable[Row]
) -> tuple[Floats, Floats, Floats]:
    """Give the most that may be sent of each link, its step if searched, and if rounded after."""
    least_usd = min(
        (row.scale_ccy * row.venue.currency_usd for row in rows if not row.is_met), default=0.0
    )
    deadline = {venue.name: venue.deadline_ns for venue in problem.venues}
    taken = {(worth.venue, worth.asset, worth.use) for worth in problem.worths}
    high = np.zeros(len(problem.links))
    lot, fine = np.zeros_like(high), np.zeros_like(high)
    for j, link in enumerate(problem.links):
        limit_ns = deadline.get(link.target)
        if limit_ns is not None and link.latency_ns > limit_ns:
            continue
        if link.target in deadline and (link.target, link.asset, link.use) not in taken:
            continue
        is_fed = any(
            (o.target, o.asset, o.use) == (link.source, link.asset, "balance")
            for o in problem.links
        )
        there = [
            pile
            for (place, asset, use), pile in piles.items()
            if asset == link.asset and use == "balance" and (is_fed or place == link.source)
        ]
        most = sum(pile.may_leave_coin for pile in there) - link.fee_coin
        most = max(0.0, most if link.sent_coin_max is None else min(most, link.sent_coin_max))
        step = link.step_coin
        if step > 0:
            most = np.floor(most / step * (1.0 + _LAST_BITS_FRAC) + WHOLE_COUNT) * step
            step_usd = step * piles[link.source, link.asset, "balance"].price_usd
            is_fine = most > _STEPS_COUNT_MAX * step and step_usd <= _STEP_FRAC_MAX * least_usd
            (fine if is_fine else lot)[j] = step
        high[j] = 0.0 if most < link.minimum_coin else most
    return high, lot, fine
