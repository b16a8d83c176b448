"""Covariance: shrinkage by its definition, correlations that can be, and stress of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.market import (
    Covariance,
    Factor,
    covariance,
    joined,
    nearest_correlation,
    shrinkage_frac,
    stressed,
)

SPOTS = tuple(Factor(kind="spot", name=coin) for coin in ("BTC", "ETH", "SOL"))
PEG = Factor(kind="peg", name="USDC")


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def test_shrinkage_is_the_papers_sum_row_by_row() -> None:
    x = rng().standard_normal((40, 5)) @ rng(2).standard_normal((5, 5))
    x -= x.mean(axis=0)
    t, n = x.shape
    S = sum(np.outer(row, row) for row in x) / t
    mu = np.trace(S) / n
    d2 = np.sum((S - mu * np.eye(n)) ** 2)
    b2 = sum(np.sum((np.outer(row, row) - S) ** 2) for row in x) / t**2
    assert shrinkage_frac(x) == pytest.approx(min(b2, d2) / d2, rel=1e-12)
    assert 0.0 < shrinkage_frac(x) < 1.0


def test_more_days_shrink_less_and_no_structure_shrinks_whole() -> None:
    mixed = rng(3).standard_normal((4_000, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.5], [0, 0, 1.0]])
    assert shrinkage_frac(mixed - mixed.mean(0)) < 0.02
    few = mixed[:40] - mixed[:40].mean(0)
    assert shrinkage_frac(few) > 5 * shrinkage_frac(mixed - mixed.mean(0))
    assert shrinkage_frac(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])) == 1.0


@given(st.integers(0, 10**6), st.integers(2, 12))
def test_fewer_days_than_factors_still_give_a_correlation(seed: int, count: int) -> None:
    returns = 0.01 * rng(seed).standard_normal((20, 2 * count))
    factors = [Factor(kind="spot", name=str(i)) for i in range(2 * count)]
    found = covariance(returns, factors, period_days=1.0)
    assert np.linalg.eigvalsh(found.correlation_frac).min() >= -1e-12
    assert np.abs(found.correlation_frac).max() == 1.0
    assert np.array_equal(np.diag(found.correlation_frac), np.ones(2 * count))


def test_deviations_weigh_days_by_decay_and_correlation_does_not() -> None:
    returns = 0.02 * rng().standard_normal((30, 3))
    fast = covariance(returns, SPOTS, period_days=1.0, decay_frac=0.9)
    even = covariance(returns, SPOTS, period_days=1.0, decay_frac=1.0)
    assert np.array_equal(fast.correlation_frac, even.correlation_frac)
    assert even.deviation_frac_per_period == pytest.approx(np.sqrt((returns**2).mean(0)))
    variance = np.zeros(3)
    weight = 0.0
    for row in returns:  # Σ_t = λ Σ_{t-1} + (1 - λ) r², which starts from nothing
        variance = 0.9 * variance + 0.1 * row**2
        weight = 0.9 * weight + 0.1
    assert fast.deviation_frac_per_period == pytest.approx(np.sqrt(variance / weight))


def test_shrunk_correlation_is_the_sample_towards_the_identity() -> None:
    returns = rng(5).standard_normal((50, 3)) @ np.array([[1, 0.9, 0], [0, 0.3, 0.4], [0, 0, 1]])
    found = covariance(returns, SPOTS, period_days=1.0)
    sample = np.corrcoef(returns.T)
    off = ~np.eye(3, dtype=np.bool_)
    assert found.correlation_frac[off] == pytest.approx(
        (1.0 - found.shrinkage_frac) * sample[off], rel=1e-12
    )


def test_the_example_of_higham() -> None:
    """N. Higham (2002), section 4: the nearest to tridiagonal ones, printed to four digits."""
    told = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1.0]])
    near = np.array([[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]])
    found = nearest_correlation(told)
    assert found == pytest.approx(near, abs=5e-5)
    assert np.linalg.eigvalsh(found).min() >= -1e-12


def test_what_is_a_correlation_stays_what_it_is() -> None:
    fine = np.array([[1, 0.5, 0.2], [0.5, 1, -0.3], [0.2, -0.3, 1]])
    assert nearest_correlation(fine) == pytest.approx(fine, abs=1e-12)


def test_stress_blends_towards_a_crisis_and_stays_possible() -> None:
    calm = Covariance(SPOTS, np.full(3, 0.03), np.eye(3), period_days=1.0)
    assert np.array_equal(stressed(calm, np.ones((3, 3)), 0.0).correlation_frac, np.eye(3))
    assert np.array_equal(stressed(calm, np.ones((3, 3)), 1.0).correlation_frac, np.ones((3, 3)))
    half = stressed(calm, np.ones((3, 3)), 0.25).correlation_frac
    assert half[0, 1] == 0.25
    assert half[0, 0] == 1.0


def test_stated_factors_join_what_was_measured() -> None:
    calm = Covariance(SPOTS[:2], np.array([0.02, 0.03]), np.eye(2), period_days=1.0)
    found = joined(calm, {PEG: 0.001}, {(SPOTS[0], PEG): 0.4})
    assert found.factors == (*SPOTS[:2], PEG)
    assert found.deviation_frac_per_period.tolist() == [0.02, 0.03, 0.001]
    assert found.correlation_frac.tolist() == [[1, 0, 0.4], [0, 1, 0], [0.4, 0, 1]]


def test_stated_pairs_that_contradict_one_another_become_the_nearest() -> None:
    nothing = Covariance((), np.empty(0), np.empty((0, 0)), period_days=1.0)
    a, b, c = SPOTS
    found = joined(nothing, dict.fromkeys(SPOTS, 0.02), {(a, b): 1.0, (b, c): 1.0, (a, c): 0.0})
    assert found.correlation_frac[0, 1] == pytest.approx(0.7607, abs=5e-5)


def test_variance_grows_with_time() -> None:
    one = Covariance(SPOTS[:1], np.array([0.02]), np.eye(1), period_days=0.5)
    assert one.over_days(2.0)[0, 0] == pytest.approx(4 * 0.02**2)


def test_bad_tables_are_refused() -> None:
    good = 0.01 * rng().standard_normal((30, 3))
    still, broken = good.copy(), good.copy()
    still[:, 1] = 0.0
    broken[4, 2] = np.nan
    for table, told in (
        (good[:19], "too few"),
        (still, "never moves"),
        (broken, "not finite"),
        (good[:, :2], "columns"),
    ):
        with pytest.raises(OutOfDomain, match=told):
            covariance(table, SPOTS, period_days=1.0)
    with pytest.raises(OutOfDomain, match="decay"):
        covariance(good, SPOTS, period_days=1.0, decay_frac=0.0)
    contradiction = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1.0]])
    with pytest.raises(OutOfDomain, match="contradict"):
        Covariance(SPOTS, np.ones(3), contradiction, period_days=1.0)
    with pytest.raises(OutOfDomain, match="symmetric"):
        Covariance(SPOTS[:2], np.ones(2), np.array([[1, 0.2], [0.3, 1]]), period_days=1.0)
    with pytest.raises(OutOfDomain, match="diagonal"):
        Covariance(SPOTS[:1], np.ones(1), np.array([[0.5]]), period_days=1.0)
    with pytest.raises(OutOfDomain, match="twice"):
        Covariance((SPOTS[0],) * 2, np.ones(2), np.eye(2), period_days=1.0)
    with pytest.raises(OutOfDomain, match="weight_frac"):
        stressed(covariance(good, SPOTS, period_days=1.0), np.ones((3, 3)), 1.1)
    with pytest.raises(OutOfDomain, match="can be 2"):
        joined(covariance(good, SPOTS, period_days=1.0), {PEG: 0.1}, {(SPOTS[0], PEG): 2.0})
