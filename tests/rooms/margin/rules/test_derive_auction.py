"""Derive's auctions and funding, by what must hold of them and by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.derive import auction, funding


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


def test_an_account_that_has_reached_its_buffer_is_not_for_sale_however_small() -> None:
    assert auction.share_most_frac(0.0, 50.0, 0.9, cutoff_usd=100.0) == 0.0
    assert auction.share_most_frac(0.005, 100.0, 0.9) == 0.0
    assert auction.share_most_frac(-10.0, 0.005, 0.9) < 1.0, "without a cutoff none is too small"


def test_the_fee_of_a_solvent_account_by_hand() -> None:
    """A tenth of the gap of 500 below -100 is -150; 150 of 550 brings it there, of 400 at 5 %."""
    terms = auction.AuctionTerms(
        start_frac=0.95,
        cutoff_frac=0.7,
        fast_s=900.0,
        slow_s=43_200.0,
        insolvent_s=600.0,
        fee_frac=0.05,
        buffer_frac=0.1,
    )
    assert auction.buffer_usd(-100.0, 400.0, 0.1) == pytest.approx(-150.0, rel=1e-15)
    fee = auction.liquidation_fee_usd(-100.0, 400.0, terms)
    assert fee == pytest.approx(400.0 * 150.0 / 550.0 * 0.05, rel=1e-14)
    assert auction.liquidation_fee_usd(-100.0, 0.005, terms) > 0.0
    assert auction.liquidation_fee_usd(-100.0, -5.0, terms) == 0.0


@pytest.mark.parametrize(("elapsed", "length"), [(-1.0, 600.0), (1.0, 0.0)])
def test_an_auction_neither_runs_backwards_nor_takes_no_time(elapsed: float, length: float) -> None:
    with pytest.raises(OutOfDomain, match="seconds must not be negative"):
        auction.insolvent_payout_usd(
            1.0, maintenance_usd=-300.0, value_usd=-100.0, elapsed_s=elapsed, length_s=length
        )


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
