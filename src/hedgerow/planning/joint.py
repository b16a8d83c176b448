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

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome
from hedgerow.hedging import Offer, asks_band, effects
from hedgerow.instruments import Instrument
from hedgerow.limits import METRICS, Limit, Survey, account_node
from hedgerow.margin import Rulebook
from hedgerow.planning.costs import PLAIN_TERMS, JointTerms, LateUsd, MoveCosts
from hedgerow.planning.done import Desk, Done
from hedgerow.planning.footing import Footing
from hedgerow.planning.means import Means, decisions, sizes_contracts
from hedgerow.planning.moved import figures_moved
from hedgerow.planning.outcome import Joint, badness
from hedgerow.planning.purses import FENCE, GIVES_LAST_FRAC, purses
from hedgerow.planning.spare import spare_ccy
from hedgerow.planning.wants import Demand, Wants, stresses_of
from hedgerow.solvency import coins_moved
from hedgerow.solving import Answer, Programme, Uses, least

__all__ = ["joint"]

Floats = NDArray[np.float64]

# Of 60 drawn desks with a portfolio margin account two more tries bettered the plans of two, what
# they leave broken by an eighth at most; with one less that of one was worse by a quarter.
_TRIES = 6
# A demand that binds, and turns out to have so much of its size more to spare than was foretold,
# is worth another look: a cheaper plan may do.
_DEAR_FRAC = 0.01
# Of the moves that went too far, so much is allowed the next time: half, as a search halves.
_AS_FAR_FRAC = 0.5
# A distance that came out short is asked for anew by as much more, and a little: it is found to a
# fiftieth. Twice the limit is as far as that helps; what a probability lacks is not told, so it is
# asked for by a tenth more.
_FARTHER, _FARTHER_MAX, _UNLIKELIER = 1.02, 2.0, 1.1


