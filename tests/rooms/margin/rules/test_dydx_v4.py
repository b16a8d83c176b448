"""dYdX v4: rounding, caps and their edges; prices of a liquidation as identities of the account."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.dydx_v4 import funding, liquidation, requirement

BTC = liquidation.Market(
    price_usd=Fraction(50_000),
    atomic_resolution_power=-8,
    margin_initial_ppm=200_000,
    maintenance_fraction_ppm=500_000,
)
ETH = liquidation.Market(
    price_usd=Fraction("3000.01"),
    atomic_resolution_power=-9,
    margin_initial_ppm=100_000,
    maintenance_fraction_ppm=600_000,
)

ppm = st.integers(0, 10**6)
amounts = st.integers(0, 10**15)
signed = st.integers(-(10**12), 10**12)


def notional(base_raw: int, market: liquidation.Market = BTC) -> int:
    return requirement.notional_raw(
        base_raw,
        price_usd=market.price_usd,
        atomic_resolution_power=market.atomic_resolution_power,
    )


def holding(base_raw: int, market: liquidation.Market = BTC) -> liquidation.Position:
    return liquidation.Position(market=market, base_raw=base_raw)


# --- requirements ------------------------------------------------------------------------------


def test_a_notional_is_rounded_towards_zero() -> None:
    assert notional(10**8) == 50_000 * 10**6
    # 1,001 quantums of 10^-9 ETH at 3000.01 are 3003.01001 quantums of quote.
    assert notional(1001, ETH) == 3003
    assert notional(-1001, ETH) == -3003
    assert (
        requirement.notional_raw(1, price_usd=Fraction(7), atomic_resolution_power=3) == 7 * 10**9
    )
    with pytest.raises(OutOfDomain, match="price_usd must not be negative, was -1"):
        requirement.notional_raw(1, price_usd=Fraction(-1), atomic_resolution_power=0)


def scaled(open_interest: int, *, lower: int = 10, upper: int = 20, base: int = 50_000) -> int:
    return requirement.initial_ppm(
        base, open_interest_raw=open_interest, lower_cap_raw=lower, upper_cap_raw=upper
    )


def test_open_interest_scales_the_initial_fraction_between_its_caps() -> None:
    assert [scaled(at) for at in (0, 10, 11, 15, 19, 20, 10**30)] == [
        50_000,
        50_000,
        145_000,
        525_000,
        905_000,
        1_000_000,
        1_000_000,
    ]
    assert scaled(10**30, upper=0) == 50_000, "no upper cap: never scaled"
    assert scaled(13, lower=10, upper=17) == 50_000 + 950_000 * 3 // 7
    assert [scaled(at, lower=10, upper=10) for at in (9, 10, 11)] == [50_000, 50_000, 1_000_000]


def test_impossible_tiers_are_refused() -> None:
    with pytest.raises(OutOfDomain, match="lower_cap_raw must not exceed upper_cap_raw"):
        scaled(15, lower=21)
    with pytest.raises(OutOfDomain, match="initial_margin_ppm must be at most 1,000,000"):
        scaled(15, base=1_000_001)
    with pytest.raises(OutOfDomain, match="maintenance_fraction_ppm must be at most 1,000,000"):
        requirement.maintenance_ppm(50_000, fraction_ppm=1_000_001)
    with pytest.raises(OutOfDomain, match="maintenance_fraction_ppm must be at most 1,000,000"):
        requirement.requirement_maintenance_raw(1, base_ppm=50_000, fraction_ppm=1_000_001)
    with pytest.raises(OutOfDomain, match="initial_margin_ppm must not be negative, was -1"):
        requirement.maintenance_ppm(-1, fraction_ppm=1)
    with pytest.raises(OutOfDomain, match="open_interest_raw must not be negative, was -1"):
        scaled(-1)
    with pytest.raises(OutOfDomain, match="chosen_ppm must not be negative, was -1"):
        requirement.requirement_initial_raw(1, initial_ppm=1, chosen_ppm=-1)
    with pytest.raises(OutOfDomain, match="clamp_factor_ppm must not be negative, was -1"):
        funding.rate_ppm_max(1, fraction_ppm=1, clamp_factor_ppm=-1)
    assert scaled(15, base=1_000_000) == 1_000_000


def test_requirements_round_up_at_each_step() -> None:
    assert requirement.requirement_initial_raw(10, initial_ppm=100_001) == 2
    # ceil(3 · 0.1) = 1, then ceil(1 · 0.5) = 1; at once it would be ceil(0.15) = 1 as well, but
    # ceil(11 · 0.1) = 2 and ceil(2 · 0.6) = 2 against ceil(0.66) = 1.
    assert requirement.requirement_maintenance_raw(11, base_ppm=100_000, fraction_ppm=600_000) == 2
    assert requirement.requirement_maintenance_raw(0, base_ppm=100_000, fraction_ppm=600_000) == 0
    assert requirement.maintenance_ppm(50_001, fraction_ppm=500_000) == 25_000, "floored"


@given(signed, ppm, ppm, ppm)
def test_a_chosen_leverage_only_ever_raises_the_initial_requirement(
    value: int, base: int, chosen: int, fraction: int
) -> None:
    plain = requirement.requirement_initial_raw(value, initial_ppm=base)
    raised = requirement.requirement_initial_raw(value, initial_ppm=base, chosen_ppm=chosen)
    assert raised == max(plain, requirement.requirement_initial_raw(value, initial_ppm=chosen))
    assert plain == requirement.requirement_initial_raw(-value, initial_ppm=base)
    maintenance = requirement.requirement_maintenance_raw(
        value, base_ppm=base, fraction_ppm=fraction
    )
    assert abs(value) * base * fraction <= maintenance * 10**12 <= plain * 10**12


@given(amounts, amounts, ppm, ppm)
def test_more_of_a_position_never_requires_less(
    one: int, more: int, base: int, fraction: int
) -> None:
    def required(value: int) -> int:
        return requirement.requirement_maintenance_raw(value, base_ppm=base, fraction_ppm=fraction)

    assert required(one) <= required(one + more)


# --- liquidation -------------------------------------------------------------------------------


@given(signed, st.lists(st.tuples(st.sampled_from([BTC, ETH]), signed), min_size=1, max_size=4))
def test_an_account_is_the_sum_of_its_positions(
    quote: int, held: list[tuple[liquidation.Market, int]]
) -> None:
    positions = [holding(base, market) for market, base in held]
    whole = liquidation.account_risk(quote, positions)
    assert whole.net_collateral_raw == quote + sum(notional(base, m) for m, base in held)
    parts = [liquidation.account_risk(0, [each]) for each in positions]
    assert whole.requirement_maintenance_raw == sum(p.requirement_maintenance_raw for p in parts)


@given(st.integers(-(10**13), 10**13), st.integers(1, 10**10), st.booleans())
def test_closing_the_only_position_at_its_bankruptcy_price_leaves_nothing(
    quote: int, size: int, is_long: bool
) -> None:
    base = size if is_long else -size
    assume(notional(base) != 0)
    price = liquidation.bankruptcy_price_raw(
        quote, [holding(base)], closed_index=0, delta_raw=-base
    )
    assert quote + price == 0


@given(
    st.integers(-(10**13), 10**13),
    st.integers(1000, 10**10),
    st.integers(-(10**10), 10**10),
    st.integers(1, 1000),
)
def test_a_part_closed_takes_its_part_of_the_requirement_in_collateral(
    quote: int, size: int, other: int, part: int
) -> None:
    held = [holding(other, ETH), holding(size)]
    delta = -(size * part // 1000)
    price = liquidation.bankruptcy_price_raw(quote, held, closed_index=1, delta_raw=delta)
    before = liquidation.account_risk(quote, held)
    after = liquidation.account_risk(quote + price, [held[0], holding(size + delta)])
    taken = before.net_collateral_raw - after.net_collateral_raw
    freed = before.requirement_maintenance_raw - after.requirement_maintenance_raw
    exact = Fraction(before.net_collateral_raw * freed, before.requirement_maintenance_raw)
    assert exact - 1 < taken <= exact, "rounded so that the account keeps the rest"


def fillable(quote_usd: Fraction, base_raw: int, *, adjustment: int = 10**6) -> Fraction:
    return liquidation.fillable_price_raw_per_raw(
        int(quote_usd * 10**6),
        [holding(base_raw)],
        closed_index=0,
        delta_raw=-base_raw,
        bankruptcy_adjustment_ppm=adjustment,
        spread_ppm=100_000,
    )


def test_the_fillable_price_by_hand() -> None:
    # 0.1 BTC: value 5,000, requirement 500, oracle 500 quote quantums a base quantum.
    assert fillable(Fraction(-4500), 10**7) == 500, "at the requirement: the oracle's price"
    assert fillable(Fraction(0), 10**7) == 500, "never better than the oracle"
    # Collateral of 250: rating a half, spread 0.5 · 0.1 · 500 = 25 on 5,000.
    assert fillable(Fraction(-4750), 10**7) == Fraction("497.5")
    assert fillable(Fraction(-4750), 10**7, adjustment=2 * 10**6) == 495
    assert fillable(Fraction(-9000), 10**7) == 495, "below nothing the spread is full"
    assert fillable(Fraction(5250), -(10**7)) == Fraction("502.5")
    assert fillable(Fraction(-4750), 10**7, adjustment=0) == 500


@given(st.integers(-6000, -4000), st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_poorer_the_account_the_worse_the_price(quote: int, one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert fillable(Fraction(quote), 10**7, adjustment=high) <= (
        fillable(Fraction(quote), 10**7, adjustment=low)
    )
    assert fillable(Fraction(quote - 1), 10**7) <= fillable(Fraction(quote), 10**7) <= 500
    mirrored = fillable(Fraction(10_000 + quote), -(10**7))
    assert mirrored - 500 == 500 - fillable(Fraction(quote), 10**7), "shorts mirror longs"


@pytest.mark.parametrize("delta", [0, 1, -(10**7) - 1])
def test_a_delta_that_does_not_close_is_refused(delta: int) -> None:
    with pytest.raises(OutOfDomain, match="delta_raw must close at most all"):
        liquidation.bankruptcy_price_raw(0, [holding(10**7)], closed_index=0, delta_raw=delta)
    with pytest.raises(OutOfDomain, match="delta_raw must close at most all"):
        liquidation.bankruptcy_price_raw(0, [holding(-(10**7))], closed_index=0, delta_raw=-delta)


@pytest.mark.parametrize("index", [-1, 1])
def test_a_position_that_is_not_there_is_refused(index: int) -> None:
    with pytest.raises(OutOfDomain, match=f"no position {index} among 1"):
        liquidation.bankruptcy_price_raw(0, [holding(10**7)], closed_index=index, delta_raw=-1)


def test_prices_of_accounts_without_a_requirement_are_refused() -> None:
    free = liquidation.Market(
        price_usd=Fraction(1),
        atomic_resolution_power=-6,
        margin_initial_ppm=200_000,
        maintenance_fraction_ppm=0,
    )
    with pytest.raises(OutOfDomain, match="requirement_maintenance_raw must be positive, was 0"):
        liquidation.bankruptcy_price_raw(0, [holding(5, free)], closed_index=0, delta_raw=-5)
    with pytest.raises(OutOfDomain, match="requirement_maintenance_raw must be positive, was 0"):
        liquidation.fillable_price_raw_per_raw(
            0,
            [holding(5, free)],
            closed_index=0,
            delta_raw=-5,
            bankruptcy_adjustment_ppm=1,
            spread_ppm=1,
        )


def priced(spread: int, adjustment: int = 10**6) -> Fraction:
    return liquidation.fillable_price_raw_per_raw(
        -(10**10),
        [holding(10**7)],
        closed_index=0,
        delta_raw=-1,
        bankruptcy_adjustment_ppm=adjustment,
        spread_ppm=spread,
    )


def test_a_spread_beyond_the_position_leaves_no_price() -> None:
    assert priced(10 * 10**6) == 0
    with pytest.raises(OutOfDomain, match="no price to fill at"):
        priced(10 * 10**6 + 1)
    with pytest.raises(OutOfDomain, match="spread_ppm must not be negative"):
        priced(-1)


# --- funding -----------------------------------------------------------------------------------


@given(st.integers(-(10**9), 10**9), signed, signed, signed)
def test_what_longs_pay_shorts_receive_and_settling_twice_is_settling_once(
    base: int, entry: int, between: int, now: int
) -> None:
    def settled(size: int, start: int, end: int) -> int:
        return funding.settlement_ppm(size, index_ppm=end, index_entry_ppm=start)

    assert settled(base, entry, now) == -settled(-base, entry, now)
    assert settled(base, entry, now) == settled(base, entry, between) + settled(base, between, now)
    assert settled(1, 0, 1) == -1, "a long pays when the index has risen"


@given(ppm, ppm, st.integers(0, 10**9))
def test_the_clamp_is_a_multiple_of_initial_less_maintenance(
    base: int, fraction: int, factor: int
) -> None:
    clamp = funding.rate_ppm_max(base, fraction_ppm=fraction, clamp_factor_ppm=factor)
    room = base - base * fraction // 10**6
    assert clamp * 10**6 <= factor * room < (clamp + 1) * 10**6
