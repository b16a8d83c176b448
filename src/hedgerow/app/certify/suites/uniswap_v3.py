"""Uniswap v3: everything in the pool's integers."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.margin.rules import uniswap_v3 as rules

__all__ = ["KINDS"]


def _liquidity(given: Given) -> int:
    return rules.liquidity_for_amounts_raw(
        given.integer("sqrt_price_x96"),
        given.integer("sqrt_a_x96"),
        given.integer("sqrt_b_x96"),
        amount0_raw=given.integer("amount0"),
        amount1_raw=given.integer("amount1"),
    )


def _amounts(given: Given) -> Mapping[str, int]:
    return _held(
        given.integer("sqrt_price_x96"),
        given.integer("sqrt_a_x96"),
        given.integer("sqrt_b_x96"),
        given.integer("liquidity"),
        is_rounded_up=False,
    )


def _position(given: Given, *, is_rounded_up: bool) -> Mapping[str, int]:
    return _held(
        given.integer("sqrt_price_x96"),
        rules.sqrt_price_x96_at_tick(given.integer("tick_lower")),
        rules.sqrt_price_x96_at_tick(given.integer("tick_upper")),
        given.integer("liquidity"),
        is_rounded_up=is_rounded_up,
    )


def _held(
    price: int, one: int, other: int, liquidity: int, *, is_rounded_up: bool
) -> dict[str, int]:
    amount0, amount1 = rules.amounts_for_liquidity_raw(
        price, one, other, liquidity, is_rounded_up=is_rounded_up
    )
    return {"amount0": amount0, "amount1": amount1}


def _next_from_input(given: Given) -> int:
    return rules.next_price_from_input_x96(
        given.integer("sqrt_price_x96"),
        given.integer("liquidity"),
        given.integer("amount"),
        is_zero_for_one=given.flag("zero_for_one"),
    )


def _next_from_output(given: Given) -> int:
    return rules.next_price_from_output_x96(
        given.integer("sqrt_price_x96"),
        given.integer("liquidity"),
        given.integer("amount"),
        is_zero_for_one=given.flag("zero_for_one"),
    )


def _delta0(given: Given) -> int:
    return rules.amount0_delta_raw(
        given.integer("sqrt_a_x96"),
        given.integer("sqrt_b_x96"),
        given.integer("liquidity"),
        is_rounded_up=given.flag("round_up"),
    )


def _delta1(given: Given) -> int:
    return rules.amount1_delta_raw(
        given.integer("sqrt_a_x96"),
        given.integer("sqrt_b_x96"),
        given.integer("liquidity"),
        is_rounded_up=given.flag("round_up"),
    )


def _swap(given: Given) -> Mapping[str, int]:
    step = rules.swap_step(
        given.integer("sqrt_price_x96"),
        given.integer("sqrt_target_x96"),
        given.integer("liquidity"),
        given.integer("amount_remaining"),
        fee_millionths=given.integer("fee_pips"),
    )
    return {
        "amount_in": step.amount_in_raw,
        "amount_out": step.amount_out_raw,
        "sqrt_next_x96": step.sqrt_price_x96,
        "fee": step.fee_raw,
    }


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "sqrt_price_x96_at_tick": lambda given: rules.sqrt_price_x96_at_tick(given.integer("tick")),
    "tick_at_sqrt_price_x96": lambda given: rules.tick_at_sqrt_price_x96(
        given.integer("sqrt_price_x96")
    ),
    "liquidity_for_amounts": _liquidity,
    "amounts_for_liquidity": _amounts,
    "next_sqrt_price_from_input": _next_from_input,
    "next_sqrt_price_from_output": _next_from_output,
    "amount0_delta": _delta0,
    "amount1_delta": _delta1,
    "compute_swap_step": _swap,
    "position_mint_amounts_round_up": partial(_position, is_rounded_up=True),
    "position_amounts_round_down": partial(_position, is_rounded_up=False),
}