def joint(
    now: Survey,
    limits: Sequence[Limit],
    offers: Sequence[Offer],
    routes: Sequence[Route],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    *,
    terms: JointTerms = PLAIN_TERMS,
    late_usd: LateUsd = lambda route: 0.0,
) -> Outcome[Joint]:
    """Find the cheapest trades and moves after which every limit holds, done exactly.

    Parameters
    ----------
    now
        The desk as it stands, surveyed with `limits` by these `rulebooks`: what no leg touches is
        taken from there.
    offers, routes
        All that may be done. None of one kind plans with the other alone.
    instruments
        Terms of everything held or offered.
    late_usd
        What a route's taking its time is expected to cost; what is unknown of it is in no cost.

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
    means = Means(desk, effect, routes, coins)
    wanted = means.wanted()
    nothing = _nothing(now, wanted, effect.refused)
    if not nothing.broken or means.are_met(wanted):
        return nothing
    if not effect.offers and not routes:
        return replace(nothing, remark="a limit is broken, and there is nothing to trade or move")
    costs = MoveCosts(effect.offers, routes, now.snapshot, terms, late_usd)
    return _Search(means, wanted, costs).best(nothing)


class _Reach(NamedTuple):
    """How far trades on an account may go, counted in the sizes at which they were tried alone."""

    tried_frac_per_contract: Floats
    most_frac: float


class _Trial(NamedTuple):
    """A plan that was found, and how it turned out when it was done exactly.

    `lacked` are demands that do not hold after it, or on the way; `is_dear` says that one which
    binds has more to spare than was foretold.
    """

    plan: Joint
    plan_amount: Floats
    done: Done
    exact_ccy: Floats
    lacked: tuple[Demand, ...]
    is_dear: bool

    @property
    def is_good(self) -> bool:
        """Whether every limit holds after it, and nothing was made worse."""
        return not (self.plan.broken or self.plan.lacking or self.plan.worsened)


class _Search:
    """Programmes, one after the other, each with what the last plan taught when it was done."""

    def __init__(self, means: Means, wanted: Wants, costs: MoveCosts) -> None:
        self._means, self._wanted, self._costs = means, wanted, costs
        desk, offers = means.desk, means.offers
        delta_usd = means.effect.exposure_of("desk", "delta_spot_usd")
        self._sizes_contracts = sizes_contracts(delta_usd, offers, wanted, desk.now)
        self._touches, self._refused = desk.touches(
            offers, means.routes, self._sizes_contracts.tolist()
        )
        self._foot = means.footing(wanted, self._touches)
        self._figure_per_coin = figures_moved(
            desk, wanted, self._touches, len(offers), len(means.routes)
        )
        self._within: dict[str, _Reach] = {}
        self._short_nodes: set[str] = set()

    def best(self, nothing: Joint) -> Outcome[Joint]:
        """Try a few plans and give the one that turned out best, or nothing, and why."""
        best, best_answer, before_amount = nothing, None, tuple[float, ...]()
        for tried in range(_TRIES):
            answer = least(self._programme(), nodes_count_max=self._costs.terms.nodes_count_max)
            if isinstance(answer, Failure):
                if best_answer is None:
                    return answer
                break
            trial = self._tried(answer)
            if badness(trial.plan) < badness(best):
                best, best_answer = trial.plan, answer
            if (trial.is_good and not trial.is_dear) or answer.chosen_amount == before_amount:
                break
            before_amount = answer.chosen_amount
            self._learn(trial, may_loosen=trial.is_good or tried == 0)
        if best_answer is not None:
            return self._without_the_useless(best, best_answer) if best.broken else best
        return replace(
            nothing,
            shadows=trial.plan.shadows,
            demands=trial.plan.demands,
            refused=trial.plan.refused,
            conflicts=trial.plan.conflicts,
            remark=_why_nothing(trial.plan),
        )

    def _without_the_useless(self, best: Joint, answer: Answer) -> Joint:
        """Leave out every leg without which limits stand no further broken, done exactly.

        Where not all can hold rows promise more for a leg than it brings: of an account that is
        beyond help, as one without equity, they count what it lacks and a limit does not.
        """
        for at in np.flatnonzero(answer.chosen_amount):
            without = list(answer.chosen_amount)
            without[at] = 0.0
            fewer = msgspec.structs.replace(answer, chosen_amount=tuple(without))
            plan = self._tried(fewer).plan
            if badness(plan) < badness(best):
                # What was proven is of plans that keep to more rows than this one.
                best = replace(plan, bound_usd=min(plan.bound_usd, plan.cost_usd))
                answer = fewer
        return best

    def _programme(self) -> Programme:
        """Put everything into one programme."""
        means, wanted = self._means, self._wanted
        offers, routes = means.offers, means.routes
        wide = np.hstack([wanted.figure_per_contract, self._figure_per_coin])
        return Programme(
            decisions(means, self._touches, self._foot),
            [
                *self._costs.parts(),
                asks_band(wanted.asks, wide),
                self._foot.part(),
                *purses(means.desk, offers, routes),
                *_reaches(self._within, means.count),
            ],
        )

    def _tried(self, answer: Answer) -> _Trial:
        """Do a plan exactly, and hold what comes of it against what was foretold."""
        means, foot = self._means, self._foot
        plan_amount = np.array(answer.chosen_amount)
        done = means.desk.done(answer.chosen_amount, self._costs)
        exact_ccy = _exact_ccy(foot, done, means.desk)
        lacked = tuple(
            each
            for each, is_lacking in zip(foot.demands, foot.lacks(exact_ccy), strict=True)
            if is_lacking
        )
        barred = foot.refused(means.offers, means.routes)
        refused = (*self._refused, *means.effect.refused, *barred)
        plan = _joint(means, answer, done, self._wanted, refused, lacked)
        plan = replace(plan, demands=foot.demands)
        foretold_ccy = foot.after_ccy(plan_amount)
        out_by_frac = np.abs(np.nan_to_num(exact_ccy) - foretold_ccy) / foot.scale_ccy
        is_more = (exact_ccy > foretold_ccy) & (out_by_frac > _DEAR_FRAC)
        is_dear = bool(np.any(is_more & foot.binds(answer.shadows)))
        return _Trial(plan, plan_amount, done, exact_ccy, lacked, is_dear)

    def _learn(self, trial: _Trial, *, may_loosen: bool) -> None:
        """Put into the rows what a plan was out by, and keep the next one from going as far."""
        exact_ccy, tighter_frac = trial.exact_ccy, _tighter_frac(trial.plan)
        if tighter_frac and not trial.lacked:
            # All demands hold and a limit does not: it breaks nearer than it was asked about.
            self._wanted = self._means.wanted(tighter_frac)
            self._foot = self._means.footing(self._wanted, self._touches)
            exact_ccy = _exact_ccy(self._foot, trial.done, self._means.desk)
        self._look_from_there(trial)
        for node in self._gone_too_far(trial):
            tried_frac = self._tried_frac_per_contract(node)
            went_frac = float(tried_frac @ np.abs(trial.plan_amount[: len(tried_frac)]))
            if went_frac > 0.0:
                self._within[node] = _Reach(tried_frac, _AS_FAR_FRAC * went_frac)
        self._foot = self._foot.corrected(trial.plan_amount, exact_ccy, may_loosen=may_loosen)

    def _look_from_there(self, trial: _Trial) -> None:
        """Take the slopes where a plan led, if all that is wanted there is known."""
        there = replace(self._means, desk=self._means.desk.after(trial.done))
        touches, _ = there.desk.touches(there.offers, there.routes, self._sizes_contracts.tolist())
        foot = there.footing(self._wanted, touches)
        if foot.demands == self._foot.demands:
            touched = {each.way for each in touches} - foot.barred.keys()
            self._foot = self._foot.seen_from(foot, trial.plan_amount, touched)

    def _gone_too_far(self, trial: _Trial) -> list[str]:
        """Give accounts that shall not go as far again: slopes hold near where they are.

        One that fell short is first asked for what it lacked, in rows put right: often something
        more sent to it is all it needs. It is kept nearer if that did not help, and where nobody
        knows what it has: beyond some size a venue has no answer.
        """
        demands = self._foot.demands
        unknown = {demands[at].node for at in np.flatnonzero(np.isnan(trial.exact_ccy))}
        short = dict.fromkeys(each.node for each in trial.lacked if each.is_kept)
        again = [each for each in short if each in self._short_nodes or each in unknown]
        self._short_nodes |= set(short)
        return again

    def _tried_frac_per_contract(self, node: str) -> Floats:
        """Give what part of the size it was tried at a contract is; zero on other accounts."""
        node_of = self._means.desk.node_of
        is_own = np.array(
            [node_of[each.account_id] == node for each in self._means.offers], dtype=np.bool_
        )
        return np.where(is_own, 1.0 / self._sizes_contracts, 0.0)


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
        demands=wanted.demands,
    )


def _exact_ccy(foot: Footing, done: Done, desk: Desk) -> Floats:
    """Ask what each demand has to spare after a plan, or while what it sends is on its way."""
    arrived = {account_node(each): each for each in done.after.book.accounts}
    args = done.after.snapshot, desk.instruments, desk.rulebooks
    exact = spare_ccy(foot.demands, arrived, *args)
    if not done.moves:
        return exact
    early = np.array([each.is_on_the_way for each in foot.demands], dtype=np.bool_)
    waiting = [each for each in foot.demands if each.is_on_the_way]
    exact[early] = spare_ccy(waiting, done.sent, *args)
    return exact


def _joint(
    means: Means,
    answer: Answer,
    done: Done,
    wanted: Wants,
    refused: tuple[Failure, ...],
    lacked: tuple[Demand, ...],
) -> Joint:
    return Joint(
        trades=done.trades,
        moves=done.moves,
        cost_usd=done.known_usd(),
        bound_usd=answer.bound_usd,
        excess_frac=answer.excess_frac,
        before=means.desk.now,
        after=done.after,
        offers=means.offers,
        asks=wanted.asks,
        shadows=answer.shadows,
        conflicts=answer.conflicts,
        unplanned=wanted.unplanned,
        refused=tuple(dict.fromkeys(refused)),
        remark=answer.remark,
        lacking=tuple(each.name for each in lacked if each.is_on_the_way),
    )


def _reaches(within: Mapping[str, _Reach], moves_count: int) -> list[Uses]:
    """Keep accounts nearer to where they are than a plan that took them too far."""
    if not within:
        return []
    wide = np.zeros((len(within), moves_count))
    for row, reach in enumerate(within.values()):
        wide[row, : len(reach.tried_frac_per_contract)] = reach.tried_frac_per_contract
    most = np.array([each.most_frac for each in within.values()])
    names = tuple(f"{node} {FENCE}" for node in within)
    return [Uses(names, wide, wide, most, np.maximum(most, 1.0) * GIVES_LAST_FRAC)]


def _why_nothing(plan: Joint) -> str:
    """Say why what was found is not done."""
    told = [f"{each.node} {each.metric} would be {each.rung}" for each in plan.worsened]
    told += [f"{name} would not hold" for name in plan.lacking]
    return "nothing that was found is better than nothing: " + (
        "; ".join(told[:3]) or "limits would stay as far broken"
    )


def _tighter_frac(plan: Joint) -> dict[tuple[str, str], float]:
    """Say by how much a distance must be asked for beyond its limit, to have it in the end."""
    told: dict[tuple[str, str], float] = {}
    for state in plan.broken:
        value = state.value_frac_usd_or_coin
        mended_by = METRICS[state.metric].mended_by
        if mended_by == "distance" and value:
            short = state.soft_frac_usd_or_coin / value
            told[state.node, state.metric] = min(_FARTHER * short, _FARTHER_MAX)
        elif mended_by == "chance":
            told[state.node, state.metric] = _UNLIKELIER
    return told
