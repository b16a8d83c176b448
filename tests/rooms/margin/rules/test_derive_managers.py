"""Derive's managers, standard and portfolio: by hand, and what must hold of any book."""

from math import exp

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.derive.book import Expiry, OptionLeg, naked_shorts_coin
from hedgerow.margin.rules.derive.options import YEAR_S, black76
from hedgerow.margin.rules.derive.portfolio_v1 import portfolio_margins
from hedgerow.margin.rules.derive.portfolio_v2 import Margins2, margins_v2
from hedgerow.margin.rules.derive.standard import Market, standard_margins
from tests.rooms.margin.rules.derive_accounts import (
    CELLS1,
    CELLS2,
    DAY_S,
    STANDARD,
    V1,
    V2,
    expiry,
    first,
    leg,
    market,
    second,
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


def test_shorts_are_covered_at_their_own_strike_by_either_right() -> None:
    assert naked_shorts_coin([expiry(leg(2_000, -3), leg(2_000, 1, is_call=False))]) == 2.0
    assert naked_shorts_coin([expiry(leg(2_000, -3), leg(2_000, -1, is_call=False))]) == 4.0
    assert naked_shorts_coin([expiry(leg(2_000, -3), leg(2_200, 3))]) == 3.0
    assert naked_shorts_coin([expiry(leg(2_000, -3)), expiry(leg(2_000, 3), seconds=1e6)]) == 3.0
    assert naked_shorts_coin([expiry(leg(2_000, -1), leg(2_000, 3))]) == 0.0


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


def test_a_feed_at_the_threshold_is_as_good_as_sure_in_both_portfolios() -> None:
    """Only what is strictly below it costs initial margin, as in the standard manager."""
    for confidence, is_sure in ((0.6, True), (0.599, False)):
        held = first(expiry(leg(2_300, -1)), perp=2.0)
        unsure = msgspec.structs.replace(held, confidence_spot_frac=confidence)
        sure, now = (portfolio_margins(each, CELLS1, V1) for each in (held, unsure))
        assert (now.initial_usd == sure.initial_usd) is is_sure
        assert now.maintenance_usd == sure.maintenance_usd
    for confidence, is_sure in ((0.55, True), (0.549, False)):
        book = second(expiry(leg(2_300, -1)), perp=2.0)
        doubted = msgspec.structs.replace(book, confidence_spot_frac=confidence)
        certain, then = (margins_v2(each, CELLS2, V2) for each in (book, doubted))
        assert (then.initial_usd == certain.initial_usd) is is_sure
        assert then.maintenance_usd == certain.maintenance_usd


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
