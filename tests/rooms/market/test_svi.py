"""SVI against the published Vogt slice, its own wings, and what arbitrage means."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hedgerow.market import Svi
from hedgerow.market.svi import (
    butterfly_min,
    calendar_gap,
    clamp_wings,
    density_g,
    from_jump_wings,
    repair,
    slopes,
    to_jump_wings,
    total_variance,
)
from tests.golden.read import numbers

VOGT = numbers("svi_vogt")
ONE_YEAR = np.array([1.0])

slices = st.builds(
    lambda least, b, rho, m, s: one(least - b * s * math.sqrt(1 - rho * rho), b, rho, m, s),
    st.floats(1e-4, 0.5),
    st.floats(1e-3, 0.9),
    st.floats(-0.95, 0.95),
    st.floats(-1.0, 1.0),
    st.floats(0.01, 2.0),
)


def one(a: float, b: float, rho: float, m: float, s: float) -> Svi:
    return Svi(*(np.array([each]) for each in (a, b, rho, m, s)))


def vogt() -> Svi:
    return one(*(float(VOGT["raw"][name]) for name in ("a", "b", "rho", "m", "s")))


def test_the_vogt_slice_has_its_published_butterfly() -> None:
    least, where = butterfly_min(vogt())
    assert least[0] == pytest.approx(float(VOGT["min_g"]), abs=1e-9)
    assert where[0] == pytest.approx(float(VOGT["argmin_k"]), abs=1e-3)
    low, high = (float(each) for each in VOGT["negative_on"])
    g = density_g(vogt(), np.array([[low - 1e-5, low + 1e-5, high - 1e-5, high + 1e-5]]))[0]
    assert (g > 0).tolist() == [True, False, False, True]


def test_the_vogt_slice_has_its_published_jump_wings() -> None:
    wings = to_jump_wings(vogt(), ONE_YEAR)
    for name, value in wings._asdict().items():
        assert value[0] == pytest.approx(float(VOGT["jw"][name]), rel=1e-12), name


def test_repair_keeps_what_the_paper_keeps_and_leaves_no_butterfly() -> None:
    mended = repair(vogt(), ONE_YEAR)
    assert butterfly_min(mended)[0][0] >= 0
    before, after = to_jump_wings(vogt(), ONE_YEAR), to_jump_wings(mended, ONE_YEAR)
    for name in ("v", "psi", "p"):
        assert getattr(after, name)[0] == pytest.approx(getattr(before, name)[0], rel=1e-9)
    # Between the safe end of the paper and the fit.
    assert float(VOGT["repair"]["c"]) <= after.c[0] < before.c[0]
    assert float(VOGT["repair"]["v_tilde"]) >= after.v_tilde[0] > before.v_tilde[0]


def test_the_safe_end_of_the_repair_is_the_published_one() -> None:
    wings = to_jump_wings(vogt(), ONE_YEAR)
    c = wings.p + 2 * wings.psi
    v_tilde = wings.v * 4 * wings.p * c / (wings.p + c) ** 2
    assert c[0] == pytest.approx(float(VOGT["repair"]["c"]), rel=1e-12)
    assert v_tilde[0] == pytest.approx(float(VOGT["repair"]["v_tilde"]), rel=1e-12)
    safe = from_jump_wings(wings._replace(c=c, v_tilde=v_tilde), ONE_YEAR)
    g = density_g(safe, np.linspace(-1.5, 1.5, 3001)[None])
    assert g.min() == pytest.approx(float(VOGT["repair"]["min_g_abs_k_le_1_5"]), abs=1e-6)


def test_a_point_of_a_library_s_own_tests() -> None:
    slice_ = one(-0.0666, 0.229, 0.439, 0.193, 0.337)
    assert total_variance(slice_, np.array([[0.193]]))[0, 0] == pytest.approx(
        -0.0666 + 0.229 * 0.337
    )


@given(slices)
def test_jump_wings_go_there_and_back(svi: Svi) -> None:
    w0 = total_variance(svi, np.zeros(1))
    gap = w0 - (svi.a + svi.b * svi.s * np.sqrt(1 - svi.rho**2))
    assume(gap[0] > 1e-3 * w0[0])  # nearly flat at the money: m and s cannot be told apart
    back = from_jump_wings(to_jump_wings(svi, np.array([0.3])), np.array([0.3]))
    k = np.linspace(-2, 2, 41)[None]
    np.testing.assert_allclose(total_variance(back, k), total_variance(svi, k), rtol=1e-6)


@given(slices)
def test_slopes_are_differences(svi: Svi) -> None:
    k, h = np.linspace(-1.5, 1.5, 7)[None], 1e-4
    w, first, second = slopes(svi, k)
    up, down = total_variance(svi, k + h), total_variance(svi, k - h)
    np.testing.assert_allclose(first, (up - down) / (2 * h), atol=2e-3, rtol=1e-3)
    np.testing.assert_allclose(second, (up - 2 * w + down) / h**2, atol=2e-3, rtol=2e-2)


@pytest.mark.slow
@given(slices)
def test_repair_leaves_no_butterfly_where_the_wings_allow_one_end(svi: Svi) -> None:
    svi = clamp_wings(svi)
    wings = to_jump_wings(svi, ONE_YEAR)
    assume(float(wings.p[0] + 2 * wings.psi[0]) > 1e-3 and float(wings.p[0]) > 1e-3)
    c_end = wings.p + 2 * wings.psi
    v_end = wings.v * 4 * wings.p * c_end / (wings.p + c_end) ** 2
    assume(float(v_end[0]) < float(wings.v[0]) * (1 - 1e-6))
    safe = from_jump_wings(wings._replace(c=c_end, v_tilde=v_end), ONE_YEAR)
    assume(bool(butterfly_min(safe)[0][0] >= 0))
    assert butterfly_min(repair(svi, ONE_YEAR))[0][0] >= 0


def test_jump_wings_that_leave_the_bend_open_are_no_slice() -> None:
    symmetric = to_jump_wings(one(0.02, 0.2, 0.0, 0.0, 0.1), ONE_YEAR)
    assert np.isnan(from_jump_wings(symmetric, ONE_YEAR).s[0])


def test_wings_are_clamped_to_the_moment_formula() -> None:
    steep = one(0.04, 1.9, -0.5, 0.0, 0.2)
    clamped = clamp_wings(steep)
    assert clamped.b[0] * 1.5 == pytest.approx(2.0)
    bend = math.sqrt(1 - 0.25) * 0.2
    assert clamped.a[0] + clamped.b[0] * bend == pytest.approx(0.04 + 1.9 * bend)
    assert butterfly_min(steep)[0][0] < 0


def test_variance_that_falls_with_time_is_seen_far_out_too() -> None:
    low = one(0.02, 0.10, -0.3, 0.0, 0.2)
    above = one(0.03, 0.12, -0.3, 0.0, 0.2)
    assert calendar_gap(low, above)[0] > 0
    assert calendar_gap(above, low)[0] < 0
    assert calendar_gap(low, one(0.03, 0.0999, -0.3, 0.0, 0.2))[0] < 0
