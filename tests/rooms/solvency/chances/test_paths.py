"""Probabilities by paths against closed forms, and what draws must be whoever makes them.

The paths are few for the errors asked: most of the accuracy comes from bridges.
"""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics, Factor, FactorMoves, Jumps
from hedgerow.solvency import (
    Boundary,
    LiquidationCost,
    PathHits,
    corridor,
    hit_frac,
    path_ends_log,
    path_hits,
    pooled,
)
from tests.golden.read import numbers
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


def fixed(name: str = "a", *, low: float | None = None, high: float | None = None) -> Boundary:
    return Boundary.fixed(
        name,
        SPOT,
        low_log=None if low is None else float(np.log(low)),
        high_log=None if high is None else float(np.log(high)),
    )


def tilted(low_slope: float, high_slope: float, *, name: str = "a", **more: Any) -> Boundary:
    """Barriers at −0.12 and 0.15 that move with the second factor, from −3 to 3."""
    nodes = np.linspace(-3.0, 3.0, 13)
    made: dict[str, Any] = dict(
        account_id=name,
        spot=SPOT,
        second=VOL,
        second_first_log=-3.0,
        second_step_log=0.5,
        times_years=np.zeros(1),
        low_log=(-0.12 + low_slope * nodes)[None, :],
        high_log=(0.15 + high_slope * nodes)[None, :],
        is_low_open=np.zeros((1, 13), dtype=np.bool_),
        is_high_open=np.zeros((1, 13), dtype=np.bool_),
    )
    return Boundary(**{**made, **more})


def near(found: float, want: float, error: float, *, rel: float = 0.01) -> None:
    assert abs(found - want) <= 3.0 * error, f"{found} is {(found - want) / error:.2f} errors off"
    assert error <= rel * want, f"an error of {error / want:.2%} says little"


@pytest.mark.parametrize("at", [0, 1])
def test_first_passage_of_the_sheet(at: int) -> None:
    case = numbers("first_passage")[at]
    spot, barrier, growth, vol, time = (
        float(case[name]) for name in ("S", "B", "mu", "sigma", "T")
    )
    side: dict[str, Any] = {"low" if barrier < spot else "high": barrier / spot}
    found = path_hits(
        alone(vol, growth), [fixed(**side)], paths_count=60_000, seed=SEED,
        horizons_years=[time], step_years=time / 10,
    )  # fmt: skip
    near(found.hit_frac[0, 0], float(case["probability"]), found.hit_error_frac[0, 0])


def test_two_sided_survival_of_the_sheet() -> None:
    case = numbers("two_sided_survival")
    low, high = float(case["low"]) / float(case["S"]), float(case["high"]) / float(case["S"])
    found = path_hits(
        alone(float(case["sigma"])), [fixed(low=low, high=high)], paths_count=100_000, seed=SEED,
        horizons_years=[float(case["T"])], step_years=DAY_YEARS,
    )  # fmt: skip
    near(found.hit_frac[0, 0], 1.0 - float(case["expect"]), found.hit_error_frac[0, 0])
    want = corridor(1.0, low, high, 0.0, float(case["sigma"]), float(case["T"]))
    # Errors of the sides are not told; they are no larger than of so many coins.
    for side, chance in ((found.lower_frac, want.lower_first_frac),
                         (found.upper_frac, want.upper_first_frac)):  # fmt: skip
        assert abs(side[0, 0] - chance) < 3.0 * np.sqrt(chance * (1.0 - chance) / 100_000)


@pytest.mark.slow
def test_liquidation_within_a_week_of_the_sheet() -> None:
    """All six accounts on the same paths, in seven steps."""
    case = numbers("liquidation_probability_7d_sigma60")
    rate, wants, boundaries = float(case["mmr"]), [], []
    for side, sign in (("long", -1.0), ("short", 1.0)):
        for leverage, want in case[side].items():
            barrier = (1.0 + sign / float(leverage)) / (1.0 + sign * rate)
            place: dict[str, Any] = {"low" if sign < 0 else "high": barrier}
            boundaries.append(fixed(f"{side} {leverage}", **place))
            wants.append(float(want))
    found = path_hits(
        alone(), boundaries, paths_count=1_000_000, seed=SEED, horizons_years=[WEEK_YEARS],
        step_years=DAY_YEARS,
    )  # fmt: skip
    for a, want in enumerate(wants):
        near(found.hit_frac[a, 0], want, found.hit_error_frac[a, 0])


