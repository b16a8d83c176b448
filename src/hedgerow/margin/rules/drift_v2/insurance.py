"""What the insurance fund takes from a liquidation, and what others bear when it is empty."""

from hedgerow.margin.rules.checks import not_negative, positive
from hedgerow.units import mul_div_up

__all__ = [
    "deposit_index_delta",
    "funding_delta_1e9",
    "perp_fee_1e6",
    "spot_fee_1e6",
]


def perp_fee_1e6(
    shortage_1e6: int,
    *,
    base_1e9: int,
    ratio_1e4: int,
    liquidator_fee_1e6: int,
    price_1e6: int,
    quote_price_1e6: int,
    fee_1e6_max: int,
) -> int:
    """Insurance fee of a perpetual's liquidation: 95 % of the margin that is left, up to a cap.

    ``min(max, 0.95 · (ratio - fee - shortage / value))``; nothing where a price or the base is
    zero. The last 5 % keep the fee from making the account bankrupt.

    Parameters
    ----------
    base_1e9
        The position, signed; the side does not matter.

    Raises
    ------
    OutOfDomain
        If the two prices are positive and their product rounds to zero.
    """
    not_negative(
        shortage_1e6=shortage_1e6,
        liquidator_fee_1e6=liquidator_fee_1e6,
        price_1e6=price_1e6,
        quote_price_1e6=quote_price_1e6,
        fee_1e6_max=fee_1e6_max,
    )
    size_1e9 = abs(base_1e9)
    if price_1e6 == 0 or quote_price_1e6 == 0 or size_1e9 == 0:
        return 0
    value_1e6 = price_1e6 * quote_price_1e6 // 10**6
    positive(value_1e6=value_1e6)
    short_of = shortage_1e6 * 10**9 // size_1e9 * 10**6 // value_1e6
    left = max(0, ratio_1e4 * 100 - liquidator_fee_1e6 - short_of)
    return min(fee_1e6_max, left * 19 // 20)


def spot_fee_1e6(
    shortage_1e6: int,
    *,
    borrow_raw: int,
    asset_weight_1e4: int,
    asset_multiplier_1e6: int,
    liability_weight_1e4: int,
    liability_multiplier_1e6: int,
    liability_decimals: int,
    liability_price_1e6: int,
    fee_1e6_max: int,
) -> int:
    """Insurance fee of a borrow's liquidation: the weight that is left, over the borrow's weight.

    ``min(max, (wl - wa · ma/ml - shortage / value) / wl)``; nothing where the asset weighs as much
    as the borrow, or price, amount or multiplier is zero.
    """
    not_negative(
        shortage_1e6=shortage_1e6,
        borrow_raw=borrow_raw,
        liability_decimals=liability_decimals,
        liability_price_1e6=liability_price_1e6,
        fee_1e6_max=fee_1e6_max,
    )
    if (
        asset_weight_1e4 >= liability_weight_1e4
        or liability_price_1e6 == 0
        or borrow_raw == 0
        or liability_multiplier_1e6 == 0
    ):
        return 0
    liability_1e6 = 100 * liability_weight_1e4
    asset_1e6 = 100 * asset_weight_1e4 * asset_multiplier_1e6 // liability_multiplier_1e6
    unit_raw: int = 10**liability_decimals
    short_of = shortage_1e6 * 10**6 * unit_raw // borrow_raw // liability_price_1e6
    left = max(0, max(0, liability_1e6 - asset_1e6) - short_of)
    return min(fee_1e6_max, left * 10**6 // liability_1e6)


def funding_delta_1e9(loss_1e6: int, *, base_long_1e9: int, base_short_1e9: int) -> int:
    """Shift of both cumulative funding rates that makes all positions bear a loss, rounded up.

    Parameters
    ----------
    loss_1e6
        In quote; the sign does not matter.
    base_long_1e9, base_short_1e9
        Open interest of either side; shorts count negative, and signs do not matter here.

    Raises
    ------
    OutOfDomain
        If nobody holds a position to bear it.
    """
    base_1e9 = abs(base_long_1e9) + abs(base_short_1e9)
    positive(open_interest_1e9=base_1e9)
    return mul_div_up(abs(loss_1e6), 10**9, base_1e9) * 1000


def deposit_index_delta(borrow_raw: int, *, deposits_raw: int, index_1e10: int) -> int:
    """Fall of the cumulative deposit interest that makes all depositors bear a borrow, rounded up.

    Nothing where there is no deposit: nobody is there to bear it, as the program says.
    """
    not_negative(borrow_raw=borrow_raw, deposits_raw=deposits_raw, index_1e10=index_1e10)
    if deposits_raw == 0:
        return 0
    return mul_div_up(index_1e10, borrow_raw, deposits_raw)
