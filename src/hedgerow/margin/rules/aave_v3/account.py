"""How an account stands: collateral, debt, averages, health factor, what it may still borrow.

An account may have joined an efficiency category (e-mode): its member reserves count with the
category's parameters instead of their own.
"""

from collections.abc import Iterable

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.units import mul_div_down, mul_div_up

__all__ = [
    "Category",
    "Holding",
    "Standing",
    "collateral_base",
    "debt_base",
    "health_factor_wad",
    "standing",
]

_WAD = 10**18
_BPS = 10_000


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """An efficiency category that an account has joined.

    Attributes
    ----------
    members
        Assets that count with the category's threshold and loan-to-value.
    ltv_zero_members
        Members that still count for liquidation, and no longer for borrowing.
    is_isolated
        Whether assets that are no members stop counting for borrowing.
    """

    ltv_bps: int
    liquidation_threshold_bps: int
    members: frozenset[str]
    ltv_zero_members: frozenset[str] = frozenset()
    is_isolated: bool = False

    def threshold_bps(self, asset: str, own_bps: int) -> int:
        """Give the liquidation threshold that counts for an asset.

        The liquidation bonus goes the same way.
        """
        return self.liquidation_threshold_bps if asset in self.members else own_bps

    def loan_to_value_bps(self, asset: str, own_bps: int) -> int:
        """Give the loan-to-value that counts for an asset."""
        if asset in self.members:
            return 0 if asset in self.ltv_zero_members else self.ltv_bps
        return 0 if self.is_isolated else own_bps


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has in one reserve, with the reserve's own parameters.

    Attributes
    ----------
    supply_base_raw, debt_base_raw
        In the base currency's smallest unit, as `collateral_base` and `debt_base` give them.
    is_collateral
        Whether the account lets its supply count.
    """

    asset: str
    supply_base_raw: int
    debt_base_raw: int
    ltv_bps: int
    liquidation_threshold_bps: int
    is_collateral: bool


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stands.

    Attributes
    ----------
    health_wad
        Weighted collateral over debt; None (infinite) without debt. Below one it is liquidatable.
    available_base_raw
        What it may still borrow; never negative.
    has_zero_ltv
        Whether some of its collateral counts for liquidation only; it must leave before any other.
    """

    collateral_base_raw: int
    debt_base_raw: int
    ltv_average_bps: int
    threshold_average_bps: int
    health_wad: int | None
    available_base_raw: int
    has_zero_ltv: bool


def collateral_base(amount_raw: int, price_base: int, decimals: int) -> int:
    """Value collateral, rounded down."""
    return mul_div_down(amount_raw, price_base, 10**decimals)


def debt_base(amount_raw: int, price_base: int, decimals: int) -> int:
    """Value debt, rounded up."""
    return mul_div_up(amount_raw, price_base, 10**decimals)


def health_factor_wad(weighted_base_bps: int, debt_total_base: int) -> int | None:
    """Give the health factor, or None (infinite) without debt.

    Parameters
    ----------
    weighted_base_bps
        Sum of collateral value times liquidation threshold in basis points.
    debt_total_base
        Sum of debt values.

    Raises
    ------
    OutOfDomain
        If either is negative.
    """
    if min(weighted_base_bps, debt_total_base) < 0:
        raise OutOfDomain(
            f"collateral and debt must not be negative, were {weighted_base_bps}, {debt_total_base}"
        )
    if debt_total_base == 0:
        return None
    # wadDiv rounds half up; the division by basis points then floors.
    return (weighted_base_bps * _WAD + debt_total_base // 2) // debt_total_base // _BPS


def standing(holdings: Iterable[Holding], category: Category | None = None) -> Standing:
    """Add up an account.

    A supply whose threshold is zero is no collateral at all: neither its value nor its
    loan-to-value counts.

    Parameters
    ----------
    category
        The one that the account has joined; None for none.
    """
    collateral = debt = weighted = borrowable = 0
    has_zero_ltv = False
    for each in holdings:
        debt += each.debt_base_raw
        threshold_bps, ltv_bps = each.liquidation_threshold_bps, each.ltv_bps
        if category is not None:
            threshold_bps = category.threshold_bps(each.asset, threshold_bps)
            ltv_bps = category.loan_to_value_bps(each.asset, ltv_bps)
        if not each.is_collateral or threshold_bps == 0 or each.supply_base_raw == 0:
            continue
        collateral += each.supply_base_raw
        weighted += each.supply_base_raw * threshold_bps
        borrowable += each.supply_base_raw * ltv_bps
        has_zero_ltv = has_zero_ltv or ltv_bps == 0
    ltv_average_bps = borrowable // collateral if collateral else 0
    return Standing(
        collateral_base_raw=collateral,
        debt_base_raw=debt,
        ltv_average_bps=ltv_average_bps,
        threshold_average_bps=weighted // collateral if collateral else 0,
        health_wad=health_factor_wad(weighted, debt),
        available_base_raw=max(mul_div_down(collateral, ltv_average_bps, _BPS) - debt, 0),
        has_zero_ltv=has_zero_ltv,
    )
