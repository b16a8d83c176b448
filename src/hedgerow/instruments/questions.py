"""What other rooms ask of an instrument, answered once for every kind.

A room that needs to know what kind of thing it holds asks here, so that a new kind is placed in one
file and not in every chain of cases.
"""

from decimal import Decimal
from typing import TypeAlias, TypeGuard

from hedgerow.instruments.records import (
    EntryContract,
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    LoanDebt,
    LoanSupply,
    Option,
    QuantoFuture,
    QuantoPerpetual,
    Spot,
    StakedCoin,
    VaultShare,
)

__all__ = [
    "AssetHolding",
    "InverseContract",
    "expiry_of",
    "has_entry",
    "is_asset_holding",
    "is_inverse",
    "lot_of",
    "settlement_of",
    "slope_ccy_per_usd",
    "underlying_of",
]

AssetHolding: TypeAlias = Spot | LoanSupply | LoanDebt | StakedCoin | VaultShare
InverseContract: TypeAlias = InversePerpetual | InverseFuture


def is_asset_holding(instrument: Instrument) -> TypeGuard[AssetHolding]:
    """Whether it is an amount of one asset, which may be a token that moves with another coin."""
    return isinstance(instrument, AssetHolding)


def has_entry(instrument: Instrument | None) -> TypeGuard[EntryContract]:
    """Whether it is marked against an entry price: futures and perpetuals of every settlement."""
    return isinstance(instrument, EntryContract)


def is_inverse(contract: EntryContract) -> TypeGuard[InverseContract]:
    """Whether it is paid in its underlying, by ``1/entry - 1/mark``."""
    return isinstance(contract, InverseContract)


def slope_ccy_per_usd(contract: EntryContract) -> Decimal:
    """Settlement units that one contract gains per dollar of its price; for what is not inverse."""
    match contract:
        case LinearPerpetual() | LinearFuture():
            return contract.multiplier_coin_per_contract
        case QuantoPerpetual() | QuantoFuture():
            return contract.multiplier_coin_per_usd
        case _:
            raise AssertionError(f"{contract.instrument_id} is inverse: its slope is no constant")


def underlying_of(instrument: Instrument) -> str:
    """Name the coin whose price moves the value (for a balance or loan: the asset itself)."""
    return instrument.asset if isinstance(instrument, AssetHolding) else instrument.underlying


def settlement_of(instrument: Instrument) -> str:
    """Name the asset in which one contract's value is counted."""
    match instrument:
        case InversePerpetual() | InverseFuture():
            return instrument.underlying
        case Spot() | LoanSupply() | LoanDebt() | StakedCoin() | VaultShare():
            return instrument.asset
        case _:
            return instrument.settlement


def expiry_of(instrument: Instrument) -> int | None:
    """Give the expiry in UTC nanoseconds, or None for what never expires."""
    if isinstance(instrument, LinearFuture | InverseFuture | QuantoFuture | Option):
        return instrument.expiry_ns
    return None


def lot_of(instrument: Instrument) -> Decimal | None:
    """Give what every quantity in contracts is a multiple of, or None for what has no lot."""
    return instrument.lot_contracts if isinstance(instrument, EntryContract | Option) else None
