"""A stop along paths: by closed forms of first passage, path by path, and against its rivals."""

from math import erf, log, sqrt

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.hedging import structures
from hedgerow.hedging.structures import StopRule
from hedgerow.limits import Tails, tailed_passage_frac
from hedgerow.solvency import hit_frac, seen_barrier_usd

YEAR_HOURS = 8_760
TAILS = Tails(
    vol_deviation_log=0.75, regimes_count=7, reach_frac=1.12, jumps_count_per_year=8.0,
    up_frac=0.3, size_up_log=0.03, size_down_log=0.08, vol_told_frac=0.508,
)  # fmt: skip


def walked(tails: Tails | None, steps: int, paths: int, vol: float = 0.6) -> np.ndarray:
    return structures.walked_prices_frac(
        vol_frac=vol, tails=tails, step_years=1 / YEAR_HOURS, steps_count=steps, paths_count=paths,
        rng=np.random.default_rng(5),
    )  # fmt: skip


def outlook(
    prices: np.ndarray, rule: StopRule, slip: float = 0.0, put: float | None = 0.0
) -> structures.StopOutlook:
    return structures.stop_outlook(
        prices, rule, slippage_frac=slip, cost_frac=0.001, put_cost_frac=put
    )


def test_a_lognormal_price_looked_at_hourly_meets_it_as_often_as_the_closed_form_says() -> None:
    prices = walked(None, 168, 40_000)
    found = outlook(prices, StopRule(loss_frac=0.1))
    moved = seen_barrier_usd(1.0, 0.9, 0.6, 1 / YEAR_HOURS)
    expected = float(hit_frac(1.0, float(moved), 0.0, 0.6, 168 / YEAR_HOURS))
    assert found.hit_frac == pytest.approx(expected, abs=4 * found.hit_error_frac)
    # Overshoot of a walk: 0.5826 deviations of an hour (Siegmund; Chernoff).
    assert found.gap_frac == pytest.approx(0.5826 * 0.6 / sqrt(YEAR_HOURS), rel=0.03)


def test_with_tails_it_is_met_as_often_as_limits_say_but_for_what_looks_miss() -> None:
    prices = walked(TAILS, 168, 40_000)
    assert float(prices[:, -1].mean()) == pytest.approx(1.0, abs=5e-3)
    found = outlook(prices, StopRule(loss_frac=0.15))
    always = tailed_passage_frac(TAILS, float("inf"), -0.15, 0.6, 168 / YEAR_HOURS)
    assert 0.85 * always <= found.hit_frac <= always + 4 * found.hit_error_frac
    # Jumps leave it far beyond its level: the worst twentieth is several per cent worse.
    assert found.gap_stressed_frac > 0.02


@pytest.mark.parametrize("is_short", [False, True])
@pytest.mark.parametrize("is_trailing", [False, True])
def test_every_path_is_what_the_rule_does_step_by_step(is_short: bool, is_trailing: bool) -> None:
    prices = walked(TAILS, 200, 60, vol=0.9)
    rule = StopRule(loss_frac=0.06, is_short=is_short, is_trailing=is_trailing)
    found = outlook(prices, rule, slip=0.002)
    paths = [structures.stopped(rule, path.tolist(), cost_frac=0.003) for path in prices]
    ends = np.array([each.profit_frac[-1] for each in paths])
    way = {each.name: each for each in found.ways}["stop-loss"]
    assert way.mean_frac == pytest.approx(float(ends.mean()), abs=1e-12)
    assert way.worst_frac == pytest.approx(float(ends.min()), abs=1e-12)
    assert found.hit_frac == pytest.approx(np.mean([each.trades_count > 0 for each in paths]))


@pytest.mark.slow
def test_nothing_is_gained_by_any_way_but_its_costs_are_lost() -> None:
    prices = walked(None, 720, 40_000)
    T = 720 / YEAR_HOURS
    d1 = -log(0.9) / (0.6 * sqrt(T)) + 0.3 * sqrt(T)

    def cdf(x: float) -> float:
        return 0.5 * (1.0 + erf(x / sqrt(2.0)))

    put = 0.9 * cdf(0.6 * sqrt(T) - d1) - cdf(-d1)
    found = outlook(prices, StopRule(loss_frac=0.1), slip=0.002, put=put)
    ways = {each.name: each for each in found.ways}
    for name in ("do nothing", "option at its level"):
        assert ways[name].mean_frac == pytest.approx(0.0, abs=4 * ways[name].error_frac)
    stop = ways["stop-loss"]
    traded = found.hit_frac * 0.003 * 0.9
    assert stop.mean_frac == pytest.approx(-traded, abs=4 * stop.error_frac)
    assert ways["close at once"].mean_frac == pytest.approx(-0.001)
    # The option never loses more than its level and its price; the stop loses what is jumped.
    assert ways["option at its level"].worst_frac == pytest.approx(-0.1 - put, abs=1e-12)
    assert stop.worst_frac < -0.1
    fair = outlook(prices, StopRule(loss_frac=0.1), put=None).ways[2]
    assert fair.cost_frac == pytest.approx(put, rel=0.03)
    assert fair.mean_frac == pytest.approx(ways["do nothing"].mean_frac, abs=1e-12)


