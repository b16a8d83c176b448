"""How an account stands: which parameters count, averages and health."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.aave_v3 import (
    Category,
    Holding,
    Standing,
    balance_raw,
    collateral_base,
    debt_base,
    debt_raw,
    health_factor_wad,
    standing,
)
from tests.golden.read import cases

D = Decimal
BASE = 10**8
WAD = 10**18
RAY = 10**27


def holding(asset: str, supply: int, debt: int = 0, **changed: Any) -> Holding:
    plain: dict[str, Any] = {
        "ltv_bps": 7_500,
        "liquidation_threshold_bps": 8_000,
        "is_collateral": True,
    }
    return Holding(asset=asset, supply_base_raw=supply, debt_base_raw=debt, **{**plain, **changed})


def test_values_round_against_the_borrower() -> None:
    assert balance_raw(3, RAY + 1) == 3
    assert debt_raw(3, RAY + 1) == 4
    assert collateral_base(1, 5, 1) == 0
    assert debt_base(1, 5, 1) == 1
    assert collateral_base(400, 5, 2) == debt_base(400, 5, 2) == 20


def test_averages_are_floored_and_the_health_factor_is_not_made_of_them() -> None:
    """Thresholds 80 and 60 % on 1 and 2: 66.66 % on average, and exactly 2 over a debt of one."""
    found = standing(
        (
            holding("A", 1 * BASE, 1 * BASE),
            holding("B", 2 * BASE, 0, liquidation_threshold_bps=6_000, ltv_bps=5_000),
        )
    )
    assert found.threshold_average_bps == 6_666
    assert found.ltv_average_bps == 5_833
    assert found.health_wad == 2 * WAD
    # Power from the floored average: 3 at 58.33 %.
    assert found.available_base_raw == 74_990_000
    assert (found.collateral_base_raw, found.debt_base_raw) == (3 * BASE, BASE)


def test_borrowing_power_is_floored_and_never_negative() -> None:
    assert standing((holding("A", 3, 1, ltv_bps=6_667),)).available_base_raw == 1
    assert standing((holding("A", 3, 2, ltv_bps=6_667),)).available_base_raw == 0
    assert standing((holding("A", 3, 100),)).available_base_raw == 0


def test_an_empty_account_owes_nothing() -> None:
    assert standing(()) == Standing(
        collateral_base_raw=0,
        debt_base_raw=0,
        ltv_average_bps=0,
        threshold_average_bps=0,
        health_wad=None,
        available_base_raw=0,
        has_zero_ltv=False,
    )


@pytest.mark.parametrize(
    "idle", [{"is_collateral": False}, {"liquidation_threshold_bps": 0, "ltv_bps": 0}]
)
def test_a_supply_that_does_not_count_counts_for_nothing(idle: dict[str, Any]) -> None:
    found = standing((holding("A", 100, 10), holding("B", 1_000, 20, **idle)))
    assert (found.collateral_base_raw, found.debt_base_raw) == (100, 30)
    assert found.health_wad == 80 * WAD // 30
    assert not found.has_zero_ltv


def test_the_smallest_supply_counts_and_none_does_not() -> None:
    least = standing((holding("A", 1, 1, liquidation_threshold_bps=1, ltv_bps=0),))
    assert (least.collateral_base_raw, least.health_wad) == (1, WAD // 10_000)
    assert least.has_zero_ltv
    assert not standing((holding("A", 0, 1, ltv_bps=0),)).has_zero_ltv


CATEGORY = Category(
    ltv_bps=9_000,
    liquidation_threshold_bps=9_300,
    members=frozenset({"IN", "ZERO"}),
    ltv_zero_members=frozenset({"ZERO"}),
)
ISOLATED = Category(
    ltv_bps=9_000,
    liquidation_threshold_bps=9_300,
    members=frozenset({"IN", "ZERO"}),
    ltv_zero_members=frozenset({"ZERO"}),
    is_isolated=True,
)


@pytest.mark.parametrize(
    ("asset", "category", "ltv_bps", "threshold_bps"),
    [
        ("IN", None, 7_500, 8_000),
        ("IN", CATEGORY, 9_000, 9_300),
        ("ZERO", CATEGORY, 0, 9_300),
        ("OUT", CATEGORY, 7_500, 8_000),
        ("IN", ISOLATED, 9_000, 9_300),
        ("ZERO", ISOLATED, 0, 9_300),
        ("OUT", ISOLATED, 0, 8_000),
    ],
)
def test_which_parameters_count(
    asset: str, category: Category | None, ltv_bps: int, threshold_bps: int
) -> None:
    found = standing((holding(asset, 100 * BASE, 10 * BASE),), category)
    assert (found.ltv_average_bps, found.threshold_average_bps) == (ltv_bps, threshold_bps)
    assert found.has_zero_ltv is (ltv_bps == 0)
    assert found.available_base_raw == max(ltv_bps * BASE // 100 - 10 * BASE, 0)


def test_a_reserve_without_a_threshold_of_its_own_counts_through_its_category() -> None:
    only_inside = holding("IN", 100, 10, liquidation_threshold_bps=0, ltv_bps=0)
    assert standing((only_inside,)).health_wad == 0
    assert standing((only_inside,), CATEGORY).health_wad == 93 * WAD // 10


sizes = st.integers(1, 10**18)
parts_bps = st.integers(1, 10_000)


@given(sizes, sizes, parts_bps, st.integers(0, 10**18))
def test_more_collateral_never_hurts(supply: int, debt: int, threshold: int, more: int) -> None:
    def health(supplied: int) -> int:
        held = holding("A", supplied, debt, liquidation_threshold_bps=threshold, ltv_bps=1)
        found = standing((held,)).health_wad
        assert found is not None
        return found

    assert health(supply) <= health(supply + more)


@given(sizes, sizes, sizes, parts_bps, parts_bps)
def test_the_order_of_holdings_does_not_matter(a: int, b: int, debt: int, t: int, u: int) -> None:
    one = holding("A", a, debt, liquidation_threshold_bps=t, ltv_bps=t // 2)
    other = holding("B", b, liquidation_threshold_bps=u, ltv_bps=u // 2)
    assert standing((one, other)) == standing((other, one))


@pytest.mark.parametrize("bad", [(-1, 1), (1, -1)])
def test_a_health_factor_of_less_than_nothing_is_refused(bad: tuple[int, int]) -> None:
    with pytest.raises(OutOfDomain, match="must not be negative"):
        health_factor_wad(*bad)


@pytest.mark.parametrize(
    "sample", cases("aave/protocol_cases", "health_factor"), ids=lambda case: case["id"]
)
def test_health_factor_cases(sample: dict[str, Any]) -> None:
    given, want = sample["given"], sample["then"]["value"]
    weighted = int(given["collateral_base"]) * int(given["liquidation_threshold_bps"])
    health = health_factor_wad(weighted, int(given["debt_base"]))
    if want == "infinite":
        assert health is None
    else:
        assert health is not None
        assert abs(D(health) / 10**18 - D(want)) <= D(sample["tolerance"]["abs"])


def test_the_health_factor_is_divided_half_up_before_it_is_floored() -> None:
    """1e18 over this debt is 1,010,000 less a hundred-millionth: wadDiv gives 1,010,000."""
    assert health_factor_wad(1, 990_099_009_901) == 101


def test_below_a_half_the_health_factor_is_floored_twice() -> None:
    """A third; then a quotient that ends in 9999 and just less than a half."""
    assert health_factor_wad(1, 3) == 33_333_333_333_333
    assert divmod(18399 * WAD, 19_999) == (919995999799989999, 9_999)
    assert health_factor_wad(18399, 19_999) == 91999599979998


def test_from_a_half_on_the_health_factor_is_rounded_up_first() -> None:
    """A quotient that ends in 9999 and three fifths."""
    assert divmod(2344 * WAD, 25_001) == (93756249750009999, 15_001)
    assert health_factor_wad(2344, 25_001) == 9375624975001
