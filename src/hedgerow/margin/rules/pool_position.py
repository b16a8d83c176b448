"""A position in a liquidity pool: what it holds, is worth and loses against holding, to 50 digits.

Token0 is the risky one, the price is token1 per token0, and ``_ccy`` is token1. One contract is one
unit of liquidity L, the root of token0 times token1 (``x · y = L²``) in whole tokens; the integer
that a pool keeps is in smallest units. Fees are not in it: they lie beside the liquidity.
`pricing.pool` has the same closed forms in float64, for books; near the ends of a range and near
the entry price those cancel.

References
----------
Closed forms of Uniswap v2 and v3 (Uniswap/v3-core @ d8b1c635c2); onchain-margin.md section 13.
"""

from decimal import Context, Decimal, localcontext
from typing import Final

import msgspec

from hedgerow.errors import OutOfDomain

__all__ = ["PoolPosition", "concentrated", "constant_product", "versus_holding"]

_EXACT: Final = Context(prec=60)
_ONE = Decimal(1)


class PoolPosition(msgspec.Struct, frozen=True, kw_only=True):
    """One position at one price.

    Attributes
    ----------
    amount0_coin, amount1_ccy
        What it holds.
    delta_coin
        Change of the value per unit of price: the token0 that it holds.
    gamma_coin_per_ccy
        Change of the delta; never positive, and zero outside a range and at its bounds, where it
        jumps.
    """

    amount0_coin: Decimal
    amount1_ccy: Decimal
    value_ccy: Decimal
    delta_coin: Decimal
    gamma_coin_per_ccy: Decimal


def constant_product(liquidity_contracts: Decimal, price_ccy: Decimal) -> PoolPosition:
    """Give a position over all prices (v2).

    Raises
    ------
    OutOfDomain
        If the price is not positive, or the liquidity is negative.
    """
    _refuse(liquidity_contracts, price_ccy)
    with localcontext(_EXACT):
        root = price_ccy.sqrt()
        return _position(
            liquidity_contracts,
            price_ccy,
            liquidity_contracts / root,
            liquidity_contracts * root,
            is_inside=True,
        )


def concentrated(
    liquidity_contracts: Decimal, price_ccy: Decimal, lower_ccy: Decimal, upper_ccy: Decimal
) -> PoolPosition:
    """Give a position between two prices (v3): all token0 below them, all token1 above.

    The lower bound may be zero and the upper one infinite: then it is a constant product. The lower
    bound belongs to the range and the upper does not, which only the gamma feels.

    Raises
    ------
    OutOfDomain
        If the price is not positive, the bounds are not in order, or the liquidity is negative.
    """
    _refuse(liquidity_contracts, price_ccy)
    if lower_ccy.is_nan() or upper_ccy.is_nan() or not 0 <= lower_ccy < upper_ccy:
        raise OutOfDomain(
            f"a range lies between two prices in order, were {lower_ccy} and {upper_ccy}"
        )
    with localcontext(_EXACT):
        inside = min(max(price_ccy, lower_ccy), upper_ccy).sqrt()
        return _position(
            liquidity_contracts,
            price_ccy,
            liquidity_contracts * (_ONE / inside - _ONE / upper_ccy.sqrt()),
            liquidity_contracts * (inside - lower_ccy.sqrt()),
            is_inside=lower_ccy <= price_ccy < upper_ccy,
        )


def versus_holding(
    entered: PoolPosition, now: PoolPosition, price_ccy: Decimal
) -> tuple[Decimal, Decimal]:
    """Give what the amounts at entry would be worth now, and the position over that, less one.

    Parameters
    ----------
    entered, now
        The same position at the price of entry and at `price_ccy`.

    Returns
    -------
    tuple of Decimal
        In token1; a fraction that is never positive (the impermanent loss).

    Raises
    ------
    OutOfDomain
        If nothing was held, so that there is nothing to compare with.
    """
    with localcontext(_EXACT):
        held = entered.amount0_coin * price_ccy + entered.amount1_ccy
        if held <= 0:
            raise OutOfDomain("nothing was held at entry: there is no loss against it")
        return held, now.value_ccy / held - 1


def _position(
    liquidity_contracts: Decimal,
    price_ccy: Decimal,
    amount0_coin: Decimal,
    amount1_ccy: Decimal,
    *,
    is_inside: bool,
) -> PoolPosition:
    bend = liquidity_contracts / (2 * price_ccy * price_ccy.sqrt()) if is_inside else Decimal(0)
    return PoolPosition(
        amount0_coin=amount0_coin,
        amount1_ccy=amount1_ccy,
        value_ccy=amount0_coin * price_ccy + amount1_ccy,
        delta_coin=amount0_coin,
        gamma_coin_per_ccy=-bend,
    )


def _refuse(liquidity_contracts: Decimal, price_ccy: Decimal) -> None:
    if not price_ccy.is_finite() or price_ccy <= 0:
        raise OutOfDomain(f"price must be positive, was {price_ccy}")
    if not liquidity_contracts.is_finite() or liquidity_contracts < 0:
        raise OutOfDomain(f"liquidity must not be negative, was {liquidity_contracts}")
