"""Shares, how a borrower stands, what may be seized, how used a market is."""

from fractions import Fraction
from math import exp

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.morpho_blue import (
    Debt,
    Position,
    PreLiquidation,
    incentive_factor_wad,
    pre_seizable_raw,
    seize,
    seized_for_raw,
    shares_for,
    standing,
    supply_to_utilisation_raw,
    utilisation_wad,
    withdraw_to_utilisation_raw,
    yield_continuous_frac,
)

WAD = 10**18
ONE = 10**36
LLTV = 86 * 10**16

# A share is worth exactly one here: 2,000,001 over 2,000,001 with the virtual ones.
EVEN = Debt(assets_raw=2_000_000, shares_raw=1_000_001)


def position(collateral: int, shares: int) -> Position:
    return Position(collateral_raw=collateral, borrow_shares_raw=shares)


# --- shares ------------------------------------------------------------------------------------

totals = st.integers(0, 10**30)


@given(totals, totals, st.integers(0, 10**30))
def test_shares_round_against_whoever_asks(assets: int, shares: int, some: int) -> None:
    debt = Debt(assets_raw=assets, shares_raw=shares)
    exact = Fraction(some * (assets + 1), shares + 10**6)
    assert debt.assets_down_raw(some) <= exact <= debt.assets_up_raw(some)
    assert debt.assets_up_raw(some) - debt.assets_down_raw(some) <= 1
    assert debt.assets_down_raw(debt.shares_up_raw(some)) >= some


def test_an_empty_market_has_a_million_shares_an_asset() -> None:
    """Virtual shares and asset (SharesMathLib.sol)."""
    empty = Debt(assets_raw=0, shares_raw=0)
    assert empty.shares_up_raw(3) == 3_000_000
    assert empty.assets_up_raw(1) == 1
    assert empty.assets_down_raw(999_999) == 0


def test_less_than_nothing_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="debt must not be negative"):
        Debt(assets_raw=-1, shares_raw=0)
    with pytest.raises(OutOfDomain, match="collateral and shares must not be negative"):
        position(1, -1)


# --- the position ------------------------------------------------------------------------------


def test_the_position_of_the_peer_suite() -> None:
    """Numbers of morpho-org/sdks, packages/blue-sdk/src/position/Position.test.ts."""
    found = standing(position(200, 50), EVEN, price_raw=ONE, lltv_wad=LLTV)
    assert found.debt_raw == 50
    assert found.collateral_value_raw == 200
    assert found.borrow_max_raw == 172
    assert found.borrowable_raw == 122
    assert found.withdrawable_raw == 141
    assert found.ltv_wad == WAD // 4
    assert found.is_healthy
    # 172 over 50; 50 over 172, up; 50 over the 172 that the collateral counts for, up.
    assert found.health_wad == 3_440_000_000_000_000_000
    assert found.usage_wad == 290_697_674_418_604_652
    assert found.liquidation_price_raw == 290_697_674_418_604_651_162_790_697_674_418_605