def test_every_horizon_is_answered_on_the_same_paths() -> None:
    horizons = [1 / 8760, 8 / 8760, DAY_YEARS, WEEK_YEARS, 30 / 365]
    found = path_hits(
        alone(), [fixed(low=0.95, high=1.06)], paths_count=50_000, seed=SEED,
        horizons_years=horizons, step_years=DAY_YEARS,
    )  # fmt: skip
    want = 1.0 - corridor(1.0, 0.95, 1.06, 0.0, 0.6, horizons).survival_frac
    off = np.abs(found.hit_frac[0] - want) / np.maximum(found.hit_error_frac[0], 1e-12)
    assert (off[1:] < 3.0).all()
    assert found.hit_frac[0, 0] == pytest.approx(want[0], abs=1e-9)  # five in ten billion
    assert (np.diff(found.hit_frac[0]) > 0.0).all()
    assert found.steps_count == 1 + 1 + 1 + 6 + 23


def test_bridges_are_unbiased_and_say_more_than_many_steps_without() -> None:
    """A walk that is looked at every step misses hits; with bridges one step has no bias."""
    low, high, steps, count = 0.92, 1.1, 200, 20_000
    want = 1.0 - float(corridor(1.0, low, high, 0.0, 0.6, WEEK_YEARS).survival_frac)
    times = [WEEK_YEARS * (k + 1) / steps for k in range(steps)]
    ends = path_ends_log(
        alone(), paths_count=count, seed=SEED, horizons_years=times, step_years=1.0
    )[:, :, 0]
    seen = ((ends <= np.log(low)) | (ends >= np.log(high))).any(axis=1)
    seen_error = float(seen.std()) / np.sqrt(count)
    few = path_hits(
        alone(), [fixed(low=low, high=high)], paths_count=count, seed=SEED,
        horizons_years=[WEEK_YEARS], step_years=WEEK_YEARS,
    )  # fmt: skip
    many = path_hits(
        alone(), [fixed(low=low, high=high)], paths_count=count, seed=SEED,
        horizons_years=[WEEK_YEARS], step_years=WEEK_YEARS / steps,
    )  # fmt: skip
    assert seen.mean() < want - 3.0 * seen_error
    for each in (few, many):
        near(each.hit_frac[0, 0], want, each.hit_error_frac[0, 0], rel=0.02)
    assert few.hit_error_frac[0, 0] < 0.8 * seen_error


@pytest.mark.parametrize("correlation", [-0.8, 0.0, 0.6])
def test_a_barrier_that_moves_with_the_second_factor(correlation: float) -> None:
    """The way to a straight barrier is itself a motion of one factor, with a closed form."""
    slope, vol, of_vol = -0.06, 0.6, 0.9
    dynamics = two(correlation, moves(vol=vol), moves(VOL, of_vol))
    low = path_hits(
        dynamics, [tilted(slope, 0.0, high_log=np.full((1, 13), 5.0))], paths_count=60_000,
        seed=SEED, horizons_years=[WEEK_YEARS], step_years=DAY_YEARS,
    )  # fmt: skip
    # x + 0.12 − slope·v: drift and vol of the difference.
    spread = np.sqrt(vol**2 - 2.0 * slope * correlation * vol * of_vol + (slope * of_vol) ** 2)
    nu = -0.5 * vol**2 + slope * 0.5 * of_vol**2
    want = hit_frac(1.0, np.exp(-0.12), nu + 0.5 * spread**2, spread, WEEK_YEARS)
    near(low.hit_frac[0, 0], float(want), low.hit_error_frac[0, 0])
    assert low.left_frac[0, 0] == 0.0


