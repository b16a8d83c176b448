"""An account after coins have arrived: in a balance, in a supply, or off a debt."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, with_balance, with_only_position

__all__ = ["Use", "arrived"]

Use: TypeAlias = Literal["balance", "supply", "repay"]

_RAY = Decimal(10) ** 27


def arrived(
    account: Account,
    asset: str,
    use: Use,
    quantity_coin: Decimal,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
) -> Outcome[Account]:
    """Give the account with so many coins more; of a repayment no more than is owed counts.

    Returns
    -------
    Account or Failure
        A failure where no instrument takes the asset so, or its lending index is unknown.
    """
    if use == "balance":
        return with_balance(account, asset, quantity_coin)
    kind = LoanSupply if use == "supply" else LoanDebt
    for terms in instruments.values():
        if isinstance(terms, kind) and terms.asset == asset:
            index = snapshot.lending(terms.market, terms.asset)
            if isinstance(index, Failure):
                return index
            ray = index.liquidity_index_ray if use == "supply" else index.borrow_index_ray
            change = quantity_coin * _RAY / ray
            old = account.quantity_contracts(terms.instrument_id)
            new = old + change if use == "supply" else min(old + change, Decimal(0))
            return with_only_position(account, terms.instrument_id, new)
    return Failure(
        subject=account.account_id, reason="unsupported", message=f"{asset} cannot be used to {use}"
    )
