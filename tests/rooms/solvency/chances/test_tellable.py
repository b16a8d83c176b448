"""What a number of paths can tell: counts of equal weights, and bounds of few."""

import numpy as np
import pytest
from scipy import stats

from hedgerow.solvency import effective_count, least_frac, upper_bound_frac


@pytest.mark.parametrize(("n", "hits", "weight"), [(1_000, 7, 1.0), (20_000, 400, 0.25)])
def test_paths_of_one_weight_count_each(n: int, hits: int, weight: float) -> None:
    lost = np.zeros(n)
    lost[:hits] = weight
    error = lost.std(ddof=1) / np.sqrt(n)
    assert float(effective_count(lost.mean(), error, n)) == pytest.approx(hits, rel=1e-9)


def test_one_path_that_outweighs_the_others_counts_alone() -> None:
    lost = np.full(1_000, 1e-6)
    lost[0] = 1.0
    error = lost.std(ddof=1) / np.sqrt(1_000)
    assert float(effective_count(lost.mean(), error, 1_000)) == pytest.approx(1.0, rel=0.01)
    assert float(effective_count(np.array(0.0), np.array(0.0), 1_000)) == 0.0
    assert float(effective_count(np.array(1e-200), np.array(1e-200), 1_000)) == pytest.approx(1.0)


def test_the_rule_of_three_and_the_bound_of_few() -> None:
    """Missed by all n once in twenty; and k or fewer of a Poisson count come once in twenty."""
    n = 5_000
    assert (1.0 - least_frac(n)) ** n == pytest.approx(0.05, rel=0.01)
    assert upper_bound_frac(0.0, n) == pytest.approx(least_frac(n), rel=0.002)
    for hits in (1, 4):
        mean = n * upper_bound_frac(hits / n, n)
        assert stats.poisson.cdf(hits, mean) == pytest.approx(0.05, rel=1e-6)
    assert upper_bound_frac(1.0, 10) == 1.0
