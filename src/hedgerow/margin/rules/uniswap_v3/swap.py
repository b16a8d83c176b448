"""One step of a swap: within one range of liquidity, towards a target price."""

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.uniswap_v3.deltas import (
    amount0_delta_raw,
    amount1_delta_raw,
    next_price_from_input_x96,
    next_price_from_output_x96,
)
from hedgerow.units import mul_div_down, mul_div_up

__all__ = ["SwapStep", "swap_step"]

_MILLION = 10**6


class SwapStep(msgspec.Struct, frozen=True, kw_only=True):
    """What one step moves: the price it reaches, what goes in beside the fee, what comes out."""

    sqrt_price_x96: int
    amount_in_raw: int
    amount_out_raw: int
    fee_raw: int


def swap_step(
    price_x96: int,
    target_x96: int,
    liquidity_raw: int,
    remaining_raw: int,
    *,
    fee_millionths: int,
) -> SwapStep:
    """Swap until the amount is used up or the target is reached.

    Parameters
    ----------
    target_x96
        At or below the price: token0 goes in; above it: token1 does.
    remaining_raw
        Positive: so much may go in, fee included. Negative: so much is wanted out.
    fee_millionths
        Part of what goes in.

    Raises
    ------
    OutOfDomain
        If the fee is not between nothing and all, the liquidity negative, or a price not positive.
    """
    if not 0 <= fee_millionths < _MILLION:
        raise OutOfDomain(f"fee must be within 0 and a million, was {fee_millionths}")
    is_zero_for_one = price_x96 >= target_x96
    is_exact_in = remaining_raw >= 0
    wanted = -remaining_raw
    if is_exact_in:
        spent = mul_div_down(remaining_raw, _MILLION - fee_millionths, _MILLION)
        to_target = _in_raw(price_x96, target_x96, liquidity_raw, is_zero_for_one)
        after = (
            target_x96
            if spent >= to_target
            else next_price_from_input_x96(
                price_x96, liquidity_raw, spent, is_zero_for_one=is_zero_for_one
            )
        )
    else:
        to_target = _out_raw(price_x96, target_x96, liquidity_raw, is_zero_for_one)
        after = (
            target_x96
            if wanted >= to_target
            else next_price_from_output_x96(
                price_x96, liquidity_raw, wanted, is_zero_for_one=is_zero_for_one
            )
        )
    amount_in = _in_raw(price_x96, after, liquidity_raw, is_zero_for_one)
    amount_out = _out_raw(price_x96, after, liquidity_raw, is_zero_for_one)
    if not is_exact_in:
        amount_out = min(amount_out, wanted)
    if is_exact_in and after != target_x96:
        # Short of the target all that remains goes in, and what the price does not take is fee.
        fee = remaining_raw - amount_in
    else:
        fee = mul_div_up(amount_in, fee_millionths, _MILLION - fee_millionths)
    return SwapStep(
        sqrt_price_x96=after, amount_in_raw=amount_in, amount_out_raw=amount_out, fee_raw=fee
    )


def _in_raw(price_x96: int, after_x96: int, liquidity_raw: int, is_zero_for_one: bool) -> int:
    delta = amount0_delta_raw if is_zero_for_one else amount1_delta_raw
    return delta(price_x96, after_x96, liquidity_raw, is_rounded_up=True)


def _out_raw(price_x96: int, after_x96: int, liquidity_raw: int, is_zero_for_one: bool) -> int:
    delta = amount1_delta_raw if is_zero_for_one else amount0_delta_raw
    return delta(price_x96, after_x96, liquidity_raw, is_rounded_up=False)
