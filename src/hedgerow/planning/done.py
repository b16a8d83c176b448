"""The desk as it stands, and what it becomes when moves are done exactly.

A trade is booked at the mark and pays what it costs beyond; a transfer leaves its source with its
fee and arrives at its target in the way it is used there. Of a debt no more is repaid than is owed.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.hedging import ChosenTrade, Offer, crossing_and_fee_usd
from hedgerow.instruments import Instrument, lot_of, settlement_of
from hedgerow.limits import (
    Limit,
    Survey,
    account_node,
    arrived,
    lending_market,
    loan_held_coin,
    survey,
)
from hedgerow.margin import Rulebook, with_leg
from hedgerow.market import NO_SHOCK, Snapshot
from hedgerow.planning.costs import ChosenMove, MoveCosts, route_name
from hedgerow.planning.footing import Touch
from hedgerow.planning.wants import Demand, Wants
from hedgerow.portfolio import Account, book, with_balance
from hedgerow.units import digits_of, exact_lots, quantise, to_exact, to_model

__all__ = ["Desk", "Done", "traded_at_cost"]

# Costs are booked in whole steps of a coin, up: as fine as venues keep balances of the dearest.
_COST_STEP_COIN = Decimal("1e-8")


class Done(NamedTuple):
    """A plan done exactly: accounts by node while all of it is on its way, and the desk after."""

    trades: tuple[ChosenTrade, ...]
    moves: tuple[ChosenMove, ...]
    sent: Mapping[str, Account]
    after: Survey

    def known_usd(self, first_usd: float = 0) -> float:
        """Sum what is known of its costs, on top of what was paid first."""
        return (
            first_usd
            + sum(each.known_usd for each in self.trades)
            + sum(each.known_usd for each in self.moves)
        )


class Desk:
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
        self.node_of = {each.account_id: account_node(each) for each in now.book.accounts}

    def after(self, done: "Done") -> "Desk":
        """Give it as it would stand after a plan, looked at as now."""
        there = Desk(self.now, self.limits, self.instruments, self.rulebooks)
        there.accounts = {account_node(each): each for each in done.after.book.accounts}
        return there

    def demands(
        self, wanted: Wants, offers: Sequence[Offer], routes: Sequence[Route]
    ) -> tuple[Demand, ...]:
        """Add that whoever trades or gives has its initial requirement, or no less of it."""
        acting = [each.account_id for each in offers] + [each.source_account_id for each in routes]
        nodes = dict.fromkeys(self.node_of[each] for each in acting if each in self.node_of)
        initial = tuple(
            Demand(
                node=node,
                name=f"{node} initial requirement",
                shock=NO_SHOCK,
                use_frac=1.0,
                is_initial=True,
                is_on_the_way=True,
                is_kept=True,
            )
            for node in nodes
            if self.accounts[node].rulebook is not None
        )
        return (*wanted.demands, *initial)

    def refuse_strangers(self, offers: Sequence[Offer], routes: Sequence[Route]) -> None:
        """Raise `OutOfDomain` where an account is named that the desk does not have."""
        for account_id, name in (
            *((each.account_id, f"account_id of the offer {each.name}") for each in offers),
            *((each.source_account_id, "source_account_id of a route") for each in routes),
            *((each.target_account_id, "target_account_id of a route") for each in routes),
        ):
            if account_id not in self.node_of:
                known = ", ".join(self.node_of)
                raise OutOfDomain(f"{name} is {account_id!r}; the accounts are: {known}")

    def filled(self, offers: Sequence[Offer], routes: Sequence[Route]) -> tuple[str, ...]:
        """List accounts, by node, that may both trade and be sent something."""
        trading = {each.account_id for each in offers}
        sent = dict.fromkeys(each.target_account_id for each in routes)
        return tuple(self.node_of[each] for each in sent if each in trading)

    def touches(
        self, offers: Sequence[Offer], routes: Sequence[Route], sizes_contracts: Sequence[float]
    ) -> tuple[list[Touch], tuple[Failure, ...]]:
        """Do every move alone; what cannot be done is refused."""
        touches: list[Touch] = []
        refused: list[Failure] = []
        for at, offer in enumerate(offers):
            account = self._account(offer.account_id)
            unknown = self._unknown(account, trades=True)
            if unknown is not None:
                refused.append(_of_unknown(offer.name, account, unknown))
                continue
            lot = lot_of(offer.terms)
            assert lot is not None
            held_contracts = account.quantity_contracts(offer.instrument_id)
            for sign in (1, -1):
                size_contracts = min(sizes_contracts[at], offer.most_contracts(is_up=sign > 0))
                if held_contracts * sign < 0:
                    # What closes a position frees margin, and what opens the other side takes it.
                    size_contracts = min(size_contracts, to_model(abs(held_contracts)))
                quantity_contracts = sign * max(to_exact(size_contracts, lot, "down"), lot)
                try:
                    cost_usd = sum(crossing_and_fee_usd(offer, to_model(quantity_contracts)))
                    after = traded_at_cost(
                        account, offer, quantity_contracts, self.now.snapshot, cost_usd
                    )
                except OutOfDomain as trouble:
                    refused.append(
                        Failure(subject=offer.name, reason="unsupported", message=str(trouble))
                    )
                    break
                touches.append(Touch(at, after, to_model(quantity_contracts)))
        for at, route in enumerate(routes, start=len(offers)):
            moved = self._moved(at, route)
            if isinstance(moved, Failure):
                refused.append(moved)
            else:
                touches.extend(moved)
        return touches, tuple(refused)

    def _unknown(self, account: Account, *, trades: bool = False) -> Failure | None:
        """Give why nobody knows what an account has to spare, None where that is known.

        Whoever `trades` needs a rulebook; a wallet, which holds nothing that could be liquidated,
        needs none to send what it has.
        """
        report = self.now.reports.get(account_node(account))
        if isinstance(report, Failure):
            return report
        if trades and account.rulebook is None:
            return Failure(
                subject=account.account_id, reason="missing_data", message="it has no rulebook"
            )
        return None

    def _moved(self, at: int, route: Route) -> Outcome[list[Touch]]:
        source = self._account(route.source_account_id)
        unknown = self._unknown(source)
        if unknown is not None:
            return _of_unknown(route_name(route), source, unknown)
        spare = self.spare_coin(route)
        if spare < route.step_coin:
            return _no_source(route, f"{route.source_account_id} has {spare} {route.asset} to give")
        owed = self._owed_coin(route)
        if isinstance(owed, Failure):
            return Failure(
                subject=route_name(route),
                reason=owed.reason,
                message=f"nobody knows what {route.target_account_id} owes: {owed.message}",
            )
        most = _most_coin(route, spare, owed)
        if most < route.step_coin:
            return _no_source(route, f"{route.target_account_id} owes {owed} {route.asset}")
        quantity = max(quantise(most / 4, route.step_coin, "down"), route.step_coin)
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
            market=self._market(route.target_account_id),
        )
        if isinstance(filled, Failure):
            return filled
        source = with_balance(source, route.asset, -quantity - route.fee_coin)
        amount = to_model(quantity)
        return [Touch(at, source, amount), Touch(at, filled, amount, is_arrival=True)]

    def spare_coin(self, route: Route) -> Decimal:
        """Give what the source holds of the asset beyond the fee."""
        held = self._account(route.source_account_id).balance_coin(route.asset)
        return quantise(max(held - route.fee_coin, Decimal(0)), route.step_coin, "down")

    def most_coin(self, route: Route) -> Outcome[Decimal]:
        """Give what may go along a route: what is there, and no more than a debt that it repays.

        A failure where that debt is unknown.
        """
        owed = self._owed_coin(route)
        return (
            owed if isinstance(owed, Failure) else _most_coin(route, self.spare_coin(route), owed)
        )

    def _owed_coin(self, route: Route) -> Outcome[Decimal | None]:
        """Give the debt that a route repays; None of a route that repays none."""
        if route.use != "repay":
            return None
        return loan_held_coin(
            self._account(route.target_account_id),
            route.asset,
            self.now.snapshot,
            self.instruments,
            self.rulebooks,
            is_debt=True,
        )

    def _market(self, account_id: str) -> str | None:
        return lending_market(self._account(account_id), self.rulebooks)

    def _account(self, account_id: str) -> Account:
        return self.accounts[self.node_of[account_id]]

    def done(self, plan_amount: Sequence[float], costs: MoveCosts) -> "Done":
        """Do a plan (of offers, then of routes) exactly, and survey the desk after."""
        accounts = {each.account_id: each for each in self.now.book.accounts}
        trades: list[ChosenTrade] = []
        moves: list[ChosenMove] = []
        taken: dict[tuple[str, bool], float] = {}
        for offer, amount in zip(costs.offers, plan_amount, strict=False):
            lot = lot_of(offer.terms)
            assert lot is not None
            quantity = exact_lots(amount, lot)
            if quantity != 0:
                side = offer.instrument_id, quantity > 0
                trade = costs.trade(offer, to_model(quantity), taken.get(side, 0.0))
                taken[side] = taken.get(side, 0.0) + abs(trade.quantity_contracts)
                trades.append(trade)
                cost_usd = trade.crossing_usd + trade.fee_usd
                accounts[offer.account_id] = traded_at_cost(
                    accounts[offer.account_id], offer, quantity, self.now.snapshot, cost_usd
                )
        for at, amount in enumerate(plan_amount[len(costs.offers) :]):
            route = costs.routes[at]
            quantity = exact_lots(amount, route.step_coin)
            if quantity <= 0:
                continue
            moves.append(costs.move(at, quantity))
            source = accounts[route.source_account_id]
            accounts[route.source_account_id] = with_balance(
                source, route.asset, -quantity - route.fee_coin
            )
        sent = {account_node(each): each for each in accounts.values()}
        for move in moves:
            route = move.route
            filled = arrived(
                accounts[route.target_account_id],
                route.asset,
                route.use,
                move.quantity_coin,
                self.now.snapshot,
                self.instruments,
                market=self._market(route.target_account_id),
            )
            assert not isinstance(filled, Failure), "it arrived when it was tried"
            accounts[route.target_account_id] = filled
        after = survey(
            book(accounts.values(), self.instruments),
            self.now.snapshot,
            self.rulebooks,
            self.limits,
            known=(self.now,),
        )
        return Done(tuple(trades), tuple(moves), sent, after)


def _most_coin(route: Route, spare_coin: Decimal, owed_coin: Decimal | None) -> Decimal:
    if owed_coin is None:
        return spare_coin
    return min(spare_coin, quantise(owed_coin, route.step_coin, "down"))


def _no_source(route: Route, message: str) -> Failure:
    return Failure(subject=route_name(route), reason="no_source", message=message)


def traded_at_cost(
    account: Account,
    each: Offer,
    quantity_contracts: Decimal,
    snapshot: Snapshot,
    cost_usd: float,
) -> Account:
    """Book a trade at the mark, and pay what it costs beyond."""
    booked = with_leg(account, each.terms, quantity_contracts, digits_of(each.price_mark_ccy))
    asset = settlement_of(each.terms)
    paid = snapshot.asset(asset)
    assert not isinstance(paid, Failure), "an offer is priced in what it settles in"
    cost = to_exact(cost_usd / paid.price_usd, _COST_STEP_COIN, "up")
    return with_balance(booked, asset, -cost)


def _of_unknown(name: str, account: Account, why: Failure) -> Failure:
    return Failure(
        subject=name,
        reason=why.reason,
        message=f"nobody knows what {account.account_id} has to spare: {why.message}",
    )
