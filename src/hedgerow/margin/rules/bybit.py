"""Bybit: unified account's positions, isolated and the legacy inverse cross, and short options.

References
----------
venue-margin.md section 3.
"""

from fractions import Fraction

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.units import quantise_fraction_up

__all__ = [
    "InverseCross",
    "Isolated",
    "OptionOrder",
    "inverse_cross",
    "inverse_margins_coin",
    "isolated_linear",
    "long_option_order",
    "short_option_initial_usd",
    "short_option_maintenance_usd",
]


class Isolated(msgspec.Struct, frozen=True, kw_only=True):
    """What an isolated position needs, in its settlement currency, and where it is liquidated."""

    initial_ccy: Fraction
    maintenance_ccy: Fraction
    liquidation_price_usd: Fraction


class InverseCross(msgspec.Struct, frozen=True, kw_only=True):
    """Where an inverse position in cross margin is bankrupt, and where liquidated.

    `liquidation_tick_usd` is the printed price: rounded up to the tick.
    """

    bankruptcy_price_usd: Fraction
    liquidation_price_usd: Fraction
    liquidation_tick_usd: Fraction


class OptionOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What buying an option costs."""

    premium_usd: Fraction
    fee_usd: Fraction
    cost_usd: Fraction


def isolated_linear(
    quantity_coin: Fraction,
    entry_usd: Fraction,
    *,
    leverage_frac: Fraction,
    rate_frac: Fraction,
    deduction_usd: Fraction = Fraction(0),
    extra_usd: Fraction = Fraction(0),
) -> Isolated:
    """Give ``LP = entry - s (IM - MM) / |q| - s extra / |q|`` with both margins at the entry."""
    size_coin = abs(quantity_coin)
    if size_coin == 0 or leverage_frac <= 0:
        raise OutOfDomain(
            f"position and leverage must not be zero, were {float(quantity_coin)} and "
            f"{float(leverage_frac)}"
        )
    sign = 1 if quantity_coin > 0 else -1
    value_usd = size_coin * entry_usd
    initial_usd = value_usd / leverage_frac
    maintenance_usd = value_usd * rate_frac - deduction_usd
    room_usd = initial_usd - maintenance_usd + extra_usd
    return Isolated(
        initial_ccy=initial_usd,
        maintenance_ccy=maintenance_usd,
        liquidation_price_usd=entry_usd - sign * room_usd / size_coin,
    )


def inverse_margins_coin(
    quantity_usd: Fraction,
    entry_usd: Fraction,
    *,
    leverage_frac: Fraction,
    rate_frac: Fraction,
    deduction_coin: Fraction = Fraction(0),
) -> tuple[Fraction, Fraction, Fraction]:
    """Give position value, initial and maintenance margin of an inverse position, in the coin."""
    if entry_usd <= 0 or leverage_frac <= 0:
        raise OutOfDomain(
            f"entry and leverage must be positive, were {float(entry_usd)}, {float(leverage_frac)}"
        )
    value_coin = abs(quantity_usd) / entry_usd
    return value_coin, value_coin / leverage_frac, value_coin * rate_frac - deduction_coin


def inverse_cross(
    quantity_usd: Fraction,
    entry_usd: Fraction,
    *,
    free_coin: Fraction,
    rate_frac: Fraction,
    fee_frac: Fraction,
    tick_usd: Fraction,
) -> InverseCross:
    """Give bankruptcy and liquidation of an inverse position that all free coin stands behind.

    With ``PV = Q/EP``: ``BP = (1 + s fee) Q / (PV + s B)`` and
    ``LP = Q / (PV + s (B - PV mmr - Q fee / BP))``.

    Parameters
    ----------
    quantity_usd
        Contracts in dollars; long positive.
    free_coin
        Balance less what orders hold.
    """
    if quantity_usd == 0 or entry_usd <= 0:
        raise OutOfDomain(
            f"position must not be zero and entry positive, were {float(quantity_usd)}, "
            f"{float(entry_usd)}"
        )
    sign = 1 if quantity_usd > 0 else -1
    size_usd = abs(quantity_usd)
    value_coin = size_usd / entry_usd
    at_most_coin = value_coin + sign * free_coin
    if at_most_coin <= 0:
        raise OutOfDomain("the balance covers this short at every price: it is never bankrupt")
    bankruptcy_usd = (1 + sign * fee_frac) * size_usd / at_most_coin
    left_coin = free_coin - value_coin * rate_frac - size_usd * fee_frac / bankruptcy_usd
    denominator = value_coin + sign * left_coin
    if denominator <= 0:
        raise OutOfDomain("no price liquidates this position")
    price_usd = size_usd / denominator
    return InverseCross(
        bankruptcy_price_usd=bankruptcy_usd,
        liquidation_price_usd=price_usd,
        liquidation_tick_usd=quantise_fraction_up(price_usd, tick_usd),
    )


def short_option_maintenance_usd(
    size_coin: Fraction,
    *,
    index_usd: Fraction,
    mark_usd: Fraction,
    factor_frac: Fraction,
    liquidation_fee_frac: Fraction,
) -> Fraction:
    """Give ``(max(f I, f m) + m + fee I) |size|``; for a long position nothing."""
    if size_coin >= 0:
        return Fraction(0)
    per_coin = factor_frac * max(index_usd, mark_usd) + mark_usd + liquidation_fee_frac * index_usd
    return per_coin * -size_coin


def short_option_initial_usd(
    size_coin: Fraction,
    *,
    index_usd: Fraction,
    mark_usd: Fraction,
    order_usd: Fraction,
    out_of_the_money_usd: Fraction,
    maintenance_usd: Fraction,
    most_frac: Fraction = Fraction(15, 100),
    least_frac: Fraction = Fraction(10, 100),
) -> Fraction:
    """Give ``max(max(15 % I - OTM, 10 % I) + max(order, m), MM per unit) |size|``."""
    if size_coin >= 0:
        return Fraction(0)
    size = -size_coin
    required = max(most_frac * index_usd - out_of_the_money_usd, least_frac * index_usd)
    return max((required + max(order_usd, mark_usd)) * size, maintenance_usd)


def long_option_order(
    size_coin: Fraction,
    price_usd: Fraction,
    *,
    index_usd: Fraction,
    taker_frac: Fraction,
    cap_of_price_frac: Fraction,
) -> OptionOrder:
    """Give premium and fee of buying: ``min(taker I, cap · price)`` a coin."""
    premium_usd = price_usd * size_coin
    fee_usd = min(taker_frac * index_usd, cap_of_price_frac * price_usd) * size_coin
    return OptionOrder(premium_usd=premium_usd, fee_usd=fee_usd, cost_usd=premium_usd + fee_usd)
