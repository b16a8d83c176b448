"""The agent that plans hedges and collateral together, when a limit or a buffer asks for it.

What was sent and is not final counts as done: transfers as arrived, orders as filled, switches as
made and swaps for the least they may bring, so nothing is sent twice. It plans at all only when a
limit stands at soft or beyond, or an account uses more of its equity than its buffer allows; that
account is then wanted at its buffer's target. What is to be traded now may not lean on money that
is still on its way. The plan is cut to the budget. With `means` of ``hedges`` or ``collateral``
only one kind is planned with, so that the three compare.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from hedgerow.collateral import BufferPolicy, Route
from hedgerow.errors import Failure, Outcome
from hedgerow.execution import Decision, View, in_transit
from hedgerow.hedging import Depth, Offer, offer
from hedgerow.instruments import EntryContract, Instrument, Option, expiry_of
from hedgerow.limits import (
    Chance,
    Limit,
    LimitState,
    Survey,
    account_node,
    arrived,
    breaches,
    judge,
    lending_market,
    survey,
)
from hedgerow.margin import MarginReport, mark_ccy, terms_of, with_leg
from hedgerow.market import Snapshot
from hedgerow.planning import (
    ChosenSwap,
    Joint,
    JointTerms,
    LegCaps,
    ModeSwitch,
    Order,
    Plan,
    Swap,
    SwapWay,
    Switch,
    Transfer,
    capped,
    joint_switching,
    late_cost,
    late_unknown,
    made,
    projected,
)
from hedgerow.portfolio import Account, Book, book, with_balance
from hedgerow.units import CENT_USD, MINUTE_NS, digits_of, to_exact, to_model

__all__ = ["JointAgent", "Means"]

Means: TypeAlias = Literal["joint", "hedges", "collateral"]

_PLAN_VALID_NS = 1 * MINUTE_NS
_OF_A_BUFFER = "[[buffers]]"
# Where an account may be liquidated. What uses more than its buffer allows is beyond soft and no
# more: hard are only limits that no leg may break, and a trigger is where to act.
_LIQUIDATED_USE_FRAC = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class JointAgent:
    """What a person set; everything else comes with the view.

    `pairs` are what may be traded: an instrument and the account that would hold it. `chance` says
    how likely a liquidation is before a transfer arrives. `switches` are the categories (e-mode)
    that accounts may join, `swaps` what collateral may be given for what; with ``hedges`` alone
    neither is done.
    """

    limits: tuple[Limit, ...]
    buffers: tuple[BufferPolicy, ...]
    routes: tuple[Route, ...]
    pairs: tuple[tuple[str, str], ...]
    instruments: Mapping[str, Instrument]
    depth: Depth
    terms: JointTerms
    chance: Chance
    means: Means
    assumptions: tuple[str, ...]
    switches: tuple[ModeSwitch, ...] = ()
    swaps: tuple[SwapWay, ...] = ()

    def step(self, view: View, time_ns: int) -> Decision:
        """Decide what to do about a view.

        Returns
        -------
        Decision
            `plan` is None where nothing needs doing and nothing is left undone.
        """
        instruments = {**self.instruments, **view.book.terms}
        held = _as_if_done(view, instruments)
        state = survey(held, view.snapshot, view.rulebooks, self.limits)
        reasons = [
            f"{b.state.node} {b.state.metric}: {b.state.message}" for b in breaches(state.limits)
        ]
        low = self._low(state)
        reasons.extend(f"{each.scope} uses more than its buffer allows" for each in low)
        is_broken = any(each.rung in ("soft", "hard") for each in state.limits)
        plan = None
        if is_broken or low:
            made_plan = self._plan(view, state, low, instruments)
            if isinstance(made_plan, Failure):
                reasons.append(f"no plan: {made_plan.message}")
            else:
                plan = made_plan
                reasons.extend(f"{failure.subject}: {failure.message}" for failure in plan.unmet)
                reasons.extend(leg.reason for leg in plan.legs)
        return Decision(time_ns=time_ns, limits=state.limits, plan=plan, reasons=tuple(reasons))

    def _low(self, state: Survey) -> tuple[Limit, ...]:
        """Give a limit for every account that is to be brought to its buffer's target."""
        nodes = {each.account_id: account_node(each) for each in state.book.accounts}
        found = []
        for policy in self.buffers:
            node = nodes.get(policy.account_id, "")
            report = state.reports.get(node)
            if not isinstance(report, MarginReport):
                continue  # unknown, or nothing to be liquidated: its limits say so
            if report.requirement_maintenance_ccy > policy.trigger_use_frac * report.equity_ccy:
                found.append(
                    Limit(
                        scope=node,
                        metric="margin_use_frac",
                        soft_frac_usd_or_coin=to_model(policy.target_use_frac),
                        # A buffer may lie beyond that, and hard is never below soft.
                        hard_frac_usd_or_coin=max(
                            to_model(policy.trigger_use_frac), _LIQUIDATED_USE_FRAC
                        ),
                        owner=_OF_A_BUFFER,
                    )
                )
        return tuple(found)

    def _plan(
        self,
        view: View,
        state: Survey,
        low: tuple[Limit, ...],
        instruments: Mapping[str, Instrument],
    ) -> Plan | Failure:
        limits = (*self.limits, *low)
        if low:
            state = replace(state, limits=judge(limits, state.seen))
        offers, unpriced = self._offers(view, state.book, instruments)
        budgeted = self._budgeted(view, state, limits, offers, instruments)
        if isinstance(budgeted, Failure):
            return budgeted
        cut, said = capped(
            budgeted.plan,
            LegCaps(
                order_usd_max=view.allowance.order_usd_max,
                orders_usd=view.allowance.orders_usd,
                transfers_usd=budgeted.transfers_usd,
            ),
            {each.account_id: each for each in _here(view, instruments)},
            limits,
            instruments,
            view.rulebooks,
            terms=self.terms,
        )
        written = self._written(view, state, cut, limits, instruments)
        return msgspec.structs.replace(
            written, unmet=(*written.unmet, *budgeted.beyond, *said, *unpriced)
        )

    def _budgeted(
        self,
        view: View,
        state: Survey,
        limits: tuple[Limit, ...],
        offers: tuple[Offer, ...],
        instruments: Mapping[str, Instrument],
    ) -> "Outcome[_Budgeted]":
        """Plan with the means that are allowed, swaps within the day's budget."""
        is_moving = self.means != "hedges"

        def planned(swaps: tuple[SwapWay, ...]) -> Outcome[Joint]:
            return joint_switching(
                state,
                limits,
                offers,
                self.routes if is_moving else (),
                instruments,
                view.rulebooks,
                self.switches if is_moving else (),
                swaps=swaps,
                terms=self.terms,
                late_usd=late_cost(self.chance, state, view.rulebooks),
                late_after=lambda after: late_cost(self.chance, after, view.rulebooks),
            )

        swaps = self.swaps if is_moving else ()
        return _within_budget(planned, swaps, view.snapshot, view.allowance.transfers_usd)

    def _written(
        self,
        view: View,
        state: Survey,
        cut: Joint,
        limits: tuple[Limit, ...],
        instruments: Mapping[str, Instrument],
    ) -> Plan:
        """Put a plan into legs, and name what a person set and no buffer of the agent's own."""
        taken = [each.route for each in cut.moves]
        written = made(
            cut,
            limits,
            instruments,
            view.rulebooks,
            assumptions=(
                *self.assumptions,
                self.depth.statement(),
                *late_unknown(self.chance, state, view.rulebooks, taken),
            ),
            valid_ns=_PLAN_VALID_NS,
            slippage_frac=self.terms.slippage_frac,
        )
        return msgspec.structs.replace(
            written,
            limits_before=_of_persons(written.limits_before),
            limits_after=_of_persons(written.limits_after),
        )

    def _offers(
        self, view: View, held: Book, instruments: Mapping[str, Instrument]
    ) -> tuple[tuple[Offer, ...], tuple[Failure, ...]]:
        if self.means == "collateral":
            return (), ()
        accounts = {each.account_id: each for each in held.accounts}
        offers, unpriced = [], []
        for instrument_id, account_id in self.pairs:
            account, terms = accounts.get(account_id), instruments.get(instrument_id)
            if account is None or not isinstance(terms, EntryContract | Option):
                continue
            expiry_ns = expiry_of(terms)
            if expiry_ns is not None and expiry_ns <= view.time_ns:
                continue
            rulebook = view.rulebooks.get(account.rulebook or "")
            charges = None if rulebook is None else terms_of(rulebook).charges
            if charges is None:
                continue
            found = offer(terms, account, view.snapshot, charges, self.depth)
            if isinstance(found, Failure):
                unpriced.append(found)
            else:
                offers.append(found)
        return tuple(offers), tuple(unpriced)


