"""What gamma is expected to earn: closed forms, hedged paths of our own, and its break-even."""

from math import erf, log, pi, sqrt

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.hedging import structures

# The sheet, section 9: gamma 0.0004 at 60,000, implied 60 %, a day.
GAMMA, PRICE, IMPLIED = 0.0004, 60_000.0, 0.6
THETA = -0.5 * GAMMA * PRICE**2 * IMPLIED**2 / 365.0


def outlook(**changed: object) -> structures.ScalpOutlook:
    given: dict[str, object] = {
        "gamma_coin_per_usd": GAMMA, "price_usd": PRICE, "theta_usd_per_day": THETA,
        "horizon_days": 1.0, "interval_days": 1.0 / 24.0, "cost_frac": 0.0, "vols_frac": (0.7,),
    }  # fmt: skip
    return structures.scalp_outlook(**(given | changed))  # type: ignore[arg-type]


def test_the_case_of_the_sheet() -> None:
    found = outlook(vols_frac=(0.5, 0.6, 0.7))
    assert found.vol_break_even_frac == pytest.approx(0.6, abs=1e-12)
    assert found.vol_paid_frac == pytest.approx(0.6, abs=1e-12)
    low, at, high = found.rows
    assert at.expected_usd == pytest.approx(0.0, abs=1e-9)
    # ½ · 0.0004 · 60,000² · (0.49 - 0.36) / 365
    assert high.expected_usd == pytest.approx(256.438356, abs=1e-6)
    assert low.expected_usd == pytest.approx(-0.5 * 1.44e6 * 0.11 / 365.0, abs=1e-6)
    assert high.theta_usd == pytest.approx(-710.136986, abs=1e-6)


def test_a_move_of_one_deviation_pays_for_a_day_of_theta() -> None:
    """A day at 40 %: 2.0937 % (0.4 / √365); at 60 % half of gamma times its square is theta."""
    told = {"elapsed_years": 1.0 / 365.0}
    move = structures.break_even_move_frac(vol_implied_frac=0.4, **told)
    assert move == pytest.approx(0.020936954)
    move = structures.break_even_move_frac(vol_implied_frac=IMPLIED, **told)
    assert 0.5 * GAMMA * (move * PRICE) ** 2 == pytest.approx(-THETA, rel=1e-12)
    with pytest.raises(OutOfDomain, match="elapsed_years"):
        structures.break_even_move_frac(vol_implied_frac=0.4, elapsed_years=-1.0)


def test_hedges_and_entry_are_paid_at_the_break_even() -> None:
    found = outlook(cost_frac=0.0005, entry_usd=30.0, horizon_days=5.0)
    assert found.vol_paid_frac is not None
    assert found.vol_paid_frac > found.vol_break_even_frac  # type: ignore[operator]
    again = outlook(
        cost_frac=0.0005, entry_usd=30.0, horizon_days=5.0, vols_frac=(found.vol_paid_frac,)
    )
    assert again.rows[0].expected_usd == pytest.approx(0.0, abs=1e-8)
    # 120 hedges, each of 0.0004 · 60,000 · 0.7 · √(2/(π·8760)) coins at 60,000 and 5 bp.
    traded = 0.0004 * 60_000.0 * 0.7 * sqrt(2.0 / (pi * 8_760.0))
    assert found.rows[0].hedging_usd == pytest.approx(-120 * traded * 60_000.0 * 0.0005)


def test_short_gamma_gains_below_and_costs_bring_that_down() -> None:
    plain = outlook(gamma_coin_per_usd=-GAMMA, theta_usd_per_day=-THETA)
    assert plain.vol_break_even_frac == pytest.approx(0.6, abs=1e-12)
    assert plain.rows[0].expected_usd == pytest.approx(-256.438356, abs=1e-6)
    paid = outlook(gamma_coin_per_usd=-GAMMA, theta_usd_per_day=-THETA, cost_frac=0.0005)
    assert paid.vol_paid_frac is not None
    assert paid.vol_paid_frac < 0.6
    dear = outlook(gamma_coin_per_usd=-GAMMA, theta_usd_per_day=-THETA, entry_usd=10_000.0)
    assert dear.vol_paid_frac is None


@pytest.mark.parametrize("gamma", [0.0, -GAMMA])
def test_no_vol_breaks_even_where_gamma_is_none_or_has_the_sign_of_theta(gamma: float) -> None:
    found = outlook(gamma_coin_per_usd=gamma)
    assert found.vol_break_even_frac is None
    assert found.vol_paid_frac is None


def test_hedged_paths_of_an_option_earn_what_is_expected_of_them() -> None:
    """A call of a quarter at 40 %, hedged six times over a day that moves as 55 % a year."""
    spot, strike, life, implied, realised, steps = 100.0, 100.0, 0.25, 0.4, 0.55, 6
    draws = np.random.default_rng(11).standard_normal((steps, 200_000))
    step = 1.0 / 365.0 / steps

    def d1(at: np.ndarray, left: float) -> np.ndarray:
        return (np.log(at / strike) + 0.5 * implied**2 * left) / (implied * sqrt(left))

    cdf = np.vectorize(lambda x: 0.5 * (1.0 + erf(x / sqrt(2.0))))
    places = np.linspace(80.0, 125.0, 4_001)

    def value(at: np.ndarray, left: float) -> np.ndarray:
        d = d1(places, left)
        worth = places * cdf(d) - strike * cdf(d - implied * sqrt(left))
        return np.asarray(np.interp(at, places, worth))

    def delta(at: np.ndarray, left: float) -> np.ndarray:
        return np.asarray(np.interp(at, places, cdf(d1(places, left))))

    at = np.full(200_000, spot)
    earned = np.zeros(200_000)
    for n in range(steps):
        left = life - n * step
        after = at * np.exp(-0.5 * realised**2 * step + realised * sqrt(step) * draws[n])
        earned += value(after, left - step) - value(at, left) - delta(at, left) * (after - at)
        at = after
    d = (log(spot / strike) + 0.5 * implied**2 * life) / (implied * sqrt(life))
    gamma = np.exp(-0.5 * d * d) / sqrt(2.0 * pi) / (spot * implied * sqrt(life))
    theta = -0.5 * gamma * spot**2 * implied**2 / 365.0
    (row,) = structures.scalp_outlook(
        gamma_coin_per_usd=float(gamma), price_usd=spot, theta_usd_per_day=float(theta),
        horizon_days=1.0, interval_days=1.0 / steps, cost_frac=0.0, vols_frac=(realised,),
    ).rows  # fmt: skip
    error = float(np.std(earned)) / sqrt(200_000)
    assert row.expected_usd == pytest.approx(float(np.mean(earned)), abs=4 * error + 2e-4)
    assert row.deviation_usd == pytest.approx(float(np.std(earned)), rel=0.02)


@pytest.mark.parametrize(
    "changed",
    [
        {"price_usd": 0.0}, {"interval_days": 2.0}, {"cost_frac": -0.1}, {"vols_frac": (-0.1,)},
        {"entry_usd": -1.0}, {"gamma_coin_per_usd": float("nan")}, {"horizon_days": 0.0},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(OutOfDomain):
        outlook(**changed)
