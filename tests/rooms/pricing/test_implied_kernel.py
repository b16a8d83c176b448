"""The compiled loop of implied vols: against fifty digits and its readable form, and packed."""

import itertools
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from hedgerow.errors import OutOfDomain
from hedgerow.pricing import ImpliedReason, ImpliedVols, implied_vols
from hedgerow.pricing.implied_reference import implied_by_numpy
from hedgerow.pricing.kernels import implied

Floats = NDArray[np.float64]

# Relative, times the condition price / (vol · vega) of the problem where that is above one.
EXACT = 3e-15
# The readable form takes the logarithm of a price, which has 1e-13 to say of a price of 1e-300.
READABLE, READABLE_FAR = 6e-15, 2e-13


def kernel(*columns: Any) -> tuple[Floats, NDArray[np.int8]]:
    """Run the loop alone, without what the reference path would repair."""
    P, F, K, T, call = (np.ascontiguousarray(each) for each in columns)
    vol, reason = np.empty(len(P)), np.empty(len(P), dtype=np.int8)
    implied.vols(P, F, K, T, call, vol, reason)
    return vol, reason


def priced(F: Any, K: Any, s: Any, *, call: bool) -> tuple[Any, Any]:
    """Price and ∂price/∂s at fifty digits."""
    d1 = mpmath.log(F / K) / s + s / 2

    def tail(z: Any) -> Any:
        return mpmath.erfc(-z / mpmath.sqrt(2)) / 2

    price = F * tail(d1) - K * tail(d1 - s) if call else K * tail(s - d1) - F * tail(-d1)
    return price, F * mpmath.npdf(d1)


# Half deviations up to the end of a double, on both sides of everything that the kernel switches
# at: 0.4 in s, 0.5 in moneyness, the inflection.
DEVIATIONS = (
    0.0, 1e-12, 1e-6, 1e-3, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0,
    6.5, 8.0, 10.0, 13.0, 17.0, 22.0, 26.0, 30.0, 33.0, 36.0,
)  # fmt: skip
TOTALS = (
    1e-290, 1e-100, 1e-12, 1e-8, 1e-6, 1e-4, 1e-3, 0.01, 0.03, 0.07, 0.1, 0.15, 0.2, 0.3, 0.398,
    0.402, 0.5, 0.6, 0.8, 1.0, 1.3, 1.7, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 11.0, 14.0,
)  # fmt: skip


def lattice() -> list[tuple[float, ...]]:
    """Price, forward, strike, years, vol and condition, the last two exact for the price rounded.

    Out of the money and in, vols from 1e-6 to 50 with the time that makes the deviation.
    """
    rng = np.random.default_rng(2)
    rows: list[tuple[float, ...]] = []
    for s, d, side, call in itertools.product(TOTALS, DEVIATIONS, (1, -1), (True, False)):
        forward = float(10.0 ** rng.uniform(-3, 6))
        vol = float(10.0 ** rng.uniform(-6, np.log10(50.0)))
        years = float((s / vol) ** 2)
        with mpmath.workdps(50):
            F, T = mpmath.mpf(forward), mpmath.mpf(years)
            strike = float(F * mpmath.exp(side * d * mpmath.mpf(s)))
            if years == 0.0 or not 0.0 < strike < 1e100:
                continue
            K, total = mpmath.mpf(strike), mpmath.mpf(s)
            price, slope = priced(F, K, total, call=call)
            P = mpmath.mpf(float(price))
            intrinsic = max(F - K if call else K - F, mpmath.mpf(0))
            cap = F if call else K
            if P - intrinsic < mpmath.mpf("1e-300") * F or cap - P <= mpmath.mpf("1e-12") * cap:
                continue
            if P / (total * slope) > 1e10:  # nearly all is intrinsic value
                continue
            for _ in range(4):
                total += (P - price) / slope
                price, slope = priced(F, K, total, call=call)
            condition = float(P / (total * slope))
            rows.append(
                (
                    float(P),
                    forward,
                    strike,
                    years,
                    float(total / mpmath.sqrt(T)),
                    condition,
                    float(call),
                )
            )
    return rows


@pytest.fixture(scope="module")
def exact() -> Floats:
    return np.array(lattice()).T


