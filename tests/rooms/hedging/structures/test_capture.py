"""Funding capture: blocks, what pasts bring, the short leg's liquidation, the sheet's figures."""

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.hedging.structures.blocks import block_count, rows_drawn
from hedgerow.hedging.structures.capture import (
    CarryPast,
    basis_blowout,
    funding_outlook,
    margin_draw,
    short_leg,
)
from hedgerow.hedging.structures.capture_walk import funding_walk

Floats = NDArray[np.float64]
YEARS_7D = 7.0 / 365.0


def _rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def _remembering(phi: float, count: int, seed: int) -> Floats:
    shocks = _rng(seed).standard_normal(count + 200)
    x = np.zeros(count + 200)
    for i in range(1, len(x)):
        x[i] = phi * x[i - 1] + shocks[i]
    return x[200:]


@pytest.mark.parametrize("phi", [0.3, 0.6, 0.8])
def test_blocks_of_an_autoregression_are_as_long_as_theory_has_them(phi: float) -> None:
    """(2φ/(1-φ²))^(2/3) n^(1/3): Politis and White, for the stationary bootstrap."""
    n = 4_000
    wanted = (2.0 * phi / (1.0 - phi**2)) ** (2.0 / 3.0) * n ** (1.0 / 3.0)
    found = np.mean([block_count(_remembering(phi, n, seed)) for seed in range(20)])
    assert found == pytest.approx(wanted, rel=0.25)


def test_what_forgets_is_drawn_row_by_row() -> None:
    found = [block_count(_rng(seed).standard_normal(2_000)) for seed in range(20)]
    assert np.median(found) < 3.0
    assert block_count(np.full(50, 0.1)) == 1.0


def test_rows_are_drawn_in_runs_around_the_end() -> None:
    at = rows_drawn(100, 1_000, 10.0, 200, _rng())
    follows = (at[:, 1:] - at[:, :-1]) % 100 == 1
    # A run goes on nine times in ten, and one time in a hundred the next block follows by chance.
    assert np.mean(follows) == pytest.approx(0.9 + 0.1 / 100, abs=0.002)
    assert np.bincount(at.ravel(), minlength=100).min() > 1_000


def test_expected_and_stressed_of_a_steady_rate_are_that_rate() -> None:
    past = CarryPast(np.full(60, 0.0001), 8.0)
    found = funding_outlook(past, holding_count=90, cost_frac=0.003, rng=_rng())
    cost = 0.003 * 1_095 / 90
    assert found.expected_frac_per_year == pytest.approx(0.1095 - cost)
    assert found.stressed_frac_per_year == pytest.approx(0.1095 - cost)
    assert (found.paying_frac, found.paying_count_max) == (0.0, 0)
    assert found.past_error_frac_per_year == 0.0
    assert found.past_frac_per_year == pytest.approx(0.1095 - cost)


def test_memory_makes_the_stress_worse() -> None:
    """The same rates, in their order and shuffled: what hangs together does not average out."""
    rates = 0.0001 + 0.0002 * _remembering(0.9, 3_000, 5)
    past = CarryPast(rates, 8.0)
    mixed = replace(past, funding_frac=_rng(1).permutation(rates))
    told, other = (
        funding_outlook(each, holding_count=90, cost_frac=0.0, rng=_rng(), draws_count=20_000)
        for each in (past, mixed)
    )
    assert told.past_frac_per_year == pytest.approx(other.past_frac_per_year)
    # The last week paid about what the whole past did, so what begins there does too.
    assert told.expected_frac_per_year == pytest.approx(told.past_frac_per_year, abs=0.01)
    spread = told.expected_frac_per_year - told.stressed_frac_per_year
    assert spread > 2.5 * (other.expected_frac_per_year - other.stressed_frac_per_year)
    # The long-run deviation of an autoregression is σ/(1-φ): the mean of 90 has it over √90.
    wanted = 1.645 * 0.0002 / (1.0 - 0.9) / sqrt(90) * 1_095
    assert spread == pytest.approx(wanted, rel=0.2)


