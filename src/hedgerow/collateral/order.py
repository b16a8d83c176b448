"""Put transfers in an order in which no place falls below what it keeps to, at any time.

What is sent is gone from its source at once and counts at its target when it has arrived. A
transfer that its source can bear as things are leaves at once; one that it can bear only with what
is on its way there waits for that, and must still be in time for its own target. Of several that
may leave, those to the most urgent venue go first.
"""

from dataclasses import dataclass

import numpy as np

from hedgerow.collateral.laid import Laid
from hedgerow.collateral.needs import RESERVE, counted_ccy, worth_at
from hedgerow.collateral.posting import USED_COIN
from hedgerow.solving.records import Floats

__all__ = ["HELD_FRAC", "Ordered", "ordered"]

# What a need or a pile may lack, over its scale, and count as held: ten times what a programme may
# leave (`EXCESS_FRAC_MAX`), for amounts are worked out anew step by step; a dollar of a million.
HELD_FRAC = 1e-6


@dataclass(frozen=True, slots=True)
class Step:
    """One transfer: which link, which earlier steps it waits for, and when it has arrived."""

    link_index: int
    waits_for_index: tuple[int, ...]
    leaves_ns: int
    arrives_ns: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """Steps in order, and the places whose transfers cannot be ordered at all."""

    steps: tuple[Step, ...]
    stuck: frozenset[str]


def ordered(made: Laid, sent_amount: Floats) -> Ordered:
    """Find an order, or name the places that would have to wait for each other, or too long."""
    links = made.problem.links
    deadline = {venue.name: venue.deadline_ns for venue in made.problem.venues}
    left = [int(j) for j in np.flatnonzero(sent_amount > USED_COIN)]
    urgent = {venue.name: venue.urgency_frac for venue in made.problem.venues}
    left.sort(key=lambda j: -urgent.get(links[j].target, 0.0))
    steps: list[Step] = []
    while left:
        stuck: set[str] = set()
        for j in left:
            step, waited_for = _step(made, sent_amount, steps, j)
            limit_ns = deadline.get(links[j].target)
            if step is not None and (limit_ns is None or step.arrives_ns <= limit_ns):
                steps.append(step)
                left.remove(j)
                break
            stuck |= waited_for
        else:
            return Ordered(tuple(steps), frozenset(stuck))
    return Ordered(tuple(steps), frozenset())


def _step(
    made: Laid, sent_amount: Floats, steps: list[Step], j: int
) -> tuple[Step | None, frozenset[str]]:
    """Give a transfer as the next step, if there is one, and what has to wait for arrivals.

    That is its source, or the reserve.
    """
    links = made.problem.links
    source = links[j].source
    waits: set[int] = set()
    waiting: set[str] = set()
    gone_index = [*(step.link_index for step in steps), j]
    for place in (source, RESERVE):
        if _bears(made, place, sent_amount, gone_index, []):
            continue
        waiting.add(place)
        if not _bears(made, place, sent_amount, gone_index, gone_index[:-1]):
            return None, frozenset(waiting)
        waits |= {
            i
            for i, step in enumerate(steps)
            if place == RESERVE or links[step.link_index].target == place
        }
    leaves_ns = max((steps[i].arrives_ns for i in waits), default=0)
    step = Step(j, tuple(sorted(waits)), leaves_ns, leaves_ns + links[j].latency_ns)
    return step, frozenset(waiting)


def _bears(
    made: Laid, place: str, sent_amount: Floats, gone_index: list[int], come_index: list[int]
) -> bool:
    """Say whether a place keeps to its rows with transfers gone, and some of them arrived."""
    links = made.problem.links
    flow = dict.fromkeys(made.keys, 0.0)
    for j in come_index:
        flow[links[j].target, links[j].asset, links[j].use] += float(sent_amount[j]) * (
            1.0 - links[j].transit_haircut_frac
        )
    for j in gone_index:
        flow[links[j].source, links[j].asset, "balance"] -= (
            float(sent_amount[j]) + links[j].fee_coin
        )
    own = [
        (key, pile)
        for key, pile in zip(made.keys, made.piles, strict=True)
        if place in (key[0], RESERVE)
    ]
    for key, pile in own:
        if key[0] == place and flow[key] < -pile.may_leave_coin - HELD_FRAC * max(
            1.0, pile.held_coin
        ):
            return False
    for row in made.rows:
        if row.venue.name != place:
            continue
        level = row.now_ccy
        for key, pile in own:
            worth = worth_at(made.problem, key, row.need.name)
            if place == RESERVE:
                level += flow[key] * pile.reserve_usd_per_coin
            elif worth is not None:
                level += counted_ccy(worth, pile.held_coin + flow[key])
                level -= counted_ccy(worth, pile.held_coin)
        if level < row.floor_ccy - HELD_FRAC * row.scale_ccy:
            return False
    return True