def test_a_barrier_that_moves_with_time() -> None:
    """Straight in time: a drift of the barrier is one of the price, the other way."""
    rate = 1.5  # a year
    rising = fixed(low=0.93)
    moving = Boundary(
        account_id="a",
        spot=SPOT,
        second=None,
        second_first_log=0.0,
        second_step_log=1.0,
        times_years=np.array([0.0, 0.01, WEEK_YEARS]),
        low_log=rising.low_log + rate * np.array([[0.0], [0.01], [WEEK_YEARS]]),
        high_log=np.repeat(rising.high_log, 3, axis=0),
        is_low_open=np.zeros((3, 2), dtype=np.bool_),
        is_high_open=np.zeros((3, 2), dtype=np.bool_),
    )
    found = path_hits(
        alone(), [moving], paths_count=60_000, seed=SEED, horizons_years=[WEEK_YEARS],
        step_years=DAY_YEARS,
    )  # fmt: skip
    near(
        found.hit_frac[0, 0],
        float(hit_frac(1.0, 0.93, -rate, 0.6, WEEK_YEARS)),
        found.hit_error_frac[0, 0],
    )
    with pytest.raises(OutOfDomain, match="ends after"):
        path_hits(alone(), [moving], paths_count=10, seed=1, horizons_years=[1.0], step_years=1.0)


def bytes_of(found: PathHits) -> list[bytes]:
    columns = [getattr(found, each.name) for each in fields(found)]
    return [each.tobytes() for each in columns if isinstance(each, np.ndarray)]


@pytest.mark.parametrize("dynamics", [two(-0.5, moves(), moves(VOL)), eventful()])
def test_the_bytes_do_not_depend_on_threads(dynamics: Dynamics) -> None:
    runs = [
        bytes_of(
            path_hits(
                dynamics,
                [tilted(-0.02, 0.01), tilted(0.01, 0.0, name="b")],
                paths_count=20_001,
                seed=SEED,
                horizons_years=[DAY_YEARS, WEEK_YEARS],
                step_years=DAY_YEARS / 4,
                costs=[LiquidationCost(notional_usd=1e5, penalty_frac=0.01)] * 2,
                time_ns=0,
                threads_count=threads,
            )
        )
        for threads in (1, 2, 3, 7)
    ]
    assert runs[0] == runs[1] == runs[2] == runs[3]
    assert len(runs[0]) == 16


def test_jumps_over_a_barrier_and_how_far() -> None:
    """No vol: the first jump down of more than the way hits, and goes as far past as ever."""
    rate, way, size = 40.0, 0.05, 0.04
    jumps = Jumps(jumps_count_per_year=rate, up_frac=0.0, size_up_log=0.01, size_down_log=size)
    # The growth makes up for what the jumps take, so that nothing moves between them.
    dynamics = Dynamics(
        factors=(
            moves(
                vol=1e-9, jump_loading_frac=1.0, growth_frac_per_year=rate * jumps.growth_frac(1.0)
            ),
        ),
        correlation_frac=np.eye(1),
        jumps=jumps,
    )
    cost = LiquidationCost(notional_usd=1_000.0, penalty_frac=0.02, slippage_frac=0.01)
    found = path_hits(
        dynamics, [fixed(low=float(np.exp(-way)))], paths_count=200_000, seed=SEED,
        horizons_years=[DAY_YEARS], step_years=DAY_YEARS / 24, costs=[cost],
    )  # fmt: skip
    # n jumps sum to more than the way with the chance that a Poisson process of rate way/size has
    # fewer than n points there; exponential sizes overshoot by another exponential, whatever n.
    mean, ratio = rate * DAY_YEARS, way / size
    fewer = np.cumsum([np.exp(-ratio) * ratio**k / _factorial(k) for k in range(12)])
    want = sum(np.exp(-mean) * mean**n / _factorial(n) * fewer[n - 1] for n in range(1, 12))
    near(found.hit_frac[0, 0], float(want), found.hit_error_frac[0, 0], rel=0.03)
    assert found.jump_frac[0, 0] == pytest.approx(found.hit_frac[0, 0])
    barrier = np.exp(-way)
    past = barrier / (1.0 + size)  # the mean of exp(−way − overshoot)
    per_hit = 1_000.0 * (0.03 * past + (barrier - past))
    near(found.loss_usd[0, 0], float(want) * per_hit, found.loss_error_usd[0, 0], rel=0.03)


def _factorial(n: int) -> float:
    return float(np.prod(np.arange(1, n + 1)))