def test_what_is_expected_begins_where_funding_is_now() -> None:
    """A year of 5 bp and one of half a bp: what follows quiet is quiet, and mania a mania."""
    rates = np.concatenate([np.full(1_000, 0.0005), np.full(1_000, 0.00005)])
    rates += 1e-5 * _rng(2).standard_normal(2_000)
    quiet_now, mania_now = (
        funding_outlook(CarryPast(each, 8.0), holding_count=21, cost_frac=0.0, rng=_rng())
        for each in (rates, rates[::-1])
    )
    # A block may end within the holding, and the next begin anywhere: a seventh of them do.
    quiet, mania = 0.00005 * 1_095, 0.0005 * 1_095
    strayed = 0.15 * (mania - quiet) / 2
    assert quiet * 0.95 < quiet_now.expected_frac_per_year < quiet + strayed
    assert mania - strayed < mania_now.expected_frac_per_year < mania * 1.05
    assert quiet_now.past_frac_per_year == pytest.approx(mania_now.past_frac_per_year)


def test_a_walk_through_what_forgets_misses_as_often_as_it_says() -> None:
    rates = 0.0001 + 0.0003 * _rng(8).standard_normal(6_000)
    found = funding_walk(
        CarryPast(rates, 8.0), holding_count=21, cost_frac=0.001, warm_count=1_095, rng=_rng()
    )
    assert not isinstance(found, Failure)
    assert found.holdings_count == (6_000 - 1_095) // 21
    assert found.missed_count / found.holdings_count == pytest.approx(0.05, abs=0.03)
    assert found.chance_frac > 0.01
    came = rates[6_000 - 21 * found.holdings_count :].reshape(-1, 21).sum(axis=1) - 0.001
    assert found.mean_frac_per_year == pytest.approx(np.mean(came) * 1_095 / 21)
    assert found.worst_frac_per_year == pytest.approx(np.min(came) * 1_095 / 21)
    assert found.losing_count == np.count_nonzero(came < 0.0)


def test_a_walk_says_where_a_past_was_no_guide() -> None:
    """Funding that falls for years is below what came before it more often than foretold."""
    rates = np.linspace(0.001, -0.0005, 4_000) + 1e-5 * _rng(8).standard_normal(4_000)
    found = funding_walk(
        CarryPast(rates, 8.0), holding_count=90, cost_frac=0.0, warm_count=1_000, rng=_rng()
    )
    assert not isinstance(found, Failure)
    assert found.missed_count > 0.5 * found.holdings_count
    assert found.chance_frac < 1e-6


def test_a_walk_knows_nothing_of_what_comes_after() -> None:
    """The last holding changed, all others stand as they were."""
    rates = 0.0001 + 0.0003 * _rng(8).standard_normal(1_500)
    other = rates.copy()
    other[-21:] = -0.01
    walks = [
        funding_walk(
            CarryPast(each, 8.0), holding_count=21, cost_frac=0.0, warm_count=1_000, rng=_rng()
        )
        for each in (rates, other)
    ]
    first, second = walks
    assert not isinstance(first, Failure)
    assert not isinstance(second, Failure)
    assert second.missed_count - first.missed_count in (0, 1)
    assert second.worst_frac_per_year == pytest.approx(-10.95)


def test_too_short_a_walk_is_none() -> None:
    found = funding_walk(
        CarryPast(np.full(200, 0.0001), 8.0), holding_count=21, cost_frac=0.0, warm_count=100,
        rng=_rng(),
    )  # fmt: skip
    assert isinstance(found, Failure)
    assert "4 holdings fit" in found.message


def test_flips_are_counted() -> None:
    rates = np.tile([0.0001, 0.0001, -0.0001, -0.0002, -0.0001], 12)
    found = funding_outlook(CarryPast(rates, 8.0), holding_count=10, cost_frac=0.0, rng=_rng())
    assert found.paying_frac == pytest.approx(0.6)
    assert found.paying_count_max == 3
    assert found.flips_count_per_year == pytest.approx(23 / 59 * 1_095)


