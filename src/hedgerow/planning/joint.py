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
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging import (
    Ask,
    ChosenTrade,
    Offer,
    asks_band,
    crossing_and_fee_usd,
    effects,
    trade_costs,
)
from hedgerow.instruments import Instrument, lot_of, settlement_of
from hedgerow.limits import Limit, LimitState, Survey, account_node, arrived, survey
from hedgerow.margin import Rulebook, with_leg
from hedgerow.market import NO_SHOCK, Snapshot
from hedgerow.planning.footing import Footing, Touch, footing, spare_ccy
from hedgerow.planning.wants import Demand, Wants, stresses_of, wants
from hedgerow.portfolio import Account, book, with_balance
from hedgerow.solvency import coins_moved
from hedgerow.solving import Answer, Band, Decisions, Ladders, Programme, Shadow, Tickets, least
from hedgerow.units import digits_of, quantise, to_exact, to_model

__all__ = ["ChosenMove", "Joint", "JointTerms", "joint"]

Floats = NDArray[np.float64]

_TRIES = 5
_TINY = 1e-9
# Dollars of delta, or a share of the gap, at which a move is tried where nothing else says a size.
_SIZE_USD = 10_000.0


class JointTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is priced by, beside the books.

    `capital_frac_per_year` is what money tied up at a venue costs, `ticket_usd` what each trade
    costs beside its size. Branch and bound opens at most `nodes_count_max` nodes.
    """

    horizon_days: float = 1.0
    capital_frac_per_year: float = 0.05
    ticket_usd: float = 0.0
    legs_count_max: int | None = None
    nodes_count_max: int = 100

    def __post_init__(self) -> None:
        for name in ("horizon_days", "capital_frac_per_year", "ticket_usd"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise OutOfDomain(f"{name} must not be negative, was {getattr(self, name)}")


PLAIN_TERMS = JointTerms()


class ChosenMove(msgspec.Struct, frozen=True, kw_only=True):
    """So much of a route's asset, and what moving it costs.

    `late_usd` is what is lost by a liquidation before it arrives, times the chance of one.
    """

    route: Route
    quantity_coin: Decimal
    fee_usd: float
    capital_usd: float
    late_usd: float

    @property
    def cost_usd(self) -> float:
        """All of it."""
        return self.fee_usd + self.capital_usd + self.late_usd


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """The moves, and the desk after them.

    `after` is the survey of the desk with everything done exactly and arrived; `bound_usd` what no
    moves cost less than, by the programme they were chosen with. `unplanned` are limits that were
    left out, with the reason; `refused` what could not be traded or moved, with the reason.
    """

    trades: tuple[ChosenTrade, ...]
    moves: tuple[ChosenMove, ...]
    cost_usd: float
    bound_usd: float
    after: Survey
    asks: tuple[Ask, ...]
    shadows: tuple[Shadow, ...]
    conflicts: tuple[str, ...]
    unplanned: tuple[Failure, ...]
    refused: tuple[Failure, ...]
    remark: str

    @property
    def broken(self) -> tuple[LimitState, ...]:
        """The limits that are still beyond soft or hard after it."""
        return tuple(each for each in self.after.limits if each.rung in ("soft", "hard"))


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
    """Plan.

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
    """
    desk = _Desk(now, limits, instruments, rulebooks)
    coins = coins_moved(instruments.values(), now.book.accounts, now.snapshot)
    effect = effects(offers, now.snapshot, stresses_of(limits), coins)
    wanted = wants(now, limits, effect)
    demands = desk.demands(wanted, effect.offers, routes)
    kept = spare_ccy(demands, desk.accounts, now.snapshot, instruments, rulebooks)
    is_held = [
        each.is_initial or not spare < 0.0 for each, spare in zip(demands, kept, strict=True)
    ]
    if all(each.is_met for each in wanted.asks) and all(is_held):
        return desk.nothing(wanted, effect.refused)
    sizes = _sizes(effect.exposure_of("desk", "delta_spot_usd"), effect.offers, wanted)
    touches, refused = desk.touches(effect.offers, routes, sizes)
    count = len(effect.offers) + len(routes)
    foot = footing(demands, desk.accounts, touches, count, now.snapshot, instruments, rulebooks)
    costs = _Costs(effect.offers, routes, now.snapshot, terms, late_usd)
    best: Joint | None = None
    for _ in range(_TRIES):
        programme = _programme(desk, wanted, foot, costs, touches)
        answer = least(programme, nodes_count_max=terms.nodes_count_max)
        if isinstance(answer, Failure):
            return answer if best is None else best
        amounts = np.array(answer.chosen_amount)
        found = desk.done(answer, wanted, costs, (*refused, *effect.refused, *foot.unknown))
        if best is None or _badness(found) < _badness(best):
            best = found
        accounts = {account_node(each): each for each in found.after.book.accounts}
        exact = spare_ccy(foot.demands, accounts, now.snapshot, instruments, rulebooks)
        foretold = foot.after_ccy(amounts)
        out_by = np.abs(np.nan_to_num(exact) - foretold) / foot.scale_ccy
        tighter = _tighter(found, now)
        if not found.broken and not np.any(out_by > 0.01):
            break
        if tighter and not any(exact < -_TINY * foot.scale_ccy):
            # All demands hold and a limit does not: it breaks nearer than it was asked about.
            wanted = wants(now, limits, effect, tighter=tighter)
            demands = desk.demands(wanted, effect.offers, routes)
            foot = footing(
                demands, desk.accounts, touches, count, now.snapshot, instruments, rulebooks
            )
            exact = spare_ccy(foot.demands, accounts, now.snapshot, instruments, rulebooks)
        foot = foot.corrected(amounts, exact)
    assert best is not None
    return best


class _Costs:
    """What moves cost: trades by their books, transfers by fee, capital and lateness."""

    def __init__(
        self,
        offers: Sequence[Offer],
        routes: Sequence[Route],
        snapshot: Snapshot,
        terms: JointTerms,
        late_usd: Callable[[Route], float],
    ) -> None:
        self.offers, self.routes, self.terms = offers, routes, terms
        self.prices_usd = []
        for route in routes:
            price = snapshot.asset(route.asset)
            self.prices_usd.append(0.0 if isinstance(price, Failure) else price.price_usd)
        self.late_usd = [late_usd(route) for route in routes]
        self._carry_frac = terms.capital_frac_per_year * terms.horizon_days / 365.0

    def parts(self) -> list[Ladders | Tickets]:
        """Give them as parts of a programme."""
        trades = trade_costs(self.offers, self.terms.horizon_days)
        first = len(self.offers)
        places = np.arange(first, first + len(self.routes), dtype=np.int64)
        moved = Ladders(
            decision_index=places,
            is_up=np.ones(len(places), dtype=np.bool_),
            width_amount=np.full(len(places), np.inf),
            price_usd_per_amount=np.array(
                [price * self._carry_frac for price in self.prices_usd], dtype=np.float64
            ),
        )
        tickets = np.array(
            [self.terms.ticket_usd] * first
            + [
                to_model(route.fee_coin) * price + late
                for route, price, late in zip(
                    self.routes, self.prices_usd, self.late_usd, strict=True
                )
            ]
        )
        made: list[Ladders | Tickets] = [trades, moved]
        if np.any(tickets > 0.0) or self.terms.legs_count_max is not None:
            made.append(Tickets(tickets, self.terms.legs_count_max))
        return made

    def trade(self, each: Offer, quantity: float) -> ChosenTrade:
        crossing, fee = crossing_and_fee_usd(each, quantity)
        carry = -(each.carry_usd_per_day or 0.0) * self.terms.horizon_days * quantity
        return ChosenTrade(
            instrument_id=each.instrument_id,
            account_id=each.account_id,
            quantity_contracts=quantity,
            crossing_usd=crossing,
            fee_usd=fee,
            carry_usd=carry,
            ticket_usd=self.terms.ticket_usd,
        )

    def move(self, at: int, quantity_coin: Decimal) -> ChosenMove:
        route, price = self.routes[at], self.prices_usd[at]
        return ChosenMove(
            route=route,
            quantity_coin=quantity_coin,
            fee_usd=to_model(route.fee_coin) * price,
            capital_usd=to_model(quantity_coin) * price * self._carry_frac,
            late_usd=self.late_usd[at],
        )


class _Desk:
    """The desk as it stands, and what it becomes."""

    def __init__(
        self,
        now: Survey,
        limits: Sequence[Limit],
        instruments: Mapping[str, Instrument],
        rulebooks: Mapping[str, Rulebook],
    ) -> None:
        self.now, self.limits = now, limits
        self.instruments, self.rulebooks = instruments, rulebooks
        self.accounts = {account_node(each): each for each in now.book.accounts}
        self._node_of = {each.account_id: account_node(each) for each in now.book.accounts}

    def demands(
        self, wanted: Wants, offers: Sequence[Offer], routes: Sequence[Route]
    ) -> tuple[Demand, ...]:
        """Add that whoever trades or gives has its initial requirement, or no less of it."""
        acting = [each.account_id for each in offers] + [each.source_account_id for each in routes]
        nodes = dict.fromkeys(self._node_of[each] for each in acting if each in self._node_of)
        initial = tuple(
            Demand(
                node=node,
                name=f"{node} initial requirement",
                shock=NO_SHOCK,
                use_frac=1.0,
                is_initial=True,
            )
            for node in nodes
            if self.accounts[node].rulebook is not None
        )
        return (*wanted.demands, *initial)

    def touches(
        self, offers: Sequence[Offer], routes: Sequence[Route], sizes: Floats
    ) -> tuple[list[Touch], tuple[Failure, ...]]:
        """Do every move alone; what cannot be done is refused."""
        touches: list[Touch] = []
        refused: list[Failure] = []
        for at, each in enumerate(offers):
            account = self._account(each.account_id)
            lot = lot_of(each.terms)
            assert lot is not None
            for sign in (1, -1):
                size = min(sizes[at], each.most_contracts(is_up=sign > 0))
                quantity = sign * max(to_exact(size, lot, "down"), lot)
                try:
                    after = _traded(account, each, quantity, self.now.snapshot)
                except OutOfDomain as trouble:
                    refused.append(
                        Failure(subject=each.name, reason="unsupported", message=str(trouble))
                    )
                    break
                touches.append(Touch(at, after, to_model(quantity)))
        for at, route in enumerate(routes, start=len(offers)):
            found = self._moved(at, route)
            if isinstance(found, Failure):
                refused.append(found)
            else:
                touches.extend(found)
        return touches, tuple(refused)

    def _moved(self, at: int, route: Route) -> Outcome[list[Touch]]:
        spare = self.spare_coin(route)
        if spare < route.step_coin:
            return Failure(
                subject=_route_name(route),
                reason="no_source",
                message=f"{route.source_account_id} has {max(spare, Decimal(0))} {route.asset} "
                "to give",
            )
        quantity = max(quantise(spare / 4, route.step_coin, "down"), route.step_coin)
        price = self.now.snapshot.asset(route.asset)
        if isinstance(price, Failure):
            return price
        filled = arrived(
            self._account(route.target_account_id),
            route.asset,
            route.use,
            quantity,
            self.now.snapshot,
            self.instruments,
        )
        if isinstance(filled, Failure):
            return filled
        source = with_balance(
            self._account(route.source_account_id), route.asset, -quantity - route.fee_coin
        )
        amount = to_model(quantity)
        return [Touch(at, source, amount), Touch(at, filled, amount, is_arrival=True)]

    def spare_coin(self, route: Route) -> Decimal:
        """Give what the source holds of the asset beyond the fee."""
        held = self._account(route.source_account_id).balance_coin(route.asset)
        return quantise(max(held - route.fee_coin, Decimal(0)), route.step_coin, "down")

    def _account(self, account_id: str) -> Account:
        return self.accounts[self._node_of[account_id]]

    def nothing(self, wanted: Wants, refused: tuple[Failure, ...]) -> Joint:
        """Give the plan of a desk that keeps its limits."""
        return Joint(
            trades=(),
            moves=(),
            cost_usd=0.0,
            bound_usd=0.0,
            after=self.now,
            asks=wanted.asks,
            shadows=(),
            conflicts=(),
            unplanned=wanted.unplanned,
            refused=refused,
            remark="every limit that can be planned for holds",
        )

    def done(
        self, answer: Answer, wanted: Wants, costs: _Costs, refused: tuple[Failure, ...]
    ) -> Joint:
        """Do a plan exactly, and survey the desk after it."""
        accounts = {each.account_id: each for each in self.now.book.accounts}
        trades: list[ChosenTrade] = []
        moves: list[ChosenMove] = []
        for each, amount in zip(costs.offers, answer.chosen_amount, strict=False):
            lot = lot_of(each.terms)
            assert lot is not None
            quantity = to_exact(amount, lot, "half_up")
            if quantity != 0:
                trades.append(costs.trade(each, to_model(quantity)))
                accounts[each.account_id] = _traded(
                    accounts[each.account_id], each, quantity, self.now.snapshot
                )
        for at, amount in enumerate(answer.chosen_amount[len(costs.offers) :]):
            route = costs.routes[at]
            quantity = to_exact(amount, route.step_coin, "half_up")
            if quantity <= 0:
                continue
            moves.append(costs.move(at, quantity))
            source = accounts[route.source_account_id]
            accounts[route.source_account_id] = with_balance(
                source, route.asset, -quantity - route.fee_coin
            )
            filled = arrived(
                accounts[route.target_account_id],
                route.asset,
                route.use,
                quantity,
                self.now.snapshot,
                self.instruments,
            )
            assert not isinstance(filled, Failure), "it arrived when it was tried"
            accounts[route.target_account_id] = filled
        after = survey(
            book(accounts.values(), self.instruments),
            self.now.snapshot,
            self.rulebooks,
            self.limits,
        )
        return Joint(
            trades=tuple(trades),
            moves=tuple(moves),
            cost_usd=sum(each.cost_usd for each in trades) + sum(each.cost_usd for each in moves),
            bound_usd=answer.bound_usd,
            after=after,
            asks=wanted.asks,
            shadows=answer.shadows,
            conflicts=answer.conflicts,
            unplanned=wanted.unplanned,
            refused=tuple(dict.fromkeys(refused)),
            remark=answer.remark,
        )


def _programme(
    desk: _Desk, wanted: Wants, foot: Footing, costs: _Costs, touches: Sequence[Touch]
) -> Programme:
    """Put everything into one programme; a move nobody could try stays at nothing."""
    offers, routes = costs.offers, costs.routes
    tried = {(each.decision_index, each.amount > 0) for each in touches} - set(foot.barred)
    low, high, lots = [], [], []
    for at, each in enumerate(offers):
        low.append(-each.most_contracts(is_up=False) if (at, False) in tried else 0.0)
        high.append(each.most_contracts(is_up=True) if (at, True) in tried else 0.0)
        lots.append(each.lot_contracts)
    for at, route in enumerate(routes, start=len(offers)):
        low.append(0.0)
        high.append(to_model(desk.spare_coin(route)) if (at, True) in tried else 0.0)
        lots.append(to_model(route.step_coin))
    names = tuple(each.name for each in offers) + tuple(_route_name(each) for each in routes)
    wide = np.hstack([wanted.figure_per_contract, np.zeros((len(wanted.asks), len(routes)))])
    return Programme(
        Decisions(names, np.array(low), np.array(high), np.array(lots)),
        [*costs.parts(), asks_band(wanted.asks, wide), foot.part(), *_purses(desk, offers, routes)],
    )


def _purses(desk: _Desk, offers: Sequence[Offer], routes: Sequence[Route]) -> list[Band]:
    """Several routes from one balance share it."""
    purses: dict[tuple[str, str], list[int]] = {}
    for at, route in enumerate(routes):
        purses.setdefault((route.source_account_id, route.asset), []).append(at)
    shared = {key: members for key, members in purses.items() if len(members) > 1}
    if not shared:
        return []
    rows = np.zeros((len(shared), len(offers) + len(routes)))
    most = np.zeros(len(shared))
    for row, members in enumerate(shared.values()):
        rows[row, [len(offers) + at for at in members]] = 1.0
        fees = sum((routes[at].fee_coin for at in members), Decimal(0))
        held = desk.spare_coin(routes[members[0]]) + routes[members[0]].fee_coin
        most[row] = max(to_model(held - fees), 0.0)
    names = tuple(f"{asset} of {source}" for source, asset in shared)
    return [
        Band.of(
            names,
            np.zeros(len(shared)),
            rows,
            high_figure=most,
            # A purse is what there is: it gives way last.
            scale_figure=np.maximum(most, 1.0) * 1e-6,
        )
    ]


def _sizes(delta_usd: Floats, offers: Sequence[Offer], wanted: Wants) -> Floats:
    """Say how much of each offer to try: about what would close the widest gap alone."""
    gap_usd = _SIZE_USD
    for ask in wanted.asks:
        if "delta_spot_usd" in ask.name:
            outside = max(ask.low_figure - ask.now_figure, ask.now_figure - ask.high_figure)
            gap_usd = max(gap_usd, outside)
    sizes = []
    for each, one in zip(offers, np.abs(delta_usd), strict=True):
        most = max(each.most_contracts(is_up=True), each.most_contracts(is_up=False))
        size = gap_usd / one if one > _TINY else most
        sizes.append(min(max(size, each.lot_contracts), most / 4 if most else each.lot_contracts))
    return np.array(sizes)


def _traded(account: Account, each: Offer, quantity: Decimal, snapshot: Snapshot) -> Account:
    """Book a trade at the mark, and pay what it costs beyond."""
    booked = with_leg(account, each.terms, quantity, digits_of(each.price_mark_ccy))
    crossing, fee = crossing_and_fee_usd(each, to_model(quantity))
    asset = settlement_of(each.terms)
    paid = snapshot.asset(asset)
    assert not isinstance(paid, Failure), "an offer is priced in what it settles in"
    cost = to_exact((crossing + fee) / paid.price_usd, Decimal("1e-8"), "up")
    return with_balance(booked, asset, -cost)


def _badness(found: Joint) -> tuple[float, float]:
    """Say how far limits are still broken, then what it costs."""
    beyond = 0.0
    for state in found.broken:
        value, soft = state.value_frac_usd_or_coin, state.soft_frac_usd_or_coin
        if value is None:
            beyond += 10.0
        elif state.metric == "distance_spot_frac":
            beyond += 1.0 - value / soft if soft else 1.0
        else:
            beyond += abs(value) / soft - 1.0 if soft else 1.0
        beyond += 1.0 if state.rung == "hard" else 0.0
    return (round(beyond, 9), found.cost_usd)


def _tighter(found: Joint, now: Survey) -> dict[tuple[str, str], float]:
    """Say by how much a distance must be asked for beyond its limit, to have it in the end."""
    told: dict[tuple[str, str], float] = {}
    for state in found.broken:
        value = state.value_frac_usd_or_coin
        if state.metric == "distance_spot_frac" and value:
            told[state.node, state.metric] = min(1.02 * state.soft_frac_usd_or_coin / value, 2.0)
        elif state.metric == "liquidation_probability_frac":
            told[state.node, state.metric] = 1.1
    return told


def _route_name(route: Route) -> str:
    return (
        f"{route.asset} from {route.source_account_id} to {route.target_account_id} ({route.use})"
    )
