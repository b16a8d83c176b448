"""Closed forms against the grid that solves the same problem without them.

The formulas are first terms of expansions in the cost. Where the band is so wide that gamma changes
within it, they are off by more, and the grid says by how much: of one at-the-money option whose
delta runs from nothing to one, a band of 0.1 coins either way is met to 2 %, one of 0.2 to 6 %, one
of 0.4 to 7 %. The grid's own error is 0.5 % of the width at 400 steps (against 900: 0.3 %).
"""

import math
from math import nan

import pytest
from scipy.stats import norm

from hedgerow.errors import OutOfDomain
from hedgerow.hedging import (
    GridBand,
    utility_grid_band,
    whalley_wilmott_halfwidth_coin,
    zakamouline,
)
from hedgerow.hedging.widths import combined_widths
from tests.golden.read import numbers

SHEET = numbers("hedge_band")
S, VOL, YEARS = float(SHEET["S"]), float(SHEET["sigma"]), float(SHEET["T"])
GAMMA = float(SHEET["gamma"])


def grid(cost: float, aversion: float, **more: float) -> GridBand:
    """Solve for the sheet's option, one of it sold unless told otherwise."""
    given = {"price_usd": S, "strike_usd": S, "vol_frac": VOL, "time_years": YEARS}
    given |= {"quantity_coin": -1.0, "risk_aversion_per_usd": aversion, "cost_frac": cost} | more
    return utility_grid_band(is_call=True, **given)  # type: ignore[arg-type]


def edges(cost: float, aversion: float) -> float:
    return whalley_wilmott_halfwidth_coin(
        cost_frac=cost, price_usd=S, gamma_coin_per_usd=GAMMA, risk_aversion_per_usd=aversion
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cost", "aversion", "within"),
    [
        (5e-4, 1e-4, 0.04),
        (6.25e-5, 1e-5, 0.02),
        pytest.param(6.25e-5, 1e-4, 0.02, marks=pytest.mark.slow),
        pytest.param(5e-4, 1e-5, 0.06, marks=pytest.mark.slow),
        pytest.param(5e-4, 1e-6, 0.07, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("quantity", [-1.0, pytest.param(1.0, marks=pytest.mark.slow)])
def test_whalley_and_wilmott(cost: float, aversion: float, within: float, quantity: float) -> None:
    found = grid(cost, aversion, quantity_coin=quantity)
    assert edges(cost, aversion) == pytest.approx(found.halfwidth_coin, rel=within)
    assert (found.to_low_coin, found.to_high_coin) == (found.low_coin, found.high_coin)
    assert abs(found.centre_coin) < 0.02 * found.halfwidth_coin


@pytest.mark.slow
def test_the_error_goes_as_the_square_of_the_width() -> None:
    """An eighth of the cost is half the band, and about a quarter of the error."""
    off = [abs(edges(cost, 1e-5) / grid(cost, 1e-5).halfwidth_coin - 1) for cost in (5e-4, 6.25e-5)]
    assert 0.1 < off[1] / off[0] < 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cost", "aversion_by_price", "within"),
    [
        (0.01, 10.0, 0.16),
        pytest.param(0.005, 30.0, 0.16, marks=pytest.mark.slow),
        pytest.param(5e-4, 6.0, 0.25, marks=pytest.mark.slow),
    ],
)
def test_zakamouline_is_met_by_what_the_fit_is_good_for(
    cost: float, aversion_by_price: float, within: float
) -> None:
    """At a cost of a hundredth width and centre; at 5 bp it is the coarser of the two formulas."""
    price, vol, years = 100.0, 0.25, 0.5
    gamma = float(norm.pdf(0.5 * vol * math.sqrt(years))) / (price * vol * math.sqrt(years))
    aversion = aversion_by_price / price
    found = grid(
        cost, aversion, price_usd=price, strike_usd=price, vol_frac=vol, time_years=years
    )  # fmt: skip
    fit = zakamouline(
        cost_frac=cost, price_usd=price, gamma_coin_per_usd=-gamma, vol_frac=vol,
        risk_aversion_per_usd=aversion, time_years=years,
    )  # fmt: skip
    assert fit.halfwidth_coin == pytest.approx(found.halfwidth_coin, rel=within)
    if cost >= 0.005:
        # A call is sold: held is its delta at a higher vol, so the displayed sum is above zero.
        d1 = 0.5 * vol * math.sqrt(years)
        centre = float(norm.cdf(fit.vol_factor_frac * d1) - norm.cdf(d1))
        assert found.centre_coin == pytest.approx(centre, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fixed", "cost", "aversion", "within"),
    [
        pytest.param(2.0, 0.0, 1e-4, 0.02, marks=pytest.mark.slow),
        (2.0, 5e-4, 1e-4, 0.02),
        pytest.param(2.0, 5e-4, 1e-5, 0.05, marks=pytest.mark.slow),
        pytest.param(0.25, 6.25e-5, 1e-5, 0.02, marks=pytest.mark.slow),
    ],
)
def test_fixed_costs_and_both(fixed: float, cost: float, aversion: float, within: float) -> None:
    found = grid(cost, aversion, fixed_cost_usd=fixed)
    trigger, gap = combined_widths(
        fixed_cost_usd=fixed, cost_frac=cost, price_usd=S, gamma_coin_per_usd=GAMMA,
        aversion_per_usd=aversion,
    )  # fmt: skip
    assert float(trigger) == pytest.approx(found.halfwidth_coin, rel=within)
    inner = 0.5 * (found.to_high_coin - found.to_low_coin)
    assert inner == pytest.approx(float(trigger - gap), abs=0.05 * float(trigger))


@pytest.mark.slow
def test_a_rate_acts_as_the_formula_says() -> None:
    """Interest of e^{0.3} by expiry narrows the band to e^{-0.1}, at the same forward."""
    at_rate = grid(5e-4, 1e-4, rate_frac_per_year=0.3 / YEARS, price_usd=S * math.exp(-0.3))
    without = grid(5e-4, 1e-4)
    # The forward is the same, so the band in forwards is too: of spot the gamma is e^{0.3} larger.
    assert at_rate.halfwidth_coin == pytest.approx(without.halfwidth_coin, rel=1e-9)
    of_spot = whalley_wilmott_halfwidth_coin(
        cost_frac=5e-4, price_usd=S * math.exp(-0.3), gamma_coin_per_usd=GAMMA * math.exp(0.3),
        risk_aversion_per_usd=1e-4, discount_frac=math.exp(-0.3),
    )  # fmt: skip
    assert of_spot == pytest.approx(edges(5e-4, 1e-4), rel=1e-12)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"price_usd": nan}, "finite numbers"),
        ({"quantity_coin": 0.0}, "some options"),
        ({"cost": 0.0}, "one above it"),
        ({"steps_count": 50}, "a multiple of four"),
        ({"steps_count": 400_000}, "too large"),
        ({"hedges_count": 30, "steps_count": 40}, "apart"),
    ],
)
def test_refused(changed: dict[str, float], message: str) -> None:
    with pytest.raises(OutOfDomain, match=message):
        grid(**{"cost": 5e-4, "aversion": 1e-2} | changed)