def test_the_same_generator_draws_the_same() -> None:
    past = CarryPast(0.0001 * _remembering(0.5, 500, 1), 8.0)
    first, second = (
        funding_outlook(past, holding_count=30, cost_frac=0.0, rng=_rng()) for _ in range(2)
    )
    assert first == second


def _walk(count: int, vol: float, seed: int) -> tuple[Floats, Floats]:
    """Steps of eight hours, each watched at eight times."""
    fine = vol * sqrt(1 / 8_760) * _rng(seed).standard_normal((count, 8))
    inside = np.cumsum(fine, axis=1)
    return inside[:, -1], np.maximum(inside.max(axis=1), 0.0)


def test_margin_drawn_over_a_past_without_memory_is_that_of_its_closed_form() -> None:
    """A lognormal price of vol 60 %, short at 5 times for seven days: 3.0 % (sheet, 16.2)."""
    close, high = _walk(20_000, 0.6, 2)
    close = close - close.mean() - 0.5 * 0.36 / 1_095
    past = CarryPast(np.zeros(20_000), 8.0, close, np.maximum(high, close))
    found = margin_draw(
        past, holding_count=21, leverage_frac=5.0, maintenance_frac=0.005, rng=_rng(),
        draws_count=40_000,
    )  # fmt: skip
    assert not isinstance(found, Failure)
    # Watched each hour, not always: the barrier lies 0.5826 deviations of an hour farther away.
    assert found.liquidated_frac == pytest.approx(0.0300201, rel=0.15)
    assert found.liquidated_frac <= 0.0300201 * 1.05
    assert found.liquidated_frac_max >= found.liquidated_frac
    assert 0.0 < found.mean_frac < found.stressed_frac < found.most_frac


def test_without_marks_margin_is_unknown() -> None:
    past = CarryPast(np.full(60, 0.0001), 8.0)
    found = margin_draw(
        past, holding_count=3, leverage_frac=5.0, maintenance_frac=0.005, rng=_rng()
    )
    assert isinstance(found, Failure)
    assert found.reason == "missing_data"


def test_the_short_leg_of_the_sheet() -> None:
    """16.2: vol 60 %, no growth, seven days, half a per cent: 5, 10 and 20 times short."""
    for leverage, wanted in ((5.0, 0.0300201), (10.0, 0.2646636), (20.0, 0.5849542)):
        found = short_leg(
            leverage_frac=leverage, maintenance_frac=0.005, alarm_frac=0.5, vol_frac=0.6,
            horizon_years=YEARS_7D, transit_s=0.0,
        )  # fmt: skip
        assert found.unattended_frac == pytest.approx(wanted, abs=5e-8)
        assert found.distance_log == pytest.approx(log((1.0 + 1.0 / leverage) / 1.005))
        assert found.liquidated_frac == 0.0  # money that is there at once is never late


def test_a_late_top_up_by_simulation() -> None:
    """Alarm after half of the way, money two days after: paths watched every quarter of an hour."""
    found = short_leg(
        leverage_frac=10.0, maintenance_frac=0.005, alarm_frac=0.5, vol_frac=0.8,
        horizon_years=YEARS_7D, transit_s=2 * 86_400.0,
    )  # fmt: skip
    steps, paths = 7 * 96, 20_000
    dt = YEARS_7D / steps
    rng = _rng(11)
    # Two days more than the horizon, for alarms at its end.
    total = steps + 2 * 96
    level = np.zeros(paths)
    alarmed = np.full(paths, -1)
    gone = np.zeros(paths, dtype=np.bool_)
    for step in range(total):
        level += -0.32 * dt + 0.8 * sqrt(dt) * rng.standard_normal(paths)
        is_new = (alarmed < 0) & (level >= found.trigger_log) & (step < steps)
        alarmed[is_new] = step
        waits = (alarmed >= 0) & (step - alarmed < 2 * 96)
        gone |= waits & (level >= found.distance_log)
    error = sqrt(found.liquidated_frac / paths)
    assert np.mean(gone) == pytest.approx(found.liquidated_frac, abs=4 * error + 0.02)
    assert np.mean(alarmed >= 0) == pytest.approx(found.alarm_frac, abs=0.03)


