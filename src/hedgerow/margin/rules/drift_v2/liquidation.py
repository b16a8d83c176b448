"""How much of an account changes hands to bring it back, how soon, and what the liquidator earns.

A *multiplier* is one plus (asset) or less (liability) the liquidation fee, scaled 1e6: the
liquidator takes the asset at a discount for taking over the debt.
"""

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.checks import not_negative, positive
from hedgerow.units import mul_div_up

__all__ = [
    "asset_for_borrow_raw",
    "base_to_cover_1e9",
    "borrow_for_asset_raw",
    "borrow_to_cover_raw",
    "fee_by_slot_1e6",
    "share_to_liquidate_1e4",
]

_USD_1E6 = 10**6
_ONE_1E4 = 10**4

# A fee grows only once the account has been left alone for about ten minutes, by 0.01 bp a slot.
_GRACE_SLOTS = 1500
_FEE_PER_SLOT_1E6 = 1

# A shortage below this is cleared at once.
_SHORTAGE_SMALL_1E6 = 50 * _USD_1E6


def base_to_cover_1e9(
    shortage_1e6: int,
    *,
    ratio_1e4: int,
    liquidator_fee_1e6: int,
    insurance_fee_1e6: int,
    price_1e6: int,
    quote_price_1e6: int,
) -> int | None:
    """Base of a perpetual whose closing frees a shortage of margin; None where no amount does.

    ``shortage / (price · quote · (ratio - fee) - price · insurance fee)``.

    Raises
    ------
    OutOfDomain
        If the insurance fee eats all that closing frees.
    """
    not_negative(
        shortage_1e6=shortage_1e6,
        ratio_1e4=ratio_1e4,
        liquidator_fee_1e6=liquidator_fee_1e6,
        insurance_fee_1e6=insurance_fee_1e6,
        price_1e6=price_1e6,
        quote_price_1e6=quote_price_1e6,
    )
    ratio_1e6 = ratio_1e4 * 100
    if price_1e6 == 0 or ratio_1e6 <= liquidator_fee_1e6:
        return None
    freed = (
        price_1e6 * quote_price_1e6 // 10**6 * (ratio_1e6 - liquidator_fee_1e6) // 10**6
        - price_1e6 * insurance_fee_1e6 // 10**6
    )
    if freed <= 0:
        raise OutOfDomain(
            f"closing base frees {freed} millionths of a dollar a unit: the insurance fee "
            f"{insurance_fee_1e6} takes it all (ratio {ratio_1e6}, fee {liquidator_fee_1e6})"
        )
    return shortage_1e6 * 10**9 // freed


