"""Hedges and collateral in one programme: the cheapest moves after which every limit holds.

A survey of the desk enters, with offers to trade and routes to move money along; a `Joint` leaves:
trades and transfers in whole lots, their cost split, each limit before and expected after, what
binds and at what price, and which limits cannot hold together. Limits come in as `Wants`, accounts
as `Footing`. What is chosen is done exactly, to the account, under the venue's own rules, and the
whole desk is surveyed again; where it falls short of what was foretold, the rows are put right and
the programme is solved again, a few times. The plan kept is the one whose survey is best.

Trades are at once, transfers take time. So nothing that is on its way counts as margin for a trade,
a route costs what a liquidation before the arrival would, times its probability, and money moved
costs its capital charge for the horizon. A desk that keeps all its limits gets an empty plan.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome
from hedgerow.hedging import Ask, ChosenTrade, Offer, asks_band, effects
from hedgerow.instruments import Instrument
from hedgerow.limits import METRICS, Limit, LimitState, Survey, account_node
from hedgerow.margin import Rulebook
from hedgerow.planning.costs import (
    PLAIN_TERMS,
    ChosenMove,
    ChosenSwap,
    JointTerms,
    ModeSwitch,
    MoveCosts,
    route_name,
)
from hedgerow.planning.done import Desk, Done
from hedgerow.planning.footing import Footing, Touch, footing, spare_ccy
from hedgerow.planning.purses import purses
from hedgerow.planning.wants import Wants, stresses_of, wants
from hedgerow.solvency import coins_moved
from hedgerow.solving import Answer, Decisions, Programme, Shadow, Uses, least
from hedgerow.units import to_model

__all__ = ["Joint", "badness", "joint"]

Floats = NDArray[np.float64]

_TRIES = 5
_TINY = 1e-9
# A demand that binds, and turns out to have so much of its size more to spare than was foretold,
# is worth another look: a cheaper plan may do.
_DEAR_FRAC = 0.01
# What is broken counts as broken by so much at least.
_BROKEN = 1e-6
# Of the moves that went too far, so much is allowed the next time: half, as a search halves.
_AS_FAR_FRAC = 0.5
# A distance that came out short is asked for anew by as much more, and a little: it is found to a
# fiftieth. Twice the limit is as far as that helps; what a probability lacks is not told, so it is
# asked for by a tenth more.
_FARTHER, _FARTHER_MAX, _UNLIKELIER = 1.02, 2.0, 1.1
# No offer is tried with more than a quarter of its book: slopes are those of small moves.
_OF_MOST_FRAC = 0.25
# Dollars of delta, or a share of the gap, at which a move is tried where nothing else says a size.
_SIZE_USD = 10_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """The moves, and the desk after them.

    `after` is the survey of the desk with everything done exactly and arrived; `cost_usd` leaves
    out the funding of `unfunded`; `bound_usd` is what no moves cost less than, by the programme
    they were chosen with, and `excess_frac` by how much they break its bounds, each over its scale:
    in whole lots not all may hold. `unplanned` are limits that were left out and `refused` what
    could not be traded or moved, each with the reason.
    `lacking` are demands of accounts that do not hold while something is on its way to them.
    `switches` and then `swaps` are done first of all, and trades and moves were chosen for the desk
    after them.
    """

    trades: tuple[ChosenTrade, ...]
    moves: tuple[ChosenMove, ...]
    cost_usd: float
    bound_usd: float
    excess_frac: float
    before: Survey
    after: Survey
    offers: tuple[Offer, ...]
    asks: tuple[Ask, ...]
    shadows: tuple[Shadow, ...]
    conflicts: tuple[str, ...]
    unplanned: tuple[Failure, ...]
    refused: tuple[Failure, ...]
    remark: str
    lacking: tuple[str, ...] = ()
    switches: tuple[ModeSwitch, ...] = ()
    swaps: tuple[ChosenSwap, ...] = ()

    @property
    def unfunded(self) -> tuple[str, ...]:
        """The instruments it trades whose funding nobody knows, so that no cost counts it."""
        return tuple(
            dict.fromkeys(each.instrument_id for each in self.trades if each.carry_usd is None)
        )

    @property
    def broken(self) -> tuple[LimitState, ...]:
        """The limits that are still beyond soft or hard after it."""
        return tuple(each for each in self.after.limits if each.rung in ("soft", "hard"))

    @property
    def worsened(self) -> tuple[LimitState, ...]:
        """The limits that are hard, or unknown, after it and were not before."""
        was = {each.key: each.rung for each in self.before.limits}
        return tuple(
            each
            for each in self.after.limits
            if each.rung in ("hard", "unknown") and was.get(each.key) != each.rung
        )


def joint(
    now: Survey,
    limits: Sequence[Limit],
    offers: Sequence[Offer],
    routes: Sequence[Route],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    *,
    terms: JointTerms = PLAIN_TERMS,
    late_usd: Callable[[Route], float] = lambda route: 0.0,
) -> Outcome[Joint]:
    """Find the cheapest trades and moves after which every limit holds, done exactly.

    Parameters
    ----------
    now
        The desk as it stands, surveyed with `limits`.
    offers, routes
        All that may be done. None of one kind plans with the other alone.
    instruments
        Terms of everything held or offered.
    late_usd
        What a route's taking its time is expected to cost.

    Returns
    -------
    Joint or Failure
        The failure of a solver: nothing is to be done on it.

    Raises
    ------
    OutOfDomain
        If an offer or a route names an account that the desk does not have.
    """
    desk = Desk(now, limits, instruments, rulebooks)
    desk.refuse_strangers(offers, routes)
    coins = coins_moved(instruments.values(), now.book.accounts, now.snapshot)
    effect = effects(offers, now.snapshot, stresses_of(limits), coins)
    filled = desk.filled(effect.offers, routes)
    wanted = wants(now, limits, effect, coins, filled=filled)
    demands = desk.demands(wanted, effect.offers, routes)
    nothing = _nothing(now, wanted, effect.refused)
    kept = spare_ccy(demands, desk.accounts, now.snapshot, instruments, rulebooks)
    is_held = [each.is_kept or not spare < 0.0 for each, spare in zip(demands, kept, strict=True)]
    if not nothing.broken or (all(each.is_met for each in wanted.asks) and all(is_held)):
        return nothing
    if not effect.offers and not routes:
        return replace(nothing, remark="a limit is broken, and there is nothing to trade or move")
    sizes = _sizes(effect.exposure_of("desk", "delta_spot_usd"), effect.offers, wanted, now)
    touches, refused = desk.touches(effect.offers, routes, sizes.tolist())
    count = len(effect.offers) + len(routes)
    foot = footing(demands, desk.accounts, touches, count, now.snapshot, instruments, rulebooks)
    costs = MoveCosts(effect.offers, routes, now.snapshot, terms, late_usd)
    best, before = nothing, tuple[float, ...]()
    within: dict[str, tuple[Floats, float]] = {}
    for tried in range(_TRIES):
        programme = _programme(desk, wanted, foot, costs, touches, within)
        answer = least(programme, nodes_count_max=terms.nodes_count_max)
        if isinstance(answer, Failure):
            return answer if best is nothing else best
        amounts = np.array(answer.chosen_amount)
        done = desk.done(answer.chosen_amount, costs)
        said = (*refused, *effect.refused, *foot.unknown)
        found = _joint(now, effect.offers, answer, done, wanted, said)
        exact = _exact_ccy(foot, done, instruments, rulebooks)
        lacks = foot.lacks(exact)
        lacked = [each for each, is_so in zip(foot.demands, lacks, strict=True) if is_so]
        found = replace(found, lacking=tuple(each.name for each in lacked if each.is_on_the_way))
        if badness(found) < badness(best):
            best = found
        foretold = foot.after_ccy(amounts)
        out_by = np.abs(np.nan_to_num(exact) - foretold) / foot.scale_ccy
        tighter = _tighter(found, now)
        is_dear = np.any((exact > foretold) & (out_by > _DEAR_FRAC) & foot.binds(answer.shadows))
        is_good = not (found.broken or found.lacking or found.worsened)
        if (is_good and not is_dear) or answer.chosen_amount == before:
            break
        before = answer.chosen_amount
        if tighter and not np.any(lacks):
            # All demands hold and a limit does not: it breaks nearer than it was asked about.
            wanted = wants(now, limits, effect, coins, tighter_frac=tighter, filled=filled)
            demands = desk.demands(wanted, effect.offers, routes)
            foot = footing(
                demands, desk.accounts, touches, count, now.snapshot, instruments, rulebooks
            )
            exact = _exact_ccy(foot, done, instruments, rulebooks)
        # What went too far once is not tried again, nor as far: slopes hold near where they are,
        # and beyond some size a venue has no answer.
        for node in {each.node: None for each in lacked if each.is_kept}:
            weights = within.get(node, (_weights(desk, effect.offers, sizes, node), 0.0))[0]
            went = float(weights @ np.abs(amounts[: len(weights)]))
            within[node] = (weights, _AS_FAR_FRAC * went)
        foot = foot.corrected(amounts, exact, may_loosen=is_good or tried == 0)
    if best is nothing:
        return replace(
            nothing,
            shadows=found.shadows,
            conflicts=found.conflicts,
            remark=_why_nothing(found),
        )
    return best


def _nothing(now: Survey, wanted: Wants, refused: tuple[Failure, ...]) -> Joint:
    """Give the plan of a desk that keeps its limits."""
    return Joint(
        trades=(),
        moves=(),
        cost_usd=0.0,
        bound_usd=0.0,
        excess_frac=0.0,
        before=now,
        after=now,
        offers=(),
        asks=wanted.asks,
        shadows=(),
        conflicts=(),
        unplanned=wanted.unplanned,
        refused=refused,
        remark="every limit that can be planned for holds",
    )


def _exact_ccy(
    foot: Footing,
    done: Done,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Floats:
    """Ask what each demand has to spare after a plan, or while what it sends is on its way."""
    arrived = {account_node(each): each for each in done.after.book.accounts}
    args = done.after.snapshot, instruments, rulebooks
    exact = spare_ccy(foot.demands, arrived, *args)
    if not done.moves:
        return exact
    early = np.array([each.is_on_the_way for each in foot.demands], dtype=np.bool_)
    waiting = [each for each in foot.demands if each.is_on_the_way]
    exact[early] = spare_ccy(waiting, done.sent, *args)
    return exact


def _joint(
    now: Survey,
    offers: tuple[Offer, ...],
    answer: Answer,
    done: Done,
    wanted: Wants,
    refused: tuple[Failure, ...],
) -> Joint:
    return Joint(
        trades=done.trades,
        moves=done.moves,
        cost_usd=sum(each.known_usd for each in done.trades)
        + sum(each.cost_usd for each in done.moves),
        bound_usd=answer.bound_usd,
        excess_frac=answer.excess_frac,
        before=now,
        after=done.after,
        offers=offers,
        asks=wanted.asks,
        shadows=answer.shadows,
        conflicts=answer.conflicts,
        unplanned=wanted.unplanned,
        refused=tuple(dict.fromkeys(refused)),
        remark=answer.remark,
    )


def _programme(
    desk: Desk,
    wanted: Wants,
    foot: Footing,
    costs: MoveCosts,
    touches: Sequence[Touch],
    within: Mapping[str, tuple[Floats, float]],
) -> Programme:
    """Put everything into one programme; a move nobody could try stays at nothing."""
    offers, routes = costs.offers, costs.routes
    tried = {(each.decision_index, each.amount > 0) for each in touches} - set(foot.barred_index)
    low, high, lots = [], [], []
    for at, each in enumerate(offers):
        low.append(-each.most_contracts(is_up=False) if (at, False) in tried else 0.0)
        high.append(each.most_contracts(is_up=True) if (at, True) in tried else 0.0)
        lots.append(each.lot_contracts)
    for at, route in enumerate(routes, start=len(offers)):
        low.append(0.0)
        high.append(to_model(desk.most_coin(route)) if (at, True) in tried else 0.0)
        lots.append(to_model(route.step_coin))
    names = tuple(each.name for each in offers) + tuple(route_name(each) for each in routes)
    wide = np.hstack([wanted.figure_per_contract, np.zeros((len(wanted.asks), len(routes)))])
    return Programme(
        Decisions(names, np.array(low), np.array(high), np.array(lots)),
        [
            *costs.parts(),
            asks_band(wanted.asks, wide),
            foot.part(),
            *purses(desk, offers, routes),
            *_reaches(within, len(offers) + len(routes)),
        ],
    )


def _weights(desk: Desk, offers: Sequence[Offer], sizes: Floats, node: str) -> Floats:
    """Count trades on an account in the sizes at which they were tried."""
    own = np.array([desk.node_of[each.account_id] == node for each in offers], dtype=np.bool_)
    return np.where(own, 1.0 / sizes, 0.0)


def _reaches(within: Mapping[str, tuple[Floats, float]], moves_count: int) -> list[Uses]:
    """Keep accounts nearer to where they are than a plan that took them too far."""
    if not within:
        return []
    wide = np.zeros((len(within), moves_count))
    for row, (weights, _) in enumerate(within.values()):
        wide[row, : len(weights)] = weights
    most = np.array([each for _, each in within.values()])
    names = tuple(f"{node} as far as it is known" for node in within)
    return [Uses(names, wide, wide, most, np.maximum(most, 1.0) * 1e-6)]


def _sizes(delta_usd: Floats, offers: Sequence[Offer], wanted: Wants, now: Survey) -> Floats:
    """Say how much of each offer to try: what would close the widest gap, as its account can bear.

    An account is taken to bear a delta as large as its equity; the least is one lot.
    """
    gap_usd = _SIZE_USD
    for ask in wanted.asks:
        if "delta_spot_usd" in ask.name:
            outside = max(ask.low_figure - ask.now_figure, ask.now_figure - ask.high_figure)
            gap_usd = max(gap_usd, outside)
    worth_usd = {
        row.node.split("/")[2]: abs(row.value_usd)
        for row in now.exposures.rows
        if row.node.startswith("desk/") and row.node.count("/") == 2
    }
    sizes = []
    for each, one in zip(offers, np.abs(delta_usd), strict=True):
        most = max(each.most_contracts(is_up=True), each.most_contracts(is_up=False))
        borne_usd = min(gap_usd, worth_usd.get(each.account_id, 0.0))
        size = borne_usd / one if one > _TINY else most
        sizes.append(max(min(size, _OF_MOST_FRAC * most), each.lot_contracts))
    return np.array(sizes)


def badness(found: Joint) -> tuple[int, float, float]:
    """Say what it makes worse, then how far limits are still broken, then what it costs."""
    beyond = 0.0
    for state in found.broken:
        value, soft = state.value_frac_usd_or_coin, state.soft_frac_usd_or_coin
        if value is None:
            far = 10.0
        elif METRICS[state.metric].side == "floor":
            far = 1.0 - value / soft if soft else 1.0
        else:
            # A limit at zero is always broken: the nearer to it the better.
            far = abs(value) / soft - 1.0 if soft else abs(value) / (1.0 + abs(value))
        # At its bound a limit is broken, by however little: no saving is worth that.
        beyond += max(far, _BROKEN) + (1.0 if state.rung == "hard" else 0.0)
    worse_count = len(found.worsened) + len(found.lacking)
    return (worse_count, round(beyond, 9), found.cost_usd)


def _why_nothing(found: Joint) -> str:
    """Say why what was found is not done."""
    told = [f"{each.node} {each.metric} would be {each.rung}" for each in found.worsened]
    told += [f"{name} would not hold" for name in found.lacking]
    return "nothing that was found is better than nothing: " + (
        "; ".join(told[:3]) or "limits would stay as far broken"
    )


def _tighter(found: Joint, now: Survey) -> dict[tuple[str, str], float]:
    """Say by how much a distance must be asked for beyond its limit, to have it in the end."""
    told: dict[tuple[str, str], float] = {}
    for state in found.broken:
        value = state.value_frac_usd_or_coin
        mended_by = METRICS[state.metric].mended_by
        if mended_by == "distance" and value:
            short = state.soft_frac_usd_or_coin / value
            told[state.node, state.metric] = min(_FARTHER * short, _FARTHER_MAX)
        elif mended_by == "chance":
            told[state.node, state.metric] = _UNLIKELIER
    return told
