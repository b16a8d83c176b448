"""Squares and powers in whole lots: the best there is, proven, and beaten by nothing near."""

from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.solving import (
    EXCESS_FRAC_MAX,
    Answer,
    Decisions,
    Impact,
    Ladders,
    Programme,
    Residual,
    least,
)
from hedgerow.solving.straight import Curves
from tests.rooms.solving.drawn import (
    changes,
    changes_of_three,
    cheapest_near_usd,
    drawn,
    powers,
)

BRANCHED = import_module("hedgerow.solving.branched")


def _solved(programme: Programme, **options: Any) -> Answer:
    answer = least(programme, **options)
    assert not isinstance(answer, Failure), answer
    return answer


@pytest.mark.parametrize("seed", range(6))
def test_squares_and_powers_in_lots_are_the_best_of_all_there_are(seed: int) -> None:
    """Every plan of five legs is tried."""
    programme = drawn(seed, is_soft=True, is_bent=True, count=5)
    decisions = programme.decisions
    ends = np.minimum(np.floor(decisions.high_amount / decisions.lot_amount), 4.0)
    small = Programme(
        Decisions(
            decisions.names,
            -ends * decisions.lot_amount,
            ends * decisions.lot_amount,
            decisions.lot_amount,
        ),
        programme.parts,
    )
    every = np.array(list(product(*[np.arange(-end, end + 1) for end in ends])))
    best_usd = small.usd(every * decisions.lot_amount).min()
    assert _solved(small).objective_usd == pytest.approx(best_usd, abs=1e-9)


@pytest.mark.parametrize("seed", [1115, 1166, 1344])
def test_what_was_beaten_by_a_plan_near_it_is_the_best_of_all(seed: int) -> None:
    """Three legs in up to 107 lots each: a plan near was 0.3 % to 3 % cheaper once."""
    programme = powers(seed)
    lot = programme.decisions.lot_amount
    ends = np.floor(programme.decisions.high_amount / lot + 1e-9)
    every = np.meshgrid(*[np.arange(-end, end + 1) for end in ends])
    plans = np.array(every).reshape(len(lot), -1).T * lot
    plans = plans[programme.excess_frac(plans) <= EXCESS_FRAC_MAX]
    best_usd = programme.usd(plans).min()
    answer = _solved(programme)
    assert answer.objective_usd == pytest.approx(best_usd, abs=1e-9)
    assert answer.excess_frac <= EXCESS_FRAC_MAX
    # And it says so: what is proven is what the best costs, and no more.
    assert answer.bound_usd <= best_usd + 1e-9
    assert answer.gap_usd <= 2e-6 * max(1.0, best_usd)
    assert answer.remark == ""


# Beside every seventh those that were beaten once: by two lots in each of two legs (21), by three
# legs at once, by five.
@pytest.mark.parametrize("seed", [7, 14, 21, 28, 35, 2, 12, 18, 19, 1001])
def test_powers_beside_a_scan_and_fees_are_beaten_by_nothing_near(seed: int) -> None:
    programme = powers(seed)
    count = len(programme.decisions)
    answer = _solved(programme)
    assert answer.excess_frac <= EXCESS_FRAC_MAX
    rng = np.random.default_rng(seed)
    near = [changes(count), changes_of_three(count), rng.integers(-3, 4, size=(40_000, count))]
    if count <= 5:
        near.append(np.array(list(product(range(-3, 4), repeat=count))))
    usd = cheapest_near_usd(programme, answer, np.vstack(near))
    assert usd >= answer.objective_usd - 1e-9


@pytest.mark.parametrize("seed", [3, 8, 18, 1017])
def test_powers_in_hard_bands_are_beaten_by_nothing_near(seed: int) -> None:
    """Twelve legs, of which two or three were changed for up to 15 % less once."""
    programme = drawn(seed, is_soft=False, is_bent=True)
    answer = _solved(programme)
    assert answer.excess_frac <= EXCESS_FRAC_MAX
    rng = np.random.default_rng(seed)
    few = rng.integers(-3, 4, size=(40_000, 12)) * (rng.uniform(size=(40_000, 12)) < 0.3)
    near = np.vstack([changes(12), changes_of_three(12), few])
    usd = cheapest_near_usd(programme, answer, near)
    assert usd >= answer.objective_usd - 1e-9


