"""Steps long for the vol, the pull or the jumps in them, against what holds for any step."""

from typing import Any

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics, Garch, Jumps, VarianceEvent
from hedgerow.solvency import (
    Boundary,
    PathHits,
    corridor,
    hit_frac,
    mixed_hits,
    path_ends_log,
    path_hits,
    regimes,
)
from hedgerow.units import DAY_NS
from tests.rooms.solvency.chances.dynamics import (
    DAY_YEARS,
    SEED,
    SPOT,
    VOL,
    WEEK_YEARS,
    alone,
    moves,
    two,
)

GARCH = Garch(vol_long_frac=0.6, alpha_frac=0.1, beta_frac=0.5)


def fixed(low_log: float | None, high_log: float | None, name: str = "a") -> Boundary:
    return Boundary.fixed(name, SPOT, low_log=low_log, high_log=high_log)


def over_vols(slope: float, low_log: float, **more: Any) -> Boundary:
    """A lower barrier that moves with the second factor, from −3 to 3; none above."""
    nodes = np.linspace(-3.0, 3.0, 13)
    made: dict[str, Any] = dict(
        account_id="a",
        spot=SPOT,
        second=VOL,
        second_first_log=-3.0,
        second_step_log=0.5,
        times_years=np.zeros(1),
        low_log=(low_log + slope * nodes)[None, :],
        high_log=np.full((1, 13), 9.0),
        is_low_open=np.zeros((1, 13), dtype=np.bool_),
        is_high_open=np.zeros((1, 13), dtype=np.bool_),
    )
    return Boundary(**{**made, **more})


def in_steps(dynamics: Dynamics, at: Boundary, steps: int, paths_count: int = 50_000) -> PathHits:
    return path_hits(
        dynamics, [at], paths_count=paths_count, seed=SEED, horizons_years=[WEEK_YEARS],
        step_years=WEEK_YEARS / steps,
    )  # fmt: skip


@pytest.mark.parametrize(("low", "high"), [(-0.02, 0.02), (-0.05, 0.05), (-0.08, 0.03)])
def test_one_step_between_two_barriers_that_are_near_is_as_good_as_many(
    low: float, high: float
) -> None:
    """A path turns from one to the other and back within the step, and is counted once for it."""
    want = 1.0 - float(corridor(1.0, np.exp(low), np.exp(high), 0.0, 0.6, WEEK_YEARS).survival_frac)
    for steps in (1, 2, 7):
        found = in_steps(alone(), fixed(low, high), steps)
        off = abs(found.hit_frac[0, 0] - want)
        assert off <= 3.0 * found.hit_error_frac[0, 0] + 1e-6, (steps, off)
        assert found.hit_error_frac[0, 0] <= 0.01 * want


@pytest.mark.parametrize("steps", [1, 3])
def test_between_two_barriers_that_both_move_with_the_second_factor(steps: int) -> None:
    """Both by one slope: the way to each is one motion with a closed form."""
    slope, of_vol = 0.05, 0.9
    nodes = np.linspace(-3.0, 3.0, 13)
    both = over_vols(slope, -0.05, high_log=(0.05 + slope * nodes)[None, :])
    found = in_steps(two(-0.5, moves(), moves(VOL, of_vol)), both, steps)
    spread = np.sqrt(0.36 + slope * 0.6 * of_vol + (slope * of_vol) ** 2)
    nu = -0.18 + slope * 0.5 * of_vol**2
    want = 1.0 - float(
        corridor(
            1.0, np.exp(-0.05), np.exp(0.05), nu + 0.5 * spread**2, spread, WEEK_YEARS
        ).survival_frac
    )
    assert abs(found.hit_frac[0, 0] - want) <= 3.0 * found.hit_error_frac[0, 0]


@pytest.mark.parametrize("vol", [0.7, 0.77])
def test_a_barrier_that_moves_as_the_price_does_is_never_met(vol: float) -> None:
    """Nothing is left of the way between the two but rounding, which may be less than nothing."""
    bound = two(1.0, moves(vol=vol), moves(VOL, 0.9))
    found = in_steps(bound, over_vols(vol / 0.9, -0.5), 7, 2_000)
    assert found.hit_frac[0, 0] == 0.0


