"""A run in figures: counted by hand, and bounds that are what a bootstrap says."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.risk import (
    Estimate,
    RunStep,
    cube_root_block_count,
    moving_blocks,
    run_difference,
    run_figures,
    step_shortfall,
)
from hedgerow.units import DAY_NS


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def steps(profits: Sequence[float | None], fee_usd: float = 2.0) -> list[RunStep]:
    """Half days, each with a trade, a fee, a spread of one and a funding of a half received."""
    return [
        RunStep(
            start_ns=at * DAY_NS // 2, end_ns=(at + 1) * DAY_NS // 2, profit_usd=profit,
            fees_usd=fee_usd, spread_usd=1.0, funding_usd=0.5, liquidations_usd=0.0,
            trades_count=1,
        )
        for at, profit in enumerate(profits)
    ]  # fmt: skip


def bounds(of: Estimate | None) -> tuple[float, float]:
    assert of is not None
    assert of.low_figure is not None
    assert of.high_figure is not None
    return of.low_figure, of.high_figure


def test_a_block_is_the_least_whole_number_whose_cube_has_all_steps() -> None:
    for steps_count in (1, 2, 7, 8, 9, 26, 27, 28, 63, 64, 65, 125, 1_000, 1_001, 10**9):
        block = cube_root_block_count(steps_count)
        assert (block - 1) ** 3 < steps_count <= block**3
    with pytest.raises(OutOfDomain):
        cube_root_block_count(0)


def test_blocks_are_runs_of_consecutive_steps() -> None:
    drawn = moving_blocks(10, 4, 500, rng())
    assert drawn.shape == (500, 10)
    assert drawn.min() == 0
    assert drawn.max() == 9
    for first in (0, 4, 8):
        inside = np.diff(drawn[:, first : first + 4], axis=1)
        assert (inside == 1).all()
    # Every start is as likely as any other: none of seven is drawn less than half as often.
    starts = np.bincount(drawn[:, 0], minlength=7)
    assert len(starts) == 7
    assert starts.min() > 500 / 7 / 2
    assert (moving_blocks(5, 5, 3, rng()) == np.arange(5)).all()


def test_the_shortfall_is_the_mean_of_the_worst() -> None:
    # Of 80 steps two are the worst 2.5 %; of 40 one; of 41 two (1.025 is more than one).
    profits = np.arange(80.0)
    assert step_shortfall(profits) == pytest.approx(-0.5)
    assert step_shortfall(profits[:40]) == pytest.approx(0.0)
    assert step_shortfall(profits[:41]) == pytest.approx(-0.5)
    assert step_shortfall(np.array([-3.0, 5.0])) == pytest.approx(3.0)
    assert step_shortfall(np.array([[1.0, -2.0], [4.0, 3.0]])).tolist() == [2.0, -3.0]


def test_figures_by_hand() -> None:
    found = run_figures(steps([3.0, -4.0, None, 5.0]), rng())
    assert (found.steps_count, found.unknown_count, found.trades_count) == (4, 1, 4)
    assert found.days == 2.0
    assert (found.fees_usd, found.spread_usd, found.funding_usd) == (8.0, 4.0, 2.0)
    assert found.cost_usd_per_day.at_figure == pytest.approx((8 + 4 - 2) / 2)
    assert found.profit_usd is not None
    assert found.shortfall_usd is not None
    assert found.deviation_usd_per_day is not None
    assert found.profit_usd.at_figure == pytest.approx(4.0)
    assert found.shortfall_usd.at_figure == pytest.approx(4.0)
    # Three known steps are a day and a half.
    expected = math.sqrt((9 + 16 + 25) / 1.5)
    assert found.deviation_usd_per_day.at_figure == pytest.approx(expected)


def test_what_never_changes_is_certain_and_what_is_not_known_has_no_figure() -> None:
    same = run_figures(steps([1.0] * 21), rng())
    for each in (same.cost_usd_per_day, same.profit_usd, same.deviation_usd_per_day):
        assert each is not None
        assert each.low_figure == pytest.approx(each.at_figure)
        assert each.high_figure == pytest.approx(each.at_figure)
    nothing = run_figures(steps([None, None]), rng())
    assert nothing.profit_usd is nothing.shortfall_usd is nothing.deviation_usd_per_day is None
    assert nothing.cost_usd_per_day.at_figure == pytest.approx(5.0)


def test_bounds_of_a_sum_are_those_of_its_blocks() -> None:
    """Fifty blocks of eight, each as uncertain as a stretch of eight is: 1.96 deviations."""
    profits = rng(1).standard_normal(400)
    # What hangs together in time is less certain than its steps alone would say.
    walk = np.repeat(profits[:40], 10)
    wide = []
    for drawn in (profits, walk):
        found = run_figures(steps(list(map(float, drawn))), rng())
        assert found.block_count == 8
        assert found.profit_usd is not None
        stretches = np.convolve(drawn, np.ones(8), "valid")
        wide.append(1.96 * math.sqrt(400 / 8) * stretches.std())
        low, high = bounds(found.profit_usd)
        assert (high - low) / 2 == pytest.approx(wide[-1], rel=0.06)
    # Of steps that know nothing of each other 1.96 · √400 = 39.2 to either side.
    assert wide[0] == pytest.approx(39.2, rel=0.2)
    assert wide[1] > 2 * 1.96 * math.sqrt(400) * walk.std()


def test_bounds_of_few_steps_are_unknown() -> None:
    """Of nineteen known steps of twenty-five; hedging's cost is known of all."""
    drawn = [float(at) for at in range(19)]
    few = run_figures(steps([*drawn, *[None] * 6]), rng())
    for each in (few.profit_usd, few.shortfall_usd, few.deviation_usd_per_day):
        assert each is not None
        assert each.low_figure is each.high_figure is None
    assert bounds(few.cost_usd_per_day)
    assert bounds(run_figures(steps([*drawn, 19.0]), rng()).profit_usd)
    between = run_difference(steps(drawn), steps(drawn), rng())
    assert (between.profit_usd.at_figure, between.profit_usd.low_figure) == (0.0, None)


