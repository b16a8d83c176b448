"""Derive's rules by what must hold of them, and by cases worked by hand."""

from math import exp, sqrt

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.derive import auction, funding
from hedgerow.margin.rules.derive.book import (
    Expiry,
    OptionLeg,
    naked_shorts_coin,
    split_forward_usd,
    vol_multiplier_frac,
)
from hedgerow.margin.rules.derive.options import YEAR_S, black76, svi_vol_frac
from hedgerow.margin.rules.derive.portfolio_v1 import (
    Portfolio,
    PortfolioParameters,
    Scenario,
    portfolio_margins,
)
from hedgerow.margin.rules.derive.portfolio_v2 import (
    Collateral,
    Margins2,
    Parameters2,
    Portfolio2,
    Scenario2,
    margins_v2,
)
from hedgerow.margin.rules.derive.standard import Market, StandardParameters, standard_margins

DAY_S = 86_400.0

# The deploy scripts' figures (scripts/config-mainnet.sol @ 7736900d39).
STANDARD = StandardParameters(
    perp_initial_frac=0.10,
    perp_maintenance_frac=0.065,
    short_most_frac=0.15,
    short_least_frac=0.13,
    call_maintenance_frac=0.09,
    put_maintenance_frac=0.09,
    put_maintenance_of_value_frac=0.09,
    unpaired_initial_frac=1.2,
    unpaired_maintenance_frac=1.1,
    put_initial_of_maintenance_frac=1.05,
    oracle_threshold_frac=0.55,
    oracle_factor_frac=1.0,
    depeg_threshold_frac=0.99,
    depeg_factor_frac=2.0,
    base_factor_frac=0.8,
    base_initial_scale_frac=0.9375,
)
V1 = PortfolioParameters(
    basis_up_frac=1.05,
    basis_down_frac=0.95,
    basis_add_frac=0.25,
    basis_multiplier_frac=0.01,
    peg_threshold_frac=0.98,
    peg_factor_frac=2.0,
    confidence_threshold_frac=0.6,
    confidence_factor_frac=0.5,
    base_frac=0.02,
    perp_frac=0.02,
    option_frac=0.01,
    initial_factor_frac=1.3,
    discount_base_frac=0.95,
    discount_rate_multiplier_frac=4.0,
    discount_rate_add_frac=0.05,
    vol_up_frac=0.45,
    vol_down_frac=0.3,
    short_power=0.3,
    long_power=0.13,
    floor_s=DAY_S,
)
V2 = Parameters2(
    maintenance_factor_frac=0.8,
    initial_factor_frac=1.0,
    short_rate_multiplier_frac=0.5,
    long_rate_multiplier_frac=1.0,
    short_rate_add_frac=0.08,
    long_rate_add_frac=0.08,
    long_discount_frac=0.95,
    short_discount_frac=1.04,
    basis_up_frac=1.045,
    basis_down_frac=0.955,
    basis_add_frac=0.5,
    basis_multiplier_frac=2.0,
    peg_threshold_frac=0.98,
    peg_factor_frac=2.0,
    confidence_threshold_frac=0.55,
    confidence_factor_frac=1.0,
    perp_maintenance_frac=0.015,
    perp_initial_frac=0.005,
    option_maintenance_frac=0.003,
    option_initial_frac=0.002,
    vol_up_frac=0.5,
    vol_down_frac=0.275,
    short_power=0.3,
    long_power=0.13,
    floor_s=DAY_S,
    vol_up_least_frac=0.45,
    linear_cap_frac=0.15,
    linear_cap_per_root_year_frac=-0.05,
    abs_cap_frac=0.15,
    abs_cap_per_root_year_frac=-0.05,
    skew_least_log=0.01,
    skew_width_frac=4.0,
    skew_static_frac=0.6,
    skew_scale_frac=-0.1,
)
CELLS1 = [
    Scenario(spot_frac=spot, vol_shock=shock)
    for spot in (1.15, 1.05, 1.0, 0.95, 0.85)
    for shock in ("up", "none", "down")
]
CELLS2 = [
    *(Scenario2(spot_frac=each.spot_frac, vol_shock=each.vol_shock) for each in CELLS1),
    Scenario2(spot_frac=3.0, vol_shock="up", dampening_frac=0.0693),
    Scenario2(spot_frac=0.34, vol_shock="up", dampening_frac=0.21),
    Scenario2(spot_frac=1.0, vol_shock="linear"),
    Scenario2(spot_frac=1.0, vol_shock="abs"),
]


