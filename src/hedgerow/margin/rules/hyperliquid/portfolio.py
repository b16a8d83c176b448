"""Portfolio margin: spot and perpetuals in one, spot lent against, losses borrowed.

How collateral of another token enters the ratio is a reading of the documentation, which writes one
symbol for both; guard it with the venue's own figure.
"""

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative

__all__ = [
    "OFFSET_USD",
    "Collateral",
    "borrow_rate_frac_per_year",
    "borrowed_usd",
    "collateral_usd",
    "is_liquidatable",
    "requirement_usd",
    "threshold_frac",
]

OFFSET_USD = Fraction(20)
_BASE_FRAC = Fraction("0.05")
_STEEP_FRAC = Fraction("4.75")
_KINK_FRAC = Fraction("0.8")
_LIQUIDATED_FRAC = Fraction("0.95")


class Collateral(msgspec.Struct, frozen=True, kw_only=True):
    """A token held against borrowing: how much counts, at what price, and how much it may carry.

    Attributes
    ----------
    supply_coin_max
        No more of the token counts.
    borrow_usd_max
        No more is lent against it.
    """

    quantity_coin: Fraction
    price_oracle_usd: Fraction
    loan_to_value_frac: Fraction
    supply_coin_max: Fraction
    borrow_usd_max: Fraction


def threshold_frac(loan_to_value_frac: Fraction) -> Fraction:
    """Part of a token's value that counts before it is liquidated: midway from its LTV to one."""
    if not 0 <= loan_to_value_frac <= 1:
        raise OutOfDomain(f"loan_to_value_frac must be from 0 to 1, was {loan_to_value_frac}")
    return Fraction(1, 2) + loan_to_value_frac / 2


def collateral_usd(collateral: Collateral) -> Fraction:
    """Dollars that a token counts for in the ratio's denominator."""
    not_negative(
        quantity_coin=collateral.quantity_coin,
        price_oracle_usd=collateral.price_oracle_usd,
        supply_coin_max=collateral.supply_coin_max,
        borrow_usd_max=collateral.borrow_usd_max,
    )
    counted = min(collateral.quantity_coin, collateral.supply_coin_max)
    value = counted * collateral.price_oracle_usd
    return min(collateral.borrow_usd_max, value * threshold_frac(collateral.loan_to_value_frac))


def requirement_usd(
    cross_maintenance_usd: Iterable[Fraction],
    *,
    borrowed_usd: Fraction,
    offset_usd: Fraction = OFFSET_USD,
) -> Fraction:
    """Give the ratio's numerator: an offset, cross requirements of all dexes, and what is owed."""
    each = tuple(cross_maintenance_usd)
    not_negative(borrowed_usd=borrowed_usd, offset_usd=offset_usd)
    for required in each:
        not_negative(cross_maintenance_usd=required)
    return offset_usd + sum(each, Fraction(0)) + borrowed_usd


def is_liquidatable(requirement: Fraction, liquidation_value: Fraction) -> bool:
    """Whether an account may be liquidated: its requirement exceeds 95 % of what counts for it."""
    return requirement > liquidation_value * _LIQUIDATED_FRAC


def borrow_rate_frac_per_year(utilisation_frac: Fraction) -> Fraction:
    """Continuously compounded cost of borrowing: 5 %, and steeply more beyond a use of 80 %."""
    if not 0 <= utilisation_frac <= 1:
        raise OutOfDomain(f"utilisation_frac must be from 0 to 1, was {utilisation_frac}")
    return _BASE_FRAC + _STEEP_FRAC * max(utilisation_frac - _KINK_FRAC, Fraction(0))


def borrowed_usd(pnl_usd: Fraction, *, cash_usd: Fraction = Fraction(0)) -> Fraction:
    """Dollars borrowed against spot for a loss of perpetuals: what of it cash does not cover.

    Parameters
    ----------
    pnl_usd
        Of the perpetuals; a loss is negative. A short of a coin loses ``size · (mark - entry)``.
    cash_usd
        Held; negative when borrowed before.
    """
    return max(-(pnl_usd + cash_usd), Fraction(0))