@pytest.mark.parametrize("steps", [1, 7])
def test_what_is_drawn_back_ends_where_it_must_however_long_the_steps(steps: int) -> None:
    """An Ornstein-Uhlenbeck process beside a free one: mean, variance, and what they share."""
    pull, vol, growth, rho = 100.0, 0.9, 5.0, -0.7
    ends = path_ends_log(
        two(rho, moves(), moves(VOL, vol, growth_frac_per_year=growth,
                                reversion_frac_per_year=pull)),
        paths_count=200_000, seed=SEED, horizons_years=[WEEK_YEARS], step_years=WEEK_YEARS / steps,
    )[:, 0]  # fmt: skip
    x, v = ends[:, 0], ends[:, 1]
    left = -np.expm1(-pull * WEEK_YEARS) / pull
    want = (growth - 0.5 * vol**2) * left
    assert abs(v.mean() - want) < 4.0 * v.std() / np.sqrt(len(v))
    shared = (x - x.mean()) * (v - v.mean())
    assert abs(shared.mean() - rho * 0.6 * vol * left) < 4.0 * shared.std() / np.sqrt(len(v))
    squares = (v - v.mean()) ** 2
    variance = vol**2 * -np.expm1(-2.0 * pull * WEEK_YEARS) / (2.0 * pull)
    assert abs(squares.mean() - variance) < 4.0 * squares.std() / np.sqrt(len(v))


def test_more_jumps_in_a_step_than_are_drawn_are_refused() -> None:
    """64 are drawn at most, and a chance of exactly 1 made one of a hundred."""
    jumps = Jumps(jumps_count_per_year=800.0, up_frac=0.5, size_up_log=0.005, size_down_log=0.005)
    dynamics = Dynamics(
        factors=(moves(vol=0.0, jump_loading_frac=1.0),), correlation_frac=np.eye(1), jumps=jumps
    )
    ends = path_ends_log(
        dynamics, paths_count=100_000, seed=SEED, horizons_years=[WEEK_YEARS],
        step_years=WEEK_YEARS,
    )[:, 0, 0]  # fmt: skip
    squares = (ends - ends.mean()) ** 2
    want = 800.0 * WEEK_YEARS * 2.0 * 0.005**2
    assert abs(squares.mean() - want) < 4.0 * squares.std() / np.sqrt(len(ends))
    for step_years in (8 * DAY_YEARS, 30 * DAY_YEARS):
        with pytest.raises(OutOfDomain, match="jumps a step"):
            path_ends_log(
                dynamics, paths_count=10, seed=1, horizons_years=[60 * DAY_YEARS],
                step_years=step_years,
            )  # fmt: skip


def test_a_jump_to_where_no_barrier_is_known_is_no_hit() -> None:
    """The price falls below the barrier of the last node, and the vol leaves all nodes with it."""
    jumps = Jumps(jumps_count_per_year=50.0, up_frac=0.0, size_up_log=0.01, size_down_log=0.1)
    dynamics = two(
        0.0, moves(vol=0.0, jump_loading_frac=1.0), moves(VOL, 0.0, jump_loading_frac=9.0),
        jumps=jumps,
    )  # fmt: skip
    # A jump that moves the price by 0.34 or more moves the vol by 3 or more.
    found = in_steps(dynamics, over_vols(0.0, -0.34), 7, 20_000)
    assert found.hit_frac[0, 0] == 0.0
    assert found.left_frac[0, 0] > 0.01


def test_two_horizons_of_one_step_are_refused_and_neither_is_safe() -> None:
    """The first of them had no paths at all, which read as a probability of nothing."""
    dynamics = alone(period_years=DAY_YEARS)
    changing = Dynamics(
        factors=(moves(garch=GARCH),), correlation_frac=np.eye(1), period_years=DAY_YEARS
    )
    for each, told in ((changing, "two horizons"), (dynamics, "")):
        asked: dict[str, Any] = dict(
            paths_count=2_000, seed=1, horizons_years=[DAY_YEARS, DAY_YEARS * (1.0 + 1e-7)],
            step_years=DAY_YEARS,
        )  # fmt: skip
        if told:
            with pytest.raises(OutOfDomain, match=told):
                path_hits(each, [fixed(-0.01, None)], **asked)
        else:
            assert (path_hits(each, [fixed(-0.01, None)], **asked).hit_frac > 0.5).all()


def test_steps_are_counted_by_the_period_where_that_is_shorter() -> None:
    quick = Dynamics(
        factors=(moves(garch=GARCH),), correlation_frac=np.eye(1), period_years=DAY_YEARS / 86_400
    )
    with pytest.raises(OutOfDomain, match="steps"):
        path_hits(
            quick, [fixed(-0.01, None)], paths_count=2, seed=1, horizons_years=[30 * DAY_YEARS],
            step_years=DAY_YEARS,
        )  # fmt: skip


