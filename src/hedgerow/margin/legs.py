"""Legs: trades that might be made, and the account after them, before anybody judges it.

They are booked at their own price, free of fees, so that only the legs and their valuation change
equity.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
import numpy as np

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.instruments import EntryContract, Instrument, Option, settlement_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, with_balance, with_only_position
from hedgerow.pricing import unit_ccy, value_usd
from hedgerow.units import to_model

__all__ = ["Leg", "are_both_sides_held", "mark_ccy", "with_leg", "with_legs"]


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One trade that might be made. Buying is positive.

    `price_ccy` is what the venue quotes: dollars for futures and perpetuals, for an option the
    currency it settles in.
    """

    instrument_id: str
    quantity_contracts: Decimal
    price_ccy: Decimal

    def __post_init__(self) -> None:
        if not self.quantity_contracts.is_finite() or self.quantity_contracts == 0:
            raise ValueError(
                f"{self.instrument_id}: the quantity must be finite and not zero, "
                f"was {self.quantity_contracts}"
            )
        if not self.price_ccy.is_finite() or self.price_ccy <= 0:
            raise ValueError(f"{self.instrument_id}: the price must be positive, {self.price_ccy}")


def are_both_sides_held(account: Account, instrument_id: str) -> bool:
    """Say whether a venue in hedge mode keeps a long and a short of one instrument apart."""
    held = [p.quantity_contracts for p in account.positions if p.instrument_id == instrument_id]
    return any(each > 0 for each in held) and any(each < 0 for each in held)


def mark_ccy(terms: EntryContract | Option, snapshot: Snapshot) -> Outcome[float]:
    """Give what a leg's price is to be compared with, in the same unit as `Leg.price_ccy`.

    Of a future or perpetual its mark; of an option Black's value at the venue's forward and vol,
    undiscounted, and inside its settlement window by what its average is known to be.
    """
    if not isinstance(terms, Option):
        quoted = snapshot.mark_usd(terms.instrument_id, terms.underlying)
        return quoted if isinstance(quoted, Failure) else to_model(quoted)
    mark = snapshot.option(terms)
    if isinstance(mark, Failure):
        return mark
    forward_usd = np.array([mark.average_usd])
    worth_usd = value_usd(
        forward_usd,
        np.array([to_model(terms.strike_usd)]),
        np.array([mark.vol_scale_frac * mark.vol_frac]),
        np.array([mark.expiry_years]),
        np.array([terms.right == "call"]),
    )
    return float((worth_usd / forward_usd if terms.is_coin_settled else worth_usd)[0])


def with_leg(
    account: Account,
    terms: EntryContract | Option,
    quantity_contracts: Decimal,
    price_ccy: Decimal,
) -> Account:
    """Give the account after one fill.

    What a future had earned by then moves into the balance and the whole position is entered at the
    fill's price, so that equity at that price is the same before and after, whichever way the fill
    goes. An option is paid for out of the balance.

    Raises
    ------
    OutOfDomain
        If a future is held without the price it was entered at: what it earned is unknown. If both
        sides of the instrument are held: which of them the fill joins is unknown, and one net
        position would need less than the two.
    """
    if are_both_sides_held(account, terms.instrument_id):
        raise OutOfDomain(
            f"{account.account_id} holds both sides of {terms.instrument_id}, and which of them a "
            "trade joins is not known"
        )
    held = [p for p in account.positions if p.instrument_id == terms.instrument_id]
    total = sum((p.quantity_contracts for p in held), quantity_contracts)
    settlement = settlement_of(terms)
    if isinstance(terms, Option):
        cost = quantity_contracts * terms.multiplier_coin_per_contract * price_ccy
        paid = with_balance(account, settlement, -cost)
        return with_only_position(paid, terms.instrument_id, total)
    earned = Decimal(0)
    for position in held:
        if position.price_entry_ccy is None:
            raise OutOfDomain(
                f"{account.account_id} holds {terms.instrument_id} without an entry price; "
                "give price_entry_ccy"
            )
        moved = unit_ccy(terms, price_ccy) - unit_ccy(terms, position.price_entry_ccy)
        earned += position.quantity_contracts * moved
    settled = with_balance(account, settlement, earned) if held else account
    return with_only_position(settled, terms.instrument_id, total, price_ccy)


def with_legs(
    account: Account, legs: Sequence[Leg], instruments: Mapping[str, Instrument]
) -> Account:
    """Give the account with every leg booked, in order.

    Raises
    ------
    OutOfDomain
        If a leg's instrument is unknown, or is neither option nor future: a loan or a pool share is
        not bought at a price. Else as `with_leg` does.
    """
    for leg in legs:
        terms = instruments.get(leg.instrument_id)
        if not isinstance(terms, EntryContract | Option):
            told = "has no terms" if terms is None else "is neither option, future nor perpetual"
            raise OutOfDomain(f"{leg.instrument_id} {told}, so it cannot be added")
        account = with_leg(account, terms, leg.quantity_contracts, leg.price_ccy)
    return account
