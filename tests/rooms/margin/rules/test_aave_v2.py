"""Aave v2 rounds where v3 does not, and its liquidations give back their bonus."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.aave_v2 import (
    Balance,
    Reserve,
    health_factor_wad,
    seizable_raw,
    standing,
)

ETH = 10**18
RESERVES = {
    "stETH": Reserve(price_base_raw=ETH, token_decimals=18, liquidation_threshold_bps=8300),
    "USDC": Reserve(price_base_raw=5 * 10**14, token_decimals=6, liquidation_threshold_bps=8750),
    "USDT": Reserve(price_base_raw=5 * 10**14, token_decimals=6, liquidation_threshold_bps=0),
    "WETH": Reserve(price_base_raw=ETH, token_decimals=18, liquidation_threshold_bps=None),
}

amounts = st.integers(1, 10**30)
prices = st.integers(1, 10**24)
bonuses = st.integers(10_001, 15_000)
decimals = st.integers(0, 18)


def test_the_average_threshold_is_floored_before_it_weighs() -> None:
    """Three at 8,300 and one at 8,750: 8,412.5, of which the half basis point is lost."""
    got = standing(
        [
            Balance(asset="stETH", supply_raw=3 * ETH),
            Balance(asset="USDC", supply_raw=2_000 * 10**6),
            Balance(asset="WETH", debt_raw=2 * ETH),
        ],
        RESERVES,
    )
    assert (got.collateral_base_raw, got.debt_base_raw) == (4 * ETH, 2 * ETH)
    assert got.threshold_average_bps == 8412
    assert got.health_wad == 16824 * 10**14  # 4 · 0.8412 / 2; unfloored it were 1.6825


def test_values_of_both_sides_are_floored() -> None:
    reserves = {
        "A": Reserve(price_base_raw=3, token_decimals=1, liquidation_threshold_bps=10_000),
    }
    got = standing([Balance(asset="A", supply_raw=13, debt_raw=9)], reserves)
    assert (got.collateral_base_raw, got.debt_base_raw) == (3, 2)  # 3.9 and 2.7


def test_what_has_no_threshold_is_no_collateral() -> None:
    both = [Balance(asset="stETH", supply_raw=ETH), Balance(asset="USDT", supply_raw=10**9)]
    assert standing(both, RESERVES) == standing(both[:1], RESERVES)
    assert standing(both, RESERVES).health_wad is None
    assert standing([], RESERVES).threshold_average_bps == 0


def test_health_rounds_half_up_twice() -> None:
    # 1 · 0.5 rounds up to 1, over 3 it is a third; two thirds round up.
    assert health_factor_wad(
        collateral_base_raw=1, debt_base_raw=3, threshold_average_bps=5_000
    ) == int("3" * 18)
    assert health_factor_wad(
        collateral_base_raw=2, debt_base_raw=3, threshold_average_bps=10_000
    ) == int("6" * 17 + "7")
    assert (
        health_factor_wad(collateral_base_raw=1, debt_base_raw=3, threshold_average_bps=4_999) == 0
    )


@pytest.mark.parametrize(
    ("balance", "says"),
    [
        (Balance(asset="WETH", supply_raw=1), "WETH is supplied and its threshold is not known"),
        (Balance(asset="DOGE", debt_raw=1), "no reserve DOGE; known are USDC, USDT, WETH, stETH"),
        (Balance(asset="USDC", debt_raw=-1), "debt_raw must not be negative, was -1"),
        (Balance(asset="USDC", supply_raw=-1), "supply_raw must not be negative, was -1"),
    ],
)
def test_what_cannot_be_weighed_is_refused(balance: Balance, says: str) -> None:
    with pytest.raises(OutOfDomain, match=says):
        standing([balance], RESERVES)


def test_a_price_of_nothing_is_refused() -> None:
    broken = {"A": Reserve(price_base_raw=0, token_decimals=0, liquidation_threshold_bps=1)}
    with pytest.raises(OutOfDomain, match="price_base_raw must be positive, was 0"):
        standing([Balance(asset="A", debt_raw=1)], broken)


def test_the_bonus_comes_before_the_division() -> None:
    """One unit of debt at 3/2 and 5 %: 1.575 floors to 1; two units are 3.15, and 3.

    Divided first, as in v3, seven units at 3/2 and 5 % are 10 · 1.05 = 10; here 11.025 gives 11.
    """
    sides = {
        "collateral_price_base": 20_000,
        "collateral_decimals": 0,
        "debt_price_base": 30_000,
        "debt_decimals": 0,
        "liquidation_bonus_bps": 10_500,
    }
    assert [seizable_raw(debt_to_cover_raw=n, **sides) for n in (0, 1, 2, 7)] == [0, 1, 3, 11]
    # The bonus itself rounds half up: ten units at one to one are 10.5, and 11.
    even = sides | {"collateral_price_base": 1, "debt_price_base": 1}
    assert [seizable_raw(debt_to_cover_raw=n, **even) for n in (9, 10)] == [9, 11]


@given(amounts, prices, prices, decimals, decimals, bonuses)
def test_what_is_seized_is_worth_the_debt_and_the_bonus(
    cover: int, price: int, price_debt: int, digits: int, digits_debt: int, bonus: int
) -> None:
    seized = seizable_raw(
        collateral_price_base=price,
        collateral_decimals=digits,
        debt_price_base=price_debt,
        debt_decimals=digits_debt,
        debt_to_cover_raw=cover,
        liquidation_bonus_bps=bonus,
    )
    # The bonus rounds half up to a whole, and the division down to a unit of collateral.
    unit = price * 10**digits_debt * 10_000
    worth = price_debt * cover * 10**digits * bonus
    assert -unit - 5_000 < seized * unit - worth <= 5_000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("collateral_price_base", 0),
        ("debt_price_base", 0),
        ("liquidation_bonus_bps", 0),
        ("debt_to_cover_raw", -1),
    ],
)
def test_impossible_liquidations_are_refused(name: str, value: int) -> None:
    sides = {
        "collateral_price_base": 1,
        "collateral_decimals": 0,
        "debt_price_base": 1,
        "debt_decimals": 0,
        "liquidation_bonus_bps": 10_500,
        "debt_to_cover_raw": 1,
    }
    with pytest.raises(OutOfDomain, match=name):
        seizable_raw(**(sides | {name: value}))
