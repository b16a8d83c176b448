"""Falls, leads and false alarms, hour by hour as a person reads them."""

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import AlarmRecord, Track, alarm_record, threshold_of_equal_rate


def track(text: str, *, called: tuple[int, ...] = (), anchors: tuple[int, ...] = ()) -> Track:
    health = np.array([float("nan") if word == "?" else float(word) for word in text.split()])
    hours = np.arange(len(health))
    return Track("one", health, np.isin(hours, called), np.isin(hours, anchors))


def judged(found: Track, signal: str, needed_hours: float = 1.0) -> AlarmRecord:
    on = np.array([word == "x" for word in signal.split()])
    return alarm_record([found], [on], needed_hours=needed_hours)


def test_a_lead_is_the_run_that_lasts_into_the_fall() -> None:
    #                              0    1    2    3    4    5
    made = judged(track("1.30 1.20 1.06 1.04 1.02 0.99"), ". x . x x .", needed_hours=2.0)
    (fall,) = made.falls
    assert (fall.hour_index, fall.lead_hours, fall.cause) == (5, 2, None)
    assert fall.health_before_frac == 1.02
    # The run of hour 1 had something break within a day.
    assert (made.in_time_count, made.false_alarms_count, made.watched_hours) == (1, 0, 5)


@pytest.mark.parametrize(
    ("health", "signal", "anchors", "cause"),
    [
        ("1.20 1.04 0.99", ". x .", (), "late"),
        ("1.20 1.06 0.90", ". . .", (), "gap"),
        ("1.20 1.06 0.90", ". . .", (2,), "acted"),
        ("1.20 ? 0.90", ". x .", (), "unpriced"),
        # On at the fall itself is too late to be a lead.
        ("1.20 1.06 0.90", ". . x", (), "gap"),
    ],
)
def test_a_miss_has_a_cause(health: str, signal: str, anchors: tuple[int, ...], cause: str) -> None:
    (fall,) = judged(track(health, anchors=anchors), signal, needed_hours=1.5).falls
    assert fall.cause == cause


def test_no_lead_is_a_miss_even_of_a_route_that_takes_no_time() -> None:
    made = judged(track("1.20 1.06 0.90"), ". . .", needed_hours=0.0)
    assert made.in_time_count == 0


def test_a_fall_counts_again_only_after_a_rise() -> None:
    falls = judged(track("1.10 0.99 1.04 0.98 1.06 0.97"), ". . . . . .").falls
    assert [fall.hour_index for fall in falls] == [1, 5]
    assert judged(track("1.05 0.99"), ". .").falls == ()


def test_a_call_proves_a_fall_that_the_prices_did_not_show() -> None:
    (fall,) = judged(track("1.10 1.03 1.02", called=(2,)), ". x .").falls
    assert (fall.hour_index, fall.cause) == (2, None)
    (fall,) = judged(track("1.10 1.03 ?", called=(2,)), ". x .").falls
    assert fall.hour_index == 2


def test_false_alarms_are_runs_without_a_fall_within_a_day() -> None:
    calm = "1.30 " * 40
    made = judged(track(calm), "x x . x " + ". " * 36)
    assert (made.false_alarms_count, made.watched_hours) == (2, 40)
    assert made.false_alarms_count_per_month == pytest.approx(2 / (40 / 730.5))
    # A run ends after hour 1; a fall in hour 25 is within the day, in hour 26 it is not.
    for fall_at, count in ((25, 0), (26, 1)):
        health = ["1.30"] * 40
        health[fall_at] = "0.90"
        assert judged(track(" ".join(health)), "x x " + ". " * 38).false_alarms_count == count


def test_what_is_not_known_is_neither_watched_nor_an_alarm() -> None:
    made = judged(track("? ? 1.30"), "x x .")
    assert (made.watched_hours, made.false_alarms_count) == (1, 0)
    none = judged(track("? ?"), "x x")
    assert none.false_alarms_count_per_month is None


def test_what_always_rings_is_false_every_day() -> None:
    # On for 100 hours, and a fall in hour 100. Of the alarms of hours 0, 24, 48, 72 and 96 the last
    # two end less than a day before it and are not false; that of hour 48 ends 28 hours before.
    health = np.full(101, 1.30)
    health[100] = 0.90
    never = np.zeros(101, dtype=np.bool_)
    found = alarm_record(
        [Track("one", health, never, never)], [np.ones(101, dtype=np.bool_)], needed_hours=1.0
    )
    assert (found.false_alarms_count, found.falls[0].lead_hours) == (3, 100)


def test_hours_in_which_one_alarm_could_not_ring_count_for_none() -> None:
    #                       0    1    2    3    4    5
    health = np.array([1.30, 1.20, 1.06, 1.04, 1.30, 0.99])
    priced = np.array([True, False, True, True, False, True])
    nothing = np.zeros(6, dtype=np.bool_)
    on = np.array([False, True, False, False, True, True])
    made = alarm_record([Track("one", health, nothing, nothing, priced)], [on], needed_hours=1.0)
    assert (made.watched_hours, made.false_alarms_count) == (3, 0)
    (fall,) = made.falls
    assert (fall.lead_hours, fall.health_before_frac, fall.cause) == (0, 1.30, "unpriced")
    # A day and more before the fall, where it would ring, it would be false.
    calm = np.full(40, 1.30)
    lone = np.arange(40) == 3
    for is_priced, count in ((None, 1), (~lone, 0)):
        calm_track = Track("one", calm, nothing[:1].repeat(40), nothing[:1].repeat(40), is_priced)
        assert alarm_record([calm_track], [lone], needed_hours=1.0).false_alarms_count == count
    with pytest.raises(OutOfDomain, match="one length"):
        Track("one", health, nothing, nothing, priced[:5])


def test_a_threshold_as_often_false() -> None:
    # Below 1.15 twice apart and a day away from any fall; below 1.05 once.
    quiet = ["1.30"] * 30
    health = [*quiet, "1.10", *quiet, "1.04", *quiet]
    made = [track(" ".join(health))]
    grid = (1.01, 1.05, 1.15, 1.40)
    # Below 1.40 is one run that never ends, and false on each of four days.
    assert threshold_of_equal_rate(made, grid, false_alarms_count_max=3) == 1.15
    assert threshold_of_equal_rate(made, grid, false_alarms_count_max=2) == 1.15
    assert threshold_of_equal_rate(made, grid, false_alarms_count_max=4) == 1.40
    assert threshold_of_equal_rate(made, grid[:3], false_alarms_count_max=1) == 1.05
    assert threshold_of_equal_rate(made, grid[1:3], false_alarms_count_max=0) is None


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="one length"):
        Track("one", np.array([1.0]), np.array([False, True]), np.array([False]))
    with pytest.raises(OutOfDomain, match="every hour"):
        judged(track("1.0 1.0"), ".")