@pytest.mark.slow
def test_a_probability_is_never_above_one() -> None:
    """Weights that a path lost step by step may add up to a rounding more than it had."""
    near = [fixed(-way, way) for way in np.linspace(0.001, 0.05, 40).tolist()]
    for seed in range(5):
        found = path_hits(alone(), near, paths_count=2, seed=seed, step_years=DAY_YEARS / 24)
        for chance in (found.hit_frac, found.any_frac, found.any_upper_frac, found.any_most_frac):
            assert (chance <= 1.0).all()


def test_one_path_has_no_error_and_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="2 or more"):
        path_hits(alone(), [fixed(-0.1, None)], paths_count=1, seed=1)
    with pytest.raises(OutOfDomain, match="cannot be shared"):
        mixed_hits([alone(), alone()], [fixed(-0.1, None)], paths_count=3, seed=1)


def test_regimes_of_a_vol_that_changes_stay_apart() -> None:
    """By the long run of a variance as by what it is now: each goes on as it begins."""
    changing = Dynamics(
        factors=(moves(garch=GARCH),), correlation_frac=np.eye(1), period_years=DAY_YEARS
    )
    for each in regimes(changing, deviation_log=0.6, regimes_count=3):
        ends = path_ends_log(
            each, paths_count=50_000, seed=SEED, horizons_years=[30 * DAY_YEARS],
            step_years=DAY_YEARS,
        )[:, 0, 0]  # fmt: skip
        squares = (ends - ends.mean()) ** 2
        want = each.factors[0].vol_frac ** 2 * 30 * DAY_YEARS
        assert abs(squares.mean() - want) < 4.0 * squares.std() / np.sqrt(len(ends))


@pytest.mark.parametrize(("first", "second"), [((-0.06, None), (None, 0.06)),
                                               ((-0.06, None), (-0.0601, None))])  # fmt: skip
def test_any_of_two_on_one_factor_lies_between_the_least_and_the_most(
    first: tuple[float | None, float | None], second: tuple[float | None, float | None]
) -> None:
    """One factor is the worst case for bridges that count as independent; steps of a week too."""
    both = [fixed(*first), fixed(*second, name="b")]
    want = (
        1.0 - float(corridor(1.0, np.exp(-0.06), np.exp(0.06), 0.0, 0.6, WEEK_YEARS).survival_frac)
        if second[1] is not None
        else float(hit_frac(1.0, np.exp(-0.06), 0.0, 0.6, WEEK_YEARS))
    )
    widths = []
    for steps in (1, 20):
        found = path_hits(
            alone(), both, paths_count=50_000, seed=SEED, horizons_years=[WEEK_YEARS],
            step_years=WEEK_YEARS / steps,
        )  # fmt: skip
        least, most = found.any_least_frac[0], found.any_most_frac[0]
        error = found.any_error_frac[0]
        assert least - 3.0 * error <= want <= most + 3.0 * error
        assert least <= found.any_frac[0] <= most
        widths.append(most - least)
    assert widths[1] < 0.5 * widths[0]


def test_an_account_at_an_open_end_now_is_unknown_and_not_liquidated() -> None:
    here = over_vols(0.0, 0.0, is_low_open=np.ones((1, 13), dtype=np.bool_))
    found = in_steps(two(0.0, moves(), moves(VOL)), here, 1, 100)
    assert found.hit_frac[0, 0] == 0.0
    assert found.left_frac[0, 0] == 1.0


def test_an_event_at_the_end_of_a_step_counts_at_that_horizon_and_not_before() -> None:
    event = VarianceEvent(time_ns=2 * DAY_NS, variance_frac=0.05**2)
    dynamics = Dynamics(factors=(moves(vol=0.0, events=(event,)),), correlation_frac=np.eye(1))
    found = path_hits(
        dynamics, [fixed(-0.01, 0.01)], paths_count=20_000, seed=SEED,
        horizons_years=[DAY_YEARS, 2 * DAY_YEARS, 3 * DAY_YEARS], step_years=DAY_YEARS, time_ns=0,
    )  # fmt: skip
    assert found.hit_frac[0, 0] == 0.0
    assert found.hit_frac[0, 1] == found.hit_frac[0, 2] > 0.5
