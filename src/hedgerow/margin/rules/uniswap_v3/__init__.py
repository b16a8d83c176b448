"""Uniswap v3: prices on a grid of ticks, liquidity between two of them, in the pool's integers.

`ticks` joins ticks and prices, `deltas` says what a move of the price takes and how far an amount
moves it, `liquidity` what a position holds and has earned, `swap` makes one step of a swap. A price
is token1 per token0 in smallest units, kept as its root scaled by 2^96 (``_x96``); whatever is owed
to the pool rounds up, whatever it pays rounds down.

References
----------
Rules: Uniswap/v3-core, contracts/libraries/{TickMath,SqrtPriceMath,SwapMath}.sol @ d8b1c635c2;
Uniswap/v3-periphery, contracts/libraries/LiquidityAmounts.sol @ 0682387198; Uniswap/v3-sdk,
src/entities/position.ts @ 4e16fe8e56.
"""

from hedgerow.margin.rules.uniswap_v3.deltas import (
    amount0_delta_raw,
    amount1_delta_raw,
    next_price_from_input_x96,
    next_price_from_output_x96,
)
from hedgerow.margin.rules.uniswap_v3.liquidity import (
    amounts_for_liquidity_raw,
    liquidity_for_amounts_raw,
)
from hedgerow.margin.rules.uniswap_v3.swap import SwapStep, swap_step
from hedgerow.margin.rules.uniswap_v3.ticks import (
    SQRT_PRICE_X96_MAX,
    SQRT_PRICE_X96_MIN,
    TICK_MAX,
    sqrt_price_x96_at_tick,
    tick_at_sqrt_price_x96,
)

__all__ = [
    "SQRT_PRICE_X96_MAX",
    "SQRT_PRICE_X96_MIN",
    "TICK_MAX",
    "SwapStep",
    "amount0_delta_raw",
    "amount1_delta_raw",
    "amounts_for_liquidity_raw",
    "liquidity_for_amounts_raw",
    "next_price_from_input_x96",
    "next_price_from_output_x96",
    "sqrt_price_x96_at_tick",
    "swap_step",
    "tick_at_sqrt_price_x96",
]