def test_the_small_position_of_the_peer_suite() -> None:
    """Numbers of morpho-org/sdks, packages/blue-sdk/src/market/MarketUtils.test.ts."""
    half = WAD // 2
    found = standing(position(100, 10), EVEN, price_raw=ONE, lltv_wad=half)
    assert (found.health_wad, found.ltv_wad, found.borrowable_raw) == (5 * WAD, WAD // 10, 40)
    assert standing(position(100, 10), EVEN, price_raw=0, lltv_wad=half).ltv_wad is None
    assert not standing(position(100, 80), EVEN, price_raw=ONE, lltv_wad=half).is_healthy


def test_usage_is_of_the_debt_and_not_the_inverse_of_a_floored_health() -> None:
    """3 of 10 is 0.3; one over the health factor, which is floored, would be a wad unit more."""
    found = standing(position(10, 3), EVEN, price_raw=ONE, lltv_wad=WAD)
    assert found.health_wad == 3_333_333_333_333_333_333
    assert found.usage_wad == 300_000_000_000_000_000


def test_exactly_at_the_threshold_is_healthy() -> None:
    at = standing(position(100, 86), EVEN, price_raw=ONE, lltv_wad=LLTV)
    assert (at.is_healthy, at.health_wad, at.usage_wad, at.borrowable_raw) == (True, WAD, WAD, 0)
    assert at.withdrawable_raw == 0
    beyond = standing(position(100, 87), EVEN, price_raw=ONE, lltv_wad=LLTV)
    assert not beyond.is_healthy
    assert beyond.health_wad is not None
    assert beyond.health_wad < WAD
    assert (beyond.borrowable_raw, beyond.withdrawable_raw) == (0, 0)


def test_what_must_stay_is_rounded_up_twice() -> None:
    """One owed is a third of a unit of collateral: one stays for it, two with the threshold."""
    found = standing(position(10, 1), EVEN, price_raw=3 * ONE, lltv_wad=LLTV)
    assert found.withdrawable_raw == 8


def test_without_debt_nothing_is_missing() -> None:
    for price_raw in (0, ONE):
        found = standing(position(100, 0), EVEN, price_raw=price_raw, lltv_wad=LLTV)
        assert found.is_healthy
        assert (found.health_wad, found.liquidation_price_raw) == (None, None)
        assert (found.ltv_wad, found.usage_wad) == (0, 0)
        assert found.withdrawable_raw == 100


@pytest.mark.parametrize(
    ("collateral", "price_raw", "lltv_wad"), [(0, ONE, LLTV), (100, 0, LLTV), (100, ONE, 0)]
)
def test_debt_on_nothing_is_beyond_any_measure(
    collateral: int, price_raw: int, lltv_wad: int
) -> None:
    found = standing(position(collateral, 10), EVEN, price_raw=price_raw, lltv_wad=lltv_wad)
    assert not found.is_healthy
    assert (found.health_wad, found.usage_wad) == (0, None)
    assert (found.borrow_max_raw, found.borrowable_raw, found.withdrawable_raw) == (0, 0, 0)
    assert (found.ltv_wad is None) is (found.collateral_value_raw == 0)


@pytest.mark.parametrize(("price_raw", "lltv_wad"), [(-1, LLTV), (ONE, -1), (ONE, WAD + 1)])
def test_impossible_markets_are_refused(price_raw: int, lltv_wad: int) -> None:
    with pytest.raises(OutOfDomain):
        standing(position(1, 1), EVEN, price_raw=price_raw, lltv_wad=lltv_wad)


amounts = st.integers(0, 10**24)
prices = st.integers(10**24, 10**40)
lltvs = st.integers(10**17, WAD)


@given(amounts, amounts, prices, lltvs)
def test_what_may_leave_leaves_the_position_healthy_but_for_a_unit(
    collateral: int, shares: int, price_raw: int, lltv_wad: int
) -> None:
    """The check floors twice and the formula inverts it once, so a loan unit may be missing."""
    held = position(collateral, shares)
    found = standing(held, EVEN, price_raw=price_raw, lltv_wad=lltv_wad)
    assert 0 <= found.withdrawable_raw <= collateral
    if found.withdrawable_raw:
        left = standing(
            position(collateral - found.withdrawable_raw, shares),
            EVEN,
            price_raw=price_raw,
            lltv_wad=lltv_wad,
        )
        assert left.borrow_max_raw >= left.debt_raw - 1


@given(amounts, st.integers(1, 10**24), prices, lltvs)
def test_the_liquidation_price_is_where_health_turns(
    collateral: int, shares: int, price_raw: int, lltv_wad: int
) -> None:
    """At it the collateral carries the debt but for a unit; below it, it does not."""
    held = position(collateral, shares)
    edge = standing(held, EVEN, price_raw=price_raw, lltv_wad=lltv_wad).liquidation_price_raw
    power = collateral * lltv_wad // WAD
    assert (edge is None) is (power == 0)
    if edge is not None:
        at = standing(held, EVEN, price_raw=edge, lltv_wad=lltv_wad)
        assert at.borrow_max_raw >= at.debt_raw - 1
        exact = Fraction(at.debt_raw * ONE * WAD, collateral * lltv_wad)
        below = standing(held, EVEN, price_raw=int(exact * Fraction(999, 1000)), lltv_wad=lltv_wad)
        assert not below.is_healthy
        assert edge >= exact


@given(amounts, st.integers(1, 10**24), prices, lltvs, st.integers(0, 10**24))
def test_more_collateral_never_hurts(
    collateral: int, shares: int, price_raw: int, lltv_wad: int, more: int
) -> None:
    less = standing(position(collateral, shares), EVEN, price_raw=price_raw, lltv_wad=lltv_wad)
    held = position(collateral + more, shares)
    found = standing(held, EVEN, price_raw=price_raw, lltv_wad=lltv_wad)
    assert less.health_wad is not None
    assert found.health_wad is not None
    assert found.health_wad >= less.health_wad
    assert found.borrowable_raw >= less.borrowable_raw


# --- liquidation -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lltv_wad", "factor_wad"),
    [
        # onchain-margin.md section 7; then by hand: the cap, a threshold of one, 1 / 0.983.
        (LLTV, 1_043_841_336_116_910_229),
        # A unit above 86 % the product ends in 0.7 and is cut: one less.
        (LLTV + 1, 1_043_841_336_116_910_228),
        (0, 1_150_000_000_000_000_000),
        (WAD, WAD),
        (945 * 10**15, 1_016_776_817_488_561_260),
    ],
)
def test_the_incentive(lltv_wad: int, factor_wad: int) -> None:
    assert incentive_factor_wad(lltv_wad) == factor_wad