def borrow_to_cover_raw(
    shortage_1e6: int,
    *,
    asset_weight_1e4: int,
    asset_multiplier_1e6: int,
    liability_weight_1e4: int,
    liability_multiplier_1e6: int,
    liability_decimals: int,
    liability_price_1e6: int,
    insurance_fee_1e6: int,
) -> int | None:
    """Borrow whose transfer frees a shortage of margin, at least one; None where no amount does.

    ``shortage / (price · (wl - wa · ma/ml) - price · insurance fee · wl)``.

    Raises
    ------
    OutOfDomain
        If a price or multiplier is not positive, or the insurance fee eats all that is freed.
    """
    not_negative(shortage_1e6=shortage_1e6, insurance_fee_1e6=insurance_fee_1e6)
    positive(liability_multiplier_1e6=liability_multiplier_1e6)
    asset_1e5 = 10 * asset_weight_1e4 * asset_multiplier_1e6 // liability_multiplier_1e6
    liability_1e5 = 10 * liability_weight_1e4
    if asset_weight_1e4 >= liability_weight_1e4 or asset_1e5 >= liability_1e5:
        return None
    positive(liability_price_1e6=liability_price_1e6)
    freed = (
        liability_price_1e6 * (liability_1e5 - asset_1e5)
        - liability_price_1e6 * insurance_fee_1e6 // 10**6 * liability_1e5
    )
    if freed <= 0:
        raise OutOfDomain(
            f"a transfer frees nothing: the insurance fee {insurance_fee_1e6} takes it all "
            f"(weights {asset_weight_1e4} and {liability_weight_1e4})"
        )
    up, down = _scales(liability_decimals, 6)
    return max(1, shortage_1e6 * up * 10**11 // freed // down)


def borrow_for_asset_raw(
    asset_raw: int,
    *,
    asset_multiplier_1e6: int,
    asset_decimals: int,
    asset_price_1e6: int,
    liability_multiplier_1e6: int,
    liability_decimals: int,
    liability_price_1e6: int,
) -> int:
    """Borrow that an amount of the asset pays for, rounded up twice: the liquidator repays it."""
    not_negative(asset_raw=asset_raw, asset_price_1e6=asset_price_1e6)
    positive(liability_price_1e6=liability_price_1e6, asset_multiplier_1e6=asset_multiplier_1e6)
    up, down = _scales(liability_decimals, asset_decimals)
    scaled = mul_div_up(
        asset_raw * up * asset_price_1e6,
        liability_multiplier_1e6,
        liability_price_1e6 * asset_multiplier_1e6,
    )
    return mul_div_up(scaled, 1, down)


def asset_for_borrow_raw(
    asset_raw: int,
    borrow_raw: int,
    *,
    asset_multiplier_1e6: int,
    asset_decimals: int,
    asset_price_1e6: int,
    liability_multiplier_1e6: int,
    liability_decimals: int,
    liability_price_1e6: int,
) -> int:
    """Asset that pays for a borrow taken over, at least one.

    All of the deposit `asset_raw` where that is within a dollar of it: no dust stays behind.
    """
    not_negative(
        asset_raw=asset_raw, borrow_raw=borrow_raw, liability_price_1e6=liability_price_1e6
    )
    positive(asset_price_1e6=asset_price_1e6, liability_multiplier_1e6=liability_multiplier_1e6)
    up, down = _scales(asset_decimals, liability_decimals)
    transfer_raw = max(
        1,
        borrow_raw
        * up
        * liability_price_1e6
        * asset_multiplier_1e6
        // (asset_price_1e6 * liability_multiplier_1e6)
        // down,
    )
    apart_1e6 = abs(asset_raw - transfer_raw) * asset_price_1e6 // 10**asset_decimals
    return asset_raw if apart_1e6 < _USD_1E6 else transfer_raw


def fee_by_slot_1e6(fee_1e6: int, *, fee_1e6_max: int, idle_slots_count: int) -> int:
    """Liquidation fee of an account that nobody has touched for a number of slots.

    From 1,500 slots on it is the base fee plus 0.01 bp for *every* idle slot, up to `fee_1e6_max`;
    before that the base fee, which the cap does not touch.
    """
    not_negative(fee_1e6=fee_1e6, fee_1e6_max=fee_1e6_max, idle_slots_count=idle_slots_count)
    if idle_slots_count < _GRACE_SLOTS:
        return fee_1e6
    return min(fee_1e6 + idle_slots_count * _FEE_PER_SLOT_1E6, fee_1e6_max)


def share_to_liquidate_1e4(
    shortage_1e6: int, *, slots_count: int, initial_1e4: int, duration_slots_count: int
) -> int:
    """Share of what covers the shortage that may be liquidated by now.

    ``min(1, slots / duration + initial)``; all of it where the shortage is below 50 dollars or the
    duration is nought.
    """
    not_negative(
        shortage_1e6=shortage_1e6,
        slots_count=slots_count,
        initial_1e4=initial_1e4,
        duration_slots_count=duration_slots_count,
    )
    if shortage_1e6 < _SHORTAGE_SMALL_1E6 or duration_slots_count == 0:
        return _ONE_1E4
    return min(_ONE_1E4, slots_count * _ONE_1E4 // duration_slots_count + initial_1e4)


def _scales(to_decimals: int, from_decimals: int) -> tuple[int, int]:
    """Give what to multiply by first, and divide by last, to get into another token's units."""
    not_negative(to_decimals=to_decimals, from_decimals=from_decimals)
    return 10 ** max(to_decimals - from_decimals, 0), 10 ** max(from_decimals - to_decimals, 0)
