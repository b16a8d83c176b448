"""What in an account a venue may call for: whoever holds none of it cannot be liquidated."""

from collections.abc import Mapping

from hedgerow.instruments import EntryContract, Instrument, LoanDebt
from hedgerow.portfolio.records import Account

__all__ = ["has_leverage"]


def has_leverage(account: Account, instruments: Mapping[str, Instrument]) -> bool:
    """Say whether an account holds positions by which it may come to owe more than it has.

    They are perpetuals and futures either way, a loan's debt, and whatever else is held short (an
    option, a token). Coins, long options, shares of pools and vaults and what is supplied to a
    lending market are paid for and can only become worthless. A position whose terms are not among
    `instruments` is taken for leverage.
    """
    for each in account.positions:
        terms = instruments.get(each.instrument_id)
        is_owed = terms is None or isinstance(terms, EntryContract | LoanDebt)
        if each.quantity_contracts < 0 or (is_owed and each.quantity_contracts != 0):
            return True
    return False