def test_two_runs_are_compared_step_by_step() -> None:
    """The second gains two more in every step: certain, however wild the steps themselves are."""
    wild = list(map(float, 100.0 * rng(3).standard_normal(30)))
    one, two = steps([each + 2.0 for each in wild], fee_usd=5.0), steps(wild)
    found = run_difference(one, two, rng())
    assert found.steps_count == 30
    assert found.cost_usd_per_day.at_figure == pytest.approx(6.0)
    for each, at in ((found.profit_usd, 60.0), (found.shortfall_usd, -2.0)):
        assert (each.low_figure, each.at_figure, each.high_figure) == pytest.approx((at, at, at))
    alone = run_figures(one, rng()).profit_usd
    assert alone is not None
    low, high = bounds(alone)
    assert low < 60.0 < high
    same = run_difference(two, two, rng())
    assert same.deviation_usd_per_day.at_figure == same.profit_usd.high_figure == 0.0
    # What is unknown in either is left out of both.
    part = run_difference(steps([1.0, None, 4.0]), steps([0.0, 9.0, 2.0]), rng())
    assert (part.steps_count, part.profit_usd.at_figure) == (2, 3.0)


def test_one_seed_is_one_answer() -> None:
    some = steps([float(at % 5) for at in range(30)])
    assert run_figures(some, rng()) == run_figures(some, rng())
    assert run_figures(some, rng()) != run_figures(some, rng(8))


@pytest.mark.parametrize(
    "bad",
    [
        lambda: moving_blocks(3, 4, 1, rng()),
        lambda: moving_blocks(3, 0, 1, rng()),
        lambda: moving_blocks(3, 1, 0, rng()),
        lambda: step_shortfall(np.array([])),
        lambda: step_shortfall(np.array([math.nan])),
        lambda: run_figures([], rng()),
        lambda: run_difference(steps([1.0]), steps([1.0, 2.0]), rng()),
        lambda: run_difference(steps([1.0]), steps([None]), rng()),
        lambda: steps([math.inf]),
        lambda: steps([1.0], fee_usd=math.nan),
        lambda: RunStep(
            start_ns=1, end_ns=1, profit_usd=None, fees_usd=0.0, spread_usd=0.0, funding_usd=0.0,
            liquidations_usd=0.0, trades_count=0,
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(bad: object) -> None:
    with pytest.raises(OutOfDomain):
        bad()  # type: ignore[operator]
