"""Bins, bands, totals and scores, each worked by hand."""

from math import log

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import (
    Bin,
    ForecastColumns,
    band_frac,
    bins,
    calibrated,
    holding_frac,
    log_scores,
    mean_interval,
    periods_count,
    thinned,
    together,
    totals,
)
from hedgerow.units import HOUR_NS


def forecasts(
    hours: list[int], chances: list[float], happened: list[bool], horizon_hours: int = 1
) -> ForecastColumns:
    return ForecastColumns(
        horizon_hours, np.array(hours) * HOUR_NS, np.array(chances), np.array(happened)
    )


@pytest.mark.parametrize(
    ("hours", "horizon_hours", "count"),
    [
        ([0, 1, 2, 3, 4, 5], 1, 6),
        ([0, 1, 2, 3, 4, 5], 2, 3),
        ([0, 1, 2, 3, 4, 5], 4, 2),
        ([5, 0, 5, 0, 3], 5, 2),  # several at one time are one
        ([0, 3, 4, 7, 8], 4, 3),
        ([7], 168, 1),
        ([], 8, 0),
    ],
)
def test_a_period_counts_once(hours: list[int], horizon_hours: int, count: int) -> None:
    assert periods_count(np.array(hours, dtype=np.int64) * HOUR_NS, horizon_hours) == count


@pytest.mark.parametrize(
    ("chance", "periods", "low", "high"),
    [
        # Ten tosses of a coin: P(1 or fewer) = 11/1024, P(2 or fewer) = 56/1024.
        (0.5, 10, 0.2, 0.8),
        # Of thirty, P(none) = 0.99^30 = 0.740 and P(one or none) = 0.740 + 30 · 0.01 · 0.99^29
        # = 0.964; P(two or fewer) = 0.997.
        (0.01, 30, 0.0, 2 / 30),
        # Of a million tosses 1.959964 deviations of 500 either side: 979.98.
        (0.5, 1_000_000, 0.49902, 0.50098),
        (0.0, 40, 0.0, 0.0),
        (1.0, 40, 1.0, 1.0),
        # One trial at 0.9 fails in one case of ten, which is more than 2.5 %.
        (0.9, 1, 0.0, 1.0),
        (0.99, 1, 1.0, 1.0),
    ],
)
def test_a_band_is_the_binomial_quantiles(
    chance: float, periods: int, low: float, high: float
) -> None:
    assert band_frac(chance, periods) == pytest.approx((low, high), abs=1e-15)


def test_a_band_needs_a_period_and_a_share() -> None:
    for chance, periods in ((0.5, 0), (1.1, 5), (float("nan"), 5)):
        with pytest.raises(OutOfDomain, match="no band"):
            band_frac(chance, periods)


def test_bins_hold_mean_forecast_and_share() -> None:
    hours = [0, 0, 1, 2, 3, 4, 5]
    chances = [0.1, 0.3, 0.2, 0.5, 0.7, 0.9, 1.0]
    happened = [False, True, False, True, True, True, True]
    low, high = bins(
        forecasts(hours, chances, happened), edges_frac=(0.0, 0.5, 1.0), periods_count_min=2
    )
    assert (low.forecasts_count, low.periods_count) == (3, 2)
    assert (low.from_frac, low.to_frac) == (0.0, 0.5)
    assert low.predicted_frac == pytest.approx(0.2)
    assert low.observed_frac == pytest.approx(1 / 3)
    # Two trials at 0.2: none in 64 %, two in 4 %, which is more than 2.5 %.
    assert (low.low_frac, low.high_frac) == (0.0, 1.0)
    # One half belongs above, and so does one.
    assert (high.forecasts_count, high.periods_count) == (4, 4)
    assert high.predicted_frac == pytest.approx(0.775)
    assert high.observed_frac == 1.0


