"""Chances from the past: by hand, against the truth of a random walk, and refused in words."""

from typing import Any

import numpy as np
import pytest

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.market import FilteredPast, filtered_pasts
from hedgerow.solvency import (
    ExcursionGroup,
    Excursions,
    Side,
    Tail,
    breach_chance,
    fit_excursions,
    fit_tail,
    hit_frac,
    liquidation_move_log,
)
from hedgerow.units import DAY_NS, HOUR_NS, parse_ns
from tests.golden.read import numbers
from tests.rooms.market.walks import walk

START_NS = parse_ns("2021-01-01")


def group(middle_log: float, scaled: list[float], periods: int, tail_from: float) -> ExcursionGroup:
    return ExcursionGroup(middle_log, np.array(scaled), tail_from, Tail(0.0, 1.0), periods)


def test_prices_of_liquidation_are_those_of_the_methods_sheet() -> None:
    given: dict[str, Any] = numbers("liquidation_price")
    entry, leverage, rate = (float(given[name]) for name in ("E", "leverage", "mmr"))
    long = entry * np.exp(-liquidation_move_log(leverage, rate, "fall"))
    short = entry * np.exp(liquidation_move_log(leverage, rate, "rise"))
    assert long == pytest.approx(float(given["linear_long"]), rel=1e-14)
    assert short == pytest.approx(float(given["linear_short"]), rel=1e-14)


@pytest.mark.parametrize(("leverage", "rate"), [(1.0, 0.0), (10.0, 0.1), (5.0, -0.01)])
def test_a_position_that_has_no_such_price_is_refused(leverage: float, rate: float) -> None:
    with pytest.raises(OutOfDomain, match="maintenance_frac"):
        liquidation_move_log(leverage, rate, "fall")


def test_a_tail_by_weighted_moments() -> None:
    # Means 3 and (1·2 + 1·1 + 7·0)/6 = 1/2: shape 2 - 3/2, scale 2 · 3 · 1/2 / 2.
    assert fit_tail(np.array([7.0, 1.0, 1.0])) == pytest.approx((0.5, 1.5))
    # Means 2 and 1/2: shape 2 - 2/1 = 0, an exponential of mean 2.
    assert fit_tail(np.array([1.0, 1.0, 4.0])) == (0.0, 2.0)
    # A shape below zero would end the tail; it is not believed.
    assert fit_tail(np.array([1.0, 2.0, 3.0])) == (0.0, 2.0)
    assert fit_tail(np.array([0.0, 1.0])) == (0.0, 0.5)
    for few in ([1.0], [0.0, 0.0], [-1.0, 2.0]):
        with pytest.raises(OutOfDomain, match="two or more"):
            fit_tail(np.array(few))


def test_a_tail_finds_its_own_shape() -> None:
    level = (np.arange(100_000) + 0.5) / 100_000
    excess = 2.0 / 0.2 * ((1.0 - level) ** -0.2 - 1.0)
    assert fit_tail(excess) == pytest.approx((0.2, 2.0), rel=5e-3)


@pytest.mark.parametrize(("loss", "level"), [(27.47870853305596, 0.01), (95.5444167650346, 0.001)])
def test_a_tail_stands_where_the_methods_sheet_puts_it(loss: float, level: float) -> None:
    """Section 12: threshold 10, 109 of 2,156 beyond it, shape 0.5, scale 7."""
    beyond = Tail(0.5, 7.0).beyond_frac(np.array([loss - 10.0]))
    assert 109 / 2156 * beyond[0] == pytest.approx(level, rel=1e-10)


def test_a_chance_is_how_often_it_was_so() -> None:
    known = group(0.0, [0.5, 1.0, 1.0, 2.0], 40, tail_from=1.0)
    asked = np.array([0.4, 0.5, 0.6, 1.0, 2.0])
    # As large or larger: 4, 4, 3 and 3 of 4; beyond 1 a quarter, of which e^-1 is beyond 2.
    expected = [1.0, 1.0, 0.75, 0.75, 0.25 * np.exp(-1.0)]
    np.testing.assert_allclose(known.beyond_frac(asked), expected, rtol=1e-14)
    # No more is said of a tail than ten times the history could show.
    assert known.beyond_frac(np.array([1e3]))[0] == 1 / 400


