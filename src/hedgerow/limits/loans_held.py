"""What an account has supplied of an asset, or owes of it, with what has grown since."""

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.limits.arrival import lending_market
from hedgerow.margin import Rulebook
from hedgerow.margin.loans import loan_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["loan_held_coin"]

_RAY = Decimal(10) ** 27


def loan_held_coin(
    account: Account,
    asset: str,
    snapshot: Snapshot,
    instruments: Mapping[str, Instrument],
    rulebooks: Mapping[str, Rulebook],
    *,
    is_debt: bool,
) -> Outcome[Decimal]:
    """Give the coins of an asset that an account owes, or supplies; both are positive.

    Zero where it holds none, and where no instrument of its market is of that asset.

    Returns
    -------
    Decimal or Failure
        A failure where its rulebook is not at hand, which names its market, or where the lending
        index is unknown of what it holds.
    """
    if account.rulebook is not None and account.rulebook not in rulebooks:
        return Failure(
            subject=account.account_id,
            reason="missing_data",
            message=f"rulebook {account.rulebook} is not at hand",
        )
    if account.rulebook is None and _holds_loan(account, asset, instruments, is_debt=is_debt):
        return Failure(
            subject=account.account_id,
            reason="missing_data",
            message="it has positions and no rulebook, which names its market",
        )
    market = lending_market(account, rulebooks)
    terms = None if market is None else loan_of(instruments, market, asset, is_debt=is_debt)
    if terms is None:
        return Decimal(0)
    contracts = account.quantity_contracts(terms.instrument_id)
    held = max(-contracts if is_debt else contracts, Decimal(0))
    index = snapshot.lending(terms.market, asset)
    if isinstance(index, Failure):
        return index if held else Decimal(0)
    return held * (index.borrow_index_ray if is_debt else index.liquidity_index_ray) / _RAY


def _holds_loan(
    account: Account, asset: str, instruments: Mapping[str, Instrument], *, is_debt: bool
) -> bool:
    kind = LoanDebt if is_debt else LoanSupply
    held = [
        instruments.get(each.instrument_id) for each in account.positions if each.quantity_contracts
    ]
    return any(isinstance(each, kind) and each.asset == asset for each in held)