def test_cost_without_jumps_is_of_the_notional_at_the_barrier() -> None:
    cost = LiquidationCost(notional_usd=1_000.0, penalty_frac=0.02)
    found = path_hits(
        alone(), [fixed(low=0.95), fixed("b", high=1.1)], paths_count=5_000, seed=SEED,
        horizons_years=[WEEK_YEARS], step_years=DAY_YEARS, costs=[cost, cost],
    )  # fmt: skip
    for a, barrier in enumerate((0.95, 1.1)):
        assert found.loss_usd[a, 0] == pytest.approx(20.0 * barrier * found.hit_frac[a, 0])
        assert found.jump_frac[a, 0] == 0.0


def test_bridges_of_students_steps_have_no_bias() -> None:
    """Given its variance a step of Student's is a motion of constant vol.

    The probability of a hit is the mean of the closed form over the variance that is mixed in.
    """
    found = path_hits(
        alone(degrees_count=4.0), [fixed(low=0.95)], paths_count=200_000, seed=SEED,
        horizons_years=[DAY_YEARS], step_years=DAY_YEARS,
    )  # fmt: skip
    grid = (np.arange(20_000) + 0.5) / 20_000
    w = 2.0 / stats.chi2(4).ppf(grid)
    # The drift is half the variance before mixing.
    vols = 0.6 * np.sqrt(w)
    want = hit_frac(1.0, 0.95, 0.5 * vols**2 - 0.18, vols, DAY_YEARS).mean()
    near(found.hit_frac[0, 0], float(want), found.hit_error_frac[0, 0], rel=0.02)


def test_any_and_both_of_two_accounts() -> None:
    first, second = fixed("first", low=0.92), fixed("second", high=1.09)
    found = path_hits(
        alone(), [first, second, pooled([first, second], "any")], paths_count=50_000, seed=SEED,
        horizons_years=[WEEK_YEARS], step_years=DAY_YEARS,
    )  # fmt: skip
    want = 1.0 - float(corridor(1.0, 0.92, 1.09, 0.0, 0.6, WEEK_YEARS).survival_frac)
    near(found.hit_frac[2, 0], want, found.hit_error_frac[2, 0])
    part = np.array([1.0, 1.0, -1.0])  # P(both) = P(first) + P(second) − P(any)
    both = float(part @ found.hit_frac[:, 0])
    error = float(np.sqrt(part @ found.covariance_frac[0] @ part))
    apart = hit_frac(1.0, [0.92], 0.0, 0.6, WEEK_YEARS) + hit_frac(
        1.0, [1.09], 0.0, 0.6, WEEK_YEARS
    )
    near(both, float(apart[0]) - want, error, rel=0.06)
    assert np.sqrt(np.diag(found.covariance_frac[0])) == pytest.approx(
        found.hit_error_frac[:, 0], rel=1e-9
    )


def test_what_leaves_the_grid_is_told_apart() -> None:
    """An open end is no barrier: what goes there is unknown, not safe and not liquidated."""
    is_open = np.ones((1, 13), dtype=np.bool_)
    dynamics = two(0.0, moves(), moves(VOL, 0.01))
    barred, opened = (
        path_hits(
            dynamics,
            [tilted(0.0, 0.0, is_low_open=flags)],
            paths_count=20_000,
            seed=SEED,
            horizons_years=[WEEK_YEARS],
            step_years=DAY_YEARS,
        )
        for flags in (np.zeros((1, 13), dtype=np.bool_), is_open)
    )
    assert opened.left_frac[0, 0] == pytest.approx(barred.lower_frac[0, 0])
    assert opened.hit_frac[0, 0] == pytest.approx(barred.upper_frac[0, 0])
    assert opened.lower_frac[0, 0] == 0.0
    # Open on the left half of the nodes alone, where nobody goes from and where nobody is.
    mixed = is_open.copy()
    mixed[0, 5:] = False
    half = path_hits(
        dynamics, [tilted(0.0, 0.0, is_low_open=mixed)], paths_count=20_000, seed=SEED,
        horizons_years=[WEEK_YEARS], step_years=DAY_YEARS,
    )  # fmt: skip
    assert half.left_frac[0, 0] == 0.0
    assert half.hit_frac[0, 0] == pytest.approx(barred.hit_frac[0, 0])