@pytest.mark.slow
def test_every_vol_is_that_of_fifty_digits(exact: Floats) -> None:
    P, F, K, T, vol, condition, call = exact
    assert len(P) > 2_000
    found = implied_vols(P, F, K, T, call > 0)
    assert (found.reason_code == ImpliedReason.OK).all()
    _, reason = kernel(P, F, K, T, call > 0)
    assert (reason[np.abs(np.log(F / K)) < 100.0] == ImpliedReason.OK).all()
    off = np.abs(found.vol_frac / vol - 1.0) / np.maximum(condition, 1.0)
    worst = int(np.argmax(off))
    assert off[worst] <= EXACT, (off[worst], exact[:, worst])


@pytest.mark.slow
def test_the_readable_form_says_the_same(exact: Floats) -> None:
    P, F, K, T, _, condition, call = exact
    found, ours = kernel(P, F, K, T, call > 0)
    readable, reason = implied_by_numpy(P, F, K, T, call > 0)
    assert (reason == ImpliedReason.OK).all()
    off = np.abs(found / readable - 1.0) / np.maximum(condition, 1.0)
    far = P < 1e-20 * F
    ours_ok = ours == ImpliedReason.OK
    assert off[ours_ok & ~far].max() <= READABLE
    assert off[ours_ok & far].max() <= READABLE_FAR


SPECIAL = (
    np.nan, np.inf, -np.inf, 0.0, -1.0, 5e-324, 1e-160, 9.999999999999998, 10.0, 100.0, 110.0,
    1.7e308,
)  # fmt: skip


def test_every_code_is_that_of_the_readable_form() -> None:
    """All combinations of numbers that are none, huge, tiny, equal, and next to each other."""
    P, F, K, T, right = (
        each.ravel() for each in np.meshgrid(SPECIAL, SPECIAL, SPECIAL, SPECIAL, (0.0, 1.0))
    )
    found = implied_vols(P, F, K, T, right > 0)
    readable, reason = implied_by_numpy(P, F, K, T, right > 0)
    assert (found.reason_code == reason).all()
    ok = reason == ImpliedReason.OK
    assert set(reason) == {int(each) for each in ImpliedReason}
    assert (np.isnan(found.vol_frac) == ~ok).all()
    assert (found.vol_frac[ok] > 0).all()
    assert np.isfinite(found.vol_frac[ok]).all()
    np.testing.assert_allclose(found.vol_frac[ok], readable[ok], rtol=2e-13)


def random_rows(n: int) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
    """Everything mixed: markets, far wings, next to the maximum, in the money, refused, extreme."""
    rng = np.random.default_rng(3)
    F = 10.0 ** rng.uniform(-4, 6, n)
    a = np.where(rng.random(n) < 0.5, rng.exponential(0.3, n), 10.0 ** rng.uniform(-12, 2.4, n))
    K = F * np.exp(a * rng.choice([-1, 0, 1], n))
    share = rng.random(n)
    share = np.where(rng.random(n) < 0.3, 10.0 ** rng.uniform(-290, 0, n), share)
    share = np.where(rng.random(n) < 0.1, 1.0 - 10.0 ** rng.uniform(-15, 0, n), share)
    call = rng.random(n) < 0.5
    intrinsic = np.maximum(np.where(call, F - K, K - F), 0.0)
    P = np.minimum(F, K) * share + intrinsic
    P[rng.random(n) < 0.03] = np.nan
    return P, F, K, 10.0 ** rng.uniform(-6, 2, n), call


def test_an_answer_does_not_depend_on_its_neighbours() -> None:
    rows = random_rows(3 * 256 + 7)
    whole = kernel(*rows)
    n = len(whole[0])
    order = np.random.default_rng(4).permutation(n)
    for kept in (slice(1, None), slice(255, None), slice(256, None), slice(0, 300), order):
        part = kernel(*(column[kept] for column in rows))
        np.testing.assert_array_equal(part[0], whole[0][kept])
        np.testing.assert_array_equal(part[1], whole[1][kept])
    for row in range(n):
        vol, reason = kernel(*(column[row : row + 1] for column in rows))
        assert reason[0] == whole[1][row]
        assert vol[0] == whole[0][row] or (np.isnan(vol[0]) and np.isnan(whole[0][row]))


