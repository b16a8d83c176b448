"""The protocol's integers: interest, how an account stands, what a liquidator may take."""

from decimal import Decimal
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.aave_v3 import (
    Category,
    Holding,
    Standing,
    balance_raw,
    balance_shown_raw,
    close_factor_bps,
    collateral_base,
    compounded_interest_ray,
    debt_base,
    debt_raw,
    deficits_raw,
    health_factor_wad,
    is_liquidatable,
    leaves_dust,
    linear_interest_ray,
    liquidation_amounts_raw,
    may_withdraw,
    normalised_debt_ray,
    normalised_income_ray,
    percent_mul,
    ray_mul,
    repayable_raw,
    standing,
)
from tests.golden.read import cases

D = Decimal
BASE = 10**8
WAD = 10**18
RAY = 10**27
YEAR_S = 31_536_000

amounts = st.integers(0, 10**30)
rates_ray = st.integers(0, 5 * RAY)
indices_ray = st.integers(RAY, 5 * RAY)
seconds = st.integers(0, 10 * YEAR_S)


# --- interest ----------------------------------------------------------------------------------


def test_products_round_half_up() -> None:
    """Two and a half times a half (WadRayMath.t.sol), then a half either side of the edge."""
    assert ray_mul(5 * RAY // 2, RAY // 2) == 5 * RAY // 4
    assert ray_mul(1, RAY // 2) == 1
    assert ray_mul(1, RAY // 2 - 1) == 0
    assert percent_mul(1, 5_000) == 1
    assert percent_mul(1, 4_999) == 0
    assert percent_mul(10**18, 10_000) == 10**18


def test_a_year_of_simple_interest_is_the_rate() -> None:
    assert linear_interest_ray(RAY // 20, YEAR_S) == RAY + RAY // 20
    assert linear_interest_ray(RAY // 20, YEAR_S // 2) == RAY + RAY // 40
    assert linear_interest_ray(RAY // 20, 0) == RAY
    # Seconds are 31709791983764586504.31 parts of a ray each, rounded half up before they multiply.
    assert linear_interest_ray(RAY, 1) == RAY + 31709791983764586504
    assert linear_interest_ray(RAY, 2) == RAY + 63419583967529173009


@pytest.mark.parametrize("rate", ["0.01", "0.1", "1.5"])
def test_a_debt_compounds_by_the_second_to_the_third_order(rate: str) -> None:
    """Four terms of (1 + x)^t at 60 digits; what x2 and x3 lose to half a ray grows with t."""
    t = YEAR_S
    with mpmath.workdps(60):
        x = mpmath.mpf(rate) / YEAR_S
        terms = sum(mpmath.binomial(t, k) * x**k for k in range(4))
        got = mpmath.mpf(compounded_interest_ray(int(D(rate) * RAY), t)) / RAY
        assert abs(got - terms) < (mpmath.mpf(t) ** 3 / 12 + t**2 / 4 + t) / RAY * 1.01
        assert got < (1 + x) ** t


@pytest.mark.parametrize(("elapsed_s", "powers"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_the_first_seconds_are_exact_powers(elapsed_s: int, powers: int) -> None:
    """To the third order nothing is left out in three seconds: x is a tenth here."""
    rate_ray = YEAR_S * RAY // 10
    assert compounded_interest_ray(rate_ray, elapsed_s) == RAY * 11**powers // 10**powers


def test_a_rate_is_floored_by_the_second() -> None:
    assert compounded_interest_ray(2 * YEAR_S - 1, 10) == RAY + 10


@given(rates_ray, seconds)
def test_debt_never_grows_less_than_simple_interest(rate_ray: int, elapsed_s: int) -> None:
    simple = RAY + rate_ray // YEAR_S * elapsed_s
    assert compounded_interest_ray(rate_ray, elapsed_s) >= simple


@given(indices_ray, rates_ray, seconds, seconds)
def test_indices_never_fall(index_ray: int, rate_ray: int, first_s: int, more_s: int) -> None:
    for index_after in (normalised_income_ray, normalised_debt_ray):
        before = index_after(index_ray, rate_ray, first_s)
        assert index_ray <= before <= index_after(index_ray, rate_ray, first_s + more_s)


def test_an_index_is_the_old_one_times_its_growth() -> None:
    assert normalised_income_ray(2 * RAY, RAY // 20, YEAR_S) == 2 * RAY + RAY // 10
    assert normalised_debt_ray(2 * RAY, YEAR_S * RAY // 10, 2) == 2 * RAY * 121 // 100


@pytest.mark.parametrize("growth", [linear_interest_ray, compounded_interest_ray])
def test_interest_does_not_run_backwards(growth: Any) -> None:
    with pytest.raises(OutOfDomain, match="was -1"):
        growth(RAY, -1)


@given(amounts, indices_ray)
def test_supply_rounds_down_debt_up_and_the_screen_between(scaled: int, index_ray: int) -> None:
    down, up = balance_raw(scaled, index_ray), debt_raw(scaled, index_ray)
    shown = balance_shown_raw(scaled, index_ray)
    assert down * RAY <= scaled * index_ray <= up * RAY
    assert up - down <= 1
    assert down <= shown <= up


def test_what_a_client_shows_is_half_up() -> None:
    assert balance_shown_raw(1, RAY + RAY // 2) == 2
    assert balance_shown_raw(1, RAY + RAY // 2 - RAY // 10**9) == 1
    assert balance_raw(1, RAY + RAY // 2) == 1


def test_what_a_client_shows_is_rounded_twice() -> None:
    """1.4999999996 is 1.500000000 to nine places, and that is two."""
    assert balance_shown_raw(1, RAY + RAY * 4_999_999_996 // 10**10) == 2
    assert balance_shown_raw(1, RAY + RAY * 4_999_999_994 // 10**10) == 1


# --- the account -------------------------------------------------------------------------------


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


def test_collateral_that_is_no_longer_lent_against_must_leave_first() -> None:
    both = standing((holding("A", 100, 10), holding("B", 100, ltv_bps=0)))
    assert not may_withdraw(both, ltv_bps=7_500)
    assert may_withdraw(both, ltv_bps=0)
    assert may_withdraw(both, ltv_bps=7_500, is_collateral=False)
    assert may_withdraw(standing((holding("A", 100, 10),)), ltv_bps=7_500)


def test_nothing_leaves_below_a_health_factor_of_one() -> None:
    at_one = standing((holding("A", 100, 80),))
    below = standing((holding("A", 99, 80),))
    assert at_one.health_wad == WAD
    assert may_withdraw(at_one, ltv_bps=7_500)
    assert not may_withdraw(below, ltv_bps=7_500)
    assert not may_withdraw(below, ltv_bps=0)
    assert may_withdraw(standing((holding("B", 9, ltv_bps=0),)), ltv_bps=7_500)


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


# --- liquidation -------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "sample", cases("aave/protocol_cases", "close_factor_bps"), ids=lambda case: case["id"]
)
def test_close_factor_cases(sample: dict[str, Any]) -> None:
    given = sample["given"]
    assert close_factor(
        given["health_factor"], given["reserve_collateral_usd"], given["reserve_debt_usd"]
    ) == int(sample["then"]["value"])


def close_factor(health: str, collateral_usd: str, debt_usd: str) -> int:
    return close_factor_bps(
        health_wad=int(D(health) * 10**18),
        reserve_collateral_base=int(D(collateral_usd) * BASE),
        reserve_debt_base=int(D(debt_usd) * BASE),
        partial_close_bps=5000,
        full_below_health_wad=int(D("0.95") * 10**18),
        full_below_base=2000 * BASE,
    )


CLOSE_FACTORS = """
    health                collateral_usd  debt_usd     bps
    0.950000000000000001  2000            2000         5000
    0.95                  2000            2000         10000
    0.97                  1999.99999999   2000         10000
    0.97                  2000            1999.99999999 10000
    0.97                  200000          150000       5000
"""


@pytest.mark.parametrize("row", CLOSE_FACTORS.strip().splitlines()[1:])
def test_close_factor_at_its_bounds(row: str) -> None:
    """Whole debt unless both are at least 2000 and the health factor is above 0.95 (section 5)."""
    health, collateral_usd, debt_usd, bps = row.split()
    assert close_factor(health, collateral_usd, debt_usd) == int(bps)


@pytest.mark.parametrize(
    "sample",
    cases("aave/protocol_cases", "available_collateral_to_liquidate"),
    ids=lambda case: case["id"],
)
def test_liquidation_amount_cases(sample: dict[str, Any]) -> None:
    given = {name: int(number) for name, number in sample["given"].items()}
    seized, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=given["collateral_price_1e8"],
        collateral_decimals=given["collateral_decimals"],
        debt_price_base=given["debt_price_1e8"],
        debt_decimals=given["debt_decimals"],
        debt_to_cover_raw=given["debt_to_cover"],
        collateral_balance_raw=given["collateral_balance"],
        liquidation_bonus_bps=given["liquidation_bonus_bps"],
        protocol_fee_bps=given["protocol_fee_bps"],
    )
    assert {
        "collateral_to_liquidator": str(seized),
        "debt_repaid": str(repaid),
        "protocol_fee": str(fee),
    } == sample["then"]


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


def test_the_protocol_takes_its_fee_rounded_up() -> None:
    """Of 105 units seized 5 are bonus; a tenth of these is half a unit."""
    seized, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=BASE,
        collateral_decimals=6,
        debt_price_base=BASE,
        debt_decimals=6,
        debt_to_cover_raw=100,
        collateral_balance_raw=10**6,
        liquidation_bonus_bps=10_500,
        protocol_fee_bps=1_000,
    )
    assert (seized, repaid, fee) == (104, 100, 1)


GATES = """
    health  is_paused  grace_left_s  open
    0.99    no         -             yes
    1       no         -             no
    -       no         -             no
    0.99    yes        -             no
    0.99    no         0             no
    0.99    no         60            no
    0.99    no         -1            yes
"""


@pytest.mark.parametrize("row", GATES.strip().splitlines()[1:])
def test_when_a_liquidator_may_act(row: str) -> None:
    health, is_paused, grace, is_open = row.split()
    assert is_liquidatable(
        None if health == "-" else int(D(health) * WAD),
        is_paused=is_paused == "yes",
        grace_left_s=None if grace == "-" else int(grace),
    ) is (is_open == "yes")


def test_without_pause_or_grace_health_alone_decides() -> None:
    assert is_liquidatable(WAD - 1)
    assert not is_liquidatable(WAD)


def test_half_is_of_all_debt_not_of_this_one() -> None:
    """5,000 of 12,000 owed may go whole; of 9,000 in all only 4,500 may (trap 6)."""
    dollar: dict[str, int] = {"debt_price_base": BASE, "debt_decimals": 6}
    mine = 5_000 * 10**6
    for close_bps, total, want in (
        (5_000, 12_000, 5_000),
        (5_000, 10_000, 5_000),
        (5_000, 9_000, 4_500),
        (10_000, 5_000, 5_000),
    ):
        got = repayable_raw(
            close_bps=close_bps, debt_raw=mine, debt_total_base=total * BASE, **dollar
        )
        assert got == want * 10**6


def test_half_is_rounded_half_up_in_the_base_currency_and_down_in_the_token() -> None:
    """Half of 7 is 4; at a price of 3 with no decimals that is one token."""
    assert (
        repayable_raw(
            close_bps=5_000, debt_raw=2, debt_price_base=3, debt_decimals=0, debt_total_base=7
        )
        == 1
    )
    assert (
        repayable_raw(
            close_bps=5_000, debt_raw=2, debt_price_base=2, debt_decimals=0, debt_total_base=7
        )
        == 2
    )


def test_a_debt_that_fills_half_of_the_total_goes_whole_and_no_more() -> None:
    """Two tenths of a token at 3 are worth 0.6, that is 1; for 1 one could pay three tenths."""
    assert (
        repayable_raw(
            close_bps=5_000, debt_raw=2, debt_price_base=3, debt_decimals=1, debt_total_base=2
        )
        == 2
    )


def seized(**changed: int) -> tuple[int, int, int]:
    plain = {
        "collateral_price_base": 1,
        "collateral_decimals": 0,
        "debt_price_base": 1,
        "debt_decimals": 0,
        "debt_to_cover_raw": 100,
        "collateral_balance_raw": 100,
        "liquidation_bonus_bps": 10_000,
        "protocol_fee_bps": 0,
    }
    return liquidation_amounts_raw(**{**plain, **changed})


def test_a_balance_that_is_just_enough_does_not_cut_the_repayment() -> None:
    """1.50 buy one whole unit, all there is; with none to spare the price is still 1.50."""
    assert seized(debt_decimals=2, debt_to_cover_raw=150, collateral_balance_raw=1) == (1, 150, 0)
    assert seized(debt_decimals=2, debt_to_cover_raw=250, collateral_balance_raw=1) == (1, 100, 0)


def test_what_a_whole_balance_is_worth_is_floored_first() -> None:
    """Ten units at 1 are three and a third at 3."""
    assert seized(debt_price_base=3, collateral_balance_raw=10) == (10, 3, 0)


def test_a_liquidator_who_takes_everything_pays_for_it_rounded_up() -> None:
    """100 held, 105 % bonus: 95.238 base, so 96 to pay; the bonus is 100 less 95."""
    taken, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=BASE,
        collateral_decimals=6,
        debt_price_base=BASE,
        debt_decimals=6,
        debt_to_cover_raw=10_000,
        collateral_balance_raw=100,
        liquidation_bonus_bps=10_500,
        protocol_fee_bps=10_000,
    )
    assert (taken, repaid, fee) == (95, 96, 5)


prices = st.integers(1, 10**13)
decimals = st.integers(0, 18)


@given(
    prices,
    decimals,
    prices,
    decimals,
    st.integers(0, 10**24),
    st.integers(0, 10**24),
    st.integers(10_000, 12_000),
    st.integers(0, 10_000),
)
def test_a_liquidation_conserves(
    collateral_price: int,
    collateral_decimals: int,
    debt_price: int,
    debt_decimals: int,
    cover: int,
    balance: int,
    bonus_bps: int,
    fee_bps: int,
) -> None:
    """Nobody takes more than there is, pays more than offered, or more than the bonus allows."""
    taken, repaid, fee = liquidation_amounts_raw(
        collateral_price_base=collateral_price,
        collateral_decimals=collateral_decimals,
        debt_price_base=debt_price,
        debt_decimals=debt_decimals,
        debt_to_cover_raw=cover,
        collateral_balance_raw=balance,
        liquidation_bonus_bps=bonus_bps,
        protocol_fee_bps=fee_bps,
    )
    assert taken >= 0
    assert fee >= 0
    assert taken + fee <= balance
    assert repaid <= cover
    worth = (taken + fee) * collateral_price * 10**debt_decimals * 10_000
    allowed = repaid * debt_price * 10**collateral_decimals * bonus_bps
    # The debt of a whole balance is floored before it is rounded up: less than a unit of debt.
    slack = debt_price * 10**collateral_decimals * 10_000 if taken + fee == balance else 0
    assert worth <= allowed + slack


@pytest.mark.parametrize(
    "bad",
    [
        {"collateral_price_base": 0},
        {"debt_price_base": 0},
        {"liquidation_bonus_bps": 0},
        {"debt_to_cover_raw": -1},
        {"collateral_balance_raw": -1},
    ],
)
def test_impossible_liquidations_are_refused(bad: dict[str, int]) -> None:
    fine = {
        "collateral_price_base": BASE,
        "collateral_decimals": 6,
        "debt_price_base": BASE,
        "debt_decimals": 6,
        "debt_to_cover_raw": 100,
        "collateral_balance_raw": 100,
        "liquidation_bonus_bps": 10_500,
        "protocol_fee_bps": 0,
    }
    with pytest.raises(OutOfDomain):
        liquidation_amounts_raw(**{**fine, **bad})


@pytest.mark.parametrize(
    ("collateral_left", "debt_left", "is_refused"),
    [
        (0, 999, False),
        (999, 0, False),
        (1_000, 1_000, False),
        (999, 5_000, True),
        (5_000, 999, True),
        (1, 1, True),
    ],
)
def test_both_sides_stay_above_the_dust_or_one_goes(
    collateral_left: int, debt_left: int, is_refused: bool
) -> None:
    assert (
        leaves_dust(
            collateral_left_raw=collateral_left,
            collateral_price_base=BASE,
            collateral_decimals=0,
            debt_left_raw=debt_left,
            debt_price_base=BASE,
            debt_decimals=0,
            dust_base=1_000 * BASE,
        )
        is is_refused
    )


def test_dust_is_measured_with_debt_rounded_up_and_collateral_down() -> None:
    """Both leave 9.5 of ten: the debt counts as ten, the collateral as nine."""
    sides = {
        "collateral_left_raw": 100,
        "collateral_price_base": 10,
        "collateral_decimals": 1,
        "debt_left_raw": 100,
        "debt_price_base": 10,
        "debt_decimals": 1,
        "dust_base": 10,
    }
    assert not leaves_dust(**{**sides, "debt_left_raw": 95, "debt_price_base": 1})
    assert leaves_dust(**{**sides, "collateral_left_raw": 95, "collateral_price_base": 1})


def test_bad_debt_is_what_is_left_when_the_last_collateral_goes() -> None:
    left = {"USDC": 5, "DAI": 1, "ETH": 0}
    assert deficits_raw(left, collateral_total_base=100, seized_base=100) == {"USDC": 5, "DAI": 1}
    assert deficits_raw(left, collateral_total_base=100, seized_base=99) == {}