def test_of_paths_written_by_hand() -> None:
    prices = np.array([[1.0, 0.95, 0.85, 1.02], [1.0, 1.1, 1.05, 1.2], [1.0, 0.9, 0.7, 0.8]])
    found = outlook(prices, StopRule(loss_frac=0.1))
    assert found.hit_frac == pytest.approx(2 / 3)
    # The first leaves at 0.85, a gap of 0.05 of 0.9; the third at its level.
    assert found.gap_frac == pytest.approx(0.5 * 0.05 / 0.9)
    assert found.gap_stressed_frac == pytest.approx(0.05 / 0.9)
    # Of the coins held at first, over three paths: 0.05 in one, nothing in the others.
    assert found.beyond_frac == pytest.approx(0.05 / 3)
    slipped = outlook(prices, StopRule(loss_frac=0.1), slip=0.01).beyond_frac
    assert slipped == pytest.approx((0.9 - 0.99 * 0.85 + 0.9 - 0.99 * 0.9) / 3)
    assert found.regained_frac == pytest.approx(0.5)
    stop = found.ways[1]
    ends = [0.85 * 0.999 - 1.0, 0.2, 0.9 * 0.999 - 1.0]
    assert stop.mean_frac == pytest.approx(np.mean(ends))
    assert stop.upside_frac == pytest.approx(0.2)


def test_of_paths_written_by_hand_a_short_is_left_above() -> None:
    prices = np.array(
        [
            [1.0, 1.05, 1.15, 0.98],
            [1.0, 0.9, 0.95, 0.8],
            [1.0, 1.1, 1.3, 1.2],
            [1.0, 1.2, 1.3, 1.25],
        ]
    )
    found = outlook(prices, StopRule(loss_frac=0.1, is_short=True))
    assert found.hit_frac == pytest.approx(3 / 4)
    # The first leaves at 1.15, a gap of 0.05 of 1.1, and comes back; the others stay above.
    assert found.gap_frac == pytest.approx((0.05 + 0.0 + 0.1) / 1.1 / 3)
    assert found.gap_stressed_frac == pytest.approx(0.1 / 1.1)
    assert found.regained_frac == pytest.approx(1 / 3)
    idle, stop, option, _ = found.ways
    assert idle.mean_frac == pytest.approx((0.02 + 0.2 - 0.2 - 0.25) / 4)
    ends = [1.0 - 1.15 * 1.001, 0.2, 1.0 - 1.1 * 1.001, 1.0 - 1.2 * 1.001]
    assert stop.mean_frac == pytest.approx(np.mean(ends))
    # A call at 1.1 pays what the last two lose beyond a tenth.
    assert option.worst_frac == pytest.approx(-0.1)
    assert option.acted_frac == pytest.approx(2 / 4)


def test_what_a_short_and_a_trailing_stop_pay_beyond_their_levels() -> None:
    prices = np.array([[2.0, 2.1, 2.4], [2.0, 1.0, 1.9]])
    short = outlook(prices, StopRule(loss_frac=0.1, is_short=True), slip=0.01)
    # The first is bought back at 2.4 and a hundredth more, its level being 2.2.
    assert short.beyond_frac == pytest.approx((2.4 * 1.01 - 2.2) / 2.0 / 2)
    trailing = outlook(
        np.array([[1.0, 2.0, 1.7], [1.0, 1.1, 1.2]]), StopRule(loss_frac=0.1, is_trailing=True)
    )
    # Its level is 1.8 by then; a share of the level of today would say half of that.
    assert trailing.beyond_frac == pytest.approx(0.1 / 2)


def test_a_stop_that_nothing_meets_has_no_gap() -> None:
    found = outlook(np.array([[1.0, 1.1], [1.0, 1.2]]), StopRule(loss_frac=0.1))
    assert (found.hit_frac, found.gap_frac, found.gap_stressed_frac, found.regained_frac) == (
        0.0, 0.0, 0.0, 0.0,
    )  # fmt: skip
    assert found.beyond_frac == 0.0


def test_what_cannot_be_is_refused() -> None:
    good = np.array([[1.0, 1.1], [1.0, 1.2]])
    with pytest.raises(OutOfDomain):
        outlook(good[:1], StopRule(loss_frac=0.1))
    with pytest.raises(OutOfDomain):
        outlook(good, StopRule(loss_frac=0.1, return_frac=0.05))
    for none in (float("nan"), float("inf"), 0.0, -1.0):
        with pytest.raises(OutOfDomain):
            outlook(np.array([[1.0, 1.1], [1.0, none]]), StopRule(loss_frac=0.1))
    with pytest.raises(OutOfDomain):
        outlook(good, StopRule(loss_frac=0.1), slip=-0.1)
    with pytest.raises(OutOfDomain):
        walked(None, 10**6, 10**3)
    with pytest.raises(OutOfDomain):
        walked(None, 10, 10, vol=0.0)
