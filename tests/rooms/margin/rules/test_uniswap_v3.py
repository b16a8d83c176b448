"""Ticks, amounts, prices after a trade: to the pool's last digit."""

from fractions import Fraction

import mpmath
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.uniswap_v3 import (
    SQRT_PRICE_X96_MAX,
    SQRT_PRICE_X96_MIN,
    TICK_MAX,
    SwapStep,
    amount0_delta_raw,
    amount1_delta_raw,
    amounts_for_liquidity_raw,
    liquidity_for_amounts_raw,
    next_price_from_input_x96,
    next_price_from_output_x96,
    sqrt_price_x96_at_tick,
    swap_step,
    tick_at_sqrt_price_x96,
)

ONE = 2**96
ETHER = 10**18
TENTH = 10**17
# The root of 1.21 as the peer's tests write it.
AT_1_21 = 87150978765690771352898345369

ticks = st.integers(-TICK_MAX, TICK_MAX)
roots = st.integers(SQRT_PRICE_X96_MIN, SQRT_PRICE_X96_MAX)
liquidities = st.integers(1, 2**128 - 1)


# --- ticks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tick", "root_x96"),
    [
        (-887272, 4295128739),
        (-887271, 4295343490),
        (0, ONE),
        (887271, 1461373636630004318706518188784493106690254656249),
        (887272, 1461446703485210103287273052203988822378723970342),
        (-50, 79030349367926598376800521322),
        (250000, 21246587762933397357449903968194344),
        (-738203, 7409801140451),
    ],
)
def test_prices_of_ticks(tick: int, root_x96: int) -> None:
    """Numbers of Uniswap/v3-core, test/TickMath.spec.ts and its snapshot, @ d8b1c635c2."""
    assert sqrt_price_x96_at_tick(tick) == root_x96


@pytest.mark.parametrize("bit", range(20))
def test_each_bit_of_a_tick_is_a_power_at_forty_digits(bit: int) -> None:
    """The pool keeps 128 bits: a price is off by less than one part in 2^90 of it, and a unit."""
    with mpmath.workdps(60):
        for tick in (2**bit, -(2**bit)):
            exact = mpmath.power(mpmath.mpf("1.0001"), mpmath.mpf(tick) / 2) * ONE
            assert abs(sqrt_price_x96_at_tick(tick) - exact) < exact / 2**90 + 1


