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
from hedgerow.pricing.gate import AMOUNT, PRICE, Bounds, Column, Floats, gate, room

__all__ = [
    "PoolGreeks",
    "PoolLosses",
    "concentrated_shares",
    "constant_product_shares",
    "losses_versus_holding",
    "losses_versus_rebalancing_usd_per_year",
]

_VOL: Bounds = (0.0, 1e3)
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
    rows = room(out, 4, len(P))
    rows[:] = (2.0 * L * root, L / root, -0.5 * L / root / P, L * root)
    return PoolGreeks(*rows)


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
    empty = Pa >= Pb
    if empty.any():
        at = int(np.argmax(empty))
        raise OutOfDomain(
            f"price_lower_usd must lie below price_upper_usd, row {at} was {Pa[at]} and {Pb[at]}"
        )
    root_a, root_b = np.sqrt(Pa), np.sqrt(Pb)
    root = np.clip(np.sqrt(P), root_a, root_b)
    # 1/√P* - 1/√Pb, written so that a price just below the upper edge keeps its digits.
    x = L * ((root_b - root) / root_b / root)
    y = L * (root - root_a)
    is_inside = np.greater_equal(P, Pa) & np.less(P, Pb)
    rows = room(out, 4, len(P))
    rows[:] = (x * P + y, x, np.where(is_inside, -0.5 * L / np.sqrt(P) / P, 0.0), y)
    return PoolGreeks(*rows)


def losses_versus_rebalancing_usd_per_year(
    *, price_usd: Column, gamma_coin_per_usd: Column, vol_frac: Column
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

    Returns
    -------
    ndarray, shape (n,), USD per year
        ``-½ σ² P² Γ``, positive for who holds a share. Inside a range that is ``σ² L √P / 4``, and
        for a constant product ``σ² V / 8``.

    Raises
    ------
    OutOfDomain
        If lengths differ or anything is not finite or out of bounds.
    """
    P, gamma, vol = gate(
        price_usd=(price_usd, PRICE),
        gamma_coin_per_usd=(gamma_coin_per_usd, _VALUE),
        vol_frac=(vol_frac, _VOL),
    )
    return -0.5 * (vol * P) ** 2 * gamma


def losses_versus_holding(
    start: PoolGreeks, now: PoolGreeks, *, price_usd: Column, out: Floats | None = None
) -> PoolLosses:
    """Compare shares with the coins and dollars that were put in.

    Parameters
    ----------
    start, now
        The same shares at the price of the start and at the present one.
    price_usd
        The present one.
    out
        Where to write, shape (3, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, what was held is worth nothing,
        or `out` has another shape.
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
    rows = room(out, 3, len(held))
    rows[:] = (held, V - held, (V - held) / held)
    return PoolLosses(*rows)