def test_the_cap_bites_where_the_formula_passes_it() -> None:
    """1 / (1 - 0.3 (1 - LLTV)) is 1.15 at an LLTV of 13 / 23."""
    edge_wad = 13 * WAD // 23
    assert incentive_factor_wad(edge_wad - 10) == 115 * 10**16
    assert incentive_factor_wad(edge_wad + 10) < 115 * 10**16


@given(st.integers(0, WAD), st.integers(0, WAD))
def test_a_higher_threshold_never_pays_liquidators_more(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert WAD <= incentive_factor_wad(high) <= incentive_factor_wad(low)


@pytest.mark.parametrize("lltv_wad", [-1, WAD + 1])
def test_an_impossible_threshold_is_refused(lltv_wad: int) -> None:
    with pytest.raises(OutOfDomain, match="LLTV"):
        incentive_factor_wad(lltv_wad)


@given(st.integers(1, 10**24), prices)
def test_seizing_costs_at_least_what_repaying_gives(seized: int, price_raw: int) -> None:
    incentive_wad = incentive_factor_wad(LLTV)
    shares = shares_for(seized, EVEN, price_raw=price_raw, incentive_wad=incentive_wad)
    again = seized_for_raw(shares, EVEN, price_raw=price_raw, incentive_wad=incentive_wad)
    # Up on the way in, down on the way out: what comes back is at most a few roundings short.
    assert Fraction(again) >= seized - 2 - Fraction(2 * ONE, price_raw)
    assert shares * incentive_wad * ONE >= seized * price_raw * WAD


def test_naming_collateral_rounds_the_shares_up_and_naming_shares_the_collateral_down() -> None:
    """At 1.05 a unit of debt seizes one unit of collateral, and one unit costs a unit."""
    sides = {"price_raw": ONE, "incentive_wad": 105 * 10**16}
    assert seized_for_raw(1, EVEN, **sides) == 1
    assert seized_for_raw(20, EVEN, **sides) == 21
    assert seized_for_raw(19, EVEN, **sides) == 19
    assert seized_for_raw(10, EVEN, price_raw=3 * ONE, incentive_wad=WAD) == 3
    assert shares_for(21, EVEN, **sides) == 20
    assert shares_for(22, EVEN, **sides) == 21
    with pytest.raises(OutOfDomain, match="price must be positive"):
        seized_for_raw(1, EVEN, price_raw=0, incentive_wad=WAD)
    assert seized_for_raw(1, EVEN, price_raw=1, incentive_wad=WAD) == ONE
    with pytest.raises(OutOfDomain, match="price must be positive"):
        shares_for(1, EVEN, price_raw=0, incentive_wad=WAD)


def test_all_may_be_taken_at_once() -> None:
    """100 owed on 110 at 86 %: 104 seized for 100, nothing lost, six left for the borrower."""
    done = seize(position(110, 100), EVEN, price_raw=ONE, lltv_wad=LLTV, repaid_shares_raw=100)
    assert (done.seized_raw, done.repaid_raw, done.lost_raw) == (104, 100, 0)


def test_what_the_last_collateral_does_not_pay_is_lost_at_once() -> None:
    """50 seized pay 48 (50 / 1.0438, up); 52 of 100 are written off the lenders."""
    done = seize(position(50, 100), EVEN, price_raw=ONE, lltv_wad=LLTV, seized_raw=50)
    assert (done.repaid_shares_raw, done.repaid_raw, done.lost_raw) == (48, 48, 52)
    some = seize(position(50, 100), EVEN, price_raw=ONE, lltv_wad=LLTV, seized_raw=49)
    assert some.lost_raw == 0


def test_bad_debt_is_never_more_than_the_market_owes() -> None:
    alone = Debt(assets_raw=100, shares_raw=100 * 10**6)
    done = seize(
        position(1, 100 * 10**6), alone, price_raw=ONE, lltv_wad=LLTV, repaid_shares_raw=10**6
    )
    assert (done.seized_raw, done.repaid_raw, done.lost_raw) == (1, 1, 99)


def test_a_rounding_never_loses_more_than_there_is() -> None:
    """One asset, owed by a million shares on nothing: half of them pay it, nothing is left."""
    last = Debt(assets_raw=1, shares_raw=10**6)
    done = seize(position(0, 10**6), last, price_raw=ONE, lltv_wad=LLTV, repaid_shares_raw=500_001)
    assert (done.seized_raw, done.repaid_raw, done.lost_raw) == (0, 1, 0)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({}, "name either"),
        ({"seized_raw": 1, "repaid_shares_raw": 1}, "name either"),
        ({"seized_raw": 51}, "more than there is"),
        ({"repaid_shares_raw": 101}, "more than there is"),
    ],
)
def test_impossible_seizures_are_refused(named: dict[str, int], message: str) -> None:
    with pytest.raises(OutOfDomain, match=message):
        seize(position(50, 100), EVEN, price_raw=ONE, lltv_wad=LLTV, **named)