def test_bins_are_finest_where_liquidations_are_rare() -> None:
    edges = [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    chances = [0.0, *(each * (1 + side) for each in edges for side in (-1e-9, 0.0)), 1.0]
    found = bins(
        forecasts(list(range(len(chances))), chances, [False] * len(chances)), periods_count_min=1
    )
    assert [each.from_frac for each in found] == [0.0, *edges]
    assert [each.to_frac for each in found] == [*edges, 1.0]
    assert [each.forecasts_count for each in found] == [2] * 14


def test_bins_with_few_periods_are_left_out() -> None:
    few = forecasts([0, 1, 2] * 20, [0.5] * 60, [True] * 60)
    assert bins(few) == ()
    enough = forecasts(list(range(30)), [0.5] * 30, [True] * 30)
    assert len(bins(enough)) == 1


def test_a_bin_holds_up_to_its_edges() -> None:
    def at(share: float) -> Bin:
        return Bin(
            from_frac=0.1, to_frac=0.2, forecasts_count=9, periods_count=9, predicted_frac=0.15,
            observed_frac=share, low_frac=0.1, high_frac=0.25,
        )  # fmt: skip

    held = [at(share) for share in (0.0999, 0.1, 0.2, 0.25, 0.2501)]
    assert [each.holds for each in held] == [False, True, True, True, False]
    assert holding_frac(held) == 0.6
    assert holding_frac([]) is None


def test_totals_add_up() -> None:
    found = totals(forecasts([0, 1, 2], [0.25, 0.5, 0.75], [False, True, False]))
    assert (found.forecasts_count, found.predicted_count, found.observed_count) == (3, 1.5, 1)
    assert found.ratio_frac == 1.5
    assert totals(forecasts([0], [0.5], [False])).ratio_frac is None


def test_scores_are_logs_of_what_was_given_to_what_came() -> None:
    asked = forecasts([0, 1, 2, 3], [0.25, 0.25, 0.0, 0.0], [True, False, False, True])
    assert log_scores(asked)[:3] == pytest.approx([log(0.25), log(0.75), 0.0])
    assert log_scores(asked)[3] == -np.inf
    assert log_scores(asked, floor_frac=1e-3)[2:] == pytest.approx([log(0.999), log(0.001)])


def test_windows_that_lie_end_to_end() -> None:
    asked = forecasts(list(range(10)), [0.5] * 10, [False] * 10, horizon_hours=4)
    assert (thinned(asked, 1).start_ns // HOUR_NS).tolist() == [1, 5, 9]
    with pytest.raises(OutOfDomain, match="phase_hours"):
        thinned(asked, 4)


def test_an_interval_draws_whole_blocks() -> None:
    # Two blocks of ten hours, all zeros and all ones: a draw has none, half or all of the ones.
    hours = np.arange(20) * HOUR_NS
    values = np.repeat([0.0, 1.0], 10)
    rng = np.random.default_rng(1)
    assert mean_interval(values, hours, block_hours=10, rng=rng) == (0.0, 1.0)
    # Blocks alike leave nothing to chance.
    same = mean_interval(np.tile([0.0, 1.0], 10), hours, block_hours=10, rng=rng)
    assert same == (0.5, 0.5)
    with pytest.raises(OutOfDomain, match="two blocks"):
        mean_interval(values, hours, block_hours=20, rng=rng)


def test_an_interval_of_independent_values_is_that_of_the_normal() -> None:
    values = np.random.default_rng(2).standard_normal(4_000)
    hours = np.arange(values.size) * HOUR_NS
    low, high = mean_interval(values, hours, block_hours=10, rng=np.random.default_rng(3))
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(values.size), rel=0.1)


def test_a_forecaster_who_knows_beats_one_who_does_not() -> None:
    rng = np.random.default_rng(4)
    truth = rng.choice([0.05, 0.35, 0.75], size=20_000)
    happened = rng.random(truth.size) < truth
    hours = np.arange(truth.size)
    knows = forecasts(hours.tolist(), truth.tolist(), happened.tolist())
    guesses = forecasts(hours.tolist(), [0.9] * truth.size, happened.tolist())
    found = calibrated([knows], [guesses], rng=rng)
    assert [each.holds for each in found.bins] == [True] * 3
    assert (found.bins_apart_count, found.bins_apart_holding_count) == (3, 3)
    assert [each.holds for each in found.rival_bins] == [False]
    assert found.totals.ratio_frac == pytest.approx(1.0, abs=0.02)
    assert found.rival_totals.ratio_frac == pytest.approx(0.9 / truth.mean(), abs=0.05)
    # Entropy of the three chances: what no forecaster can beat.
    entropy = [p * log(p) + (1 - p) * log(1 - p) for p in (0.05, 0.35, 0.75)]
    assert found.score_log == pytest.approx(np.mean(entropy), abs=0.01)
    assert found.gain_low_log < found.gain_log < found.gain_high_log
    assert found.gain_low_log > 0.0
    assert found.probability_frac_min == 0.05


def test_overlapping_forecasts_make_no_band_narrow() -> None:
    """Three thousand hours of windows of a week are eighteen periods: too few to judge."""
    hours = list(range(3_000))
    asked = forecasts(hours, [0.5] * 3_000, [True] * 3_000, horizon_hours=168)
    assert bins(asked) == ()
    (judged,) = bins(asked, periods_count_min=10)
    assert judged.periods_count == 18
    assert not judged.holds  # all of eighteen at one half


def test_what_cannot_be_judged_is_refused() -> None:
    one, other = forecasts([0], [0.5], [True]), forecasts([1], [0.5], [True])
    rng = np.random.default_rng(5)
    with pytest.raises(OutOfDomain, match="same rows"):
        calibrated([one], [other], rng=rng)
    with pytest.raises(OutOfDomain, match="no forecast"):
        calibrated([forecasts([], [], [])], [forecasts([], [], [])], rng=rng)
    with pytest.raises(OutOfDomain, match="one and the same horizon"):
        together([one, forecasts([0], [0.5], [True], horizon_hours=8)])
    with pytest.raises(OutOfDomain, match="outside"):
        forecasts([0], [1.5], [True])
    with pytest.raises(OutOfDomain, match="one length"):
        forecasts([0, 1], [0.5], [True])
    with pytest.raises(OutOfDomain, match="horizon_hours"):
        forecasts([0], [0.5], [True], horizon_hours=0)
