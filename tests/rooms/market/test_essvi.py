"""eSSVI is SVI, and the sizes of its numbers alone rule arbitrage out."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hedgerow.market.coordinates import COORDINATES, essvi_theta, svi_theta
from hedgerow.market.essvi import Essvi, psi_max, to_svi
from hedgerow.market.svi import Floats, butterfly_min, calendar_gap, density_g, total_variance

levels = st.floats(1e-4, 2.0)
leans = st.floats(-0.99, 0.99)
parts = st.floats(1e-3, 1.0, exclude_max=True)
SOME = np.array([0.0, 0.1])


def one(theta: float, rho: float, psi: float) -> Essvi:
    return Essvi(*(np.array([each]) for each in (theta, rho, psi)))


def of_the_paper(essvi: Essvi, k: Floats) -> Floats:
    """w(k) = θ/2 (1 + ρφk + √((φk + ρ)² + 1 - ρ²)), φ = ψ/θ, as Hendriks and Martini write it."""
    theta, rho, psi = essvi
    phi = psi / theta
    w: Floats = theta / 2 * (1 + rho * phi * k + np.sqrt((phi * k + rho) ** 2 + 1 - rho**2))
    return w


def within(theta: float, rho: float, part: float) -> Essvi:
    """A slice whose ψ is a part of the largest that the butterfly conditions allow."""
    most = min(4.0 / (1.0 + abs(rho)), (4.0 * theta / (1.0 + abs(rho))) ** 0.5)
    return one(theta, rho, part * most)


def test_a_slice_by_hand() -> None:
    # θ = 0.04, ρ = -1/2, φ = 2, k = 0.1: 0.02 (1 - 0.1 + √(0.3² + 0.75)) = 0.02 (0.9 + √0.84).
    slice_ = one(0.04, -0.5, 0.08)
    for w in (of_the_paper(slice_, SOME), total_variance(to_svi(slice_), SOME)):
        np.testing.assert_allclose(w, [0.04, 0.0363303027798233594], rtol=1e-15)


@given(levels, leans, parts, st.floats(-3.0, 3.0))
def test_raw_parameters_are_the_same_slice(theta: float, rho: float, part: float, k: float) -> None:
    slice_ = within(theta, rho, part)
    w = of_the_paper(slice_, np.array([k]))
    raw = to_svi(slice_)
    # What cancels in either form is of the size of θ + ψ |k|.
    size = theta + float(slice_.psi[0]) * abs(k)
    np.testing.assert_allclose(total_variance(raw, np.array([k])), w, atol=1e-14 * size, rtol=1e-14)


@given(levels, leans, parts)
def test_the_two_conditions_leave_no_butterfly(theta: float, rho: float, part: float) -> None:
    slice_ = within(theta, rho, part)
    svi = to_svi(slice_)
    grid = np.linspace(-20.0, 20.0, 4001)[None] * theta**0.5
    assert density_g(svi, grid).min() >= -1e-12
    assert butterfly_min(svi)[0][0] >= -1e-12


def test_beyond_the_first_condition_there_is_a_butterfly() -> None:
    """θφ (1 + |ρ|) < 4 is needed: ψ = 4.4 breaks it, 3.4 (the second allows 3.46) does not."""
    assert psi_max(np.array([3.0]), np.array([0.0]))[0] == pytest.approx(2.0 * 3.0**0.5)
    assert butterfly_min(to_svi(one(3.0, 0.0, 4.4)))[0][0] < 0
    assert butterfly_min(to_svi(one(3.0, 0.0, 3.4)))[0][0] > 0


@given(levels, leans, parts, st.floats(1.0, 3.0), leans, st.floats(0.0, 1.0))
def test_slices_in_order_do_not_cross(
    theta: float, rho: float, part: float, growth: float, rho_later: float, place: float
) -> None:
    """θ, ψ and the wings in order, and φ not rising: the sufficient condition of the paper."""
    earlier = within(theta, rho, part)
    wanted = max((1 + rho) / (1 + rho_later), (1 - rho) / (1 - rho_later))
    assume(wanted <= growth)
    psi = float(earlier.psi[0]) * (wanted + place * (growth - wanted))
    later = one(theta * growth, rho_later, psi)
    grid = np.linspace(-10.0, 10.0, 2001)
    low, high = of_the_paper(earlier, grid), of_the_paper(later, grid)
    assert (high - low >= -1e-12 * (low + high)).all()
    assert calendar_gap(to_svi(earlier), to_svi(later))[0] >= -1e-9


@given(levels, leans, parts, levels, leans, parts)
def test_slices_out_of_order_cross(
    theta: float, rho: float, part: float, theta_later: float, rho_later: float, part_later: float
) -> None:
    earlier, later = within(theta, rho, part), within(theta_later, rho_later, part_later)
    lean = abs(rho * float(earlier.psi[0]) - rho_later * float(later.psi[0]))
    wings = float(later.psi[0] - earlier.psi[0]) - lean
    # The necessary conditions of the paper: θ, and the slope of either wing, do not fall.
    assume(theta_later - theta < -1e-6 * theta or wings < -1e-6 * float(earlier.psi[0]))
    assert calendar_gap(to_svi(earlier), to_svi(later))[0] < 0


@pytest.mark.parametrize(
    ("later", "sign"),
    [
        (one(0.05, -0.3, 0.12), 1),
        (one(0.03, -0.3, 0.12), -1),  # less at the money
        (one(0.05, -0.3, 0.09), -1),  # flatter wings
        (one(0.05, -0.8, 0.11), -1),  # flatter call wing: 0.11 · 0.2 below 0.1 · 0.7
    ],
)
def test_each_condition_is_looked_at(later: Essvi, sign: int) -> None:
    assert np.sign(calendar_gap(to_svi(one(0.04, -0.3, 0.1)), to_svi(later))[0]) == sign


@given(levels, leans, st.floats(0.01, 0.99))
def test_coordinates_name_the_slice_they_were_made_of(
    theta: float, rho: float, part: float
) -> None:
    named = COORDINATES["essvi"].svi(
        essvi_theta(np.array([theta]), np.array([rho]), np.array([part]))
    )
    wanted = to_svi(one(theta, rho, part * float(psi_max(np.array([theta]), np.array([rho]))[0])))
    np.testing.assert_allclose(np.stack(named), np.stack(wanted), rtol=1e-9, atol=1e-12)
    again = COORDINATES["svi"].svi(svi_theta(named))
    k = np.linspace(-1.0, 1.0, 5)[None]
    np.testing.assert_allclose(total_variance(again, k), total_variance(named, k), rtol=1e-7)