def leg(strike: float, quantity: float, *, is_call: bool = True, vol: float = 0.8) -> OptionLeg:
    return OptionLeg(strike_usd=strike, is_call=is_call, quantity_coin=quantity, vol_frac=vol)


def expiry(*legs: OptionLeg, seconds: float = 20 * DAY_S, forward: float = 2_000.0) -> Expiry:
    fixed, variable = split_forward_usd(forward, seconds)
    return Expiry(
        life_s=seconds,
        forward_fixed_usd=fixed,
        forward_variable_usd=variable,
        rate_frac_per_year=0.03,
        confidence_forward_frac=1.0,
        confidence_rate_frac=1.0,
        confidence_vol_frac=1.0,
        legs=legs,
    )


def market(*expiries: Expiry, perp: float = 0.0, base: float = 0.0) -> Market:
    return Market(
        spot_usd=2_000.0,
        confidence_spot_frac=1.0,
        perp_usd=2_010.0,
        confidence_perp_frac=1.0,
        perp_coin=perp,
        perp_unrealised_usd=0.0,
        perp_unsettled_usd=0.0,
        base_coin=base,
        expiries=expiries,
    )


def first(*expiries: Expiry, perp: float = 0.0, base: float = 0.0, cash: float = 0.0) -> Portfolio:
    return Portfolio(
        spot_usd=2_000.0,
        confidence_spot_frac=1.0,
        stable_usd=1.0,
        cash_usd=cash,
        base_coin=base,
        perp_coin=perp,
        perp_usd=2_010.0,
        confidence_perp_frac=1.0,
        perp_unrealised_usd=0.0,
        perp_unsettled_usd=0.0,
        expiries=expiries,
    )


def second(*expiries: Expiry, perp: float = 0.0, coins: float = 0.0) -> Portfolio2:
    eth = Collateral(
        asset="ETH",
        quantity_coin=coins,
        price_usd=2_000.0,
        confidence_frac=1.0,
        haircut_maintenance_frac=0.015,
        haircut_initial_frac=0.005,
        is_risk_cancelling=True,
    )
    return Portfolio2(
        spot_usd=2_000.0,
        confidence_spot_frac=1.0,
        stable_usd=1.0,
        cash_usd=0.0,
        perp_coin=perp,
        perp_usd=2_010.0,
        confidence_perp_frac=1.0,
        perp_unrealised_usd=0.0,
        perp_unsettled_usd=0.0,
        collaterals=(eth,) if coins else (),
        expiries=expiries,
    )


def standard(*markets: Market, cash: float = 0.0, stable: float = 1.0) -> tuple[float, float]:
    found = standard_margins(markets, cash_usd=cash, stable_usd=stable, parameters=STANDARD)
    return found.initial_usd, found.maintenance_usd


LEGS = st.lists(
    st.builds(
        leg,
        st.sampled_from([1_200.0, 1_800.0, 2_000.0, 2_200.0, 3_000.0]),
        st.floats(-5.0, 5.0).filter(lambda x: x == 0 or abs(x) > 1e-3),
        is_call=st.booleans(),
        vol=st.floats(0.2, 2.0),
    ),
    max_size=5,
)


# --- options ------------------------------------------------------------------------------------


@given(
    st.floats(0.0, 1e5), st.floats(0.0, 1e5), st.floats(0.0, 30.0), st.floats(0.0, 5e7),
    st.floats(0.5, 1.0),
)  # fmt: skip
def test_parity_and_bounds_hold_at_every_edge(
    forward: float, strike: float, vol: float, seconds: float, discount: float
) -> None:
    got = black76(forward, strike, vol, seconds, discount)
    call, put = float(got.call_usd), float(got.put_usd)
    assert 0.0 <= call <= discount * forward
    assert 0.0 <= put <= discount * strike
    assert call - put == pytest.approx(
        discount * (forward - strike), abs=1e-9 * (1 + forward + strike)
    )
    assert 0.0 <= float(got.call_delta_frac) <= 1.0


