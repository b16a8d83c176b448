"""Shares of liquidity pools as columns: value, Greeks, what fees must earn, loss against holding.

One contract is one unit of liquidity L. A constant-product pool of x coins and y dollars has
``x y = L²``: value ``2 L √P``. A concentrated share between Pa and Pb holds
``x = L (1/√P* - 1/√Pb)`` coins and ``y = L (√P* - √Pa)`` dollars, with P* the price clipped to the
range. Either way the delta is the coins held. A share is short gamma, so it falls behind whoever
rebalances against it.

References
----------
Methods sheet, section 3; J. Milionis, C. Moallemi, T. Roughgarden, A. Zhang (2022), Automated
Market Making and Loss-Versus-Rebalancing; H. Adams et al. (2021), Uniswap v3 Core.
"""

from dataclasses import dataclass

import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.gate import (
    AMOUNT,
    PRICE,
    VOL,
    Bounds,
    Column,
    Floats,
    gate,
    laid_out,
    written,
)

__all__ = [
    "PoolGreeks",
    "PoolLosses",
    "concentrated_shares",
    "constant_product_shares",
    "held_per_liquidity",
    "in_order",
    "losses_versus_holding",
    "losses_versus_rebalancing_usd_per_year",
]

_NOISE = 1e-14  # of the value: what is left of it when two of them are subtracted
_NEAR = 0.5  # of gamma: a third of it of the price
_VALUE: Bounds = (-1e100, 1e100)


@dataclass(frozen=True, slots=True, eq=False)
class PoolGreeks:
    """One item per holding; views of the buffer where one was given.

    Attributes
    ----------
    value_usd
        Coins and dollars together.
    delta_coin
        Coins held, which is also the derivative of the value to the price.
    gamma_coin_per_usd
        Not positive for who holds a share; zero outside the range.
    quote_usd
        Dollars held.
    """

    value_usd: Floats
    delta_coin: Floats
    gamma_coin_per_usd: Floats
    quote_usd: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PoolLosses:
    """One item per holding, fees left out.

    Attributes
    ----------
    held_usd
        What the coins and dollars of the start would be worth now.
    loss_usd, loss_frac
        Value less that, in dollars and as a fraction of it. Not positive for who holds a share.
    """

    held_usd: Floats
    loss_usd: Floats
    loss_frac: Floats


def constant_product_shares(
    *, liquidity_contracts: Column, price_usd: Column, out: Floats | None = None
) -> PoolGreeks:
    """Value shares of pools that quote at every price.

    Parameters
    ----------
    liquidity_contracts
        Shape (n,) as all columns, or one number for all; units of L, long positive.
    price_usd
        Of the coin, positive.
    out
        Where to write, shape (4, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or `out` has another shape.
    """
    L, P = gate(liquidity_contracts=(liquidity_contracts, AMOUNT), price_usd=(price_usd, PRICE))
    root = np.sqrt(P)
    return laid_out(PoolGreeks, out, 2.0 * L * root, L / root, -0.5 * L / root / P, L * root)


def concentrated_shares(
    *,
    liquidity_contracts: Column,
    price_usd: Column,
    price_lower_usd: Column,
    price_upper_usd: Column,
    out: Floats | None = None,
) -> PoolGreeks:
    """Value shares of pools that quote between two prices.

    Parameters
    ----------
    liquidity_contracts, price_usd
        As for `constant_product_shares`.
    price_lower_usd, price_upper_usd
        Positive, the lower below the upper.
    out
        Where to write, shape (4, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, a range is empty, or `out` has
        another shape.

    Notes
    -----
    The lower edge belongs to the range and the upper does not, as a position of Uniswap v3 is
    active from its lower tick up to and without its upper one. Value and delta have no step at
    either edge; gamma has, and is there the derivative to the right.
    """
    L, P, Pa, Pb = gate(
        liquidity_contracts=(liquidity_contracts, AMOUNT),
        price_usd=(price_usd, PRICE),
        price_lower_usd=(price_lower_usd, PRICE),
        price_upper_usd=(price_upper_usd, PRICE),
    )
    in_order(Pa, Pb)
    coins, dollars = held_per_liquidity(P, Pa, Pb)
    x, y = L * coins, L * dollars
    is_inside = np.greater_equal(P, Pa) & np.less(P, Pb)
    return laid_out(
        PoolGreeks, out, x * P + y, x, np.where(is_inside, -0.5 * L / np.sqrt(P) / P, 0.0), y
    )