class _Budgeted(NamedTuple):
    """A plan, what its swaps leave for transfers, and the swaps that the budget has no room for."""

    plan: Joint
    transfers_usd: Decimal | None
    beyond: tuple[Failure, ...] = ()


def _within_budget(
    planned: Callable[[tuple[SwapWay, ...]], Outcome[Joint]],
    swaps: tuple[SwapWay, ...],
    snapshot: Snapshot,
    transfers_usd: Decimal | None,
) -> Outcome[_Budgeted]:
    """Plan with swaps, and without them where they would take more than the day's budget.

    What is swapped counts as a transfer of what is given, and is done first.
    """
    chosen = planned(swaps)
    if isinstance(chosen, Failure):
        return chosen
    if not chosen.swaps or transfers_usd is None:
        return _Budgeted(chosen, transfers_usd)
    left_usd = transfers_usd - _swapped_usd(chosen, snapshot)
    if left_usd >= 0:
        return _Budgeted(chosen, left_usd)
    without = planned(())
    if isinstance(without, Failure):
        return without
    return _Budgeted(without, transfers_usd, tuple(map(_over_budget, chosen.swaps)))


def _swapped_usd(chosen: Joint, snapshot: Snapshot) -> Decimal:
    """Give what the swaps of a plan count as in a budget, their prices rounded up to a cent."""
    worth_usd = Decimal(0)
    for swap in chosen.swaps:
        price = snapshot.asset(swap.way.asset)
        assert not isinstance(price, Failure), "a swap was priced when it was chosen"
        worth_usd += swap.quantity_coin * to_exact(price.price_usd, CENT_USD, "up")
    return worth_usd


