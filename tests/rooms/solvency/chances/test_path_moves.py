"""Where paths end: moments of every part of the dynamics, against what they must be."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics, Garch, Jumps, VarianceEvent
from hedgerow.solvency import Boundary, path_ends_log, path_hits
from hedgerow.units import DAY_NS
from tests.rooms.solvency.chances.dynamics import (
    DAY_YEARS,
    SEED,
    SPOT,
    VOL,
    WEEK_YEARS,
    alone,
    eventful,
    moves,
    two,
)

FREE = Boundary.fixed("free", SPOT, low_log=None, high_log=None)


def moment(values: NDArray[np.float64], want: float) -> None:
    """A mean is within four standard errors of what it should be."""
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - want) < 4.0 * error, (values.mean(), want, error)


def test_moves_are_correlated_and_grow_as_told() -> None:
    dynamics = two(
        -0.7, moves(growth_frac_per_year=0.5), moves(VOL, 0.9, reversion_frac_per_year=20.0)
    )
    ends = path_ends_log(
        dynamics, paths_count=200_000, seed=SEED, horizons_years=[DAY_YEARS, WEEK_YEARS],
        step_years=DAY_YEARS,
    )  # fmt: skip
    moment(np.exp(ends[:, 1, 0]), np.exp(0.5 * WEEK_YEARS))
    moment((ends[:, 1, 0] - (0.5 - 0.18) * WEEK_YEARS) ** 2, 0.36 * WEEK_YEARS)
    # Drawn back: the variance of an Ornstein-Uhlenbeck process.
    v = ends[:, 1, 1]
    moment((v - v.mean()) ** 2, 0.81 * -np.expm1(-40.0 * WEEK_YEARS) / 40.0)
    found = np.corrcoef(ends[:, 0, 0], ends[:, 0, 1])[0, 1]
    assert found == pytest.approx(-0.7, abs=4 * (1 - 0.49) / np.sqrt(200_000))


def test_a_factor_bound_to_another_is_drawn_with_it() -> None:
    ends = path_ends_log(
        two(1.0, moves(), moves(VOL)), paths_count=1_000, seed=SEED, horizons_years=[WEEK_YEARS]
    )
    assert ends[:, 0, 0] == pytest.approx(ends[:, 0, 1], abs=1e-12)


@pytest.mark.slow
def test_the_variance_of_garch_in_the_long_run_and_on_the_way() -> None:
    """E h after n periods is the long run plus what persistence leaves of the distance to it."""
    garch = Garch(vol_long_frac=0.5, alpha_frac=0.06, beta_frac=0.82, gamma_frac=0.08)
    dynamics = Dynamics(
        factors=(moves(vol=0.9, garch=garch),), correlation_frac=np.eye(1), period_years=DAY_YEARS
    )
    days = [1, 2, 5, 20, 60, 61]
    ends = path_ends_log(
        dynamics, paths_count=200_000, seed=SEED, horizons_years=[n * DAY_YEARS for n in days],
        step_years=DAY_YEARS / 2,
    )[:, :, 0]  # fmt: skip
    last = ends[:, 5] - ends[:, 4]
    left = 0.92**60
    moment((last - last.mean()) ** 2, (0.25 + left * (0.81 - 0.25)) * DAY_YEARS)
    second = ends[:, 1] - ends[:, 0]
    moment((second - second.mean()) ** 2, (0.25 + 0.92 * (0.81 - 0.25)) * DAY_YEARS)


@pytest.mark.parametrize("degrees", [9.0, 12.0])
def test_the_kurtosis_of_students_t(degrees: float) -> None:
    ends = path_ends_log(
        alone(degrees_count=degrees), paths_count=1_000_000, seed=SEED,
        horizons_years=[DAY_YEARS], step_years=DAY_YEARS,
    )[:, 0, 0]  # fmt: skip
    x = (ends + 0.18 * DAY_YEARS) / (0.6 * np.sqrt(DAY_YEARS))
    moment(x**2, 1.0)
    moment(x**4, 3.0 + 6.0 / (degrees - 4.0))


def test_students_t_is_drawn_to_its_tails() -> None:
    """Quantiles of three degrees, of which the fourth moment is infinite."""
    ends = path_ends_log(
        alone(degrees_count=3.0), paths_count=400_000, seed=SEED, horizons_years=[DAY_YEARS],
        step_years=DAY_YEARS,
    )[:, 0, 0]  # fmt: skip
    t = (ends + 0.18 * DAY_YEARS) / (0.6 * np.sqrt(DAY_YEARS)) * np.sqrt(3.0)
    # Of the distribution of 3 degrees in a book's table: one side 5 %, 1 %, 0.1 %, 0.05 %.
    for level, chance in ((2.353, 0.05), (4.541, 0.01), (10.215, 0.001), (12.924, 0.0005)):
        for found in ((t > level).mean(), (t < -level).mean()):
            assert abs(found - chance) < 4.0 * np.sqrt(chance / 400_000)


def test_the_mean_and_variance_of_jumps() -> None:
    jumps = Jumps(jumps_count_per_year=500.0, up_frac=0.3, size_up_log=0.02, size_down_log=0.01)
    dynamics = Dynamics(
        factors=(moves(vol=0.0, jump_loading_frac=1.0),), correlation_frac=np.eye(1), jumps=jumps
    )
    ends = path_ends_log(
        dynamics, paths_count=200_000, seed=SEED, horizons_years=[WEEK_YEARS],
        step_years=DAY_YEARS,
    )[:, 0, 0]  # fmt: skip
    mean_count = 500.0 * WEEK_YEARS
    drift = -500.0 * jumps.growth_frac(1.0) * WEEK_YEARS
    moment(ends, drift + mean_count * (0.3 * 0.02 - 0.7 * 0.01))
    squares = 2.0 * (0.3 * 0.02**2 + 0.7 * 0.01**2)
    moment((ends - ends.mean()) ** 2, mean_count * squares)
    moment(np.exp(ends), 1.0)  # no growth
    none = np.isclose(ends, drift, atol=1e-12).mean()
    assert none == pytest.approx(np.exp(-mean_count), rel=0.2)


def test_an_event_adds_its_variance_at_its_time() -> None:
    event = VarianceEvent(time_ns=5 * DAY_NS // 2, variance_frac=0.05**2)
    past = VarianceEvent(time_ns=-5, variance_frac=1.0)
    later = VarianceEvent(time_ns=8 * DAY_NS, variance_frac=1.0)
    dynamics = Dynamics(
        factors=(moves(vol=0.3, events=(past, event, later)),), correlation_frac=np.eye(1)
    )
    horizons = [n / 365 for n in (1, 2, 3, 7)]
    ends = path_ends_log(
        dynamics, paths_count=200_000, seed=SEED, horizons_years=horizons,
        step_years=DAY_YEARS, time_ns=0,
    )[:, :, 0]  # fmt: skip
    steps = np.diff(ends, axis=1)
    for at, (days, extra) in enumerate(((1, 0.0), (1, 0.05**2), (4, 0.0))):
        each = steps[:, at]
        moment((each - each.mean()) ** 2, 0.09 * days / 365 + extra)
    moment(np.exp(ends[:, 3]), 1.0)
    with pytest.raises(OutOfDomain, match="time_ns"):
        path_hits(dynamics, [FREE], paths_count=10, seed=1)


def test_fewer_paths_are_the_first_of_more() -> None:
    few, many = (
        path_ends_log(
            eventful(),
            paths_count=count,
            seed=SEED,
            horizons_years=[WEEK_YEARS],
            step_years=DAY_YEARS,
            time_ns=0,
        )
        for count in (700, 1_500)
    )
    assert (few == many[:700]).all()
    other = path_ends_log(
        eventful(), paths_count=700, seed=SEED + 1, horizons_years=[WEEK_YEARS],
        step_years=DAY_YEARS, time_ns=0,
    )  # fmt: skip
    assert (few != other).all()


def test_garch_refuses_a_horizon_within_a_step() -> None:
    with pytest.raises(OutOfDomain, match="end with a step"):
        path_hits(
            eventful(), [FREE], paths_count=10, seed=1, horizons_years=[0.5 / 365],
            step_years=DAY_YEARS, time_ns=0,
        )  # fmt: skip
