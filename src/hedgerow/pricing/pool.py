"""Shares of liquidity pools: value, delta and gamma per unit of liquidity L.

Constant product: value 2L√P. Concentrated between Pa and Pb: coins x = L(1/√P* - 1/√Pb) and quote
y = L(√P* - √Pa) with P* the price clipped to the range (methods.md section 3). Quote is dollars.
"""

from math import sqrt

import msgspec

__all__ = ["ShareValue", "concentrated", "constant_product"]


class ShareValue(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of liquidity at one price."""

    value_usd: float
    delta_coin: float
    gamma_coin_per_usd: float


def constant_product(price_usd: float) -> ShareValue:
    """Value one unit of L of a full-range pool at a positive price."""
    root = sqrt(price_usd)
    return ShareValue(
        value_usd=2.0 * root,
        delta_coin=1.0 / root,
        gamma_coin_per_usd=-0.5 / (price_usd * root),
    )


def concentrated(price_usd: float, lower_usd: float, upper_usd: float) -> ShareValue:
    """Value one unit of L between two prices; outside the range gamma is zero."""
    inside = min(max(price_usd, lower_usd), upper_usd)
    coins = 1.0 / sqrt(inside) - 1.0 / sqrt(upper_usd)
    quote_usd = sqrt(inside) - sqrt(lower_usd)
    is_inside = lower_usd < price_usd < upper_usd
    return ShareValue(
        value_usd=coins * price_usd + quote_usd,
        delta_coin=coins,
        gamma_coin_per_usd=-0.5 / (price_usd * sqrt(price_usd)) if is_inside else 0.0,
    )
