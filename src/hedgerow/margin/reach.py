"""What a liquidator may take of a lending account now, and what it would leave.

One call of the protocol's own liquidation, the largest it allows. An engine gives it from the same
rules and the same loans as its requirement, so that there is one if and only if the account is
liquidatable.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from hedgerow.instruments import LoanDebt, LoanSupply
from hedgerow.margin.loans import in_coins
from hedgerow.portfolio import Account, Position

__all__ = ["LiquidationReach", "LoanAmount", "amount_of", "with_loans"]


class LoanAmount(msgspec.Struct, frozen=True, kw_only=True):
    """So much of one loan's asset, interest included; never negative."""

    instrument_id: str
    asset: str
    quantity_coin: Decimal


class LiquidationReach(msgspec.Struct, frozen=True, kw_only=True):
    """What one liquidation moves. All of it is empty where the protocol refuses every amount.

    Attributes
    ----------
    repaid
        Debt that is paid for the borrower.
    seized
        Collateral that goes for it: to the liquidator, the protocol, or an auction.
    fee
        What the protocol keeps: beside `seized` where it is collateral, beside `repaid` where it is
        added to the debt that an auction has to raise.
    lost
        Debt that nobody pays: lenders, reserves or an insurance bear it.
    returned
        What the borrower is given instead.
    after
        The account as it would then be, in scaled units.
    detail
        The call in one line.
    """

    account_id: str
    rulebook: str
    repaid: tuple[LoanAmount, ...] = ()
    seized: tuple[LoanAmount, ...] = ()
    fee: tuple[LoanAmount, ...] = ()
    lost: tuple[LoanAmount, ...] = ()
    returned: tuple[LoanAmount, ...] = ()
    after: Account
    detail: str


def amount_of(
    terms: LoanSupply | LoanDebt, amount_raw: int, decimals: int | None = None
) -> tuple[LoanAmount, ...]:
    """Write an integer of so many decimals, the token's own if untold; none where it is zero."""
    if amount_raw == 0:
        return ()
    coins = in_coins(amount_raw, terms.asset_decimals if decimals is None else decimals)
    amount = LoanAmount(instrument_id=terms.instrument_id, asset=terms.asset, quantity_coin=coins)
    return (amount,)


def with_loans(account: Account, left_contracts: Mapping[str, Decimal]) -> Account:
    """Set positions by instrument to signed scaled units; those that are zero are gone.

    Positions in one instrument become one, at the place of the first; a new one comes last.
    """
    waiting = dict(left_contracts)
    kept: list[Position] = []
    for position in account.positions:
        if position.instrument_id not in left_contracts:
            kept.append(position)
        elif position.instrument_id in waiting:
            kept += _held(position.instrument_id, waiting.pop(position.instrument_id))
    for instrument_id, quantity in waiting.items():
        kept += _held(instrument_id, quantity)
    return msgspec.structs.replace(account, positions=tuple(kept))


def _held(instrument_id: str, quantity_contracts: Decimal) -> Iterable[Position]:
    if quantity_contracts == 0:
        return ()
    return (Position(instrument_id=instrument_id, quantity_contracts=quantity_contracts),)
