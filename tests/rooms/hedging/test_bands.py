"""The band against the sheet's table (methods.md section 6)."""

from math import exp, nan, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from hedgerow.errors import OutOfDomain
from hedgerow.hedging import (
    leland_vol_frac,
    whalley_wilmott_halfwidth_coin,
    zakamouline,
)
from hedgerow.hedging.widths import combined_widths
from tests.golden.read import numbers

BAND = numbers("hedge_band")
COST, S, GAMMA = float(BAND["cost"]), float(BAND["S"]), float(BAND["gamma"])
VOL, YEARS = float(BAND["sigma"]), float(BAND["T"])


def with_both(
    fixed_usd: float, cost_frac: float, gamma: float = GAMMA, aversion: float = 1e-5
) -> tuple[float, float]:
    """Trigger and target of the band with a fixed cost and one by size."""
    trigger, gap = combined_widths(
        fixed_cost_usd=fixed_usd, cost_frac=cost_frac, price_usd=S, gamma_coin_per_usd=gamma,
        aversion_per_usd=aversion,
    )  # fmt: skip
    return float(trigger), float(trigger - gap)


@pytest.mark.parametrize("row", BAND["rows"], ids=lambda row: row["risk_aversion"])
@pytest.mark.parametrize("sign", [1, -1])
def test_half_widths_of_the_sheet(row: dict[str, str], sign: int) -> None:
    width = whalley_wilmott_halfwidth_coin(
        cost_frac=float(BAND["cost"]),
        price_usd=float(BAND["S"]),
        gamma_coin_per_usd=sign * float(BAND["gamma"]),
        risk_aversion_per_usd=float(row["risk_aversion"]),
    )
    assert width == pytest.approx(float(row["ww"]), rel=1e-12)


def test_without_cost_or_without_gamma_there_is_no_band() -> None:
    for cost, gamma in ((0.0, 1e-5), (5e-4, 0.0)):
        width = whalley_wilmott_halfwidth_coin(
            cost_frac=cost, price_usd=6e4, gamma_coin_per_usd=gamma, risk_aversion_per_usd=1e-6
        )
        assert width == 0.0