def _curved(lot: list[float], exponent_power: float) -> Programme:
    count = len(lot)
    ends, one = np.full(count, 8.0), np.ones(count)
    names = tuple(f"leg {i}" for i in range(count))
    residual = Residual(np.array([3.0, -2.0]), np.eye(2, count), np.array([0.7, 0.3]))
    return Programme(
        Decisions(names, -ends, ends, np.array(lot)),
        [Ladders.flat(one, one), Impact(0.3 * one, exponent_power), residual],
    )


@given(
    exponent_power=st.sampled_from([1.2, 1.5, 2.0]),
    at=st.lists(st.floats(-8.0, 8.0), min_size=3, max_size=3),
    seed=st.integers(0, 1_000),
)
def test_lines_lie_below_curves_and_meet_them_where_asked(
    exponent_power: float, at: list[float], seed: int
) -> None:
    """Lots of a quarter and of one, and an amount of any size; residuals are of any size too."""
    programme = _curved([0.25, 1.0, 0.0], exponent_power)
    matrix = programme.matrix()
    curves = Curves.of(matrix, programme.decisions)
    assert len(curves) == 3 + 2
    columns = np.random.default_rng(seed).uniform(-8.0, 8.0, len(matrix.cost_usd_per_amount))
    columns[:3] = at
    columns[:2] = np.round(columns[:2] / [0.25, 1.0]) * [0.25, 1.0]
    which, slope, level = curves._lines(curves.at(columns))
    height = np.array([0.3, 0.3, 0.3, 0.35, 0.15])
    power = np.array([exponent_power] * 3 + [2.0, 2.0])
    if exponent_power == 2.0:
        # Squares stand in the cost, with what they cost; a power is held below a column of its own.
        assert sorted(curves.weight_figure) == pytest.approx(sorted(height))
    else:
        assert sorted(curves.exponent_power) == pytest.approx(sorted(power))
    for curve, of in enumerate(curves.of_index.tolist()):
        unit = {0: 0.25, 1: 1.0}.get(of)
        x = np.arange(-8.0, 8.0 + 1e-9, unit or 0.01)
        true = curves.weight_figure[curve] * np.abs(x) ** curves.exponent_power[curve]
        own = which == curve
        below = (slope[own] * x[:, np.newaxis] + level[own]).max(axis=1)
        assert np.all(below <= true + 1e-9)
        here = columns[of]
        met = (slope[own] * here + level[own]).max()
        wanted = curves.weight_figure[curve] * np.abs(here) ** curves.exponent_power[curve]
        assert met == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("exponent_power", [1.5, 2.0])
def test_squares_of_what_is_left_are_the_best_of_all_there_are(exponent_power: float) -> None:
    """The square of a residual is no square of a decision: lines touch it where plans come to."""
    programme = _curved([0.25, 1.0, 0.5], exponent_power)
    every = np.meshgrid(*[np.arange(-8.0, 8.1, lot) for lot in (0.25, 1.0, 0.5)])
    best_usd = programme.usd(np.array(every).reshape(3, -1).T).min()
    answer = _solved(programme)
    assert answer.objective_usd == pytest.approx(best_usd, abs=1e-9)
    assert answer.bound_usd <= best_usd + 1e-9
    assert answer.gap_usd <= 2e-6


@pytest.mark.slow
def test_nodes_end_it_in_all_and_no_clock_has_a_say(monkeypatch: pytest.MonkeyPatch) -> None:
    programme = drawn(1, is_soft=True, is_bent=True)
    few = _solved(programme, nodes_count_max=5)
    assert few.remark == "branch and bound stopped after 5 nodes"
    assert few == _solved(programme, nodes_count_max=5)
    assert few.bound_usd >= _solved(programme, nodes_count_max=0).bound_usd
    timed = []
    for time_s in (0.0, 1e-6):
        monkeypatch.setattr(BRANCHED, "_TIME_S_MAX", time_s)
        timed.append(_solved(programme))
    for each in timed:
        assert each.remark.startswith("branch and bound did not end within")
        assert each.chosen_amount == timed[0].chosen_amount
        assert each.bound_usd == _solved(programme, nodes_count_max=0).bound_usd


@pytest.mark.slow
def test_a_gap_between_curves_and_lines_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where lines are not added, what is proven is what they prove: less than the plan costs."""
    programme = powers(12)
    proven = _solved(programme)
    assert proven.remark == ""
    monkeypatch.setattr(BRANCHED, "_ROUNDS_COUNT", 1)
    open_ = _solved(programme)
    assert open_.remark == "branch and bound left a gap between curves and lines below them"
    assert open_.bound_usd < proven.objective_usd - 1e-6
    assert open_.gap_usd > 1e-6
