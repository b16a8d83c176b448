"""Which coins an account's fate hangs on: what it is exposed to and what it pledged for that."""

from collections.abc import Iterable

from hedgerow.instruments import Instrument, underlying_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["coins_moved"]


def coins_moved(
    instruments: Iterable[Instrument], accounts: Iterable[Account], snapshot: Snapshot
) -> tuple[str, ...]:
    """List every coin that instruments or balances move with, dollar coins apart.

    Whether an index of it was heard does not matter: perpetuals and loans are judged by marks and
    oracle answers, and a coin left out would stand still and look safe.
    """
    held = {underlying_of(terms) for terms in instruments}
    held |= {balance.asset for account in accounts for balance in account.balances}
    coins = {snapshot.coin_of(asset) for asset in held}
    return tuple(sorted(coins - set(snapshot.dollars_usd)))