def test_edges_of_black_are_those_of_the_contract() -> None:
    def both(*terms: float) -> tuple[float, float]:
        got = black76(*terms)
        return float(got.call_usd), float(got.put_usd)

    assert both(1_000.0, 0.0, 0.8, DAY_S, 0.9) == (900.0, 0.0)
    assert both(0.0, 1_000.0, 0.8, DAY_S, 0.9) == (0.0, 900.0)
    assert both(1_200.0, 1_000.0, 0.8, 0.0) == (200.0, 0.0)
    assert both(1_000.0, 1_200.0, 0.0, DAY_S) == (0.0, 200.0)
    # From a total deviation of 24: a vol of 24 for a year.
    assert both(1_000.0, 700.0, 24.0, YEAR_S, 0.98) == (980.0, 0.98 * 700.0)
    assert both(1_000.0, 700.0, 5.0, YEAR_S)[0] < 1_000.0


def test_black_at_the_money_is_twice_a_tail() -> None:
    s = 0.8 * sqrt(20 / 365)
    want = 2_000.0 * (2.0 * float(ndtr(0.5 * s)) - 1.0)
    assert float(black76(2_000.0, 2_000.0, 0.8, 20 * DAY_S).call_usd) == pytest.approx(
        want, rel=1e-13
    )


def test_wings_of_svi_are_flat_beyond_four_deviations() -> None:
    slice_ = {"a": 0.01, "b": 0.02, "rho": -0.1, "m": 0.0, "sigma": 0.1, "tau_years": 0.1}
    reach = 4.0 * sqrt(0.01 + 0.02 * 0.1)
    edge, far = 2_000.0 * exp(reach), 2_000.0 * exp(2.0 * reach)
    assert svi_vol_frac(far, 2_000.0, **slice_) == svi_vol_frac(edge * 1.0000001, 2_000.0, **slice_)
    assert svi_vol_frac(edge * 0.99, 2_000.0, **slice_) < svi_vol_frac(far, 2_000.0, **slice_)
    assert svi_vol_frac(0.0, 2_000.0, **slice_) == 0.0
    with pytest.raises(OutOfDomain, match="negative"):
        svi_vol_frac(2_000.0, 2_000.0, **(slice_ | {"a": -0.0019, "rho": 0.999, "m": 1.0}))


def test_the_forward_is_fixed_second_by_second_in_the_last_half_hour() -> None:
    assert split_forward_usd(2_000.0, 1_800.0) == (0.0, 2_000.0)
    assert split_forward_usd(2_000.0, 1_801.0) == (0.0, 2_000.0)
    assert split_forward_usd(2_000.0, 450.0) == (1_500.0, 500.0)
    assert split_forward_usd(2_000.0, 0.0) == (2_000.0, 0.0)
    with pytest.raises(OutOfDomain):
        split_forward_usd(2_000.0, -1.0)


def test_vol_shocks_turn_at_thirty_days_and_rest_below_their_floor() -> None:
    seconds = np.array([0.5, 1.0, 30.0, 60.0]) * DAY_S
    got = vol_multiplier_frac(seconds, 0.45, short_power=0.3, long_power=0.13, floor_s=DAY_S)
    assert got.tolist() == pytest.approx(
        [1 + 0.45 * 30**0.3, 1 + 0.45 * 30**0.3, 1.45, 1 + 0.45 * 0.5**0.13], rel=1e-14
    )
    down = vol_multiplier_frac(seconds, -0.5, short_power=0.3, long_power=0.13, floor_s=DAY_S)
    assert down[0] == 0.0  # 1 - 0.5 · 30^0.3 is below it


def test_shorts_are_covered_at_their_own_strike_by_either_right() -> None:
    assert naked_shorts_coin([expiry(leg(2_000, -3), leg(2_000, 1, is_call=False))]) == 2.0
    assert naked_shorts_coin([expiry(leg(2_000, -3), leg(2_000, -1, is_call=False))]) == 4.0
    assert naked_shorts_coin([expiry(leg(2_000, -3), leg(2_200, 3))]) == 3.0
    assert naked_shorts_coin([expiry(leg(2_000, -3)), expiry(leg(2_000, 3), seconds=1e6)]) == 3.0
    assert naked_shorts_coin([expiry(leg(2_000, -1), leg(2_000, 3))]) == 0.0


# --- standard manager ---------------------------------------------------------------------------


