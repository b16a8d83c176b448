"""Identities of futures, pools, powers and averages, for whatever holdings and prices."""

from typing import TypeAlias

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.pricing import (
    SQUEETH_FUNDING_YEARS,
    AveragedColumns,
    averaged_coin_greeks,
    averaged_greeks,
    concentrated_shares,
    constant_product_shares,
    fixed_yield_tokens,
    inverse_perpetuals,
    linear_perpetuals,
    losses_versus_holding,
    power_implied,
    power_perpetuals,
    quanto_contracts,
)

PRICE = st.floats(1e-3, 1e6)
SIZE = st.floats(1e-3, 1e6)
SIGNED = st.floats(-1e6, 1e6)
Range: TypeAlias = tuple[float, float]
RANGE = st.tuples(PRICE, st.floats(1.001, 100.0)).map(lambda pair: (pair[0], pair[0] * pair[1]))


@given(SIZE, PRICE, PRICE)
def test_a_short_of_all_collateral_has_no_delta_in_dollars(
    coins: float, entry: float, mark: float
) -> None:
    got = inverse_perpetuals(
        quantity_usd=-coins * entry,
        price_entry_usd=entry,
        price_mark_usd=mark,
        collateral_coin=coins,
    )
    assert abs(got.delta_equity_coin[0]) <= 4e-16 * coins
    # What is left is the dollars that were sold, at every price.
    assert abs(got.equity_usd[0] - coins * entry) <= 1e-14 * coins * max(entry, mark)


@given(SIGNED, PRICE, PRICE, PRICE)
def test_profit_does_not_ask_for_the_way(
    quantity: float, entry: float, between: float, mark: float
) -> None:
    """From entry to mark is from entry to some price, and from there to the mark."""
    legs = [(entry, between), (between, mark)]
    for whole, parts in (
        (
            inverse_perpetuals(
                quantity_usd=quantity, price_entry_usd=entry, price_mark_usd=mark
            ).value_coin[0],
            [
                inverse_perpetuals(
                    quantity_usd=quantity, price_entry_usd=one, price_mark_usd=two
                ).value_coin[0]
                for one, two in legs
            ],
        ),
        (
            linear_perpetuals(
                quantity_coin=quantity, price_entry_usd=entry, price_mark_usd=mark
            ).value_usd[0],
            [
                linear_perpetuals(
                    quantity_coin=quantity, price_entry_usd=one, price_mark_usd=two
                ).value_usd[0]
                for one, two in legs
            ],
        ),
    ):
        assert (
            abs(whole - sum(parts)) <= 1e-14 * sum(abs(part) for part in (whole, *parts)) + 1e-300
        )


@given(SIGNED, PRICE, PRICE, PRICE)
def test_long_and_short_of_a_quanto_cancel(
    quantity: float, entry: float, mark: float, coin: float
) -> None:
    long, short = (
        quanto_contracts(
            quantity_contracts=sign * quantity,
            multiplier_coin_per_usd=1e-6,
            price_entry_usd=entry,
            price_mark_usd=mark,
            price_settlement_usd=coin,
        )
        for sign in (1.0, -1.0)
    )
    for name in long.__slots__:
        assert getattr(long, name)[0] + getattr(short, name)[0] == 0.0


@given(SIZE, RANGE, PRICE, PRICE)
def test_value_is_what_was_held_less_the_loss(
    size: float, bounds: Range, start: float, price: float
) -> None:
    low, high = bounds
    before, now = (
        concentrated_shares(
            liquidity_contracts=size, price_usd=at, price_lower_usd=low, price_upper_usd=high
        )
        for at in (start, price)
    )
    got = losses_versus_holding(before, now, price_usd=price)
    held = before.delta_coin[0] * price + before.quote_usd[0]
    assert got.held_usd[0] == held
    assert abs(now.value_usd[0] - (held + got.loss_usd[0])) <= 4e-16 * held
    # Never a gain, whichever way the price went: value is concave and held is its tangent.
    assert got.loss_usd[0] <= 1e-12 * held
    assert -1.0 <= got.loss_frac[0] <= 1e-12


@given(SIZE, PRICE)
def test_a_wide_range_is_a_constant_product(size: float, price: float) -> None:
    full = constant_product_shares(liquidity_contracts=size, price_usd=price)
    wide = concentrated_shares(
        liquidity_contracts=size,
        price_usd=price,
        price_lower_usd=price * 1e-20,
        price_upper_usd=price * 1e20,
    )
    for name in ("value_usd", "delta_coin", "quote_usd"):
        assert abs(getattr(wide, name)[0] / getattr(full, name)[0] - 1.0) < 2e-10
    assert wide.gamma_coin_per_usd[0] == full.gamma_coin_per_usd[0]