@given(ticks, ticks)
def test_prices_grow_with_ticks(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert (sqrt_price_x96_at_tick(low) < sqrt_price_x96_at_tick(high)) is (low < high)


@given(ticks)
def test_a_tick_begins_at_its_price(tick: int) -> None:
    root = sqrt_price_x96_at_tick(tick)
    assert tick_at_sqrt_price_x96(root) == tick
    if tick > -TICK_MAX:
        assert tick_at_sqrt_price_x96(root - 1) == tick - 1


@given(roots)
def test_a_price_lies_between_its_tick_and_the_next(root: int) -> None:
    tick = tick_at_sqrt_price_x96(root)
    assert sqrt_price_x96_at_tick(tick) <= root
    assert tick == TICK_MAX or root < sqrt_price_x96_at_tick(tick + 1)


def test_the_last_tick_has_the_last_price() -> None:
    """TickMath.sol: ticks to 887272, roots from 4295128739."""
    assert TICK_MAX == 887_272
    assert SQRT_PRICE_X96_MIN == 4_295_128_739
    assert tick_at_sqrt_price_x96(SQRT_PRICE_X96_MAX) == TICK_MAX
    assert tick_at_sqrt_price_x96(SQRT_PRICE_X96_MAX - 1) == TICK_MAX - 1


def test_beyond_the_last_tick_there_is_no_price() -> None:
    for tick in (TICK_MAX + 1, -TICK_MAX - 1):
        with pytest.raises(OutOfDomain, match=f"was {tick}"):
            sqrt_price_x96_at_tick(tick)
    for root in (SQRT_PRICE_X96_MIN - 1, SQRT_PRICE_X96_MAX + 1):
        with pytest.raises(OutOfDomain, match=f"was {root}"):
            tick_at_sqrt_price_x96(root)


# --- amounts -----------------------------------------------------------------------------------


def test_amounts_of_the_peer_suite() -> None:
    """Numbers of Uniswap/v3-core, test/SqrtPriceMath.spec.ts @ d8b1c635c2."""
    up0 = amount0_delta_raw(ONE, AT_1_21, ETHER, is_rounded_up=True)
    down0 = amount0_delta_raw(ONE, AT_1_21, ETHER, is_rounded_up=False)
    assert (up0, down0) == (90909090909090910, 90909090909090909)
    up1 = amount1_delta_raw(ONE, AT_1_21, ETHER, is_rounded_up=True)
    down1 = amount1_delta_raw(ONE, AT_1_21, ETHER, is_rounded_up=False)
    assert (up1, down1) == (100000000000000000, 99999999999999999)
    # Prices of 2^90 and 2^96.
    low, high = 2**45 * ONE, 2**48 * ONE
    assert amount0_delta_raw(low, high, ETHER, is_rounded_up=True) == 24869
    assert amount0_delta_raw(low, high, ETHER, is_rounded_up=False) == 24868


@pytest.mark.parametrize("delta", [amount0_delta_raw, amount1_delta_raw])
def test_no_move_and_no_liquidity_take_nothing(delta: object) -> None:
    assert callable(delta)
    for is_rounded_up in (True, False):
        assert delta(ONE, ONE, ETHER, is_rounded_up=is_rounded_up) == 0
        assert delta(ONE, 2 * ONE, 0, is_rounded_up=is_rounded_up) == 0
    with pytest.raises(OutOfDomain, match="must not be negative"):
        delta(ONE, 2 * ONE, -1, is_rounded_up=True)
    with pytest.raises(OutOfDomain, match="must not be negative"):
        delta(-1, 2 * ONE, 1, is_rounded_up=True)


def test_down_to_a_price_of_zero_there_is_token1_and_no_end_of_token0() -> None:
    assert amount1_delta_raw(0, ONE, 7, is_rounded_up=False) == 7
    with pytest.raises(OutOfDomain, match="no token0"):
        amount0_delta_raw(0, ONE, 7, is_rounded_up=False)


@given(roots, roots, liquidities)
def test_up_and_down_enclose_the_exact_amount(one: int, other: int, liquidity: int) -> None:
    low, high = sorted((one, other))
    exact0 = Fraction(liquidity * ONE * (high - low), low * high)
    exact1 = Fraction(liquidity * (high - low), ONE)
    for delta, exact, slack in ((amount0_delta_raw, exact0, 2), (amount1_delta_raw, exact1, 1)):
        down = delta(one, other, liquidity, is_rounded_up=False)
        up = delta(other, one, liquidity, is_rounded_up=True)
        assert down <= exact <= up
        assert up - down <= slack


def test_both_divisions_of_token0_round_the_same_way() -> None:
    """L = 1 from 2 to 3 (as roots): 2^96 / 3 is cut, then halved; half a unit is lost or made."""
    third = ONE // 3
    assert ONE % 3 == 1
    assert third % 2 == 1
    assert amount0_delta_raw(2, 3, 1, is_rounded_up=False) == third // 2
    assert amount0_delta_raw(2, 3, 1, is_rounded_up=True) == (third + 1) // 2


# --- prices after a trade ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("liquidity", "amount", "is_zero_for_one", "root_x96"),
    [
        (ETHER, TENTH, False, 87150978765690771352898345369),
        (ETHER, TENTH, True, 72025602285694852357767227579),
        (10 * ETHER, 2**100, True, 624999999995069620),
        # A product that does not fit 256 bits.
        (1, 2**255, True, 1),
        (TENTH, 0, True, ONE),
        (TENTH, 0, False, ONE),
    ],
)
def test_prices_after_paying_in(
    liquidity: int, amount: int, is_zero_for_one: bool, root_x96: int
) -> None:
    """Numbers of Uniswap/v3-core, test/SqrtPriceMath.spec.ts @ d8b1c635c2."""
    after = next_price_from_input_x96(ONE, liquidity, amount, is_zero_for_one=is_zero_for_one)
    assert after == root_x96