def test_a_short_call_by_hand() -> None:
    held = market(expiry(leg(2_300, -1)))
    worth = -float(black76(2_000.0, 2_300.0, 0.8, 20 * DAY_S).call_usd)
    initial, maintenance = standard(held, cash=1_000.0)
    # 15 % out of the money: 0.15 - 0.15 is less than the least, 0.13.
    assert initial == pytest.approx(1_000.0 + worth - 0.13 * 2_000.0, rel=1e-12)
    assert maintenance == pytest.approx(1_000.0 + worth - 0.09 * 2_000.0, rel=1e-12)


def test_a_spread_needs_no_more_than_it_can_lose() -> None:
    initial, maintenance = standard(market(expiry(leg(2_000, -1), leg(2_050, 1))))
    assert initial == maintenance == pytest.approx(-50.0)
    # Unpaired calls may lose without end: the greatest loss grows by 1.2 forwards a call.
    initial, _ = standard(market(expiry(leg(100, -1, vol=0.1))))
    assert initial == pytest.approx(-1_900.0 - 0.15 * 2_000.0)


def test_a_deep_put_takes_the_larger_of_two_requirements() -> None:
    value = float(black76(2_000.0, 4_000.0, 0.3, 20 * DAY_S).put_usd)
    initial, maintenance = standard(market(expiry(leg(4_000, -1, is_call=False, vol=0.3))))
    assert maintenance == pytest.approx(-value - max(0.09 * 2_000.0, 0.09 * value))
    assert initial == pytest.approx(min(-value - 0.15 * 2_000.0, 1.05 * maintenance))


def test_a_stable_coin_off_its_peg_and_an_unsure_feed_cost_initial_margin_only() -> None:
    sure = market(expiry(leg(2_300, -1)), perp=2.0)
    before = standard(sure)
    after = standard(sure, stable=0.9)
    assert after[0] == pytest.approx(before[0] - 0.09 * 2.0 * 3.0 * 2_000.0)
    assert after[1] == before[1]
    unsure = msgspec.structs.replace(sure, confidence_spot_frac=0.5)
    after = standard(unsure)
    assert after[0] == pytest.approx(before[0] - 0.5 * 2_000.0 * 2.0 - 0.5 * 2_000.0)
    assert after[1] == before[1]
    at_threshold = msgspec.structs.replace(sure, confidence_spot_frac=0.55)
    assert standard(at_threshold) == before  # strictly below it, or nothing


@given(LEGS, st.floats(-5.0, 5.0), st.floats(1.0, 10.0))
def test_the_standard_requirement_scales_with_the_book(
    legs: list[OptionLeg], perp: float, factor: float
) -> None:
    many = [
        msgspec.structs.replace(each, quantity_coin=factor * each.quantity_coin) for each in legs
    ]
    one = standard(market(expiry(*legs), perp=perp))
    more = standard(market(expiry(*many), perp=factor * perp))
    assert more == pytest.approx(tuple(factor * each for each in one), rel=1e-9, abs=1e-6)
    assert one[0] <= one[1] + 1e-9


# --- portfolio margin ---------------------------------------------------------------------------


@given(LEGS, st.floats(-5.0, 5.0), st.floats(1.0, 10.0))
def test_portfolio_requirements_scale_with_the_book(
    legs: list[OptionLeg], perp: float, factor: float
) -> None:
    many = [
        msgspec.structs.replace(each, quantity_coin=factor * each.quantity_coin) for each in legs
    ]
    for one, more in (
        (
            portfolio_margins(first(expiry(*legs), perp=perp), CELLS1, V1),
            portfolio_margins(first(expiry(*many), perp=factor * perp), CELLS1, V1),
        ),
        (
            margins_v2(second(expiry(*legs), perp=perp), CELLS2, V2),
            margins_v2(second(expiry(*many), perp=factor * perp), CELLS2, V2),
        ),
    ):
        assert more.maintenance_usd == pytest.approx(
            factor * one.maintenance_usd, rel=1e-9, abs=1e-6
        )
        assert more.initial_usd == pytest.approx(factor * one.initial_usd, rel=1e-9, abs=1e-6)
        assert one.initial_usd <= one.maintenance_usd + 1e-9