@pytest.mark.parametrize(
    ("cost", "price", "aversion"),
    [(-1e-9, 1.0, 1.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (nan, 1.0, 1.0), (0.0, nan, 1.0)],
)
def test_outside_its_domain(cost: float, price: float, aversion: float) -> None:
    with pytest.raises(OutOfDomain, match="the band needs a positive price"):
        whalley_wilmott_halfwidth_coin(
            cost_frac=cost,
            price_usd=price,
            gamma_coin_per_usd=1.0,
            risk_aversion_per_usd=aversion,
        )


@pytest.mark.parametrize("row", BAND["rows"], ids=lambda row: row["risk_aversion"])
@pytest.mark.parametrize("sign", [1, -1])
def test_zakamouline_of_the_sheet(row: dict[str, str], sign: int) -> None:
    found = zakamouline(
        cost_frac=COST,
        price_usd=S,
        gamma_coin_per_usd=sign * GAMMA,
        risk_aversion_per_usd=float(row["risk_aversion"]),
        vol_frac=VOL,
        time_years=YEARS,
    )
    assert found.h0_coin == pytest.approx(float(row["h0"]), rel=1e-9)
    assert found.h1_coin == pytest.approx(float(row["h1"]), rel=1e-9)
    assert found.k_frac == pytest.approx(float(row["k"]), rel=1e-9)
    assert found.halfwidth_coin == found.h0_coin + found.h1_coin
    # Long gamma is hedged as if the vol were lower, short gamma as if it were higher.
    assert found.vol_factor_frac == pytest.approx(sqrt(1 + sign * float(row["k"])), rel=1e-12)
    assert (found.vol_factor_frac < 1) == (sign == 1)


def test_leland_of_the_sheet() -> None:
    """Methods sheet, section 6: a day between hedges, A = 0.0254059386."""
    short, long = (
        leland_vol_frac(
            vol_frac=VOL, cost_frac=COST, interval_years=1 / 365, is_short_gamma=is_short
        )
        for is_short in (True, False)
    )
    assert short == pytest.approx(0.6075739773, abs=5e-11)
    assert long == pytest.approx(0.5923291839, abs=5e-11)
    assert (short / VOL) ** 2 - 1 == pytest.approx(0.0254059386, abs=5e-11)


def test_a_long_gamma_hedged_too_often_has_no_vol() -> None:
    with pytest.raises(OutOfDomain, match="costs more than it earns"):
        leland_vol_frac(vol_frac=VOL, cost_frac=COST, interval_years=1e-6, is_short_gamma=False)
    with pytest.raises(OutOfDomain, match="needs a positive vol and interval"):
        leland_vol_frac(vol_frac=VOL, cost_frac=COST, interval_years=0.0, is_short_gamma=True)


def test_a_discount_enters_as_the_formulas_say() -> None:
    discount = exp(-0.3)
    base = {"gamma_coin_per_usd": GAMMA, "risk_aversion_per_usd": 1e-5}
    width = [
        whalley_wilmott_halfwidth_coin(cost_frac=COST, price_usd=S, **base, discount_frac=each)
        for each in (1.0, discount)
    ]
    assert width[1] / width[0] == pytest.approx(exp(-0.1), rel=1e-12)
    fits = [
        zakamouline(
            cost_frac=COST, price_usd=S, **base, vol_frac=VOL, time_years=YEARS, discount_frac=each
        )
        for each in (1.0, discount)
    ]
    assert fits[1].h1_coin / fits[0].h1_coin == pytest.approx(exp(-0.075), rel=1e-12)
    assert fits[1].k_frac / fits[0].k_frac == pytest.approx(exp(-0.075), rel=1e-12)
    assert fits[1].h0_coin == fits[0].h0_coin


def test_the_reset_band_by_hand() -> None:
    """(12 · 5 · Γ² / γ)^(1/4), with Γ = 4e-5 and γ = 1e-5: (9.6e-3)^(1/4)."""
    assert with_both(5.0, 0.0, gamma=4e-5) == pytest.approx((0.0096**0.25, 0.0), rel=1e-12)


@pytest.mark.parametrize("fixed", [0.01, 1.0, 5.0, 100.0])
@pytest.mark.parametrize("cost", [1e-5, 5e-4, 1e-2])
def test_both_costs_are_where_their_sum_is_least(fixed: float, cost: float) -> None:
    """Against a search that knows the sum alone and not its derivatives."""
    aversion, v = 1e-5, (GAMMA * VOL * S) ** 2

    def paid(place: NDArray[np.float64]) -> float:
        h, share = (float(each) for each in place)
        a = share * h
        if not (h > 0 and 0 <= share < 1):
            return 1e30
        per_trade = fixed + cost * S * (h - a)
        return v * per_trade / (h * h - a * a) + aversion * (VOL * S) ** 2 * (h * h + a * a) / 12

    h, a = with_both(fixed, cost, aversion=aversion)
    searched = minimize(
        paid, np.array([1.2 * h, 0.5]), method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-9, "maxiter": 4000},
    )  # fmt: skip
    assert paid(np.array([h, a / h])) <= searched.fun * (1 + 1e-12)
    assert searched.x[0] == pytest.approx(h, rel=1e-5)
    assert searched.x[1] == pytest.approx(a / h, abs=1e-4)


def test_both_costs_become_either_one_as_the_other_goes() -> None:
    edges = whalley_wilmott_halfwidth_coin(
        cost_frac=COST, price_usd=S, gamma_coin_per_usd=GAMMA, risk_aversion_per_usd=1e-5
    )
    reset = (12.0 * 2.0 * GAMMA**2 / 1e-5) ** 0.25
    assert with_both(0.0, COST) == pytest.approx((edges, edges), rel=1e-12)
    assert with_both(2.0, 0.0) == pytest.approx((reset, 0.0), rel=1e-12)
    # By a third of the power: what is left of the difference is 1e-5 at 1e-15 dollars.
    assert with_both(1e-15, COST) == pytest.approx((edges, edges), rel=1e-5)
    assert with_both(2.0, 1e-12) == pytest.approx((reset, 0.0), abs=1e-8)
    assert with_both(0.0, 0.0) == (0.0, 0.0)


@pytest.mark.parametrize("changed", [
    {"cost_frac": -1e-9}, {"price_usd": 0.0}, {"risk_aversion_per_usd": 0.0},
    {"gamma_coin_per_usd": nan}, {"discount_frac": 0.0},
])  # fmt: skip
def test_outside_the_domain_of_the_others(changed: dict[str, float]) -> None:
    base = {
        "cost_frac": COST, "price_usd": S, "gamma_coin_per_usd": GAMMA,
        "risk_aversion_per_usd": 1e-5,
    } | changed  # fmt: skip
    with pytest.raises(OutOfDomain):
        zakamouline(vol_frac=VOL, time_years=YEARS, **base)


def test_a_cost_beyond_the_fit_has_no_vol() -> None:
    with pytest.raises(OutOfDomain, match="the fit gives no vol"):
        zakamouline(
            cost_frac=0.05, price_usd=S, gamma_coin_per_usd=GAMMA, risk_aversion_per_usd=1.0,
            vol_frac=VOL, time_years=YEARS,
        )  # fmt: skip
