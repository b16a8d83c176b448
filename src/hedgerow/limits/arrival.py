"""An account after coins have arrived: in a balance, in a supply, or off a debt."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, terms_of
from hedgerow.margin.loans import loan_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, with_balance, with_only_position

__all__ = ["Use", "arrived", "lending_market"]

Use: TypeAlias = Literal["balance", "supply", "repay"]

_RAY = Decimal(10) ** 27


def arrived(
    account: Account,
    asset: str,
    use: Use,
    quantity_coin: Decimal,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    *,
    market: str | None,
) -> Outcome[Account]:
    """Give the account with so many coins more; of a repayment no more than is owed counts.

    Parameters
    ----------
    market
        The lending market that the account is a position of, by `lending_market`: another market's
        loan of the same asset is not the account's.

    Returns
    -------
    Account or Failure
        A failure where no instrument of the market takes the asset so, or its lending index is
        unknown.
    """
    if use == "balance":
        return with_balance(account, asset, quantity_coin)
    terms = None if market is None else loan_of(instruments, market, asset, is_debt=use == "repay")
    if terms is None:
        return Failure(
            subject=account.account_id,
            reason="unsupported",
            message=f"{asset} cannot be used to {use}",
        )
    index = snapshot.lending(terms.market, terms.asset)
    if isinstance(index, Failure):
        return index
    ray = index.liquidity_index_ray if use == "supply" else index.borrow_index_ray
    change = quantity_coin * _RAY / ray
    old = account.quantity_contracts(terms.instrument_id)
    new = old + change if use == "supply" else min(old + change, Decimal(0))
    return with_only_position(account, terms.instrument_id, new)


def lending_market(account: Account, rulebooks: Mapping[str, Rulebook]) -> str | None:
    """Name the lending market an account is a position of; None of exchanges and of wallets."""
    rulebook = rulebooks.get(account.rulebook or "")
    return None if rulebook is None else terms_of(rulebook).market
