"""Two barriers against published values, a partial differential equation and one barrier."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import solve_banded

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import corridor, hit_frac
from tests.golden.read import numbers

LOWERS, UPPERS = st.floats(0.3, 0.99), st.floats(1.01, 3.0)
GROWTHS, VOLS, TIMES = st.floats(-3.0, 3.0), st.floats(0.1, 2.0), st.floats(1e-4, 10.0)


def test_two_sided_survival_of_the_sheet() -> None:
    case = numbers("two_sided_survival")
    given_ = [float(case[name]) for name in ("S", "low", "high", "mu", "sigma", "T")]
    got = corridor(*given_)
    assert got.survival_frac == pytest.approx(float(case["expect"]), rel=1e-13)
    mean, error = (float(each) for each in case["monte_carlo"])
    assert abs(float(got.survival_frac) - mean) < 3 * error


def by_differences(
    lower: float, upper: float, growth: float, vol: float, time: float
) -> tuple[float, float, float]:
    """Solve the backward equation on a grid by Crank and Nicolson: survival, lower, upper first."""
    n, steps = 1_200, 1_200
    a, b = np.log(lower), np.log(upper)
    h = (b - a) / n
    nu = growth - 0.5 * vol**2
    down, up = 0.5 * vol**2 / h**2 - 0.5 * nu / h, 0.5 * vol**2 / h**2 + 0.5 * nu / h
    dt = time / steps
    u = np.zeros((n + 1, 3))
    u[:, 0] = 1.0
    u[0], u[-1] = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)

    def stepped(u: np.ndarray, dt: float, part: float) -> np.ndarray:
        bands = np.zeros((3, n + 1))
        bands[1] = 1.0
        bands[0, 2:] = -part * dt * up
        bands[1, 1:-1] = 1.0 + part * dt * (up + down)
        bands[2, :-2] = -part * dt * down
        right = u.copy()
        moved = down * u[:-2] + up * u[2:] - (up + down) * u[1:-1]
        right[1:-1] += (1.0 - part) * dt * moved
        return np.asarray(solve_banded((1, 1), bands, right))

    for _ in range(8):  # half steps, all implicit: the corner of the start would ring
        u = stepped(u, 0.5 * dt, 1.0)
    for _ in range(steps - 4):
        u = stepped(u, dt, 0.5)
    grid = np.linspace(a, b, n + 1)
    survival, first, second = (float(np.interp(0.0, grid, u[:, k])) for k in range(3))
    return survival, first, second


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lower", "upper", "growth", "vol", "time"),
    [
        (0.9, 1.12, 0.0, 0.6, 7 / 365),
        (0.9, 1.12, 2.0, 0.6, 7 / 365),
        (0.9, 1.12, -3.0, 0.6, 30 / 365),
        (0.5, 1.05, 0.4, 1.1, 0.2),
        (0.8, 1.25, 0.1, 0.7, 0.35),  # past where the series change
    ],
)
def test_the_backward_equation_gives_the_same(
    lower: float, upper: float, growth: float, vol: float, time: float
) -> None:
    want = by_differences(lower, upper, growth, vol, time)
    got = corridor(1.0, lower, upper, growth, vol, time)
    found = (got.survival_frac, got.lower_first_frac, got.upper_first_frac)
    assert [float(each) for each in found] == pytest.approx(want, abs=2e-5)


@given(LOWERS, UPPERS, GROWTHS, VOLS, TIMES)
def test_the_three_add_up(
    lower: float, upper: float, growth: float, vol: float, time: float
) -> None:
    got = corridor(1.0, lower, upper, growth, vol, time * np.array([0.1, 1.0, 2.0, np.inf]))
    total = got.survival_frac + got.lower_first_frac + got.upper_first_frac
    assert total == pytest.approx(np.ones(4), abs=1e-12)
    assert (np.diff(got.survival_frac) <= 1e-13).all()
    assert got.survival_frac[-1] == 0.0


@given(LOWERS, UPPERS, GROWTHS, VOLS)
def test_both_series_agree_where_they_change(
    lower: float, upper: float, growth: float, vol: float
) -> None:
    time = np.log(upper / lower) ** 2 / vol**2
    got = corridor(1.0, lower, upper, growth, vol, time * np.array([1.0 - 1e-12, 1.0 + 1e-12]))
    for each in (got.survival_frac, got.lower_first_frac, got.upper_first_frac):
        assert each[0] == pytest.approx(each[1], abs=1e-11)


@given(LOWERS, GROWTHS, VOLS, TIMES)
def test_an_upper_barrier_out_of_reach_leaves_the_lower(
    lower: float, growth: float, vol: float, time: float
) -> None:
    upper = np.exp(12.0 * vol * np.sqrt(time) + 3.0 * time)
    got = corridor(1.0, lower, upper, growth, vol, time)
    one = hit_frac(1.0, lower, growth, vol, time)
    assert got.lower_first_frac == pytest.approx(float(one), rel=1e-11, abs=1e-14)


@given(LOWERS, UPPERS, GROWTHS, VOLS, TIMES)
def test_a_mirror_swaps_the_sides(
    lower: float, upper: float, growth: float, vol: float, time: float
) -> None:
    one = corridor(1.0, lower, upper, growth, vol, time)
    two = corridor(1.0, 1.0 / upper, 1.0 / lower, vol**2 - growth, vol, time)
    assert one.lower_first_frac == pytest.approx(float(two.upper_first_frac), rel=1e-8, abs=1e-13)
    assert one.survival_frac == pytest.approx(float(two.survival_frac), rel=1e-8, abs=1e-13)


def test_a_small_survival_keeps_its_digits() -> None:
    """The slowest wave is all that is left: each further T multiplies by its fading."""
    lower, upper, growth, vol = 0.9, 1.12, 0.2, 0.6
    got = corridor(1.0, lower, upper, growth, vol, [1.0, 2.0]).survival_frac
    nu = growth - 0.5 * vol**2
    rate = 0.5 * nu**2 / vol**2 + 0.5 * (np.pi * vol / np.log(upper / lower)) ** 2
    assert got[0] < 1e-14
    assert got[1] / got[0] == pytest.approx(np.exp(-rate), rel=1e-10)


def test_limits() -> None:
    still = corridor(1.0, 0.9, 1.1, [0.0, 1.0, -1.0, 1.0], 0.0, [1.0, 1.0, 1.0, 0.01])
    assert still.survival_frac.tolist() == [1.0, 0.0, 0.0, 1.0]
    assert still.upper_first_frac.tolist() == [0.0, 1.0, 0.0, 0.0]
    assert still.lower_first_frac.tolist() == [0.0, 0.0, 1.0, 0.0]
    at_edge = corridor([0.9, 1.1], 0.9, 1.1, 0.0, 0.6, 0.0)
    assert at_edge.lower_first_frac.tolist() == [1.0, 0.0]
    assert at_edge.upper_first_frac.tolist() == [0.0, 1.0]
    no_time = corridor(1.0, 0.9, 1.1, 0.0, 0.6, 0.0)
    assert no_time.survival_frac == 1.0
    # Without a drift of the logarithm the chances are as the distances, by the martingale.
    ever = corridor(1.0, 0.9, 1.3, 0.18, 0.6, np.inf)
    down, up = -np.log(0.9), np.log(1.3)
    assert ever.lower_first_frac == pytest.approx(up / (up + down))
    # Without growth the price itself is one.
    ever = corridor(1.0, 0.9, 1.3, 0.0, 0.6, np.inf)
    assert ever.lower_first_frac == pytest.approx(0.3 / 0.4)


@pytest.mark.parametrize(
    ("spot", "lower", "upper", "vol"),
    [
        (1.0, 1.1, 1.2, 0.6), (1.0, 0.8, 0.9, 0.6), (1.0, 1.0, 1.0, 0.6), (1.0, 0.0, 1.2, 0.6),
        (1.0, 0.9, np.inf, 0.6), (np.nan, 0.9, 1.1, 0.6), (1.0, 0.9, 1.1, -1.0),
    ],
)  # fmt: skip
def test_what_is_no_corridor_is_refused(
    spot: float, lower: float, upper: float, vol: float
) -> None:
    with pytest.raises(OutOfDomain):
        corridor(spot, lower, upper, 0.0, vol, 1.0)
