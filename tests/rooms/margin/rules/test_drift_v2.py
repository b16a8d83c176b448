"""Drift v2: facts of the peer's own suite, and what must hold for any numbers.

Facts: drift-labs/protocol-v2, programs/drift/src/math/liquidation/tests.rs, unless a line names
another source; hand-computed ones show their sum.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.drift_v2 import funding, insurance, liquidation, weights

USD = 10**6
ONE = 10**6  # a fee of 100 %, a multiplier of one

sizes = st.integers(0, 10**18)
imfs = st.integers(0, 10**6)


def base(shortage: int = 10 * USD, **changed: int) -> int | None:
    parameters = {
        "ratio_1e4": 1000,
        "liquidator_fee_1e6": 0,
        "insurance_fee_1e6": 0,
        "price_1e6": 100 * USD,
        "quote_price_1e6": USD,
    }
    return liquidation.base_to_cover_1e9(shortage, **{**parameters, **changed})


def borrow(shortage: int = 10 * USD, **changed: int) -> int | None:
    parameters = {
        "asset_weight_1e4": 8000,
        "asset_multiplier_1e6": ONE,
        "liability_weight_1e4": 12000,
        "liability_multiplier_1e6": ONE,
        "liability_decimals": 9,
        "liability_price_1e6": 100 * USD,
        "insurance_fee_1e6": 0,
    }
    return liquidation.borrow_to_cover_raw(shortage, **{**parameters, **changed})


PAIR = {
    "asset_multiplier_1e6": ONE,
    "asset_decimals": 6,
    "asset_price_1e6": USD,
    "liability_multiplier_1e6": ONE,
    "liability_decimals": 6,
    "liability_price_1e6": USD,
}


# --- weights -----------------------------------------------------------------------------------


@given(st.integers(0, 20_000), imfs, sizes, sizes)
def test_weights_fall_with_an_asset_and_rise_with_a_debt(
    weight: int, imf: int, one: int, other: int
) -> None:
    small, large = sorted((one, other))
    assert weights.asset_weight_1e4(weight, imf_1e6=imf, size_1e9=large) <= (
        weights.asset_weight_1e4(weight, imf_1e6=imf, size_1e9=small)
    )
    assert weights.liability_weight_1e4(weight, imf_1e6=imf, size_1e9=large) >= (
        weights.liability_weight_1e4(weight, imf_1e6=imf, size_1e9=small)
    )
    assert weights.asset_weight_1e4(weight, imf_1e6=imf, size_1e9=large) <= weight
    assert weights.liability_weight_1e4(weight, imf_1e6=imf, size_1e9=large) >= weight


def test_weights_of_a_million_tokens_by_hand() -> None:
    # r = isqrt(10^16 + 1) = 10^8. Asset: 1.1e10 / (10^6 + 10^8·10^3/10^5) = 1.1e10 / 2·10^6.
    assert weights.asset_weight_1e4(9000, imf_1e6=1000, size_1e9=10**15) == 5500
    # Debt: 11000 - 2200 + 10^8·10^3/10^7 = 8800 + 10000.
    assert weights.liability_weight_1e4(11000, imf_1e6=1000, size_1e9=10**15) == 18800
    # 11001 div 5 = 2200, floored before it is taken off.
    assert weights.liability_weight_1e4(11001, imf_1e6=1000, size_1e9=10**15) == 18801


def test_without_a_size_factor_the_weight_stays_as_the_market_gives_it() -> None:
    huge = 10**18
    assert weights.asset_weight_1e4(12_000, imf_1e6=0, size_1e9=huge) == 12_000
    assert weights.asset_weight_1e4(12_000, imf_1e6=1, size_1e9=0) == 11_000
    assert weights.liability_weight_1e4(1000, imf_1e6=0, size_1e9=huge) == 1000
    # r = isqrt(10^19 + 1) = 3162277660: 800 + 316.
    assert weights.liability_weight_1e4(1000, imf_1e6=1, size_1e9=huge) == 1116


def test_weights_refuse_what_no_market_holds() -> None:
    with pytest.raises(OutOfDomain, match="size_1e9 must not be negative, was -1"):
        weights.asset_weight_1e4(9000, imf_1e6=1000, size_1e9=-1)
    with pytest.raises(OutOfDomain, match="imf_1e6 must not be negative, was -1"):
        weights.liability_weight_1e4(9000, imf_1e6=-1, size_1e9=1)
    with pytest.raises(OutOfDomain, match="deposits_value_1e6 must not be negative, was -1"):
        weights.asset_weight_scaled_1e4(9000, scale_start_1e6=1, deposits_value_1e6=-1)
    for price, quote in ((0, USD), (USD, 0)):
        with pytest.raises(OutOfDomain, match="must be positive, was 0"):
            weights.perp_requirement_1e6(
                1, ratio_1e4=500, imf_1e6=0, price_1e6=price, quote_price_1e6=quote
            )


def test_a_scaled_weight_keeps_at_its_start_and_halves_at_twice_of_it() -> None:
    def scaled(start: int, deposits: int) -> int:
        return weights.asset_weight_scaled_1e4(
            9000, scale_start_1e6=start * USD, deposits_value_1e6=deposits * USD
        )

    assert [scaled(500, 499), scaled(500, 500), scaled(500, 1000)] == [9000, 9000, 4500]
    assert scaled(500, 1500) == 3000
    assert scaled(0, 10**9) == 9000, "no start: never scaled"
    assert weights.asset_weight_scaled_1e4(
        9000, scale_start_1e6=500 * USD, deposits_value_1e6=500 * USD + 1
    ) == (8999), "floored"


def test_a_loss_counts_in_full_and_a_profit_as_tokens_of_a_dollar() -> None:
    assert weights.profit_weight_1e4(-1, weight_1e4=8000, imf_1e6=1000) == 10_000
    assert weights.profit_weight_1e4(0, weight_1e4=8000, imf_1e6=1000) == 10_000
    assert weights.profit_weight_1e4(1, weight_1e4=8000, imf_1e6=1000) == 8000
    # A million dollars weighs as a million tokens of the asset above.
    assert weights.profit_weight_1e4(10**12, weight_1e4=8000, imf_1e6=1000) == 5500


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**4), imfs, st.integers(1, 10**12))
def test_a_perpetual_requires_the_same_on_either_side_and_more_when_larger(
    base_1e9: int, ratio: int, imf: int, price: int
) -> None:
    def required(size_1e9: int) -> int:
        return weights.perp_requirement_1e6(
            size_1e9, ratio_1e4=ratio, imf_1e6=imf, price_1e6=price, quote_price_1e6=USD
        )

    assert required(base_1e9) == required(-base_1e9) <= required(2 * base_1e9)
    assert required(0) == 0


def test_a_perpetual_by_hand() -> None:
    # 1,000,000 base at 3 dollars, quote at 0.99: ratio 500 -> 400 + 10^8·10^3/10^7 = 10400.
    assert (
        weights.perp_requirement_1e6(
            -(10**15), ratio_1e4=500, imf_1e6=1000, price_1e6=3 * USD, quote_price_1e6=990_000
        )
        == 2_970_000 * USD * 10_400 // 10_000
    )


# --- liquidation -------------------------------------------------------------------------------


def test_what_covers_a_shortage_as_the_peer_asserts() -> None:
    assert base(liquidator_fee_1e6=10_000) == 10**9 * 10 // 9
    assert base(liquidator_fee_1e6=10_000, insurance_fee_1e6=10_000) == 1_250_000_000
    fees = {"asset_multiplier_1e6": 1_100_000, "liability_multiplier_1e6": 900_000}
    assert borrow(**fees) == 449_984_250
    assert borrow(**fees, insurance_fee_1e6=10_000) == 475_669_504


def test_no_amount_covers_a_shortage_where_closing_frees_nothing() -> None:
    assert base(price_1e6=0) is None
    assert base(liquidator_fee_1e6=100_000) is None, "a fee equal to the ratio"
    assert base(liquidator_fee_1e6=99_999) is not None
    assert borrow(asset_weight_1e4=12000) is None, "the asset weighs as much as the debt"
    assert borrow(asset_multiplier_1e6=1_500_000) is None, "8000 · 1.5 = 12000"
    assert borrow(asset_multiplier_1e6=1_499_900) is not None
    assert borrow(asset_weight_1e4=12000, asset_multiplier_1e6=900_000) is None, "weights alone"


def test_an_insurance_fee_that_takes_all_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="insurance fee 100000 takes it all"):
        base(insurance_fee_1e6=100_000)
    with pytest.raises(OutOfDomain, match="insurance fee 400000 takes it all"):
        borrow(insurance_fee_1e6=400_000)
    with pytest.raises(OutOfDomain, match="insurance fee 500000 takes it all"):
        borrow(asset_weight_1e4=6000, insurance_fee_1e6=500_000)


def test_impossible_amounts_and_prices_are_refused() -> None:
    for name in ("liquidator_fee_1e6", "insurance_fee_1e6", "price_1e6", "quote_price_1e6"):
        with pytest.raises(OutOfDomain, match=f"{name} must not be negative, was -1"):
            base(**{name: -1})
    with pytest.raises(OutOfDomain, match="insurance_fee_1e6 must not be negative"):
        borrow(insurance_fee_1e6=-1)
    for name in ("liability_multiplier_1e6", "liability_price_1e6"):
        with pytest.raises(OutOfDomain, match=f"{name} must be positive, was 0"):
            borrow(**{name: 0})
    with pytest.raises(OutOfDomain, match="to_decimals must not be negative, was -1"):
        borrow(liability_decimals=-1)
    for name in ("liability_price_1e6", "asset_multiplier_1e6"):
        with pytest.raises(OutOfDomain, match=f"{name} must be positive, was 0"):
            liquidation.borrow_for_asset_raw(1, **{**PAIR, name: 0})
    with pytest.raises(OutOfDomain, match="asset_raw must not be negative"):
        liquidation.borrow_for_asset_raw(-1, **PAIR)
    for name in ("asset_price_1e6", "liability_multiplier_1e6"):
        with pytest.raises(OutOfDomain, match=f"{name} must be positive, was 0"):
            liquidation.asset_for_borrow_raw(1, 1, **{**PAIR, name: 0})
    with pytest.raises(OutOfDomain, match="borrow_raw must not be negative"):
        liquidation.asset_for_borrow_raw(1, -1, **PAIR)
    with pytest.raises(OutOfDomain, match="shortage_1e6 must not be negative"):
        perp_fee(-1)
    with pytest.raises(OutOfDomain, match="shortage_1e6 must not be negative"):
        spot_fee(-1)
    with pytest.raises(OutOfDomain, match="borrow_raw must not be negative"):
        insurance.deposit_index_delta(-1, deposits_raw=1, index_1e10=1)
    with pytest.raises(OutOfDomain, match="slots_count must not be negative"):
        liquidation.share_to_liquidate_1e4(1, slots_count=-1, initial_1e4=0, duration_slots_count=1)
    with pytest.raises(OutOfDomain, match="cap_divisor_count must be positive, was 0"):
        funding.funding_rate_1e9(1, 1, cap_divisor_count=0)
    with pytest.raises(OutOfDomain, match="offset_divisor_count must be positive, was 0"):
        funding.funding_rate_1e9(1, 1, offset_divisor_count=0)
    with pytest.raises(OutOfDomain, match="fee_pool_1e6 must not be negative"):
        capped(1, 1, 1, -1)


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(1, 9999))
def test_base_to_cover_frees_the_shortage_to_within_its_rounding(
    shortage: int, price: int, ratio: int
) -> None:
    frees_per_base = price * ratio * 100 // 10**6
    if frees_per_base == 0:
        return
    found = base(shortage, price_1e6=price, ratio_1e4=ratio)
    assert found is not None
    assert found * frees_per_base <= shortage * 10**9 < (found + 1) * frees_per_base


def test_a_borrow_transfer_is_at_least_one_and_divides_last() -> None:
    assert borrow(0) == 1
    # 40 · 10^11 / (100·10^6 · 40000) = 1 unit of 10^-6, then over 10^2 and up to one unit.
    assert borrow(40, liability_decimals=4) == 1
    assert borrow(10 * USD, liability_decimals=4) == 2_500
    # The last digit is cut where decimals are fewer than six: 249999.975 -> 249999 -> 2499.
    assert borrow(10 * USD - 1, liability_decimals=4) == 2_499


def test_a_borrow_for_an_asset_rounds_up_twice() -> None:
    # 1 unit of 10^-6 at 1 dollar for a coin of 3 dollars with 5 decimals: ceil(1/3) = 1, over 10.
    pair = {**PAIR, "liability_price_1e6": 3 * USD, "liability_decimals": 5}
    assert liquidation.borrow_for_asset_raw(1, **pair) == 1
    assert liquidation.borrow_for_asset_raw(30, **pair) == 1
    assert liquidation.borrow_for_asset_raw(31, **pair) == 2
    assert liquidation.borrow_for_asset_raw(0, **pair) == 0
    nine = {**PAIR, "liability_price_1e6": 3 * USD, "liability_decimals": 9}
    assert liquidation.borrow_for_asset_raw(1, **nine) == 334, "ceil(1000 / 3)"


def test_the_whole_deposit_goes_where_less_than_a_dollar_would_stay() -> None:
    def seized(deposit: int, debt: int, **changed: int) -> int:
        return liquidation.asset_for_borrow_raw(deposit, debt, **{**PAIR, **changed})

    assert seized(100 * USD, 99_300_000) == 100 * USD, "the peer's example: 0.70 unpaid for"
    assert seized(100 * USD, 99 * USD) == 99 * USD, "a dollar exactly is no dust"
    assert seized(100 * USD, 99 * USD + 1) == 100 * USD
    assert seized(100 * USD, 101 * USD) == 101 * USD
    assert seized(100 * USD, 101 * USD - 1) == 100 * USD, "exceeds it by less than a dollar"
    assert seized(200 * USD, 0) == 1
    # A deposit of 9 decimals at 100 dollars: 0.01 of it is a dollar.
    nine = {"asset_decimals": 9, "asset_price_1e6": 100 * USD}
    assert seized(2 * 10**9, 199 * USD, **nine) == 1_990_000_000
    assert seized(2 * 10**9, 199 * USD + 1, **nine) == 2 * 10**9
    # Five decimals, the peer's example: 10^6 of liability are 10^5 of asset.
    assert seized(200 * 10**5, USD, asset_decimals=5) == 10**5


@given(st.integers(1, 10**15), st.integers(500_000, 2_000_000), st.integers(1, 10**12))
def test_what_the_liquidator_seizes_and_repays_goes_against_nobody_by_more_than_rounding(
    debt: int, multiplier: int, price: int
) -> None:
    pair = {**PAIR, "asset_multiplier_1e6": multiplier, "liability_price_1e6": price}
    seized = liquidation.asset_for_borrow_raw(10**40, debt, **pair)
    if seized > 1:
        assert liquidation.borrow_for_asset_raw(seized, **pair) <= debt


def test_the_liquidation_fee_grows_for_every_idle_slot_once_grace_is_over() -> None:
    def fee(slots: int, cap: int = 50_000) -> int:
        return liquidation.fee_by_slot_1e6(20_000, fee_1e6_max=cap, idle_slots_count=slots)

    assert [fee(0), fee(1499), fee(1500), fee(1501)] == [20_000, 20_000, 21_500, 21_501]
    assert [fee(29_999), fee(30_000), fee(30_001)] == [49_999, 50_000, 50_000]
    assert fee(10, cap=10_000) == 20_000, "the cap does not touch the base fee within grace"
    assert fee(1500, cap=10_000) == 10_000
    with pytest.raises(OutOfDomain, match="idle_slots_count must not be negative, was -1"):
        fee(-1)


def test_the_share_grows_with_time_and_a_small_shortage_goes_at_once() -> None:
    def share(shortage: int, slots: int, duration: int = 150) -> int:
        return liquidation.share_to_liquidate_1e4(
            shortage, slots_count=slots, initial_1e4=1000, duration_slots_count=duration
        )

    assert share(50 * USD - 1, 0) == 10_000
    assert share(50 * USD, 0) == 1000
    assert share(50 * USD, 1) == 1066, "10000 div 150 + 1000"
    assert [share(50 * USD, 134), share(50 * USD, 135), share(50 * USD, 136)] == [
        9933,
        10**4,
        10**4,
    ]
    assert share(50 * USD, 0, duration=0) == 10_000


# --- insurance ---------------------------------------------------------------------------------


def perp_fee(shortage: int, **changed: int) -> int:
    parameters = {
        "base_1e9": 10 * 10**9,
        "ratio_1e4": 500,
        "liquidator_fee_1e6": 10_000,
        "price_1e6": 100 * USD,
        "quote_price_1e6": USD,
        "fee_1e6_max": 50_000,
    }
    return insurance.perp_fee_1e6(shortage, **{**parameters, **changed})


def spot_fee(shortage: int, **changed: int) -> int:
    parameters = {
        "borrow_raw": 10**9,
        "asset_weight_1e4": 8000,
        "asset_multiplier_1e6": ONE,
        "liability_weight_1e4": 12000,
        "liability_multiplier_1e6": ONE,
        "liability_decimals": 9,
        "liability_price_1e6": 100 * USD,
        "fee_1e6_max": 500_000,
    }
    return insurance.spot_fee_1e6(shortage, **{**parameters, **changed})


def test_an_insurance_fee_leaves_the_last_twentieth() -> None:
    # 5 % less 1 % less a shortage of 20 of 1,000 dollars: 2 %, of which 95 %.
    assert perp_fee(20 * USD) == 19_000
    assert perp_fee(20 * USD, quote_price_1e6=500_000) == 0, "half the value: the shortage is 4 %"
    assert perp_fee(20 * USD, base_1e9=-10 * 10**9) == 19_000
    assert perp_fee(40 * USD) == 0
    assert perp_fee(0) == 38_000
    assert perp_fee(0, fee_1e6_max=37_999) == 37_999
    for nothing in ("base_1e9", "price_1e6", "quote_price_1e6"):
        assert perp_fee(20 * USD, **{nothing: 0}) == 0
    assert perp_fee(0, liquidator_fee_1e6=60_000) == 0
    with pytest.raises(OutOfDomain, match="value_1e6 must be positive, was 0"):
        perp_fee(20 * USD, price_1e6=1, quote_price_1e6=1)


def test_a_spot_fee_by_hand() -> None:
    # (1.2 - 0.8 - 10/100) / 1.2 = 0.25.
    assert spot_fee(10 * USD) == 250_000
    assert spot_fee(10 * USD, fee_1e6_max=249_999) == 249_999
    assert (
        spot_fee(10 * USD, liability_multiplier_1e6=900_000)
        == (1_200_000 - 888_888 - 100_000) * (10**6) // 1_200_000
    )
    assert spot_fee(40 * USD) == 0
    assert spot_fee(41 * USD) == 0, "never negative"
    for nothing in ("borrow_raw", "liability_price_1e6", "liability_multiplier_1e6"):
        assert spot_fee(10 * USD, **{nothing: 0}) == 0
    assert spot_fee(10 * USD, asset_weight_1e4=12000, asset_multiplier_1e6=0) == 0


@given(st.integers(0, 10**14), st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_loss_shared_by_funding_is_never_less_than_the_loss(
    loss: int, longs: int, shorts: int
) -> None:
    if longs + shorts == 0:
        with pytest.raises(OutOfDomain, match="open_interest"):
            insurance.funding_delta_1e9(loss, base_long_1e9=longs, base_short_1e9=-shorts)
        return
    delta = insurance.funding_delta_1e9(-loss, base_long_1e9=longs, base_short_1e9=-shorts)
    assert delta % 1000 == 0
    assert delta == insurance.funding_delta_1e9(loss, base_long_1e9=-longs, base_short_1e9=shorts)
    paid = delta // 1000 * (longs + shorts)
    assert loss * 10**9 <= paid < loss * 10**9 + longs + shorts


@given(st.integers(0, 10**15), st.integers(1, 10**15))
def test_a_loss_shared_by_depositors_is_never_less_than_the_loss(loss: int, held: int) -> None:
    index = 11 * 10**9
    delta = insurance.deposit_index_delta(loss, deposits_raw=held, index_1e10=index)
    assert index * loss <= delta * held < index * loss + held
    assert insurance.deposit_index_delta(loss, deposits_raw=0, index_1e10=index) == 0


# --- funding -----------------------------------------------------------------------------------


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**12))
def test_funding_takes_its_sign_last(spread: int, oracle: int) -> None:
    up = funding.funding_rate_1e9(oracle + spread, oracle)
    assert funding.funding_rate_1e9(oracle - spread, oracle) == -up
    assert abs(up) <= oracle // 33 * 1000 // 24


def test_funding_by_hand() -> None:
    # 1.20 over 24 hours is 0.05 an hour; 33 dollars an hour's cap is 1/24.
    assert funding.funding_rate_1e9(101_200_000, 100 * USD) == 50_000_000
    assert funding.funding_rate_1e9(98_800_000, 100 * USD) == -50_000_000
    assert funding.funding_rate_1e9(200 * USD, 99 * USD) == 3 * 10**9 // 24
    assert funding.funding_rate_1e9(100 * USD + 1, 100 * USD) == 41, "1000 div 24"
    assert funding.funding_rate_1e9(100 * USD - 1, 100 * USD) == -41, "towards zero"
    assert funding.funding_rate_1e9(200 * USD, 100 * USD, cap_divisor_count=10) == 10**10 // 24
    # The offset of a 5,000th: at par longs pay 0.02 of 100 dollars a day.
    assert funding.funding_rate_1e9(100 * USD, 100 * USD, offset_divisor_count=5000) == (
        20_000 * 1000 // 24
    )
    assert funding.funding_rate_1e9(99_980_000, 100 * USD, offset_divisor_count=5000) == 0
    with pytest.raises(OutOfDomain, match="oracle_average_1e6 must be positive, was 0"):
        funding.funding_rate_1e9(1, 0)


def capped(rate: int, longs: int, shorts: int, pool: int) -> funding.CappedFunding:
    return funding.capped_funding(
        rate,
        base_long_1e9=longs,
        base_short_1e9=-shorts,
        base_with_pool_1e9=longs - shorts,
        fees_less_distributions_1e6=10**12,
        fee_pool_1e6=pool,
    )


def test_the_venue_receives_what_the_larger_side_pays() -> None:
    # Longs of 3 pay 0.05 a base to shorts of 1: the venue keeps what two of them pay.
    seen = capped(50_000_000, 3 * 10**9, 10**9, 0)
    assert (seen.long_1e9, seen.short_1e9) == (50_000_000, 50_000_000)
    assert seen.fees_less_distributions_1e6 == 10**12 + 100_000
    seen = capped(-50_000_000, 10**9, 3 * 10**9, 0)
    assert seen.fees_less_distributions_1e6 == 10**12 + 100_000


@pytest.mark.parametrize("sign", [1, -1])
def test_the_venue_pays_at_most_a_third_of_its_pool(sign: int) -> None:
    def seen(pool: int) -> tuple[int, int, int]:
        many, few = 3 * 10**9, 10**9
        longs, shorts = (few, many) if sign > 0 else (many, few)
        found = capped(sign * 50_000_000, longs, shorts, pool)
        paying, receiving = (
            (found.long_1e9, found.short_1e9) if sign > 0 else (found.short_1e9, found.long_1e9)
        )
        return paying * sign, receiving * sign, found.fees_less_distributions_1e6 - 10**12

    # Two of three receivers are owed by the venue: 100,000 of its pool.
    assert seen(300_000) == (50_000_000, 50_000_000, -100_000)
    # A dollar less in the pool: (99,999 + 50,000 - 1) · 10^12 div 3·10^9.
    assert seen(299_999) == (50_000_000, 149_998 * 10**12 // (3 * 10**9), -99_999)
    assert seen(0) == (50_000_000, 49_999 * 10**12 // (3 * 10**9), 0)


def test_a_payment_is_a_size_with_a_sign_for_the_smallest_numbers_too() -> None:
    assert [funding.payment_1e6(1, 10**12), funding.payment_1e6(10**12, 1)] == [-1, -1]
    assert [funding.payment_1e6(-1, 10**12), funding.payment_1e6(1, -(10**12))] == [1, 1]
    assert funding.payment_1e6(-1, -(10**12)) == -1
    assert funding.payment_1e6(1, 10**12 - 1) == 0


def test_what_the_pool_owes_to_nobody_leaves_a_rate_of_nought() -> None:
    # The pool is short against liquidity that is not settled yet: nobody is there to receive.
    seen = funding.capped_funding(
        50_000_000,
        base_long_1e9=0,
        base_short_1e9=0,
        base_with_pool_1e9=-(10**9),
        fees_less_distributions_1e6=10**12,
        fee_pool_1e6=0,
    )
    assert (seen.long_1e9, seen.short_1e9) == (50_000_000, 0)


def test_nobody_on_the_paying_side_and_an_empty_pool_leave_nothing_to_receive() -> None:
    seen = capped(50_000_000, 0, 10**9, 0)
    assert (seen.long_1e9, seen.short_1e9) == (50_000_000, 0)
    with pytest.raises(OutOfDomain, match="base_short_sold_1e9"):
        capped(50_000_000, 10**9, -(10**9), 0)


@given(
    st.integers(-(10**9), 10**9),
    st.integers(0, 10**13),
    st.integers(0, 10**13),
    st.integers(0, 10**12),
)
def test_receivers_never_get_more_than_payers_and_a_third_of_the_pool_bring(
    rate: int, longs: int, shorts: int, pool: int
) -> None:
    seen = capped(rate, longs, shorts, pool)
    to_longs = funding.payment_1e6(seen.long_1e9, longs)
    to_shorts = funding.payment_1e6(seen.short_1e9, -shorts)
    assert to_longs + to_shorts <= pool // 3 + 1, "a millionth for what three floors cut off"
    assert abs(seen.long_1e9) <= abs(rate)
    assert abs(seen.short_1e9) <= abs(rate)
    assert seen.fees_less_distributions_1e6 >= 10**12 - pool // 3