def test_a_healthy_position_is_not_seized() -> None:
    with pytest.raises(OutOfDomain, match="healthy"):
        seize(position(200, 100), EVEN, price_raw=ONE, lltv_wad=LLTV, seized_raw=1)


TERMS = PreLiquidation(
    lltv_wad=80 * 10**16,
    close_wad_min=20 * 10**16,
    close_wad_max=80 * 10**16,
    incentive_wad_min=101 * 10**16,
    incentive_wad_max=105 * 10**16,
)


@pytest.mark.parametrize(
    ("shares", "seizable"),
    [
        # Kinds of outcome: blue-sdk/src/position/PreLiquidationPosition.test.ts.
        (50, 0),
        (80_000, 0),
        # Halfway to 86 %: half of 83,000 at 1.03.
        (83_000, 42_745),
        # At 86 %: four fifths at 1.05.
        (86_000, 72_240),
        (86_001, 0),
        (90_000, 0),
    ],
)
def test_what_may_be_seized_before(shares: int, seizable: int) -> None:
    held = position(100_000, shares)
    assert pre_seizable_raw(held, EVEN, TERMS, price_raw=ONE, lltv_wad=LLTV) == seizable


def test_the_mainnet_position_of_the_peer_suite() -> None:
    """Numbers of morpho-org/sdks, blue-sdk/src/position/PreLiquidationPosition.test.ts."""
    debt = Debt(assets_raw=10**12, shares_raw=10**18)
    held = position(200_000_000_000, 170_000_000_000_000_000)
    terms = PreLiquidation(
        lltv_wad=80 * 10**16,
        close_wad_min=20 * 10**16,
        close_wad_max=80 * 10**16,
        incentive_wad_min=101 * 10**16,
        incentive_wad_max=101 * 10**16,
    )
    assert pre_seizable_raw(held, debt, terms, price_raw=ONE, lltv_wad=LLTV) == 120_189_999_998


def test_shares_assets_and_collateral_are_floored_in_turn() -> None:
    """Half of 83 is 41; at 1.03 that is 42 and a bit; at a price of 4 ten and a half: ten."""
    held = position(100, 83)
    assert pre_seizable_raw(held, EVEN, TERMS, price_raw=ONE, lltv_wad=LLTV) == 42
    assert pre_seizable_raw(position(25, 83), EVEN, TERMS, price_raw=4 * ONE, lltv_wad=LLTV) == 10


def test_factors_may_stay_the_same() -> None:
    terms = PreLiquidation(
        lltv_wad=80 * 10**16,
        close_wad_min=WAD // 2,
        close_wad_max=WAD // 2,
        incentive_wad_min=0,
        incentive_wad_max=WAD * 2,
    )
    held = position(100_000, 83_000)
    assert pre_seizable_raw(held, EVEN, terms, price_raw=ONE, lltv_wad=LLTV) == 41_500


def test_a_factor_between_two_is_floored() -> None:
    """Debt of 83 on 100 whole tokens is halfway: between 0 and one unit of a wad it is none."""
    terms = PreLiquidation(
        lltv_wad=80 * 10**16,
        close_wad_min=0,
        close_wad_max=1,
        incentive_wad_min=WAD,
        incentive_wad_max=WAD,
    )
    held = position(100 * WAD, 83 * WAD)
    assert pre_seizable_raw(held, EVEN, terms, price_raw=ONE, lltv_wad=LLTV) == 0


