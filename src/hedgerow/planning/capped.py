"""A plan cut to what a budget still allows and to what is there now, and what it then brings about.

A plan made with what is on its way counted as arrived may want to give it away again, or to trade
on it; both have to wait. What is cut is said, and the desk is surveyed after what is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import msgspec
import numpy as np

from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.hedging import ChosenTrade, Offer
from hedgerow.instruments import Instrument, Option, is_inverse, lot_of, settlement_of
from hedgerow.limits import Limit
from hedgerow.margin import Rulebook, require
from hedgerow.market import Snapshot
from hedgerow.planning.costs import ChosenMove, JointTerms, MoveCosts, route_name
from hedgerow.planning.done import Desk, traded_at_cost
from hedgerow.planning.outcome import Joint
from hedgerow.planning.switches import after_switches
from hedgerow.portfolio import Account, with_balance
from hedgerow.pricing import unit_ccy
from hedgerow.units import CENT_USD, digits_of, exact_lots, quantise, to_exact, to_model

__all__ = ["LegCaps", "capped"]


class LegCaps(msgspec.Struct, frozen=True, kw_only=True):
    """What one order may be worth, and what is left for orders and for transfers; None is no cap.

    An order counts at its worst price, an option as the coins it is written on.
    """

    order_usd_max: Decimal | None = None
    orders_usd: Decimal | None = None
    transfers_usd: Decimal | None = None


def capped(
    chosen: Joint,
    caps: LegCaps,
    here: Mapping[str, Account],
    limits: Sequence[Limit],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    *,
    terms: JointTerms,
) -> tuple[Joint, tuple[Failure, ...]]:
    """Cut trades and moves.

    Parameters
    ----------
    here
        Accounts by id without what is on its way: moves give only what is there, and trades that
        open need the initial requirement of it.

    Returns
    -------
    tuple
        The plan, with what it now costs and brings about, and what was cut and why.
    """
    snapshot = chosen.before.snapshot
    moves, said_moves = _moves(chosen.moves, caps.transfers_usd, here, snapshot)
    trades, said_trades = _trades(
        chosen, caps, _without(here, moves), instruments, rulebooks, terms.slippage_frac
    )
    said = (*said_moves, *said_trades)
    if not said:
        return chosen, ()
    late = {each.route: each.late_usd for each in chosen.moves}
    routes = [route for route, _ in moves]
    costs = MoveCosts(chosen.offers, routes, snapshot, terms, lambda route: late[route])
    amounts = np.array(
        [trades.get((o.instrument_id, o.account_id), 0.0) for o in chosen.offers]
        + [to_model(quantity) for _, quantity in moves]
    )
    before = after_switches(
        chosen.before, limits, instruments, rulebooks, chosen.switches, chosen.swaps
    )
    assert not isinstance(before, Failure), "it was switched when it was chosen"
    desk = Desk(before, limits, instruments, rulebooks)
    done = desk.done(amounts.tolist(), costs)
    return (
        replace(
            chosen,
            trades=done.trades,
            moves=done.moves,
            after=done.after,
            cost_usd=done.known_usd(
                sum(each.cost_usd for each in chosen.switches)
                + sum(each.cost_usd for each in chosen.swaps)
            ),
        ),
        said,
    )


def _moves(
    moves: Sequence[ChosenMove],
    left_usd: Decimal | None,
    here: Mapping[str, Account],
    snapshot: Snapshot,
) -> tuple[list[tuple[Route, Decimal]], list[Failure]]:
    kept, said = [], []
    balances_coin = {
        (move.route.source_account_id, move.route.asset): here[
            move.route.source_account_id
        ].balance_coin(move.route.asset)
        for move in moves
    }
    for move in moves:
        route, purse = move.route, (move.route.source_account_id, move.route.asset)
        most_coin = balances_coin[purse] - route.fee_coin
        why = f"{route.source_account_id} has no more of it yet"
        price = snapshot.asset(route.asset)
        assert not isinstance(price, Failure), "a route was priced when it was planned"
        coin_usd = to_exact(price.price_usd, CENT_USD, "up")
        if left_usd is not None and left_usd / coin_usd < min(most_coin, move.quantity_coin):
            most_coin, why = left_usd / coin_usd, "the day's budget for transfers allows no more"
        quantity_coin = quantise(
            max(min(most_coin, move.quantity_coin), Decimal(0)), route.step_coin, "down"
        )
        if quantity_coin < move.quantity_coin:
            said.append(_cut(route_name(route), move.quantity_coin, quantity_coin, why))
        if quantity_coin > 0:
            kept.append((route, quantity_coin))
            balances_coin[purse] -= quantity_coin + route.fee_coin
            if left_usd is not None:
                left_usd -= quantity_coin * coin_usd
    return kept, said


def _without(
    here: Mapping[str, Account], moves_coin: Sequence[tuple[Route, Decimal]]
) -> dict[str, Account]:
    """Give the accounts once every transfer has left."""
    left = dict(here)
    for route, quantity in moves_coin:
        left[route.source_account_id] = with_balance(
            left[route.source_account_id], route.asset, -quantity - route.fee_coin
        )
    return left


def _trades(
    chosen: Joint,
    caps: LegCaps,
    here: Mapping[str, Account],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    slippage_frac: float,
) -> tuple[dict[tuple[str, str], float], list[Failure]]:
    """Take trades in turn, round by round, as far as budget and accounts allow.

    What is sold may pay for what is bought, and what is bought cover what is sold: what lacks
    something is tried again once others are done, and cut when a round takes none of them.
    """
    snapshot, left_usd = chosen.before.snapshot, caps.orders_usd
    offers = {(each.instrument_id, each.account_id): each for each in chosen.offers}
    accounts = dict(here)
    kept: dict[tuple[str, str], float] = {}
    said: list[Failure] = []
    waiting: Sequence[ChosenTrade] = chosen.trades
    while waiting:
        lacking: list[ChosenTrade] = []
        said_lacking: list[Failure] = []
        for trade in waiting:
            own = offers[trade.instrument_id, trade.account_id]
            lot = lot_of(own.terms)
            assert lot is not None
            wanted_contracts = exact_lots(trade.quantity_contracts, lot)
            contract_usd = _worth_usd(own, snapshot, slippage_frac)
            most_usd = [each for each in (caps.order_usd_max, left_usd) if each is not None]
            most = [quantise(each / contract_usd, lot, "down") for each in most_usd]
            size_contracts = max(min([abs(wanted_contracts), *most]), Decimal(0))
            contracts = size_contracts * (1 if wanted_contracts > 0 else -1)
            lack = (
                _lacks(trade, own, contracts, accounts, snapshot, instruments, rulebooks)
                if contracts
                else ""
            )
            if lack:
                lacking.append(trade)
                said_lacking.append(_cut(own.name, wanted_contracts, Decimal(0), lack))
                continue
            if contracts != wanted_contracts:
                why = "the budget for orders allows no more"
                said.append(_cut(own.name, wanted_contracts, contracts, why))
            if contracts:
                kept[trade.instrument_id, trade.account_id] = to_model(contracts)
                accounts[trade.account_id] = _booked(trade, own, contracts, accounts, snapshot)
                if left_usd is not None:
                    left_usd -= abs(contracts) * contract_usd
        if len(lacking) == len(waiting):
            return kept, [*said, *said_lacking]
        waiting = lacking
    return kept, said


def _cut(name: str, wanted_amount: Decimal, left_amount: Decimal, why: str) -> Failure:
    return Failure(
        subject=name,
        reason="unsupported",
        message=f"cut from {wanted_amount:f} to {left_amount:f}: {why}",
    )


def _lacks(
    trade: ChosenTrade,
    own: Offer,
    quantity_contracts: Decimal,
    here: Mapping[str, Account],
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> str:
    """Say why an account cannot trade before more has arrived; empty where it can.

    An option is bought with coins that are there. What only makes a position smaller is always
    taken.
    """
    account = here[trade.account_id]
    held = account.quantity_contracts(trade.instrument_id)
    after = held + quantity_contracts
    if abs(after) < abs(held) and after * held >= 0:
        return ""
    rulebook = rulebooks.get(account.rulebook or "")
    if rulebook is None:
        return f"{trade.account_id} has no rulebook"
    booked = _booked(trade, own, quantity_contracts, here, snapshot)
    coin = settlement_of(own.terms)
    if isinstance(own.terms, Option) and booked.balance_coin(coin) < 0 < quantity_contracts:
        return f"{trade.account_id} has not the {coin} that it costs"
    report = require(booked, instruments, snapshot, rulebook)
    if isinstance(report, Failure):
        return report.message
    if report.equity_ccy < report.requirement_initial_ccy:
        return f"{trade.account_id} lacks margin before anything arrives"
    return ""


def _worth_usd(own: Offer, snapshot: Snapshot, slippage_frac: float) -> Decimal:
    """Give what one contract counts as in a budget, at the worst price it may fill at."""
    terms = own.terms
    if isinstance(terms, Option):
        mark = snapshot.option(terms)
        assert not isinstance(mark, Failure), "an offer has a mark"
        return terms.multiplier_coin_per_contract * digits_of(mark.forward_usd)
    if is_inverse(terms):
        return terms.multiplier_usd_per_contract
    paid = snapshot.asset(settlement_of(terms))
    assert not isinstance(paid, Failure), "an offer is priced in what it settles in"
    worst = digits_of(own.price_mark_ccy * (1.0 + slippage_frac))
    return abs(unit_ccy(terms, worst)) * digits_of(paid.price_usd)


def _booked(
    trade: ChosenTrade,
    own: Offer,
    quantity_contracts: Decimal,
    here: Mapping[str, Account],
    snapshot: Snapshot,
) -> Account:
    """Book so much of a trade, at its share of what the whole of it was reckoned to cost."""
    share = to_model(quantity_contracts) / trade.quantity_contracts
    cost_usd = (trade.crossing_usd + trade.fee_usd) * share
    account = here[trade.account_id]
    return traded_at_cost(account, own, quantity_contracts, snapshot, cost_usd)