def in_order(price_lower_usd: Floats, price_upper_usd: Floats) -> None:
    """Refuse ranges of which one is empty, naming the first; OutOfDomain."""
    empty = price_lower_usd >= price_upper_usd
    if empty.any():
        at = int(np.argmax(empty))
        raise OutOfDomain(
            f"price_lower_usd must lie below price_upper_usd, row {at} was {price_lower_usd[at]} "
            f"and {price_upper_usd[at]}"
        )


def held_per_liquidity(
    price_usd: Floats, price_lower_usd: Floats, price_upper_usd: Floats
) -> tuple[Floats, Floats]:
    """Give coins and dollars held by one unit of liquidity in a range; shapes broadcast.

    Through the prices, whose difference is exact where they are close: their roots may be the same
    number. Inputs are not checked.
    """
    inner = np.clip(price_usd, price_lower_usd, price_upper_usd)
    root_a, root_b, root = np.sqrt(price_lower_usd), np.sqrt(price_upper_usd), np.sqrt(inner)
    coins = (price_upper_usd - inner) / (root_b + root) / root_b / root
    dollars = (inner - price_lower_usd) / (root + root_a)
    return coins, dollars


def losses_versus_rebalancing_usd_per_year(
    *,
    price_usd: Column,
    gamma_coin_per_usd: Column,
    vol_frac: Column,
    out: Floats | None = None,
) -> Floats:
    """Give what a share loses each year to who trades against it: the fees at which it breaks even.

    Parameters
    ----------
    price_usd
        Shape (n,) as all columns, or one number for all; positive.
    gamma_coin_per_usd
        From the share: zero outside its range.
    vol_frac
        Annualised, not negative.
    out
        Where to write, shape (n,).

    Returns
    -------
    ndarray, shape (n,), USD per year
        ``-½ σ² P² Γ``, positive for who holds a share. Inside a range that is ``σ² L √P / 4``, and
        for a constant product ``σ² V / 8``.

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or `out` has another shape.
    """
    P, gamma, vol = gate(
        price_usd=(price_usd, PRICE),
        gamma_coin_per_usd=(gamma_coin_per_usd, _VALUE),
        vol_frac=(vol_frac, VOL),
    )
    return written(out, -0.5 * (vol * P) ** 2 * gamma)


def losses_versus_holding(
    start: PoolGreeks, now: PoolGreeks, *, price_usd: Column, out: Floats | None = None
) -> PoolLosses:
    """Compare shares with the coins and dollars that were put in.

    Parameters
    ----------
    start, now
        The same shares, as many, at the price of the start and at the present one.
    price_usd
        The present one.
    out
        Where to write, shape (3, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, what was held is worth nothing,
        or `out` has another shape.

    Notes
    -----
    Inside the range the loss is ``-L (√P - √P₀)² / √P₀``, second order in the move; the difference
    of two values, which is of order zero, has nothing left of it after a move of 1e-8.
    """
    x, y, V, P = gate(
        delta_coin=(start.delta_coin, _VALUE),
        quote_usd=(start.quote_usd, _VALUE),
        value_usd=(now.value_usd, _VALUE),
        price_usd=(price_usd, PRICE),
    )
    held = x * P + y
    if not held.all():
        at = int(np.argmax(held == 0.0))
        raise OutOfDomain(
            f"a share must have held something at the start, row {at} held nothing; drop it"
        )
    loss = V - held
    exact = _loss_near_the_start_usd(start, now, P)
    # Where both say the same to the rounding of the value, the second has the digits.
    loss = np.where(np.abs(exact - loss) <= _NOISE * np.abs(held), exact, loss)
    return laid_out(PoolLosses, out, held, loss, loss / held)


def _loss_near_the_start_usd(start: PoolGreeks, now: PoolGreeks, price_usd: Floats) -> Floats:
    """Give ``-L (√P - √P₀)² / √P₀``, which holds inside the range; NaN where it does not apply.

    Both gammas are ``-L / 2 P^1.5``, so they know L and how far the price has moved.
    """
    before, after = gate(
        gamma_start=(start.gamma_coin_per_usd, _VALUE), gamma_now=(now.gamma_coin_per_usd, _VALUE)
    )
    is_inside = (before != 0.0) & (after != 0.0)
    change = np.where(is_inside, (before - after) / np.where(is_inside, after, 1.0), -1.0)
    is_near = is_inside & (np.abs(change) < _NEAR)
    move = np.expm1(np.log1p(np.where(is_near, change, 0.0)) / 3.0)  # √(P/P₀) - 1
    start_usd = price_usd / (1.0 + move) ** 2
    return np.where(is_near, 2.0 * before * (start_usd * move) ** 2, np.nan)
