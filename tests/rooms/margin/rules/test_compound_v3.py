"""Collateral against debt in one base asset; all of it seized, then sold at a discount."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.compound_v3 import (
    Absorbed,
    Collateral,
    absorb,
    collateral_for_base_raw,
    liquidity_usd,
)

WAD = 10**18
USDC = 10**6


def collateral(quantity: object, price: object, factor: object = 1) -> Collateral:
    return Collateral(
        quantity_coin=Fraction(str(quantity)),
        price_usd=Fraction(str(price)),
        factor_frac=Fraction(str(factor)),
    )


def test_collateral_counts_with_its_factor_and_debt_in_full() -> None:
    assert liquidity_usd(Fraction(0), ()) == 0
    assert liquidity_usd(Fraction(-1), (collateral("1.2", 1, "0.9"),)) == Fraction("0.08")
    assert liquidity_usd(Fraction(-1), (collateral(1, 1, "0.9"),)) == Fraction("-0.1")
    both = (collateral(2, 3000, "0.8"), collateral(10, 40, "0.5"))
    assert liquidity_usd(Fraction(-5000), both) == 0


numbers = st.fractions(0, 10**9)


@given(numbers, numbers, numbers, numbers, st.fractions(0, 1))
def test_more_collateral_never_hurts(
    debt: Fraction, quantity: Fraction, more: Fraction, price: Fraction, factor: Fraction
) -> None:
    def with_quantity(held: Fraction) -> Fraction:
        one = Collateral(quantity_coin=held, price_usd=price, factor_frac=factor)
        return liquidity_usd(-debt, (one,))

    assert with_quantity(quantity) <= with_quantity(quantity + more)


# --- absorption --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owed", "after", "reserves"),
    [
        # The values of compound-finance/comet, test/absorb-test.ts: 175 + 3000 + 41000.
        (44_174_999_999, 1, -44_175_000_000),
        (44_175_000_000, 0, -44_175_000_000),
        (44_175_000_001, 0, -44_175_000_001),
        (50_000_000_000, 0, -50_000_000_000),
    ],
)
def test_reserves_pay_what_collateral_does_not(owed: int, after: int, reserves: int) -> None:
    seized = (collateral(1, 175), collateral(1, 3000), collateral(1, 41000))
    assert absorb(-owed, seized, base_unit_raw=USDC) == Absorbed(
        base_balance_raw=after, reserves_change_raw=reserves
    )


def test_the_liquidation_factor_is_what_is_credited() -> None:
    """93 % of 1000 against 900 owed: 30 are given back."""
    found = absorb(-900 * USDC, (collateral(1, 1000, "0.93"),), base_unit_raw=USDC)
    assert found == Absorbed(base_balance_raw=30 * USDC, reserves_change_raw=-930 * USDC)


def test_a_credit_is_rounded_down_and_no_collateral_credits_nothing() -> None:
    assert absorb(-1, (collateral("0.0000019", 1),), base_unit_raw=USDC).base_balance_raw == 0
    assert absorb(-1, (collateral("0.0000029", 1),), base_unit_raw=USDC).base_balance_raw == 1
    assert absorb(-7, (), base_unit_raw=USDC) == Absorbed(
        base_balance_raw=0, reserves_change_raw=-7
    )


@given(st.integers(1, 10**15), numbers, numbers, st.fractions(0, 1))
def test_an_absorption_conserves(
    owed: int, quantity: Fraction, price: Fraction, factor: Fraction
) -> None:
    """What the account gains the reserves lose, and the account never ends in debt."""
    seized = Collateral(quantity_coin=quantity, price_usd=price, factor_frac=factor)
    found = absorb(-owed, (seized,), base_unit_raw=USDC)
    assert found.base_balance_raw >= 0
    assert found.base_balance_raw + owed == -found.reserves_change_raw
    assert -found.reserves_change_raw >= owed


# --- sale --------------------------------------------------------------------------------------


def sold(
    base_raw: int = 200 * USDC,
    *,
    asset_price: int = 200 * 10**8,
    base_price: int = 10**8,
    store_front: int = 5 * 10**17,
    liquidation: int = 6 * 10**17,
) -> int:
    return collateral_for_base_raw(
        base_raw,
        asset_price_1e8=asset_price,
        base_price_1e8=base_price,
        store_front_price_factor_wad=store_front,
        liquidation_factor_wad=liquidation,
        asset_unit_raw=WAD,
        base_unit_raw=USDC,
    )


def test_a_sale_is_at_part_of_the_liquidation_discount() -> None:
    """Half of 40 % off 200 is 160 (quote-collateral-test.ts): 200 buy 1.25."""
    assert sold() == 125 * 10**16
    assert sold(store_front=0) == WAD
    assert sold(liquidation=WAD) == WAD
    assert sold(base_price=2 * 10**8) == 250 * 10**16
    assert sold(0) == 0


def test_factors_prices_and_amounts_are_floored_in_turn() -> None:
    """A discount of half a wad unit is none; a price of 2.5 units is two."""
    assert sold(store_front=1, liquidation=5 * 10**17) == WAD
    two = sold(asset_price=5, store_front=WAD, liquidation=5 * 10**17)
    assert two == 10**8 * 200 * USDC * WAD // 2 // USDC
    # 1e8 · 1e18 over 3e20 is 333,333 and a third; over a million it is none.
    assert sold(1, asset_price=3 * 10**20, store_front=0) == 0
    assert sold(4, asset_price=3 * 10**20, store_front=0) == 1


def test_the_first_division_is_floored_before_the_second() -> None:
    """19 over 2 is 9, and over 10 nothing; a price of one unit is a price."""
    whole: dict[str, int] = {
        "store_front_price_factor_wad": 0,
        "liquidation_factor_wad": WAD,
        "asset_unit_raw": 1,
        "base_price_1e8": 1,
        "base_unit_raw": 10,
    }
    assert collateral_for_base_raw(19, asset_price_1e8=2, **whole) == 0
    assert collateral_for_base_raw(20, asset_price_1e8=2, **whole) == 1
    assert collateral_for_base_raw(10, asset_price_1e8=1, **whole) == 1


@given(st.integers(0, 10**18), st.integers(1, 10**14), st.integers(0, WAD), st.integers(1, WAD))
def test_nobody_buys_below_the_discounted_price(
    base_raw: int, price: int, store_front: int, liquidation: int
) -> None:
    discount = Fraction(store_front, WAD) * (1 - Fraction(liquidation, WAD))
    discounted = Fraction(price) * (1 - discount)
    if discounted < 2:
        return
    bought = sold(base_raw, asset_price=price, store_front=store_front, liquidation=liquidation)
    # The price is floored at one unit of it, so that much more may be bought, and no more.
    assert bought * (discounted - 1) <= Fraction(base_raw * 10**8 * WAD, USDC)


@pytest.mark.parametrize(
    "bad",
    [{"asset_price": 0}, {"base_price": 0}, {"store_front": WAD, "liquidation": 0}],
)
def test_a_sale_needs_prices(bad: dict[str, int]) -> None:
    with pytest.raises(OutOfDomain, match="prices must be positive"):
        sold(**bad)
