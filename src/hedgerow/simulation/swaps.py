"""Swaps of collateral: at the market's prices less what a person said they cost, all or nothing."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, LoanSupply
from hedgerow.margin import Rulebook, require, terms_of
from hedgerow.margin.loans import loan_of
from hedgerow.market import Snapshot
from hedgerow.planning import Swap, SwapWay, swap_of
from hedgerow.portfolio import Account
from hedgerow.simulation.ledger import Change
from hedgerow.simulation.lending_venue import swapped

__all__ = ["Swapped", "swap"]


class Swapped(NamedTuple):
    """The account after a swap, and what came for what was given."""

    change: Change
    taken_coin: Decimal


def swap(
    leg: Swap,
    account: Account,
    ways: Sequence[SwapWay],
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    snapshot: Snapshot,
) -> Swapped | str:
    """Make a swap; a sentence where it is refused.

    The health factor must not be below one afterwards, nor what comes below what was asked for.
    """
    named = leg.account_id, leg.asset, leg.asset_take
    way = next((w for w in ways if (w.account_id, w.asset, w.asset_take) == named), None)
    rulebook = rulebooks.get(account.rulebook or "")
    market = None if rulebook is None else terms_of(rulebook).market
    if way is None or rulebook is None or market is None:
        return f"nobody swaps {leg.asset} for {leg.asset_take} on {leg.account_id}"
    amount = leg.quantity_coin
    if not amount.is_finite() or amount <= 0 or amount % way.step_coin != 0:
        return f"{amount} {leg.asset} is not a positive multiple of {way.step_coin}"
    priced = swap_of(way, amount, account, snapshot, instruments, rulebooks)
    if isinstance(priced, Failure):
        return priced.message
    if priced.quantity_take_coin < leg.quantity_take_coin_min:
        return (
            f"it brings {priced.quantity_take_coin} {leg.asset_take}, less than "
            f"{leg.quantity_take_coin_min}"
        )
    give = loan_of(instruments, market, leg.asset, is_debt=False)
    take = loan_of(instruments, market, leg.asset_take, is_debt=False)
    indices = [snapshot.lending(market, asset) for asset in (leg.asset, leg.asset_take)]
    known = [each for each in indices if not isinstance(each, Failure)]
    if not isinstance(give, LoanSupply) or not isinstance(take, LoanSupply) or len(known) < 2:
        return f"{leg.asset} or {leg.asset_take} is not lent here, or its index is unknown"
    rays = known[0].liquidity_index_ray, known[1].liquidity_index_ray
    change = swapped(account, give, take, amount, priced.quantity_take_coin, rays)
    if change is None:
        return f"{account.account_id} supplies less than {amount} {leg.asset}"
    report = require(change.account, instruments, snapshot, rulebook)
    if isinstance(report, Failure):
        return f"{account.account_id}: requirement unknown, nothing is swapped: {report.message}"
    if report.equity_ccy < report.requirement_maintenance_ccy:
        return (
            f"{account.account_id} would hold {report.equity_ccy} {report.currency} against "
            f"{report.requirement_maintenance_ccy}"
        )
    return Swapped(change, priced.quantity_take_coin)