def test_just_beyond_the_contract_s_threshold_little_may_be_seized() -> None:
    """A unit above 80 % of a million: a fifth at 1.01, and hardly more."""
    held = position(10**12, 8 * 10**11 + 1)
    seizable = pre_seizable_raw(held, EVEN, TERMS, price_raw=ONE, lltv_wad=LLTV)
    assert seizable == pytest.approx(8 * 10**11 * 0.2 * 1.01, rel=1e-9)


def test_at_half_the_price_twice_the_collateral_goes() -> None:
    at_one = pre_seizable_raw(position(100_000, 83_000), EVEN, TERMS, price_raw=ONE, lltv_wad=LLTV)
    at_half = pre_seizable_raw(
        position(200_000, 83_000), EVEN, TERMS, price_raw=ONE // 2, lltv_wad=LLTV
    )
    assert at_half == 2 * at_one


def test_a_contract_at_or_above_the_market_s_threshold_seizes_nothing() -> None:
    for lltv_wad in (LLTV, LLTV + 1, WAD):
        late = PreLiquidation(
            lltv_wad=lltv_wad,
            close_wad_min=0,
            close_wad_max=WAD,
            incentive_wad_min=WAD,
            incentive_wad_max=WAD,
        )
        held = position(100_000, 86_000)
        assert pre_seizable_raw(held, EVEN, late, price_raw=ONE, lltv_wad=LLTV) == 0


@pytest.mark.parametrize("falling", [(2, 1, 1, 1), (1, 1, 2, 1), (-1, 1, 1, 1), (1, 1, -1, 1)])
def test_factors_that_fall_are_refused(falling: tuple[int, int, int, int]) -> None:
    with pytest.raises(OutOfDomain, match="must grow"):
        PreLiquidation(
            lltv_wad=1,
            close_wad_min=falling[0],
            close_wad_max=falling[1],
            incentive_wad_min=falling[2],
            incentive_wad_max=falling[3],
        )


# --- the market --------------------------------------------------------------------------------


def test_utilisation() -> None:
    assert utilisation_wad(3, 2) == 666_666_666_666_666_666
    assert utilisation_wad(0, 0) == 0
    assert utilisation_wad(0, 1) is None


def test_targets_of_the_peer_suite() -> None:
    """Numbers of morpho-org/sdks, packages/blue-sdk/src/market/MarketUtils.test.ts."""
    ninety = 90 * 10**16
    assert supply_to_utilisation_raw(WAD, WAD, ninety) == 111_111_111_111_111_112
    assert supply_to_utilisation_raw(WAD, 0, ninety) == 0
    assert withdraw_to_utilisation_raw(WAD, WAD, ninety) == 0
    assert withdraw_to_utilisation_raw(2 * WAD, WAD, ninety) == 888_888_888_888_888_888
    assert withdraw_to_utilisation_raw(WAD, 0, ninety) == WAD


def test_no_supply_brings_the_use_of_a_borrowed_market_to_zero() -> None:
    assert supply_to_utilisation_raw(1_000, 1, 0) is None
    assert supply_to_utilisation_raw(1_000, 0, 0) == 0
    assert withdraw_to_utilisation_raw(1_000, 1, 0) == 0
    assert withdraw_to_utilisation_raw(1_000, 0, 0) == 1_000
    with pytest.raises(OutOfDomain, match="must not be negative"):
        withdraw_to_utilisation_raw(1, 1, -1)


@given(st.integers(0, 10**24), st.integers(0, 10**24), st.integers(1, WAD))
def test_a_target_is_met_from_below(supply: int, borrow: int, target_wad: int) -> None:
    added = supply_to_utilisation_raw(supply, borrow, target_wad)
    taken = withdraw_to_utilisation_raw(supply, borrow, target_wad)
    assert added is not None
    assert added == 0 or taken == 0
    used = utilisation_wad(supply + added - taken, borrow)
    assert used is not None
    assert used <= target_wad


def test_a_yield_is_an_exponential_of_a_floored_rate() -> None:
    year_s = 31_536_000
    with mpmath.workdps(40):
        want = mpmath.expm1(mpmath.mpf(3 * 10**16 // year_s * year_s) / WAD)
    assert yield_continuous_frac(3 * 10**16, year_s) == pytest.approx(float(want), rel=1e-14)
    assert yield_continuous_frac(year_s - 1, year_s) == 0.0
    assert yield_continuous_frac(WAD, 1) == pytest.approx(exp(1) - 1)


@pytest.mark.parametrize(("rate_wad", "year_s"), [(1, 0), (10**22, 1)])
def test_yields_without_a_number_are_refused(rate_wad: int, year_s: int) -> None:
    with pytest.raises(OutOfDomain):
        yield_continuous_frac(rate_wad, year_s)
