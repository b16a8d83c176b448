"""What grows by itself, as columns: staked coins, loans, tokens of a fixed yield.

Their delta is the amount of the coin they stand for. What is left are rates: the growth of a staked
coin, the floating interest of a loan, the yield a fixed one was bought at; and for a staked coin
the discount at which it trades, which is a risk of its own.

References
----------
Methods sheet, section 3.
"""

from dataclasses import dataclass

import numpy as np

from hedgerow.pricing.gate import (
    AMOUNT,
    FRACTION_LEFT,
    PRICE,
    RATE,
    YEARS,
    Column,
    Floats,
    gate,
    laid_out,
    steep,
)

__all__ = [
    "FixedYieldGreeks",
    "LoanGreeks",
    "StakedGreeks",
    "fixed_yield_tokens",
    "loans",
    "staked_coins",
]

_DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True, eq=False)
class StakedGreeks:
    """One item per holding; views of the buffer where one was given.

    Attributes
    ----------
    value_usd
        Quantity · rate · price of the base · (1 - discount).
    delta_base_coin
        Coins of the base it moves like.
    gamma_coin_per_usd
        Zero.
    discount_usd_per_frac
        Per 1.00 of the discount, negative when long: what the peg can cost.
    accrual_usd_per_day
        What the growth of the rate adds in the coming day, all else unmoved.
    """

    value_usd: Floats
    delta_base_coin: Floats
    gamma_coin_per_usd: Floats
    discount_usd_per_frac: Floats
    accrual_usd_per_day: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LoanGreeks:
    """One item per loan; a debt is negative throughout. Views of the buffer where one was given.

    Attributes
    ----------
    value_usd
        Balance times price.
    delta_coin
        The balance: scaled units times index.
    gamma_coin_per_usd
        Zero, until a liquidation.
    interest_usd_per_day
        Of the coming day at this rate, positive when earned.
    interest_usd
        Of the whole horizon at this rate.
    rate_usd_per_rate
        Of `interest_usd`, per 1.00 of the annual rate. Divided by the value it is the duration of
        the horizon, in years; the present value of a floating loan does not move with its rate.
    """

    value_usd: Floats
    delta_coin: Floats
    gamma_coin_per_usd: Floats
    interest_usd_per_day: Floats
    interest_usd: Floats
    rate_usd_per_rate: Floats


@dataclass(frozen=True, slots=True, eq=False)
class FixedYieldGreeks:
    """One item per holding; views of the buffer where one was given.

    Attributes
    ----------
    value_usd
        Quantity · price · exp(-yield · years).
    delta_coin
        Coins of the asset it moves like.
    gamma_coin_per_usd
        Zero.
    yield_usd_per_rate, yield_usd_per_rate2
        First and second derivative to the yield, per 1.00 a year: -τ V and τ² V.
    delta_coin_per_rate
        How the delta moves with the yield.
    theta_usd_per_day
        What passing time adds, yield and price unmoved.
    """

    value_usd: Floats
    delta_coin: Floats
    gamma_coin_per_usd: Floats
    yield_usd_per_rate: Floats
    yield_usd_per_rate2: Floats
    delta_coin_per_rate: Floats
    theta_usd_per_day: Floats


def staked_coins(
    *,
    quantity_coin: Column,
    rate_coin_per_coin: Column,
    price_base_usd: Column,
    discount_frac: Column = 0.0,
    growth_frac_per_year: Column = 0.0,
    out: Floats | None = None,
) -> StakedGreeks:
    """Value liquid staked tokens.

    Parameters
    ----------
    quantity_coin
        Shape (n,) as all columns, or one number for all; tokens, long positive.
    rate_coin_per_coin
        Coins of the base one token redeems for, positive.
    price_base_usd
        Positive.
    discount_frac
        Below one; a premium is negative.
    growth_frac_per_year
        Of the rate, as a fraction of its present value.
    out
        Where to write, shape (5, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, or `out` has another shape.
    """
    q, R, P, discount, growth = gate(
        quantity_coin=(quantity_coin, AMOUNT),
        rate_coin_per_coin=(rate_coin_per_coin, PRICE),
        price_base_usd=(price_base_usd, PRICE),
        discount_frac=(discount_frac, FRACTION_LEFT),
        growth_frac_per_year=(growth_frac_per_year, RATE),
    )
    redeemed = q * R
    delta = redeemed * (1.0 - discount)
    value = delta * P
    return laid_out(
        StakedGreeks, out, value, delta, 0.0, -redeemed * P, value * growth / _DAYS_PER_YEAR
    )


def loans(
    *,
    quantity_coin: Column,
    index_coin_per_coin: Column,
    price_usd: Column,
    rate_frac_per_year: Column,
    horizon_years: Column = 1.0 / _DAYS_PER_YEAR,
    out: Floats | None = None,
) -> LoanGreeks:
    """Value supplies and debts of lending markets.

    Parameters
    ----------
    quantity_coin
        Shape (n,) as all columns, or one number for all; *scaled* units, a supply positive, a debt
        negative.
    index_coin_per_coin
        Growth since inception, of supplies or of debts; positive.
    price_usd
        Of the asset, positive.
    rate_frac_per_year
        Present rate of the supply or the debt, compounded continuously.
    horizon_years
        Over which interest and its sensitivity are counted; not negative. A day if left out.
    out
        Where to write, shape (6, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, the growth is beyond e^100, or
        `out` has another shape.
    """
    q, index, P, r, h = gate(
        quantity_coin=(quantity_coin, AMOUNT),
        index_coin_per_coin=(index_coin_per_coin, PRICE),
        price_usd=(price_usd, PRICE),
        rate_frac_per_year=(rate_frac_per_year, (-1e4, 1e4)),
        horizon_years=(horizon_years, YEARS),
    )
    growth = steep("rate_frac_per_year", r, h)
    balance = q * index
    value = balance * P
    return laid_out(
        LoanGreeks,
        out,
        value,
        balance,
        0.0,
        value * np.expm1(r / _DAYS_PER_YEAR),
        value * np.expm1(growth),
        value * h * np.exp(growth),
    )


def fixed_yield_tokens(
    *,
    quantity_coin: Column,
    price_usd: Column,
    yield_frac_per_year: Column,
    expiry_years: Column,
    out: Floats | None = None,
) -> FixedYieldGreeks:
    """Value tokens that redeem for one unit of an asset at expiry (principal tokens).

    Parameters
    ----------
    quantity_coin
        Shape (n,) as all columns, or one number for all; tokens, long positive.
    price_usd
        Of the asset they redeem for, positive.
    yield_frac_per_year
        At which the market discounts them, compounded continuously.
    expiry_years
        ACT/365, not negative.
    out
        Where to write, shape (7, n).

    Raises
    ------
    OutOfDomain
        If lengths differ, anything is not finite or out of bounds, the discount is beyond e^100, or
        `out` has another shape.
    """
    q, P, y, tau = gate(
        quantity_coin=(quantity_coin, AMOUNT),
        price_usd=(price_usd, PRICE),
        yield_frac_per_year=(yield_frac_per_year, RATE),
        expiry_years=(expiry_years, YEARS),
    )
    delta = q * np.exp(-steep("yield_frac_per_year", y, tau))
    value = delta * P
    return laid_out(
        FixedYieldGreeks,
        out,
        value,
        delta,
        0.0,
        -tau * value,
        tau * tau * value,
        -tau * delta,
        y * value / _DAYS_PER_YEAR,
    )