def test_next_to_nothing_is_left_to_the_readable_form() -> None:
    rows = random_rows(100_000)
    _, reason = kernel(*rows)
    left = reason == implied.UNSETTLED
    P, F, K = rows[:3]
    # Forty deviations is where the fit of the tails ends: only moneyness beyond that is too far. Or
    # the price has less than a digit left beside its intrinsic value.
    is_usual = (np.abs(np.log(F / K)) < 100.0) & (np.minimum(F, K) > 1e-14 * P)
    assert is_usual.mean() > 0.9
    assert not left[is_usual].any()
    assert 0 < left.sum() < 50
    found = implied_vols(*rows)
    assert (found.reason_code[left] == ImpliedReason.OK).all()


def test_a_vol_that_is_no_double_is_out_of_range() -> None:
    columns = [np.array([each]) for each in (1e-290, 1.0, 1.0, 1e300)]
    vol, reason = kernel(*columns, np.array([True]))
    assert reason == ImpliedReason.OUT_OF_RANGE
    assert np.isnan(vol)


@pytest.mark.parametrize("log_moneyness", [330.0, 500.0])
def test_what_is_left_has_its_vol_too(log_moneyness: float) -> None:
    with mpmath.workdps(50):
        F, s = mpmath.mpf(1), mpmath.mpf(log_moneyness) / 36
        K = mpmath.mpf(float(mpmath.exp(log_moneyness)))
        price = float(priced(F, K, s, call=True)[0])
    columns = [np.array([each]) for each in (price, 1.0, float(K), 0.25)]
    assert kernel(*columns, np.array([True]))[1] == implied.UNSETTLED
    found = implied_vols(price, 1.0, float(K), 0.25, True)
    assert float(found.vol_frac) == pytest.approx(float(2 * s), rel=1e-14)


def test_columns_of_any_layout_give_the_same() -> None:
    P, F, K, T, call = random_rows(50)
    want = implied_vols(P, F, K, T, call)
    packed = np.zeros(50, dtype=[("flag", "i1"), ("strike", "f8")])
    packed["strike"] = K
    shifted = np.frombuffer(b"0" + P.tobytes(), offset=1)
    assert not shifted.flags.aligned
    wide = np.zeros((50, 3))
    wide[:, 1] = F
    locked = T.copy()
    locked.setflags(write=False)
    found = implied_vols(shifted, wide[:, 1], packed["strike"], locked, call.tolist())
    np.testing.assert_array_equal(found.vol_frac, want.vol_frac)
    P, F, K, T = (each.astype(">f8").reshape(5, 10).T for each in (P, F, K, T))
    turned = implied_vols(P, F, K, T, call.reshape(5, 10).T)
    np.testing.assert_array_equal(turned.vol_frac, want.vol_frac.reshape(5, 10).T)


def test_answers_go_where_they_are_wanted() -> None:
    rows = random_rows(600)
    want = implied_vols(*rows)
    out = ImpliedVols(vol_frac=np.zeros(600), reason_code=np.full(600, 99, dtype=np.int8))
    assert implied_vols(*rows, out=out) is out
    np.testing.assert_array_equal(out.vol_frac, want.vol_frac)
    np.testing.assert_array_equal(out.reason_code, want.reason_code)


def locked(column: Any) -> Any:
    column.setflags(write=False)
    return column


@pytest.mark.parametrize(
    ("vol", "reason", "name"),
    [
        (np.zeros(4), np.zeros(3, dtype=np.int8), "vol_frac"),
        (np.zeros(3, dtype=np.float32), np.zeros(3, dtype=np.int8), "vol_frac"),
        (np.zeros(6)[::2], np.zeros(3, dtype=np.int8), "vol_frac"),
        (locked(np.zeros(3)), np.zeros(3, dtype=np.int8), "vol_frac"),
        (np.zeros(3), np.zeros(3, dtype=np.int64), "reason_code"),
        (np.zeros(3), np.zeros((3, 1), dtype=np.int8), "reason_code"),
    ],
)
def test_a_place_that_does_not_fit_is_refused(vol: Any, reason: Any, name: str) -> None:
    out = ImpliedVols(vol_frac=vol, reason_code=reason)
    with pytest.raises(OutOfDomain, match=rf"out\.{name} must be"):
        implied_vols([5.0, 6.0, 7.0], 100.0, 100.0, 0.5, True, out=out)
