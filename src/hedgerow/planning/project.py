"""What accounts would look like with every leg done: orders at the mark, transfers arrived.

Used to state each limit after a plan. A transfer's fee has left its source; what a trade costs
beyond the mark is in the plan's cost, not in the projected balances.
"""

from collections.abc import Mapping, Sequence

import msgspec

from hedgerow.errors import Failure
from hedgerow.hedging import Trade
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.limits import arrived, lending_market
from hedgerow.margin import Rulebook, with_leg
from hedgerow.market import Snapshot
from hedgerow.planning.records import Leg, Order, Swap, Switch, Transfer
from hedgerow.portfolio import Account, with_balance

__all__ = ["projected", "traded"]


def projected(
    accounts: Sequence[Account],
    legs: Sequence[Leg],
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> tuple[Account, ...]:
    """Give the accounts after the legs, in the same order."""
    after = {account.account_id: account for account in accounts}
    for leg in legs:
        if isinstance(leg, Order):
            terms = instruments[leg.instrument_id]
            assert isinstance(terms, LinearPerpetual), "only perpetuals are planned as hedges"
            mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
            assert not isinstance(mark, Failure), "a planned order has a mark"
            after[leg.account_id] = with_leg(
                after[leg.account_id], terms, leg.quantity_contracts, mark
            )
        elif isinstance(leg, Swap):
            after[leg.account_id] = _swapped(
                after[leg.account_id], leg, snapshot, instruments, rulebooks
            )
        elif isinstance(leg, Switch):
            account = after[leg.account_id]
            after[leg.account_id] = msgspec.structs.replace(account, rulebook=leg.rulebook)
        else:
            source = after[leg.source_account_id]
            gone = -leg.quantity_coin - leg.fee_coin
            after[leg.source_account_id] = with_balance(source, leg.asset, gone)
            target = after[leg.target_account_id]
            after[leg.target_account_id] = _received(target, leg, snapshot, instruments, rulebooks)
    return tuple(after[account.account_id] for account in accounts)


def traded(
    accounts: Sequence[Account],
    trades: Sequence[Trade],
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
) -> tuple[Account, ...]:
    """Give the accounts that the trades change, after them."""
    after = {account.account_id: account for account in accounts}
    for trade in trades:
        terms = instruments[trade.instrument_id]
        assert isinstance(terms, LinearPerpetual), "only perpetuals are planned as hedges"
        mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
        assert not isinstance(mark, Failure), "a planned trade has a mark"
        account = after[trade.account_id]
        after[trade.account_id] = with_leg(account, terms, trade.quantity_contracts, mark)
    changed = {trade.account_id for trade in trades}
    return tuple(after[a.account_id] for a in accounts if a.account_id in changed)


def _received(
    account: Account,
    leg: Transfer,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Account:
    market = lending_market(account, rulebooks)
    found = arrived(
        account, leg.asset, leg.use, leg.quantity_coin, snapshot, instruments, market=market
    )
    return account if isinstance(found, Failure) else found


def _swapped(
    account: Account,
    leg: Swap,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
) -> Account:
    """Give the account after a swap that brought the least it may; as it was where unknown."""
    market, after = lending_market(account, rulebooks), account
    for asset, coins in (
        (leg.asset, -leg.quantity_coin),
        (leg.asset_take, leg.quantity_take_coin_min),
    ):
        found = arrived(after, asset, "supply", coins, snapshot, instruments, market=market)
        if isinstance(found, Failure):
            return account
        after = found
    return after