@given(
    st.floats(1.0, 30.0), st.floats(0.05, 2.0), st.floats(0.1, 0.99), st.floats(0.0, 1e6),
    st.floats(1e-3, 1.0),
)  # fmt: skip
@settings(max_examples=60)
def test_later_money_is_worse_and_no_better_than_none_watching_for_ever(
    leverage: float, vol: float, alarm: float, transit: float, horizon: float
) -> None:
    told = {
        "leverage_frac": leverage, "maintenance_frac": 0.005, "alarm_frac": alarm,
        "vol_frac": vol, "horizon_years": horizon,
    }  # fmt: skip
    soon, late = (short_leg(**told, transit_s=each) for each in (transit, 2.0 * transit))
    assert soon.liquidated_frac <= late.liquidated_frac <= late.alarm_frac + 1e-15
    assert soon.unattended_frac <= soon.alarm_frac + 1e-12
    mixed = short_leg(**told, transit_s=np.array([transit, 2.0 * transit]))
    assert mixed.late_frac == pytest.approx(0.5 * (soon.late_frac + late.late_frac), abs=1e-12)


def test_the_top_up_restores_the_leverage() -> None:
    found = short_leg(
        leverage_frac=4.0, maintenance_frac=0.005, alarm_frac=0.5, vol_frac=0.6,
        horizon_years=YEARS_7D, transit_s=0.0,
    )  # fmt: skip
    price = exp(found.trigger_log)
    equity = 0.25 - (price - 1.0) + found.top_up_frac
    assert price / equity == pytest.approx(4.0)


def test_a_basis_that_blew_out_once_shows() -> None:
    """A hundred windows of one step, one of which is a widening of 3 %: five in a hundred are."""
    steps = np.zeros(100)
    steps[[10, 30, 50, 70, 90]] = 0.03
    steps[[11, 31, 51, 71, 91]] = -0.03
    found = basis_blowout(np.cumsum(np.concatenate([[0.0], steps])), holding_count=1)
    assert not isinstance(found, Failure)
    assert found.shortfall_log == pytest.approx(0.03)
    assert (found.windows_count, found.separate_count) == (100, 100)


def test_normal_steps_have_the_sheets_value_at_risk() -> None:
    """Section 11: 1.644854 and 2.062713 deviations at 95 %."""
    b = np.cumsum(_rng().standard_normal(200_000)) * 1e-4
    found = basis_blowout(b, holding_count=1)
    assert not isinstance(found, Failure)
    assert found.loss_log == pytest.approx(1.644854e-4, rel=0.02)
    assert found.shortfall_log == pytest.approx(2.062713e-4, rel=0.02)


def test_the_shortfall_of_nearly_everything_is_the_mean() -> None:
    b = _rng().standard_normal(100)
    found = basis_blowout(b, holding_count=1, level_frac=1e-17)
    assert not isinstance(found, Failure)
    assert found.shortfall_log == pytest.approx((b[-1] - b[0]) / 99)


def test_too_short_a_past_has_no_tail() -> None:
    found = basis_blowout(np.zeros(50), holding_count=10)
    assert isinstance(found, Failure)
    assert "4 separate windows" in found.message


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="fewer than 30"):
        CarryPast(np.zeros(29), 8.0)
    with pytest.raises(OutOfDomain, match="go together"):
        CarryPast(np.zeros(30), 8.0, np.zeros(30))
    with pytest.raises(OutOfDomain, match="no lower"):
        CarryPast(np.zeros(30), 8.0, np.full(30, 0.1), np.zeros(30))
    with pytest.raises(OutOfDomain, match="finite"):
        CarryPast(np.full(30, np.nan), 8.0)
    with pytest.raises(OutOfDomain, match="leaves no margin"):
        short_leg(
            leverage_frac=200.0, maintenance_frac=0.005, alarm_frac=0.5, vol_frac=0.6,
            horizon_years=1.0, transit_s=0.0,
        )  # fmt: skip
