"""What waiting costs, against the collection's values and by hand."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import (
    Remote,
    latency_buffer_frac,
    latency_var_bps,
    latency_var_drawn,
    transit_time,
    usable_within,
)
from tests.golden.read import numbers
from tests.rooms.solvency.reaction.route_book import generator

GOLDEN = numbers("latency_var_bp_sigma60_99")["seconds"]
INF = float("inf")


@pytest.mark.parametrize("seconds", list(GOLDEN))
def test_basis_points_of_a_fixed_wait(seconds: str) -> None:
    assert latency_var_bps(0.6, float(seconds), 0.99) == pytest.approx(
        float(GOLDEN[seconds]), rel=1e-13
    )


@pytest.mark.parametrize("seconds", list(GOLDEN))
def test_a_random_wait_of_one_time_is_a_fixed_one(seconds: str) -> None:
    found = latency_var_drawn(0.6, np.full(50, float(seconds)), 0.99)
    assert found.value_bps == pytest.approx(float(GOLDEN[seconds]), rel=1e-9)
    assert found.error_bps == pytest.approx(0.0, abs=1e-9)


def test_a_random_wait_is_the_quantile_of_the_mixture() -> None:
    times = generator(1).lognormal(6.0, 1.0, size=400)
    found = latency_var_drawn(0.8, times, 0.95)
    assert found.value_bps is not None
    z = generator(2).standard_normal((400, 2_000))
    lost = 1e4 * 0.8 * np.sqrt(times / 31_536_000.0)[:, None] * z
    assert np.mean(lost <= found.value_bps) == pytest.approx(0.95, abs=1e-3)


def test_the_error_of_a_random_wait_is_the_spread_of_its_repetitions() -> None:
    rng = generator(4)
    found = [latency_var_drawn(0.8, rng.lognormal(6.0, 1.0, size=300), 0.95) for _ in range(200)]
    values = np.array([each.value_bps for each in found], dtype=float)
    errors = np.array([each.error_bps for each in found], dtype=float)
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.15)


def test_what_never_arrives_has_no_bound() -> None:
    half = np.array([10.0, INF])
    assert latency_var_drawn(0.6, half, 0.99).value_bps is None
    # One in fifty fails, half of which is lost on: 1 % stays beyond any loss, and 5 % may be.
    few = np.array([10.0] * 49 + [INF])
    assert latency_var_drawn(0.6, few, 0.99).value_bps is None
    assert latency_var_drawn(0.6, few, 0.95).value_bps is not None


def test_half_of_what_never_arrives_is_lost_on() -> None:
    # One in five: 0.8 Φ(x) + 0.2/2 = 0.85 where Φ(x) = 0.9375, x = 1.53412 (normal tables).
    times = np.array([10.0] * 4 + [INF])
    scale_bps = 1e4 * 0.6 * (10.0 / 31_536_000.0) ** 0.5
    loss = latency_var_drawn(0.6, times, 0.85).value_bps
    assert loss == pytest.approx(1.53412 * scale_bps, rel=1e-5)


def test_nothing_moves_nothing_is_lost() -> None:
    found = latency_var_drawn(0.0, np.array([5.0, INF]), 0.99)
    assert (found.value_bps, found.error_bps) == (0.0, 0.0)
    assert latency_var_drawn(0.5, np.zeros(3), 0.99).value_bps == 0.0


@given(
    times=st.lists(st.floats(0.1, 1e6), min_size=1, max_size=20),
    factor=st.floats(1.0, 10.0),
    level=st.floats(0.6, 0.999),
)
def test_waiting_longer_never_costs_less(times: list[float], factor: float, level: float) -> None:
    at = np.array(times)
    soon, late = (latency_var_drawn(0.6, each, level).value_bps for each in (at, at * factor))
    assert soon is not None
    assert late is not None
    assert late >= soon * (1.0 - 1e-9)
    # A wait is a scale: four times the time is twice the loss.
    assert late == pytest.approx(soon * factor**0.5, rel=1e-6)


def test_a_buffer_is_the_loss_and_a_jump() -> None:
    assert latency_buffer_frac(0.6, 768.0, 0.99, jump_frac=0.02) == pytest.approx(
        float(GOLDEN["768"]) / 1e4 + 0.02, rel=1e-12
    )


def test_percentiles_of_draws_are_draws() -> None:
    times = np.arange(1.0, 101.0)
    found = transit_time(times, 0.9)
    # A spread of √(0.9 · 0.1 · 100) = 3 ranks.
    assert (found.time_s, found.low_s, found.high_s) == (90.0, 87.0, 93.0)
    # One rank beyond the last draw: 99.5 + 0.7 of a hundred, of which nothing says how late it is.
    tail = transit_time(times, 0.995)
    assert (tail.time_s, tail.high_s) == (100.0, None)
    assert transit_time(np.array([*[1.0] * 98, INF, INF]), 0.99).time_s is None
    assert transit_time(np.array([*[1.0] * 98, INF, INF]), 0.98).time_s == 1.0


def test_a_rank_that_floats_put_a_hair_too_high_is_the_rank() -> None:
    # 0.28 of 25 draws is the seventh; in floats 0.28 * 25 is 7.000000000000001.
    found = transit_time(np.arange(1.0, 26.0), 0.28)
    # A spread of √(0.28 · 0.72 · 25) = 2.245: from 4.755 to 9.245.
    assert (found.time_s, found.low_s, found.high_s) == (7.0, 5.0, 10.0)


def test_usable_by_hand() -> None:
    # 100 here; 1,000 with a haircut of a tenth arrives in 3 of 4 draws; 500 arrives always, and is
    # lost once in a hundred; 400 needs a week.
    remotes = [
        Remote("bridge", 1000.0, 0.1, np.array([10.0, 20.0, 30.0, INF])),
        Remote("sub", 500.0, 0.0, np.array([1.0]), lost_frac=0.01),
        Remote("rollup", 400.0, 0.0, np.array([604_800.0])),
    ]
    found = usable_within(100.0, remotes, deadline_s=60.0, arrives_frac_min=0.95)
    assert found.expected_usd == pytest.approx(100.0 + 900.0 * 0.75 + 500.0 * 0.99)
    assert found.hard_usd == pytest.approx(600.0)
    assert found.counted == ("sub",)
    assert found.error_usd == pytest.approx(900.0 * (0.75 * 0.25 / 4) ** 0.5)
    loose = usable_within(100.0, remotes, deadline_s=60.0, arrives_frac_min=0.75)
    assert loose.hard_usd == pytest.approx(1500.0)


def test_what_is_lost_anyway_carries_no_error_of_its_time() -> None:
    # Of 1,000 half is lost: 500 arrive in 3 of 4 draws.
    remote = Remote("bridge", 1000.0, 0.0, np.array([10.0, 20.0, 30.0, INF]), lost_frac=0.5)
    found = usable_within(0.0, [remote], deadline_s=60.0, arrives_frac_min=0.9)
    assert found.expected_usd == pytest.approx(375.0)
    assert found.error_usd == pytest.approx(500.0 * (0.75 * 0.25 / 4) ** 0.5)


@given(
    sooner=st.floats(0.0, 100.0),
    later=st.floats(0.0, 100.0),
    seed=st.integers(0, 100),
    share=st.floats(0.01, 1.0),
)
def test_more_time_never_leaves_less_to_use(
    sooner: float, later: float, seed: int, share: float
) -> None:
    remotes = [Remote("there", 10.0, 0.2, generator(seed).exponential(30.0, 50))]
    few, many = (
        usable_within(1.0, remotes, deadline_s=at, arrives_frac_min=share)
        for at in sorted((sooner, later))
    )
    assert few.expected_usd <= many.expected_usd
    assert few.hard_usd <= many.hard_usd <= 1.0 + 8.0


REFUSED: list[Callable[[], object]] = [
    lambda: latency_var_bps(-0.1, 1.0, 0.99),
    lambda: latency_var_bps(0.6, -1.0, 0.99),
    lambda: latency_var_bps(0.6, 1.0, 1.0),
    lambda: latency_var_bps(0.6, 1.0, 0.4),
    lambda: latency_var_drawn(0.6, np.array([]), 0.99),
    lambda: latency_var_drawn(0.6, np.array([-1.0]), 0.99),
    lambda: latency_var_drawn(0.6, np.array([float("nan")]), 0.99),
    lambda: latency_buffer_frac(0.6, 1.0, 0.99, jump_frac=-0.1),
    lambda: transit_time(np.array([1.0]), 1.0),
    lambda: Remote("x", -1.0, 0.0, np.array([1.0])),
    lambda: Remote("x", 1.0, 1.1, np.array([1.0])),
    lambda: usable_within(1.0, [], deadline_s=-1.0, arrives_frac_min=0.9),
    lambda: usable_within(1.0, [], deadline_s=1.0, arrives_frac_min=0.0),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_has_no_meaning_is_refused(case: int) -> None:
    with pytest.raises(OutOfDomain):
        REFUSED[case]()


def test_the_edges_of_what_may_be_asked() -> None:
    assert latency_var_bps(0.6, 0.0, 0.99) == 0.0
    assert latency_buffer_frac(0.6, 0.0, 0.99, jump_frac=0.0) == 0.0
    worthless = Remote("x", 10.0, 1.0, np.array([1.0]))
    gone = Remote("y", 10.0, 0.0, np.array([1.0]), lost_frac=1.0)
    found = usable_within(1.0, [worthless, gone], deadline_s=1.0, arrives_frac_min=0.5)
    assert (found.expected_usd, found.hard_usd) == (1.0, 1.0)
    assert found.counted == ("x",)  # on the deadline is in time
    with pytest.raises(OutOfDomain):
        latency_buffer_frac(0.6, 1.0, 0.99, jump_frac=INF)