def test_between_two_weathers_the_chance_goes_between() -> None:
    calm = group(np.log(0.01), [1.0, 1.0, 3.0, 3.0], 100, tail_from=3.0)
    wild = group(np.log(0.04), [1.0, 1.0, 1.0, 3.0], 25, tail_from=3.0)
    known = Excursions("fall", 8, (calm, wild))
    expected = np.array([0.001, 0.01, 0.02, 0.04, 0.4])
    found = breach_chance(known, 2.0 * expected, expected)
    np.testing.assert_allclose(found.probability_frac, [0.5, 0.5, 0.375, 0.25, 0.25], rtol=1e-12)
    # √(p(1-p)/n) at the ends, a quarter of each variance half way.
    errors = [0.05, 0.05, np.sqrt((0.25 / 100 + 0.1875 / 25) / 4), np.sqrt(0.1875 / 25)]
    np.testing.assert_allclose(found.error_frac[:4], errors, rtol=1e-12)
    for move, expects in ((0.0, 0.01), (0.1, np.nan), (np.inf, 0.01), (0.1, 0.0)):
        with pytest.raises(OutOfDomain, match="must be positive"):
            breach_chance(known, move, expects)


def past(
    subject: str, days: int, horizon_hours: int, *, moved: float = 0.5, started_ns: int = 0
) -> FilteredPast:
    """Expect 0.01 and 0.02 by turns; fall half of it and rise twice as far."""
    hours = np.arange(days * 24)
    expected = np.where(hours % 2 == 0, 0.01, 0.02)
    known = hours[: hours.size - horizon_hours + 1]
    fall = moved * expected[known] * (1.0 + known / known.size / 1e3)
    return FilteredPast(
        subject, horizon_hours, started_ns + hours * HOUR_NS, expected, known, fall, 2.0 * fall
    )


def test_what_was_over_is_known_and_nothing_else() -> None:
    sides: tuple[tuple[Side, float], ...] = (("fall", 0.5), ("rise", 1.0))
    for side, size in sides:
        known = fit_excursions([past("A", 100, 8)], side, at_ns=90 * DAY_NS, groups_frac=(0.0, 1.0))
        assert isinstance(known, Excursions)
        (only,) = known.groups
        # The last that is over began eight hours before.
        assert only.scaled_frac.size == 90 * 24 - 7
        assert only.scaled_frac[0] == pytest.approx(size)
        assert only.periods_count == 270
        assert only.middle_log == pytest.approx(np.log(0.01 * np.sqrt(2.0)), abs=1e-3)


def test_memory_ends() -> None:
    known = fit_excursions(
        [past("A", 100, 8)], "fall", at_ns=90 * DAY_NS, memory_days=20, groups_frac=(0.0, 1.0)
    )
    assert isinstance(known, Excursions)
    assert known.groups[0].scaled_frac.size == 20 * 24


def test_prices_share_a_heap_but_no_period() -> None:
    pasts = [past("A", 100, 8), past("B", 100, 8, moved=0.7)]
    known = fit_excursions(pasts, "fall", at_ns=100 * DAY_NS, groups_frac=(0.0, 1.0))
    assert isinstance(known, Excursions)
    assert known.groups[0].scaled_frac.size == 2 * (100 * 24 - 7)
    assert known.groups[0].periods_count == 300


def test_too_little_history_is_said() -> None:
    found = fit_excursions([past("A", 100, 168)], "fall", at_ns=100 * DAY_NS)
    assert isinstance(found, Failure)
    assert (found.subject, found.reason) == ("A", "missing_data")
    assert "14 periods of 168 h are over" in found.message
    assert "50 that do not overlap" in found.message
    # Enough of them, but so thin that a group has no tail.
    full = past("A", 500, 168)
    kept = full.outcome_index[::100]
    thin = FilteredPast(
        "A", 168, full.time_ns, full.range_log, kept, full.fall_log[kept], full.rise_log[kept]
    )
    found = fit_excursions([thin], "fall", at_ns=500 * DAY_NS)
    assert isinstance(found, Failure)
    assert "group 0 holds" in found.message


