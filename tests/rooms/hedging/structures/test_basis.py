"""Basis, carry and funding: the sheet's figures, venue forms, identities."""

from math import exp, inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.hedging.structures.basis import (
    FundingForm,
    basis,
    break_even_days,
    carry,
    funding_apr,
    no_arbitrage_band,
    premium_frac,
    premium_funding_frac,
)


def test_the_basis_of_the_sheet() -> None:
    found = basis(future_usd=61_200.0, spot_usd=60_000.0, expiry_years=45 / 365)
    assert found.continuous_log_per_year == pytest.approx(0.1606213103, abs=5e-11)
    # 1,200 on 60,000 in 45 days.
    assert found.simple_frac_per_year == pytest.approx(0.02 * 365 / 45, rel=1e-12)
    assert found.annual_frac_per_year == pytest.approx(0.1742402119, abs=5e-11)


def test_the_funding_of_the_sheet() -> None:
    found = funding_apr(funding_frac_per_interval=0.0001, interval_hours=8.0)
    assert found.simple_frac_per_year == pytest.approx(0.1095, abs=1e-15)
    assert found.compound_frac_per_year == pytest.approx(0.1157139628, abs=5e-11)


@given(st.floats(1e-3, 1e6), st.floats(-1.0, 1.0), st.floats(0.1, 10.0))
def test_both_bases_say_the_same_growth(spot: float, over: float, years: float) -> None:
    found = basis(future_usd=spot * exp(over), spot_usd=spot, expiry_years=years)
    assert (1.0 + found.annual_frac_per_year) ** years == pytest.approx(exp(over), rel=1e-9)
    assert found.continuous_log_per_year * years == pytest.approx(over, abs=1e-12)


def test_carry_is_what_is_left_of_the_basis() -> None:
    """2 % of basis in a quarter at 8 %; 0.2 % of cost in a quarter is 0.8 % a year."""
    found = carry(
        basis_frac_per_year=0.08,
        borrow_frac_per_year=0.03,
        cost_frac=0.002,
        holding_years=0.25,
        margin_frac=0.2,
        margin_cost_frac_per_year=0.05,
    )
    assert found.fees_frac_per_year == pytest.approx(-0.008)
    assert found.margin_frac_per_year == pytest.approx(-0.01)
    assert found.net_frac_per_year == pytest.approx(0.08 - 0.03 - 0.008 - 0.01)


def test_break_even() -> None:
    """0.3 % at 0.01 % an interval are thirty intervals: ten days of three."""
    told = {"interval_hours": 8.0}
    assert break_even_days(
        cost_frac=0.003, funding_frac_per_interval=0.0001, **told
    ) == pytest.approx(10.0)
    assert break_even_days(cost_frac=0.0, funding_frac_per_interval=-0.1, **told) == 0.0
    assert break_even_days(cost_frac=0.003, funding_frac_per_interval=0.0, **told) is None
    assert break_even_days(cost_frac=0.003, funding_frac_per_interval=-0.0001, **told) is None
    assert break_even_days(cost_frac=1.0, funding_frac_per_interval=5e-324, **told) is None


BINANCE = FundingForm(interest_frac=0.0001, clamp_frac=0.0005)


@pytest.mark.parametrize(
    ("premium", "rate"),
    [
        (0.0, 0.0001),  # interest alone
        (0.0006, 0.0001),  # the clamp's upper end: 0.0001 - 0.0006 = -0.0005
        (0.0016, 0.0011),  # beyond it funding is the premium less the clamp
        (-0.0004, 0.0001),
        (-0.0014, -0.0009),
    ],
)
def test_binance_form(premium: float, rate: float) -> None:
    assert premium_funding_frac(np.full(5, premium), BINANCE) == pytest.approx(rate, abs=1e-15)