def test_a_second_factor_off_its_nodes_is_unknown() -> None:
    wild = path_hits(
        two(0.0, moves(vol=0.01), moves(VOL, 40.0, growth_frac_per_year=800.0)),
        [tilted(0.0, 0.0)], paths_count=20_000, seed=SEED, horizons_years=[DAY_YEARS],
        step_years=DAY_YEARS,
    )  # fmt: skip
    # No drift of the logarithm is left: beyond ±3 at the end of the day, of a normal number.
    want = 2.0 * ndtr(-3.0 / (40.0 * np.sqrt(DAY_YEARS)))
    near(wild.left_frac[0, 0], float(want), wild.left_error_frac[0, 0], rel=0.1)
    assert wild.hit_frac[0, 0] == 0.0


def test_an_account_that_is_liquidatable_now_is_hit_by_every_horizon() -> None:
    found = path_hits(
        alone(), [fixed(low=1.0, high=1.0)], paths_count=300, seed=SEED,
        costs=[LiquidationCost(notional_usd=100.0, penalty_frac=0.05)],
    )  # fmt: skip
    assert (found.hit_frac == 1.0).all()
    assert found.loss_usd == pytest.approx(np.full((1, 5), 5.0))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"horizons_years": []}, "horizons"), ({"horizons_years": [0.0]}, "horizons"),
        ({"horizons_years": [0.2, 0.1]}, "rise"), ({"step_years": 0.0}, "step_years"),
        ({"step_years": 1e-9}, "steps"), ({"paths_count": 0}, "paths_count"),
        ({"seed": -1}, "seed"), ({"costs": []}, "costs"), ({"boundaries": []}, "no boundary"),
        ({"boundaries": [tilted(0.0, 0.0)]}, "not among"),
    ],
)  # fmt: skip
def test_what_is_refused(change: dict[str, Any], told: str) -> None:
    asked: dict[str, Any] = {"boundaries": [fixed(low=0.9)], "paths_count": 10, "seed": 1}
    asked |= change
    boundaries = asked.pop("boundaries")
    with pytest.raises(OutOfDomain, match=told):
        path_hits(alone(), boundaries, **asked)


# --- any of several -------------------------------------------------------------------------------


@pytest.mark.slow
def test_any_of_two_that_nothing_joins_is_what_chance_makes_of_it() -> None:
    """Independent coins: 1 - (1 - p)(1 - q)."""
    btc, eth = Factor(kind="spot", name="BTC"), Factor(kind="spot", name="ETH")
    moves = (FactorMoves(factor=btc, vol_frac=0.6), FactorMoves(factor=eth, vol_frac=0.8))
    both = [
        Boundary.fixed("a", btc, low_log=-0.1, high_log=None),
        Boundary.fixed("b", eth, low_log=None, high_log=0.1),
    ]
    found = path_hits(
        Dynamics(factors=moves, correlation_frac=np.eye(2)), both, paths_count=40_000, seed=5
    )
    alone = 1.0 - np.prod(1.0 - found.hit_frac, axis=0)
    assert np.all(np.abs(found.any_frac - alone) <= 4.0 * found.any_error_frac + 1e-12)
    assert np.all(found.any_frac >= (1.0 - 1e-12) * found.hit_frac.max(axis=0))


def test_any_of_those_joined_leaves_out_the_others() -> None:
    btc = Factor(kind="spot", name="BTC")
    dynamics = Dynamics(
        factors=(FactorMoves(factor=btc, vol_frac=0.6),), correlation_frac=np.eye(1)
    )
    near, far = (Boundary.fixed("a", btc, low_log=low, high_log=None) for low in (-0.05, -0.2))
    found = path_hits(dynamics, [near, far], paths_count=2_000, seed=5, joined_index=[1])
    assert found.any_frac == pytest.approx(found.hit_frac[1], rel=1e-12)
    assert found.any_error_frac == pytest.approx(found.hit_error_frac[1], rel=1e-9)
    whole = pooled([near, far], "both")
    exact = path_hits(dynamics, [whole], paths_count=2_000, seed=5)
    assert np.array_equal(exact.hit_frac[0], found.hit_frac[0])