@given(SIZE, RANGE, st.floats(0.01, 0.99), PRICE)
def test_two_neighbours_are_one_share(
    size: float, bounds: Range, part: float, price: float
) -> None:
    low, high = bounds
    middle = low * (high / low) ** part
    one = concentrated_shares(
        liquidity_contracts=size, price_usd=price, price_lower_usd=low, price_upper_usd=high
    )
    two = concentrated_shares(
        liquidity_contracts=size,
        price_usd=price,
        price_lower_usd=np.array([low, middle]),
        price_upper_usd=np.array([middle, high]),
    )
    for name in one.__slots__:
        whole, parts = getattr(one, name)[0], getattr(two, name)
        # Each of the two is a difference of roots.
        scale = {
            "delta_coin": size / low**0.5,
            "quote_usd": size * high**0.5,
            "value_usd": size * (price / low**0.5 + high**0.5),
        }.get(name, abs(whole))
        assert abs(whole - parts.sum()) <= 1e-14 * scale


@given(SIZE, PRICE, st.floats(0.01, 1.0), st.floats(0.01, 3.0), st.floats(-0.5, 0.5))
def test_a_square_has_twice_its_delta_and_its_gamma(
    size: float, price: float, factor: float, vol: float, rate: float
) -> None:
    got = power_perpetuals(
        quantity_contracts=size,
        price_usd=price,
        norm_factor_frac=factor,
        vol_frac=vol,
        rate_frac_per_year=rate,
    )
    value = got.value_usd[0]
    assert abs(got.delta_coin[0] * price - 2 * value) <= 1e-14 * value
    assert abs(got.gamma_coin_per_usd[0] * price**2 - 2 * value) <= 1e-14 * value
    # Theta pays for gamma and for interest on what the delta does not finance.
    theta = 365 * got.theta_usd_per_day[0]
    curved = 0.5 * vol**2 * price**2 * got.gamma_coin_per_usd[0]
    financed = rate * (got.delta_coin[0] * price - value)
    # Where the mark lies beyond what the controller pays for, it pays less.
    most = np.log(1.4) / SQUEETH_FUNDING_YEARS * value
    if abs(curved + financed) < most * 0.99:
        assert abs(theta + curved + financed) <= 1e-13 * (curved + abs(financed))
    assert abs(theta) <= most * (1.0 + 1e-12)
    back = power_implied(
        price_mark_usd=value / size,
        price_usd=price,
        norm_factor_frac=factor,
        rate_frac_per_year=rate,
    )
    assert abs(back.variance_frac_per_year[0] - vol**2) <= 1e-12 * (1 + vol**2)


@given(SIGNED, PRICE, st.floats(-0.5, 2.0), st.floats(0.0, 3.0))
def test_a_fixed_yield_grows_into_its_asset(
    size: float, price: float, rate: float, years: float
) -> None:
    got = fixed_yield_tokens(
        quantity_coin=size, price_usd=price, yield_frac_per_year=rate, expiry_years=years
    )
    grown = got.value_usd[0] * np.exp(rate * years)
    assert abs(grown - size * price) <= 4e-15 * abs(size * price)


@given(
    st.floats(1e3, 1e5),
    st.floats(-0.02, 0.02),
    st.floats(-0.02, 0.02),
    st.floats(0.0, 1.0),
    st.floats(0.0, 5.0),
)
def test_parity_inside_a_window(
    forward: float, gone: float, away: float, open_frac: float, vol: float
) -> None:
    window = 0.5 / (24 * 365)
    observed, strike = forward * (1 + gone), forward * (1 + away)
    options = AveragedColumns(
        forward_usd=forward,
        strike_usd=strike,
        average_observed_usd=observed,
        vol_frac=vol,
        expiry_years=open_frac * window,
        window_years=window,
        is_call=np.array([True, False]),
    )
    f = options.open[0]
    average = f * forward + (1 - f) * observed
    got, coin = averaged_greeks(options), averaged_coin_greeks(options)
    scale = forward + strike
    assert abs(got.value_usd[0] - got.value_usd[1] - (average - strike)) <= 1e-14 * scale
    assert abs(coin.value_coin[0] - coin.value_coin[1] - (1 - strike / average)) <= 2e-14
    assert abs(got.delta_forward_frac[0] - got.delta_forward_frac[1] - f) <= 1e-13
    assert abs(got.delta_average_frac[0] - got.delta_average_frac[1] - (1 - f)) <= 1e-13
    assert got.value_usd.min() >= 0.0
    for row in (got, coin):
        assert np.isfinite([getattr(row, name) for name in row.__slots__]).all()