def test_where_a_product_does_not_fit_the_pool_divides_first() -> None:
    """``L / (L div p + x)`` in place of ``L p / (L + x p)``, both rounded up."""
    liquidity, price = 2**128 - 1, 2**160 - 1
    most = 2**256 - 1 - liquidity * ONE // price
    # Uniswap/v3-core, test/SqrtPriceMath.spec.ts: no input, however large, underflows the price.
    assert next_price_from_input_x96(price, liquidity, most, is_zero_for_one=True) == 1
    # Dividing first loses what is left over: the price ends a little higher.
    held, price, amount = 10**36 * ONE, 3 * 2**158, 10**30
    assert held + amount * price > 2**256
    at_once = -(-held * price // (held + amount * price))
    after = next_price_from_input_x96(price, 10**36, amount, is_zero_for_one=True)
    assert after == -(-held // (held // price + amount)) > at_once
    # One amount less than would not fit is still divided at once.
    amount = (2**256 - 1 - held) // price
    after = next_price_from_input_x96(price, 10**36, amount, is_zero_for_one=True)
    assert after == -(-held * price // (held + amount * price))


AT_2_16 = 20282409603651670423947251286016  # a price of 2^16


def test_prices_after_taking_out() -> None:
    """Numbers of Uniswap/v3-core, test/SqrtPriceMath.spec.ts @ d8b1c635c2."""
    out = next_price_from_output_x96
    assert out(ONE, ETHER, TENTH, is_zero_for_one=False) == 88031291682515930659493278152
    assert out(ONE, ETHER, TENTH, is_zero_for_one=True) == 71305346262837903834189555302
    assert out(AT_2_16, 1024, 262143, is_zero_for_one=True) == 77371252455336267181195264


@pytest.mark.parametrize(("amount", "is_zero_for_one"), [(4, False), (5, False), (262144, True)])
def test_nobody_takes_all_that_a_pool_has(amount: int, is_zero_for_one: bool) -> None:
    """Uniswap/v3-core, test/SqrtPriceMath.spec.ts: exactly the reserves is already too much."""
    with pytest.raises(OutOfDomain, match="the pool has less"):
        next_price_from_output_x96(AT_2_16, 1024, amount, is_zero_for_one=is_zero_for_one)


@pytest.mark.parametrize("after", [next_price_from_input_x96, next_price_from_output_x96])
def test_pools_without_price_or_liquidity_are_refused(after: object) -> None:
    assert callable(after)
    for price, liquidity, amount in ((0, 1, 1), (1, 0, 1), (1, 1, -1)):
        with pytest.raises(OutOfDomain, match="must"):
            after(price, liquidity, amount, is_zero_for_one=True)


def test_a_price_must_fit_the_pool() -> None:
    """Uniswap/v3-core, test/SqrtPriceMath.spec.ts: an input that overflows the price reverts."""
    with pytest.raises(OutOfDomain, match="160 bits"):
        next_price_from_input_x96(2**160 - 1, 1024, 1024, is_zero_for_one=False)
    with pytest.raises(OutOfDomain, match="160 bits"):
        next_price_from_output_x96(2**159, 2**64, 2**1 - 1, is_zero_for_one=False)


def test_the_smallest_and_the_largest_that_a_pool_takes() -> None:
    paid = next_price_from_input_x96
    assert paid(1, 1, 0, is_zero_for_one=True) == 1
    assert paid(ONE, 1, 1, is_zero_for_one=True) == ONE // 2
    assert paid(2**160 - 2, ONE, 1, is_zero_for_one=False) == 2**160 - 1
    with pytest.raises(OutOfDomain, match="160 bits"):
        paid(2**160 - 2, ONE, 2, is_zero_for_one=False)
    assert next_price_from_output_x96(ONE + 1, 1, 1, is_zero_for_one=True) == 1
    with pytest.raises(OutOfDomain, match="the pool has less"):
        next_price_from_output_x96(ONE, 1, 1, is_zero_for_one=True)


@given(roots, liquidities, st.integers(0, 2**128), st.booleans())
def test_a_price_never_moves_further_than_is_paid_for(
    price: int, liquidity: int, amount: int, is_zero_for_one: bool
) -> None:
    try:
        after = next_price_from_input_x96(price, liquidity, amount, is_zero_for_one=is_zero_for_one)
    except OutOfDomain:
        reject()
    assert (after <= price) if is_zero_for_one else (after >= price)
    delta = amount0_delta_raw if is_zero_for_one else amount1_delta_raw
    assert delta(after, price, liquidity, is_rounded_up=True) <= amount


@given(roots, liquidities, st.integers(0, 2**100), st.booleans())
def test_a_price_always_moves_far_enough_for_what_is_taken(
    price: int, liquidity: int, amount: int, is_zero_for_one: bool
) -> None:
    try:
        after = next_price_from_output_x96(
            price, liquidity, amount, is_zero_for_one=is_zero_for_one
        )
    except OutOfDomain:
        reject()
    assert (after <= price) if is_zero_for_one else (after >= price)
    delta = amount1_delta_raw if is_zero_for_one else amount0_delta_raw
    assert delta(after, price, liquidity, is_rounded_up=False) >= amount


# --- positions ---------------------------------------------------------------------------------

LOW, HIGH = 75541088972021052632782079082, 83095197869223157896060286990


@pytest.mark.parametrize(
    ("price", "liquidity"),
    [(LOW, 1048), (LOW - 1, 1048), (ONE, 2148), (HIGH, 2097), (ONE * 2, 2097)],
)
def test_liquidity_of_a_hundred_and_two_hundred(price: int, liquidity: int) -> None:
    """From 100/110 to 110/100: Uniswap/v3-periphery, test/LiquidityAmounts.spec.ts."""
    for one, other in ((LOW, HIGH), (HIGH, LOW)):
        got = liquidity_for_amounts_raw(price, one, other, amount0_raw=100, amount1_raw=200)
        assert got == liquidity


@pytest.mark.parametrize("at", [(LOW, LOW), (0, HIGH), (-1, HIGH)])
def test_a_range_that_is_none_is_refused(at: tuple[int, int]) -> None:
    with pytest.raises(OutOfDomain, match="a range lies between"):
        liquidity_for_amounts_raw(ONE, *at, amount0_raw=1, amount1_raw=1)


def test_a_token_that_is_not_needed_may_be_none() -> None:
    def bought(price: int, amount0: int, amount1: int) -> int:
        return liquidity_for_amounts_raw(price, LOW, HIGH, amount0_raw=amount0, amount1_raw=amount1)

    assert bought(LOW, 100, 0) == 1048
    assert bought(HIGH, 0, 200) == 2097
    assert bought(ONE, 0, 200) == bought(ONE, 100, 0) == 0


def test_less_than_no_tokens_are_refused() -> None:
    with pytest.raises(OutOfDomain, match="amounts must not be negative"):
        liquidity_for_amounts_raw(ONE, LOW, HIGH, amount0_raw=-1, amount1_raw=1)


@pytest.mark.parametrize(
    ("price", "is_rounded_up", "held"),
    [
        (LOW - 1, False, (99, 0)),
        (LOW, False, (99, 0)),
        (LOW, True, (100, 0)),
        (HIGH, False, (0, 99)),
        (HIGH + 1, True, (0, 100)),
    ],
)
def test_what_a_position_holds(price: int, is_rounded_up: bool, held: tuple[int, int]) -> None:
    """1,048 of liquidity: a hundred of either token at its end."""
    assert amounts_for_liquidity_raw(price, LOW, HIGH, 1048, is_rounded_up=is_rounded_up) == held
    assert amounts_for_liquidity_raw(price, LOW, LOW, 1048, is_rounded_up=is_rounded_up) == (0, 0)


@given(roots, ticks, ticks, st.integers(0, 2**112), st.integers(0, 2**112))
def test_liquidity_never_costs_more_than_was_given(
    price: int, one: int, other: int, amount0: int, amount1: int
) -> None:
    assume(one != other)
    low, high = sorted((sqrt_price_x96_at_tick(one), sqrt_price_x96_at_tick(other)))
    liquidity = liquidity_for_amounts_raw(
        price, low, high, amount0_raw=amount0, amount1_raw=amount1
    )
    paid0, paid1 = amounts_for_liquidity_raw(price, low, high, liquidity, is_rounded_up=True)
    assert paid0 <= amount0
    assert paid1 <= amount1
    got0, got1 = amounts_for_liquidity_raw(price, low, high, liquidity, is_rounded_up=False)
    assert 0 <= paid0 - got0 <= 2
    assert 0 <= paid1 - got1 <= 1


# --- swaps -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "amount", "step"),
    [
        # Not enough liquidity on the way, exact output either way.
        (AT_2_16 * 11 // 10, -4, (AT_2_16 * 11 // 10, 26215, 0, 79)),
        (AT_2_16 * 9 // 10, -263000, (AT_2_16 * 9 // 10, 1, 26214, 1)),
    ],
)
def test_swaps_of_the_peer_suite(target: int, amount: int, step: tuple[int, int, int, int]) -> None:
    """Numbers of Uniswap/v3-core, test/SwapMath.spec.ts @ d8b1c635c2."""
    after, amount_in, amount_out, fee = step
    assert swap_step(AT_2_16, target, 1024, amount, fee_millionths=3_000) == SwapStep(
        sqrt_price_x96=after, amount_in_raw=amount_in, amount_out_raw=amount_out, fee_raw=fee
    )


def test_an_amount_is_used_up_or_a_target_reached() -> None:
    """Halving the root with L = 1000 takes 1000 in (fee 1000 beside it at half) and gives 500."""
    reached = swap_step(ONE, ONE // 2, 1_000, 2_000, fee_millionths=500_000)
    assert reached == SwapStep(
        sqrt_price_x96=ONE // 2, amount_in_raw=1_000, amount_out_raw=500, fee_raw=1_000
    )
    short = swap_step(ONE, ONE // 2, 1_000, 1_999, fee_millionths=500_000)
    assert short.sqrt_price_x96 > ONE // 2
    assert short.amount_in_raw + short.fee_raw == 1_999
    wanted = swap_step(ONE, ONE // 2, 1_000, -500, fee_millionths=0)
    assert (wanted.sqrt_price_x96, wanted.fee_raw) == (ONE // 2, 0)


def test_an_amount_that_just_reaches_the_target_ends_there_and_not_beside_it() -> None:
    """Amounts are rounded: what 37,425 in or 32,543 out move the price to is not this target."""
    target, liquidity = 68895004072788912938913673069, 249_524
    for amount, moved in (
        (37_425, next_price_from_input_x96(ONE, liquidity, 37_425, is_zero_for_one=True)),
        (-32_543, next_price_from_output_x96(ONE, liquidity, 32_543, is_zero_for_one=True)),
    ):
        assert moved != target
        step = swap_step(ONE, target, liquidity, amount, fee_millionths=0)
        assert step.sqrt_price_x96 == target
        assert (step.amount_in_raw, step.amount_out_raw) == (37_425, 32_543)


def test_without_liquidity_the_price_goes_to_the_target_for_nothing() -> None:
    for amount in (100, -100):
        assert swap_step(ONE, 2 * ONE, 0, amount, fee_millionths=3_000) == SwapStep(
            sqrt_price_x96=2 * ONE, amount_in_raw=0, amount_out_raw=0, fee_raw=0
        )


def test_a_fee_of_everything_is_refused() -> None:
    for fee in (-1, 10**6):
        with pytest.raises(OutOfDomain, match="fee"):
            swap_step(ONE, 2 * ONE, 1, 1, fee_millionths=fee)


@given(
    roots,
    roots,
    liquidities,
    st.integers(-(2**128), 2**128),
    st.integers(0, 10**6 - 1),
)
def test_a_step_keeps_its_promises(
    price: int, target: int, liquidity: int, remaining: int, fee: int
) -> None:
    """Invariants of Uniswap/v3-core, contracts/test/SwapMathEchidnaTest.sol."""
    step = swap_step(price, target, liquidity, remaining, fee_millionths=fee)
    after = step.sqrt_price_x96
    assert min(price, target) <= after <= max(price, target)
    if remaining < 0:
        assert step.amount_out_raw <= -remaining
    else:
        assert step.amount_in_raw + step.fee_raw <= remaining
    if after != target:
        used = step.amount_out_raw if remaining < 0 else step.amount_in_raw + step.fee_raw
        assert used == abs(remaining)
    if price == target:
        assert step == SwapStep(sqrt_price_x96=price, amount_in_raw=0, amount_out_raw=0, fee_raw=0)
    # The pool never pays out more than the invariant allows for what came in.
    if price >= target:
        in_up = amount0_delta_raw(after, price, liquidity, is_rounded_up=True)
        out_down = amount1_delta_raw(after, price, liquidity, is_rounded_up=False)
    else:
        in_up = amount1_delta_raw(after, price, liquidity, is_rounded_up=True)
        out_down = amount0_delta_raw(after, price, liquidity, is_rounded_up=False)
    assert step.amount_in_raw == in_up
    assert step.amount_out_raw <= out_down
    assert step.fee_raw * (10**6 - fee) >= step.amount_in_raw * fee