@given(LEGS, LEGS, st.randoms(use_true_random=False))
def test_the_order_of_legs_and_expiries_changes_nothing(
    legs: list[OptionLeg], others: list[OptionLeg], chance: object
) -> None:
    near, far = expiry(*legs), expiry(*others, seconds=90 * DAY_S)
    turned = expiry(*reversed(others), seconds=90 * DAY_S), expiry(*reversed(legs))
    for one, other in (
        (
            portfolio_margins(first(near, far), CELLS1, V1),
            portfolio_margins(first(*turned), CELLS1, V1),
        ),
        (margins_v2(second(near, far), CELLS2, V2), margins_v2(second(*turned), CELLS2, V2)),
    ):
        assert one.maintenance_usd == pytest.approx(other.maintenance_usd, rel=1e-9, abs=1e-7)
        assert one.initial_usd == pytest.approx(other.initial_usd, rel=1e-9, abs=1e-7)


def test_a_perpetual_by_hand() -> None:
    got = portfolio_margins(first(perp=-2.0), CELLS1, V1)
    assert got.worst_index == 0
    assert got.maintenance_usd == pytest.approx(-2.0 * 2_010.0 * 0.15 - 2.0 * 2_000.0 * 0.02)
    assert got.initial_usd == pytest.approx(1.3 * got.maintenance_usd)
    two = margins_v2(second(perp=-2.0), CELLS2, V2)
    # Three times the price, dampened to 0.0693, loses less than 15 % does.
    worst = -2.0 * 2_010.0 * 0.15
    held = 2.0 * 2_000.0
    assert two.maintenance_usd == pytest.approx(0.8 * worst - 0.015 * held)
    assert two.initial_usd == pytest.approx(worst - 0.02 * held)


def test_contingencies_stand_inside_the_factor_first_and_outside_it_later() -> None:
    bare = portfolio_margins(first(expiry(leg(2_000, -1))), CELLS1, V1)
    worst = min(*bare.scenarios_usd, bare.basis_usd)
    assert bare.initial_usd == pytest.approx(1.3 * (worst - 20.0) + bare.value_usd)
    later = margins_v2(second(expiry(leg(2_000, -1))), CELLS2, V2)
    worst = min(*later.scenarios_usd, later.basis_usd)
    assert later.maintenance_usd == pytest.approx(0.8 * worst - 6.0 + later.options_usd)
    assert later.initial_usd == pytest.approx(worst - 10.0 + later.options_usd)


def test_a_peg_that_is_lost_raises_the_factor_not_the_contingencies() -> None:
    held = msgspec.structs.replace(second(expiry(leg(2_000, -1))), stable_usd=0.88)
    got = margins_v2(held, CELLS2, V2)
    worst = min(*got.scenarios_usd, got.basis_usd)
    assert got.initial_usd == pytest.approx(worst * (1.0 + 0.1 * 2.0) - 10.0 + got.options_usd)
    assert got.maintenance_usd == pytest.approx(0.8 * worst - 6.0 + got.options_usd)


def v2_of(*expiries: Expiry) -> Margins2:
    return margins_v2(second(*expiries), CELLS2, V2)


def test_skew_never_nets_between_expiries() -> None:
    near, far = expiry(leg(2_600, 5)), expiry(leg(2_600, -5), seconds=200 * DAY_S)
    at = next(i for i, each in enumerate(CELLS2) if each.vol_shock == "linear")
    alone = v2_of(near).scenarios_usd[at], v2_of(far).scenarios_usd[at]
    assert all(each < 0.0 for each in alone)
    assert v2_of(near, far).scenarios_usd[at] == pytest.approx(sum(alone))


def test_what_is_owed_never_costs_more_than_its_undiscounted_amount() -> None:
    short = expiry(leg(1.0, -1.0, vol=0.01), seconds=YEAR_S)
    still = next(i for i, e in enumerate(CELLS2) if e.spot_frac == 1.0 and e.vol_shock == "none")
    got = v2_of(short)
    # A call as good as the forward: 1,999 discounted; 1.04·e^(0.095) exceeds 1/D, which caps it.
    assert got.options_usd == pytest.approx(-1_999.0 * exp(-0.03), rel=1e-12)
    assert got.scenarios_usd[still] == pytest.approx(-1_999.0 - got.options_usd, rel=1e-12)


def test_risk_cancelling_collateral_offsets_a_short_call() -> None:
    naked = v2_of(expiry(leg(2_000, -1)))
    covered = margins_v2(second(expiry(leg(2_000, -1)), coins=1.0), CELLS2, V2)
    assert covered.maintenance_usd > naked.maintenance_usd + 0.9 * 2_000.0