def test_horizons_do_not_mix() -> None:
    with pytest.raises(OutOfDomain, match="one and the same horizon"):
        fit_excursions([past("A", 100, 8), past("B", 100, 24)], "fall", at_ns=DAY_NS)
    with pytest.raises(OutOfDomain, match="one and the same horizon"):
        fit_excursions([], "fall", at_ns=DAY_NS)


@pytest.mark.parametrize("side", ["fall", "rise"])
def test_of_a_random_walk_the_chance_is_known(side: Side) -> None:
    """First passage of a Brownian motion (methods sheet, section 16.2), here without log drift."""
    vol_hour, horizon_hours = 0.006, 24
    bars = [
        walk(name, START_NS, 900, seed=11 + n, vol_hour=vol_hour) for n, name in enumerate("AB")
    ]
    pasts = filtered_pasts(bars, horizon_hours)
    at_ns = START_NS + 900 * DAY_NS
    known = fit_excursions(pasts, side, at_ns=at_ns)
    assert isinstance(known, Excursions)
    moves = np.array([0.02, 0.03, 0.05, 0.07])
    found = breach_chance(known, moves, pasts[0].range_log[-1])
    # Watched once a minute, a walk oversteps: 0.5826 deviations of a step nearer (section 16.2).
    seen = moves + 0.5826 * vol_hour / np.sqrt(60.0)
    vol = vol_hour * np.sqrt(8_760.0)
    truth = hit_frac(1.0, np.exp(seen), vol**2 / 2.0, vol, horizon_hours / 8_760.0)
    assert (np.abs(found.probability_frac - truth) < 4.0 * found.error_frac).all()
    assert (found.error_frac < 0.04).all()


def test_of_three_weathers_the_nearest_two_are_asked() -> None:
    shares = ([3.0, 3.0, 3.0, 3.0], [1.0, 1.0, 3.0, 3.0], [1.0, 1.0, 1.0, 3.0])
    groups = tuple(
        group(np.log(middle), scaled, 100, tail_from=3.0)
        for middle, scaled in zip((0.01, 0.02, 0.04), shares, strict=True)
    )
    expected = 0.01 * np.array([0.5, 1.0, np.sqrt(2.0), 2.0, 2.0 * np.sqrt(2.0), 4.0, 8.0])
    found = breach_chance(Excursions("rise", 8, groups), 2.0 * expected, expected)
    chances = [1.0, 1.0, 0.75, 0.5, 0.375, 0.25, 0.25]
    np.testing.assert_allclose(found.probability_frac, chances, rtol=1e-12)
    # One group alone is asked at every range.
    alone = breach_chance(Excursions("rise", 8, groups[1:2]), 2.0 * expected, expected)
    np.testing.assert_allclose(alone.probability_frac, 0.5, rtol=1e-12)
    np.testing.assert_allclose(alone.error_frac, 0.05, rtol=1e-12)


def test_groups_go_from_calm_to_wild_and_the_largest_twentieth_is_tail() -> None:
    hours = np.arange(8_000)
    expected = np.exp(np.random.default_rng(6).permutation(hours) / 8_000.0 - 5.0)
    each = FilteredPast("A", 1, hours * HOUR_NS, expected, hours, expected * hours, expected)
    known = fit_excursions([each], "fall", at_ns=8_000 * HOUR_NS)
    assert isinstance(known, Excursions)
    assert [one.scaled_frac.size for one in known.groups] == [2_000, 2_000, 2_000, 1_200, 800]
    middles = [one.middle_log + 5.0 for one in known.groups]
    np.testing.assert_allclose(middles, [0.125, 0.375, 0.625, 0.825, 0.95], atol=1e-3)
    for one in known.groups:
        beyond = one.scaled_frac > one.tail_from_frac
        assert beyond.sum() == one.scaled_frac.size // 20
        excess = one.scaled_frac[beyond] - one.tail_from_frac
        assert one.tail == pytest.approx(fit_tail(excess))


def test_margin_that_just_meets_the_requirement_is_no_position() -> None:
    with pytest.raises(OutOfDomain, match="maintenance_frac"):
        liquidation_move_log(20.0, 0.05, "fall")
    assert liquidation_move_log(20.0, 0.0499, "fall") > 0.0
    assert liquidation_move_log(20.0, 0.0, "rise") == pytest.approx(np.log(1.05))
