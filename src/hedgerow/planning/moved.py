"""What moving money does to exposures and losses of one account or venue: it takes them along.

On nodes of the whole desk, and of a coin wherever it is held, a transfer inside the desk changes
nothing but its fee. What limits ask of other nodes enters with what each route did alone; what one
of its asset adds to them leaves.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.exposure import Place, aggregate
from hedgerow.limits import METRICS, Limit, account_node
from hedgerow.limits.seen import Seen
from hedgerow.planning.done import Desk
from hedgerow.planning.footing import Touch
from hedgerow.planning.wants import Wants, given_of, profits_of
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
    asked_index = [at for at, state in enumerate(wanted.states) if _is_part(state.node)]
    if not asked_index:
        return figures
    before = _figures(now.seen, asked_index, wanted, desk.limits)
    by_route: dict[int, list[Touch]] = defaultdict(list)
    for each in touches:
        if each.decision_index >= offers_count:
            by_route[each.decision_index - offers_count].append(each)
    for route, own in by_route.items():
        accounts = {account_node(each): each for each in now.book.accounts}
        accounts |= {account_node(each.account): each.account for each in own}
        changed = book(accounts.values(), desk.instruments)
        exposures = aggregate(changed, value(changed, now.snapshot), now.snapshot)
        after = Seen(changed, now.snapshot, exposures, now.reports, now.distances)
        moved = _figures(after, asked_index, wanted, desk.limits) - before
        figures[asked_index, route] = moved / own[0].amount
    return figures


def _is_part(node: str) -> bool:
    """Whether a node is of a venue or an account."""
    place = Place.of(node)
    return place is not None and place.venue is not None


def _figures(
    seen: Seen, asked_index: Sequence[int], wanted: Wants, limits: Sequence[Limit]
) -> Floats:
    """Read what some asks are about; of what is not there nothing."""
    losses_usd: dict[int, Iterator[float]] = {}
    figures = []
    for at in asked_index:
        state = wanted.states[at]
        if METRICS[state.metric].mended_by != "losses":
            row = seen.exposures.row(state.node)
            figures.append(0.0 if isinstance(row, Failure) else getattr(row, state.metric) or 0.0)
            continue
        # A limit on losses has an ask for each of its shocks, in their order.
        if id(state) not in losses_usd:
            profits_usd = profits_of(seen, given_of(state, limits), state.node)
            losses_usd[id(state)] = iter([-each for each in profits_usd])
        figures.append(next(losses_usd[id(state)]))
    return np.array(figures)