@pytest.mark.parametrize("change", [{"spot_usd": 0.0}, {"stable_usd": 0.0}])
def test_impossible_feeds_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(OutOfDomain):
        portfolio_margins(msgspec.structs.replace(first(), **change), CELLS1, V1)
    with pytest.raises(OutOfDomain):
        margins_v2(msgspec.structs.replace(second(), **change), CELLS2, V2)
    with pytest.raises(OutOfDomain):
        portfolio_margins(first(), [], V1)


# --- auctions and funding -----------------------------------------------------------------------


def test_the_discount_falls_fast_then_slowly_to_nothing() -> None:
    curve = {"start_frac": 0.95, "cutoff_frac": 0.7, "fast_s": 900.0, "slow_s": 43_200.0}
    want = {0.0: 0.95, 450.0: 0.825, 900.0: 0.7, 22_500.0: 0.35, 44_100.0: 0.0, 1e6: 0.0}
    for elapsed, discount in want.items():
        assert auction.discount_frac(elapsed, **curve) == pytest.approx(discount, abs=1e-15)
    with pytest.raises(OutOfDomain):
        auction.discount_frac(-1.0, **curve)


@given(
    st.floats(-1e4, -1.0), st.floats(1.0, 1e4), st.floats(0.0, 0.5), st.floats(0.05, 1.0),
    st.floats(0.0, 0.9),
)  # fmt: skip
def test_the_largest_share_brings_the_account_to_its_buffer(
    maintenance: float, value: float, buffer: float, discount: float, part: float
) -> None:
    """What a share f leaves: (1 - f) of margins, f of the reserved cash, and the payment."""
    reserved = part * value
    margin = auction.buffer_usd(maintenance, value, buffer)
    share = auction.share_most_frac(margin, value, discount, reserved)
    assert 0.0 < share <= 1.0
    paid = auction.cash_from_bidder_usd(share, value, discount, reserved)
    left = (1.0 - share) * margin + share * reserved + paid
    assert left == pytest.approx(0.0, abs=1e-9 * (value - margin))


def test_small_accounts_go_whole_and_healthy_ones_not_at_all() -> None:
    assert auction.share_most_frac(-10.0, 99.0, 0.9, cutoff_usd=100.0) == 1.0
    assert auction.share_most_frac(-10.0, 100.0, 0.9, cutoff_usd=100.0) < 1.0
    assert auction.share_most_frac(0.0, 100.0, 0.9) == 0.0


@pytest.mark.parametrize(
    ("value", "elapsed", "want"),
    [(-100.0, 0.0, 100.0), (-100.0, 300.0, 200.0), (-100.0, 900.0, 300.0), (50.0, 0.0, 0.0),
     (50.0, 300.0, 150.0)],
)  # fmt: skip
def test_an_insolvent_account_pays_its_taker_more_with_time(
    value: float, elapsed: float, want: float
) -> None:
    got = auction.insolvent_payout_usd(
        1.0, maintenance_usd=-300.0, value_usd=value, elapsed_s=elapsed, length_s=600.0
    )
    assert got == pytest.approx(want)


def test_withdrawals_stop_only_when_the_module_cannot_pay() -> None:
    assert auction.are_withdrawals_blocked([-300.0, -300.0], 599.0)
    assert not auction.are_withdrawals_blocked([-300.0, -300.0], 600.0)
    assert not auction.are_withdrawals_blocked([], 0.0)


def test_funding_is_worn_down_over_hours_capped_and_paid_by_longs() -> None:
    terms = {
        "index_usd": 2_000.0, "convergence_h": 8.0, "static_frac": 0.0000125,
        "least_frac": -0.004, "most_frac": 0.004,
    }  # fmt: skip

    def rate(bid: float, ask: float) -> float:
        return funding.hourly_rate_frac(impact_bid_usd=bid, impact_ask_usd=ask, **terms)

    assert rate(2_008.0, 2_010.0) == pytest.approx(0.0005 + 0.0000125)
    assert rate(1_990.0, 1_992.0) == pytest.approx(-0.0005 + 0.0000125)
    assert rate(1_999.0, 2_001.0) == pytest.approx(0.0000125)
    assert rate(2_200.0, 2_201.0) == 0.004
    assert rate(1_800.0, 1_801.0) == -0.004
    with pytest.raises(OutOfDomain, match="below impact bid"):
        rate(2_000.0, 1_999.0)
    assert funding.payment_usd(2.0, rate_frac=0.0005, hours=3.0, index_usd=2_000.0) == -6.0