def test_latest_premiums_weigh_most_where_the_venue_says_so() -> None:
    """(1 · 0.004 + 2 · 0.001) / 3 is 0.002, less the clamp."""
    ramped = FundingForm(interest_frac=0.0001, clamp_frac=0.0005, is_ramped=True)
    assert premium_funding_frac(np.array([0.004, 0.001]), ramped) == pytest.approx(0.0015)
    assert premium_funding_frac(np.array([0.004, 0.001]), BINANCE) == pytest.approx(0.002)


def test_an_eighth_is_paid_each_hour() -> None:
    hourly = FundingForm(interest_frac=0.0001, clamp_frac=0.0005, cap_frac=0.32, paid_frac=0.125)
    assert premium_funding_frac(np.array([0.0]), hourly) == pytest.approx(0.0000125)
    assert premium_funding_frac(np.array([0.9]), hourly) == pytest.approx(0.04)


@given(st.floats(-0.01, 0.01), st.floats(1e-5, 1e-3))
def test_deribits_dead_band_is_the_form_without_interest(premium: float, clamp: float) -> None:
    """Funding rate = max(c, P) + min(-c, P), from its page of funding specifications."""
    form = FundingForm(interest_frac=0.0, clamp_frac=clamp)
    told = max(clamp, premium) + min(-clamp, premium)
    assert premium_funding_frac(np.array([premium]), form) == pytest.approx(told, abs=1e-17)


@given(st.lists(st.floats(-0.05, 0.05), min_size=1, max_size=20), st.floats(1e-6, 0.01))
def test_no_rate_is_beyond_its_cap(premiums: list[float], cap: float) -> None:
    form = FundingForm(interest_frac=0.0001, clamp_frac=0.0005, cap_frac=cap)
    assert abs(premium_funding_frac(np.array(premiums), form)) <= cap


def test_premiums_of_a_moment() -> None:
    def of(bid: float, ask: float) -> float:
        return premium_frac(index_usd=100.0, impact_bid_usd=bid, impact_ask_usd=ask)

    assert of(100.4, 100.6) == pytest.approx(0.004)
    assert of(99.2, 99.5) == pytest.approx(-0.005)
    assert of(99.9, 100.1) == 0.0


def test_the_band_of_no_arbitrage() -> None:
    """Interest of 10.95 % against an anchor of 1,095 a year leaves a basis of 1 bp."""
    found = no_arbitrage_band(
        interest_frac_per_year=0.1095, anchoring_frac_per_year=1_095.0, cost_frac=0.001
    )
    assert found.centre_log == pytest.approx(0.0001)
    low, high = found.prices_usd(60_000.0)
    assert low == pytest.approx(60_000.0 * exp(-0.0009))
    assert high == pytest.approx(60_000.0 * exp(0.0011))


@pytest.mark.parametrize("bad", [0.0, -1.0, nan, inf])
def test_what_is_no_price_is_refused_by_name(bad: float) -> None:
    with pytest.raises(OutOfDomain, match="spot_usd"):
        basis(future_usd=1.0, spot_usd=bad, expiry_years=1.0)
    with pytest.raises(OutOfDomain, match="interval_hours"):
        funding_apr(funding_frac_per_interval=0.0, interval_hours=bad)


def test_what_grows_beyond_numbers_is_refused() -> None:
    with pytest.raises(OutOfDomain):
        basis(future_usd=2.0, spot_usd=1.0, expiry_years=1e-6)
    with pytest.raises(OutOfDomain):
        funding_apr(funding_frac_per_interval=10.0, interval_hours=0.01)
    with pytest.raises(OutOfDomain, match="one premium"):
        premium_funding_frac(np.array([]), BINANCE)
    with pytest.raises(OutOfDomain, match="cost_frac"):
        carry(
            basis_frac_per_year=0.1, borrow_frac_per_year=0.0, cost_frac=-0.1, holding_years=1.0,
            margin_frac=0.1, margin_cost_frac_per_year=0.0,
        )  # fmt: skip
