"""Compound III (Comet): one base asset lent against collateral, seized whole.

References
----------
Rules: compound-finance/comet, contracts/Comet.sol @ d5a30b0aae. Rounding of indices, values and
factors: contracts/CometCore.sol @ 017e4e1170 and the functions mulPrice, signedMulPrice and
mulFactor of Comet.sol, read and not recomputed.
"""

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.units import mul_div_down

__all__ = [
    "Absorbed",
    "Collateral",
    "absorb",
    "collateral_for_base_raw",
    "liquidity_usd",
    "present_raw",
    "principal_supply_raw",
    "weighed_1e8",
    "worth_1e8",
]

_WAD = 10**18
_RAY = 10**27


class Collateral(msgspec.Struct, frozen=True, kw_only=True):
    """One collateral asset: how much, at what price, and the factor that counts for the question.

    The borrow factor when opening, the liquidate factor for liquidation, the liquidation factor
    when it is seized.
    """

    quantity_coin: Fraction
    price_usd: Fraction
    factor_frac: Fraction


class Absorbed(msgspec.Struct, frozen=True, kw_only=True):
    """What an absorption leaves: the account's new balance, and how the reserves have changed."""

    base_balance_raw: int
    reserves_change_raw: int


def liquidity_usd(base_balance_usd: Fraction, collaterals: Iterable[Collateral]) -> Fraction:
    """Give base balance plus weighted collateral.

    Not negative: the borrow is collateralised (with borrow factors). Negative: it may be liquidated
    (with liquidate factors). A balance below zero is debt.
    """
    return base_balance_usd + sum(
        (each.quantity_coin * each.price_usd * each.factor_frac for each in collaterals),
        Fraction(0),
    )


def absorb(
    base_balance_raw: int, collaterals: Iterable[Collateral], *, base_unit_raw: int
) -> Absorbed:
    """Seize all collateral, credit its value, and let the reserves pay what is still owed.

    Whether an account may be absorbed is asked before, of `liquidity_usd`.

    Parameters
    ----------
    base_balance_raw
        In the base asset's smallest unit; negative, as only debt is absorbed.
    collaterals
        With their liquidation factors; the base asset is worth one dollar.
    base_unit_raw
        Smallest units in one of the base asset.
    """
    credit_usd = liquidity_usd(Fraction(0), collaterals)
    credit_raw = credit_usd.numerator * base_unit_raw // credit_usd.denominator
    after_raw = max(base_balance_raw + credit_raw, 0)
    return Absorbed(base_balance_raw=after_raw, reserves_change_raw=base_balance_raw - after_raw)


def present_raw(principal_raw: int, index_ray: int) -> int:
    """Give the present base balance of a principal, without sign: rounded down, debt too.

    The protocol's own index has fifteen decimals; in ray it is that times 1e12.
    """
    return mul_div_down(principal_raw, index_ray, _RAY)


def principal_supply_raw(balance_raw: int, index_ray: int) -> int:
    """Give the principal of a base balance that is supplied, rounded down."""
    return mul_div_down(balance_raw, _RAY, index_ray)


def worth_1e8(amount_raw: int, price_1e8: int, decimals: int) -> int:
    """Value an amount, rounded down; debt too, as the protocol cuts towards zero."""
    return mul_div_down(amount_raw, price_1e8, 10**decimals)


def weighed_1e8(value_1e8: int, factor_wad: int) -> int:
    """Give the part of a collateral's value that counts, rounded down."""
    return mul_div_down(value_1e8, factor_wad, _WAD)


def collateral_for_base_raw(
    base_raw: int,
    *,
    asset_price_1e8: int,
    base_price_1e8: int,
    store_front_price_factor_wad: int,
    liquidation_factor_wad: int,
    asset_unit_raw: int,
    base_unit_raw: int,
) -> int:
    """Give the collateral that an amount of base buys from the reserves, rounded down.

    The discount is ``storeFront · (1 - liquidationFactor)``; each product with a factor and both
    divisions are floored in turn. The protocol sells only while its reserves are below target.

    Raises
    ------
    OutOfDomain
        If a price is not positive, or the discount leaves nothing of it.
    """
    discount_wad = mul_div_down(store_front_price_factor_wad, _WAD - liquidation_factor_wad, _WAD)
    discounted_1e8 = mul_div_down(asset_price_1e8, _WAD - discount_wad, _WAD)
    if discounted_1e8 <= 0 or base_price_1e8 <= 0:
        raise OutOfDomain(
            f"prices must be positive, were {discounted_1e8} (discounted) and {base_price_1e8}"
        )
    return base_price_1e8 * base_raw * asset_unit_raw // discounted_1e8 // base_unit_raw