def _over_budget(swap: ChosenSwap) -> Failure:
    return Failure(
        subject=swap.way.account_id,
        reason="unsupported",
        message=f"{swap.quantity_coin:f} {swap.way.asset} are not swapped for "
        f"{swap.way.asset_take}: the day's budget for transfers allows no swap of that size",
    )


def _of_persons(states: tuple[LimitState, ...]) -> tuple[LimitState, ...]:
    return tuple(each for each in states if each.owner != _OF_A_BUFFER)


def _here(view: View, instruments: Mapping[str, Instrument]) -> tuple[Account, ...]:
    """Give the accounts with all done that was sent, and nothing arrived that is on its way."""
    accounts = {each.account_id: each for each in view.book.accounts}
    for leg in view.pending:
        if isinstance(leg, Switch | Swap) and leg.account_id in accounts:
            own = accounts[leg.account_id]
            (accounts[leg.account_id],) = projected(
                (own,), (leg,), view.snapshot, instruments, view.rulebooks
            )
        if not isinstance(leg, Order):
            continue
        terms = instruments.get(leg.instrument_id)
        if leg.account_id not in accounts or not isinstance(terms, EntryContract | Option):
            continue
        mark = mark_ccy(terms, view.snapshot)
        if isinstance(mark, Failure) or mark <= 0.0:
            continue  # without a mark nothing is planned with it, so nothing is sent twice
        accounts[leg.account_id] = with_leg(
            accounts[leg.account_id], terms, leg.quantity_contracts, digits_of(mark)
        )
    return tuple(accounts.values())


def _as_if_done(view: View, instruments: Mapping[str, Instrument]) -> Book:
    """Give the book with every leg sent as done, lest it be sent again."""
    if not view.pending:
        return view.book
    accounts = {each.account_id: each for each in _here(view, instruments)}
    for leg in view.pending:
        if not isinstance(leg, Transfer) or leg.target_account_id not in accounts:
            continue
        found = arrived(
            accounts[leg.target_account_id],
            leg.asset,
            leg.use,
            leg.quantity_coin,
            view.snapshot,
            instruments,
            market=lending_market(accounts[leg.target_account_id], view.rulebooks),
        )
        if isinstance(found, Failure):
            continue  # it stays on its way, and the account is judged as it is
        accounts[leg.target_account_id] = found
        for moving in in_transit((leg,), view.time_ns):
            if moving.account_id in accounts:
                accounts[moving.account_id] = with_balance(
                    accounts[moving.account_id], leg.asset, -leg.quantity_coin
                )
    return book(accounts.values(), instruments)
