"""What moving money does to exposures and losses of one account or venue: it takes them along.

On nodes of the whole desk, and of a coin wherever it is held, a transfer inside the desk changes
nothing but its fee. What limits ask of other nodes enters with what each route did alone; what one
of its asset adds to them leaves.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.exposure import ExposureTable, Place, aggregate
from hedgerow.limits import METRICS, Limit, account_node
from hedgerow.limits.seen import Seen
from hedgerow.planning.done import Desk
from hedgerow.planning.footing import Touch
from hedgerow.planning.wants import Wants, given_of
from hedgerow.portfolio import book
from hedgerow.pricing import value

__all__ = ["figures_moved"]

Floats = NDArray[np.float64]


def figures_moved(
    desk: Desk, wanted: Wants, touches: Sequence[Touch], offers_count: int, routes_count: int
) -> Floats:
    """Give what one of its asset along each route adds to what limits ask of, (asks, routes).

    `touches` are of offers first and then of routes. What cannot be told adds nothing: the desk is
    judged anew when a plan is done.
    """
    now = desk.now
    figures = np.zeros((len(wanted.asks), routes_count))
    asked = [at for at, state in enumerate(wanted.states) if _is_part(state.node)]
    by_route: dict[int, list[Touch]] = defaultdict(list)
    for each in touches:
        if each.decision_index >= offers_count:
            by_route[each.decision_index - offers_count].append(each)
    if not asked:
        return figures
    for route, own in by_route.items():
        accounts = {account_node(each): each for each in now.book.accounts}
        accounts |= {account_node(each.account): each.account for each in own}
        changed = book(accounts.values(), desk.instruments)
        exposures = aggregate(changed, value(changed, now.snapshot), now.snapshot)
        after = Seen(changed, now.snapshot, exposures, now.reports, now.distances)
        for at in asked:
            moved = _change(at, wanted, desk.limits, now.seen, after)
            figures[at, route] = moved / own[0].amount
    return figures


def _is_part(node: str) -> bool:
    """Whether a node is of a venue or an account."""
    place = Place.of(node)
    return place is not None and place.venue is not None


def _change(at: int, wanted: Wants, limits: Sequence[Limit], before: Seen, after: Seen) -> float:
    state, ask = wanted.states[at], wanted.asks[at]
    if METRICS[state.metric].mended_by == "losses":
        stresses = given_of(state, limits).stresses
        (shock,) = [k for k, each in enumerate(stresses) if f": {each.name}" in ask.name][:1]
        profits = [each.profits(stresses) for each in (before, after)]
        found = [
            float(each.profit_usd[shock, each.nodes.index(state.node)])
            if state.node in each.nodes
            else 0.0
            for each in profits
        ]
        return found[0] - found[1]
    return _number(after.exposures, state.node, state.metric) - _number(
        before.exposures, state.node, state.metric
    )


def _number(exposures: ExposureTable, node: str, metric: str) -> float:
    row = exposures.row(node)
    return 0.0 if isinstance(row, Failure) else getattr(row, metric) or 0.0
