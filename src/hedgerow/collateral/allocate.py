"""Which asset, from where, by which way, to where: the least cost that covers every need.

A problem enters, an `Allocation` leaves. Fees are paid once for each transfer, and what assets
would have earned where they lay is lost over the horizon; nothing else costs. The search is a
linear programme with a switch for each fee, bounded from below by its own dual; its amounts are
rounded to steps, judged by their own arithmetic and put in an order in which no place falls below
what it keeps to. Where not every need can be covered, the plan leaves least uncovered, dollars of
urgent venues weighing more, and names the needs. Nothing is done on a solver's word that does not
hold up.

References
----------
Haircuts and allocation: methods.md section 26. Collateral in transit: methods.md section 29.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from hedgerow.collateral.laid import Laid, laid
from hedgerow.collateral.order import HELD_FRAC, Ordered, ordered
from hedgerow.collateral.posting import USED_COIN
from hedgerow.collateral.problem import Problem
from hedgerow.collateral.records import Allocation, Cover, Sent
from hedgerow.errors import Failure, Outcome
from hedgerow.solving import Answer, Shadow, least
from hedgerow.solving.records import Floats
from hedgerow.solving.relaxed import PRICE_LEFT_USD, relaxed

__all__ = ["allocate"]

# Rounding to steps is to leave less than that, where it can.
_ROUNDED_FRAC = 1e-9
# Of a step: a solver's amount so near to whole ones is that, and is not rounded up to one more.
_WHOLE_COUNT = 1e-6
_NODES_COUNT_MAX = 200


def allocate(problem: Problem) -> Outcome[Allocation]:
    """Find the cheapest transfers that cover every need.

    Returns
    -------
    Allocation or Failure
        The failure of a solver that came to no end, or to amounts that do not hold up; then nothing
        is to be done.
    """
    alone: frozenset[str] = frozenset()
    while True:
        solved = _solved(problem, alone)
        if isinstance(solved, Failure):
            return solved
        order = ordered(solved.made, solved.sent_amount)
        if not order.stuck:
            return _told(solved, order)
        # These wait for each other, or too long: whatever leaves them must leave first.
        if order.stuck <= alone:
            return _refused(f"no order of transfers out of {', '.join(sorted(order.stuck))} holds")
        alone |= order.stuck


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    made: Laid
    answer: Answer
    sent_amount: Floats
    bound_usd: float
    alone: frozenset[str]


def _solved(problem: Problem, alone: frozenset[str]) -> Outcome[_Solved]:
    """Solve, at first with every need required, then with what cannot be covered priced.

    Where rounding to small steps breaks something, a step is set aside for it and solved again.
    """
    refused = _refused("amounts in whole steps do not hold")
    bound_usd: dict[bool, float] = {}
    ways = [(False, False), (True, False), (False, True), (True, True)]
    settled: NDArray[np.bool_] | None = None
    while ways:
        is_padded, is_priced = ways.pop(0)
        tried = laid(
            problem, alone=alone, is_priced=is_priced, is_padded=is_padded, is_sent=settled
        )
        answer = _least(tried)
        if isinstance(answer, Failure):
            refused = answer
            continue
        # With a step set aside, or links settled, less is possible: what that proves is no bound.
        if not is_padded:
            bound_usd[is_priced] = answer.bound_usd
        if answer.conflicts:
            ways = [way for way in ways if way[1]]
            continue
        made = laid(problem, alone=alone, is_priced=is_priced)
        chosen = np.array(answer.chosen_amount)
        sent_amount = _in_steps(made, chosen)
        if float(made.posting.excess(sent_amount[np.newaxis, :])[0]) <= HELD_FRAC:
            proven_usd = bound_usd.get(is_priced)
            if proven_usd is None:
                free = relaxed(made.programme.matrix())
                if isinstance(free, Failure):
                    return free
                assert free is not None, "nothing sent is always possible"
                proven_usd = free.bound_usd
            return _Solved(made, answer, sent_amount, proven_usd, alone)
        if not ways and settled is None:
            # No search ended: whatever is large enough is sent, and nothing else.
            settled = chosen >= np.maximum(made.posting.minimum_amount, USED_COIN)
            ways = [(True, True)]
    return refused


def _least(made: Laid) -> Outcome[Answer]:
    """Ask the solver; where there is no way at all there is nothing to ask."""
    if made.problem.links:
        return least(made.programme, nodes_count_max=_NODES_COUNT_MAX)
    nothing = np.zeros((1, 0))
    usd, excess = made.posting.usd(nothing), made.posting.excess(nothing)
    short = made.posting.levels.short_ccy(made.posting.flows.coin(nothing))[0]
    is_required = ~np.isfinite(made.posting.levels.penalty_usd_per_ccy)
    return Answer(
        chosen_amount=(),
        objective_usd=float(usd[0]),
        bound_usd=float(usd[0]),
        excess_frac=float(excess[0]),
        method="relaxed",
        shadows=(),
        conflicts=tuple(
            made.posting.levels.names[i] for i in np.flatnonzero((short > 0) & is_required)
        ),
    )


def _in_steps(made: Laid, chosen_amount: Floats) -> Floats:
    """Round what is sent in small steps: up where that holds, and step by step where it does not.

    A step is worth next to nothing, so that what counts is that every row holds.
    """
    step, high = made.fine_amount, made.decisions.high_amount
    sent = np.where(chosen_amount > USED_COIN, np.clip(chosen_amount, 0.0, high), 0.0)
    fine = np.flatnonzero((step > 0) & (sent > 0))
    if not len(fine):
        return sent

    def judged(plans: Floats) -> tuple[Floats, Floats]:
        excess = made.posting.excess(plans)
        return np.where(excess <= _ROUNDED_FRAC, 0.0, excess), made.posting.usd(plans)

    plans = np.tile(sent, (3, 1))
    counts = sent[fine] / step[fine]
    whole = np.round(counts)
    is_whole = np.abs(counts - whole) <= _WHOLE_COUNT
    for plan, way in zip(plans, (np.ceil(counts), whole, np.floor(counts)), strict=True):
        plan[fine] = np.where(is_whole, whole, way) * step[fine]
    plans = np.minimum(plans, high)
    excess, usd = judged(plans)
    best = int(np.lexsort((usd, excess))[0])
    plan, reached = plans[best], (excess[best], usd[best])
    for _ in range(4 * len(fine)):
        if reached[0] == 0.0:
            break
        tried = np.tile(plan, (2 * len(fine), 1))
        rows = np.arange(len(fine))
        tried[rows, fine] += step[fine]
        tried[len(fine) + rows, fine] -= step[fine]
        tried = tried[np.all((tried >= 0.0) & (tried <= high), axis=1)]
        excess, usd = judged(tried)
        best = int(np.lexsort((usd, excess))[0])
        if excess[best] >= reached[0]:
            break
        plan, reached = tried[best], (excess[best], usd[best])
    return np.asarray(plan)


def _told(solved: _Solved, order: Ordered) -> Outcome[Allocation]:
    made, posting, sent_amount = solved.made, solved.made.posting, solved.sent_amount
    plan = sent_amount[np.newaxis, :]
    prices = _prices(solved)
    if isinstance(prices, Failure):
        return prices
    each_fee_usd, each_carry_usd = _paid_usd(made, sent_amount)
    fees_usd, carry_usd = float(each_fee_usd.sum()), float(each_carry_usd.sum())
    flow_coin = posting.flows.coin(plan)
    cover, short = _covered(made, flow_coin, prices)
    titles = {row.title for row in made.rows}
    straight = set(posting.rows.names)
    before_usd, after_usd = _pledged(made, flow_coin)
    return Allocation(
        moves=tuple(
            Sent(
                link=made.problem.links[step.link_index],
                quantity_coin=float(sent_amount[step.link_index]),
                fee_usd=float(each_fee_usd[step.link_index]),
                carry_usd=float(each_carry_usd[step.link_index]),
                waits_for_index=step.waits_for_index,
                leaves_ns=step.leaves_ns,
                arrives_ns=step.arrives_ns,
            )
            for step in order.steps
        ),
        cost_usd=fees_usd + carry_usd,
        fees_usd=fees_usd,
        carry_usd=carry_usd,
        objective_usd=float(posting.usd(plan)[0]),
        bound_usd=solved.bound_usd,
        cover=cover,
        limits=tuple(
            Shadow(name=name, price_usd_per_figure=price)
            for name, price in prices.items()
            if name in straight and name not in titles and price
        ),
        pledged_before_usd=before_usd,
        pledged_after_usd=after_usd,
        conflicts=short,
        method=solved.answer.method,
        remark=solved.answer.remark,
    )


def _paid_usd(made: Laid, sent_amount: Floats) -> tuple[Floats, Floats]:
    """Give the fee of each link, and what its coins no longer earn."""
    links, posting = made.problem.links, made.posting
    price_of = {key[:2]: pile.price_usd for key, pile in zip(made.keys, made.piles, strict=True)}
    priced_usd = np.array([link.fee_frac * price_of[link.source, link.asset] for link in links])
    dearer_usd = np.array([link.dearer_usd_per_coin for link in links])
    return (
        posting.ticket_usd * (sent_amount > USED_COIN) + priced_usd * sent_amount,
        (posting.cost_usd_per_amount - priced_usd - dearer_usd) * sent_amount,
    )


def _covered(
    made: Laid, flow_coin: Floats, prices_usd: Mapping[str, float]
) -> tuple[tuple[Cover, ...], tuple[str, ...]]:
    """Give every need before and after, and the names of those that stay short."""
    levels = made.posting.levels
    # The first row of a name is of all that flows; one of its own may follow of what only leaves.
    gained = dict(
        zip(reversed(levels.names), reversed(levels.gained_ccy(flow_coin)[0].tolist()), strict=True)
    )
    cover: list[Cover] = []
    short: list[str] = []
    for row in made.rows:
        after = row.now_ccy + gained[row.title]
        is_short = after < row.need.needed_ccy - HELD_FRAC * row.scale_ccy
        if is_short:
            short.append(row.title)
        cover.append(
            Cover(
                venue=row.venue.name,
                need=row.need.name,
                currency=row.venue.currency,
                needed_ccy=row.need.needed_ccy,
                before_ccy=row.at_ccy,
                after_ccy=after,
                shadow_usd_per_ccy=None if is_short else prices_usd.get(row.title, 0.0),
            )
        )
    return tuple(cover), tuple(short)


def _prices(solved: _Solved) -> Outcome[dict[str, float]]:
    """Give what one unit more of each row costs, with the links used that are.

    What a link is held dearer than it is only tells apart ways that cost alike: nobody pays it.
    """
    problem = solved.made.problem
    if not problem.links:
        return {}
    paid = replace(
        problem, links=tuple(replace(each, dearer_usd_per_coin=0.0) for each in problem.links)
    )
    is_sent: NDArray[np.bool_] = solved.sent_amount > USED_COIN
    is_priced = bool(np.any(np.isfinite(solved.made.posting.levels.penalty_usd_per_ccy)))
    settled = laid(paid, alone=solved.alone, is_priced=is_priced, is_sent=is_sent)
    prices: dict[str, float] = {}
    matrix = settled.programme.matrix()
    answer = relaxed(matrix)
    if isinstance(answer, Failure):
        return answer
    if answer is None:  # only whole steps hold, so that nothing can be said of one unit more
        return prices
    for name, price in zip(matrix.row_names, answer.row_price_usd_per_figure, strict=True):
        prices[name] = prices.get(name, 0.0) + abs(float(price))
    return {name: price if price > PRICE_LEFT_USD else 0.0 for name, price in prices.items()}


def _pledged(made: Laid, flow_coin: Floats) -> tuple[float, float]:
    """Give what lies at venues before and after, at today's prices; a repayment lies nowhere."""
    venues = {venue.name for venue in made.problem.venues}
    count = len(made.keys)
    is_there = np.array([key[0] in venues and key[2] != "repay" for key in made.keys])
    price = np.array([pile.price_usd for pile in made.piles]) * is_there
    held = np.array([pile.held_coin for pile in made.piles])
    shift = made.posting.flows.shift_coin[count : 2 * count]
    return float(price @ (held + shift)), float(price @ (held + flow_coin[0, count : 2 * count]))


def _refused(why: str) -> Failure:
    return Failure(subject="allocation", reason="not_converged", message=f"{why}; nothing is done")
