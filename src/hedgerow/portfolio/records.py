"""Positions, balances and accounts, as a venue reports them. Long is positive.

Nothing changes in place: an account with one thing changed is another account.
"""

from decimal import Decimal
from typing import Final

import msgspec

__all__ = [
    "IN_TRANSIT",
    "Account",
    "Balance",
    "OpenOrder",
    "Position",
    "with_balance",
    "with_only_position",
]

# The account of what has left one account of a desk and not reached another.
IN_TRANSIT: Final = "in-transit"


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One holding. `price_entry_ccy` is the average entry, for what is marked against an entry.

    Options are paid for up front and loans accrue, so they carry no entry price.
    """

    instrument_id: str
    quantity_contracts: Decimal
    price_entry_ccy: Decimal | None = None

    def __post_init__(self) -> None:
        if not self.quantity_contracts.is_finite():
            raise ValueError(
                f"{self.instrument_id}: quantity_contracts must be finite, "
                f"was {self.quantity_contracts}"
            )
        entry = self.price_entry_ccy
        if entry is not None and not (entry.is_finite() and entry > 0):
            raise ValueError(f"{self.instrument_id}: price_entry_ccy must be positive, was {entry}")


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of one asset in its own units (coins, or dollars of a dollar coin)."""

    asset: str
    quantity_coin: Decimal

    def __post_init__(self) -> None:
        if not self.quantity_coin.is_finite():
            raise ValueError(
                f"{self.asset}: quantity_coin must be finite, was {self.quantity_coin}"
            )


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What still rests of an order at a venue; buying is positive.

    `price_ccy` is what the venue quotes: dollars for futures and perpetuals, for an option the
    currency it settles in. One that only reduces never takes its position past zero.
    """

    instrument_id: str
    quantity_contracts: Decimal
    price_ccy: Decimal
    is_reduce_only: bool = False

    def __post_init__(self) -> None:
        if not self.quantity_contracts.is_finite() or self.quantity_contracts == 0:
            raise ValueError(
                f"{self.instrument_id}: the quantity of an order must be finite and not zero, "
                f"was {self.quantity_contracts}"
            )
        if not (self.price_ccy.is_finite() and self.price_ccy > 0):
            raise ValueError(
                f"{self.instrument_id}: the price of an order must be positive, "
                f"was {self.price_ccy}"
            )


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The unit a venue liquidates: its positions, its balances and the rulebook that judges it.

    An isolated position is an account of its own, with its margin as the balance. `rulebook` is
    None for an account nothing can liquidate (a treasury wallet); of one that
    `has_leverage` what it must hold is unknown then. `orders` rest at the venue.
    """

    account_id: str
    venue: str
    currency: str
    rulebook: str | None
    positions: tuple[Position, ...]
    balances: tuple[Balance, ...]
    time_observed_ns: int
    orders: tuple[OpenOrder, ...] = ()

    def balance_coin(self, asset: str) -> Decimal:
        """Sum the balances of one asset; an asset never held is exactly zero, which is known."""
        return sum((b.quantity_coin for b in self.balances if b.asset == asset), Decimal(0))

    def quantity_contracts(self, instrument_id: str) -> Decimal:
        """Sum the positions in one instrument; exactly zero where none is held."""
        held = (p.quantity_contracts for p in self.positions if p.instrument_id == instrument_id)
        return sum(held, Decimal(0))


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
