"""What an account becomes when one thing in it changes; the old one stays as it was."""

from decimal import Decimal

import msgspec

from hedgerow.portfolio.records import Account, Balance, Position

__all__ = ["with_balance", "with_only_position"]


def with_balance(account: Account, asset: str, change_coin: Decimal) -> Account:
    """Give the account with one balance changed."""
    others = tuple(b for b in account.balances if b.asset != asset)
    total = account.balance_coin(asset) + change_coin
    return msgspec.structs.replace(
        account, balances=(*others, Balance(asset=asset, quantity_coin=total))
    )


def with_only_position(
    account: Account,
    instrument_id: str,
    quantity_contracts: Decimal,
    price_entry_ccy: Decimal | None = None,
) -> Account:
    """Give the account with all its positions in one instrument replaced by one, or by none."""
    others = tuple(p for p in account.positions if p.instrument_id != instrument_id)
    if quantity_contracts == 0:
        return msgspec.structs.replace(account, positions=others)
    position = Position(
        instrument_id=instrument_id,
        quantity_contracts=quantity_contracts,
        price_entry_ccy=price_entry_ccy,
    )
    return msgspec.structs.replace(account, positions=(*others, position))
