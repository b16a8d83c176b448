"""Regimes of the vol: their variance on average, their tails, and errors that add up."""

import math

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.market import Dynamics, Factor, FactorMoves
from hedgerow.solvency import Boundary, hit_frac, mixed_hits, path_hits, regimes

BTC, VOL = Factor(kind="spot", name="BTC"), Factor(kind="vol_level", name="BTC")
DYNAMICS = Dynamics(
    factors=(FactorMoves(factor=BTC, vol_frac=0.6), FactorMoves(factor=VOL, vol_frac=0.9)),
    correlation_frac=np.eye(2),
)


def vols(made: tuple[Dynamics, ...], at: int = 0) -> list[float]:
    return [each.factors[at].vol_frac for each in made]


@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_the_variance_of_prices_stays_on_average_and_that_of_vols_everywhere(count: int) -> None:
    made = regimes(DYNAMICS, deviation_log=0.6, regimes_count=count)
    assert np.mean(np.square(vols(made))) == pytest.approx(0.36)
    assert vols(made, 1) == [0.9] * count
    assert vols(made) == sorted(vols(made))


def test_their_spread_is_what_was_asked() -> None:
    made = regimes(DYNAMICS, deviation_log=0.5, regimes_count=4_000)
    assert np.std(np.log(vols(made))) == pytest.approx(0.5, rel=2e-3)
    assert vols(regimes(DYNAMICS, deviation_log=0.0, regimes_count=3)) == pytest.approx([0.6] * 3)


def test_the_average_is_that_of_the_closed_forms() -> None:
    """Of two regimes: half the one probability and half the other, with the error of both."""
    both = regimes(DYNAMICS, deviation_log=0.6, regimes_count=2)
    barrier = Boundary.fixed("a", BTC, low_log=-0.15, high_log=None)
    week = 7 / 365
    found = mixed_hits(both, [barrier], paths_count=40_000, seed=1, horizons_years=[week])
    want = np.mean([hit_frac(1.0, math.exp(-0.15), 0.0, vol, week) for vol in vols(both)])
    assert abs(found.hit_frac[0, 0] - want) <= 4.0 * found.hit_error_frac[0, 0]
    assert found.hit_error_frac[0, 0] == pytest.approx(math.sqrt(found.covariance_frac[0, 0, 0]))
    assert found.paths_count == 40_000


def test_regimes_make_a_week_heavier_tailed() -> None:
    made = regimes(DYNAMICS, deviation_log=0.6, regimes_count=7)
    far, week = math.exp(-5 * 0.6 * math.sqrt(7 / 365)), 7 / 365
    mixed = np.mean([hit_frac(1.0, far, 0.0, vol, week) for vol in vols(made)])
    assert mixed > 100.0 * hit_frac(1.0, far, 0.0, 0.6, week)


def test_what_regimes_are_refused() -> None:
    for spread, count in ((-0.1, 3), (math.nan, 3), (0.5, 0)):
        with pytest.raises(OutOfDomain):
            regimes(DYNAMICS, deviation_log=spread, regimes_count=count)
    barrier = Boundary.fixed("a", BTC, low_log=-1.0, high_log=None)
    for mixture, count in (([], 10), ([DYNAMICS, DYNAMICS], 1)):
        with pytest.raises(OutOfDomain, match="cannot be shared"):
            mixed_hits(mixture, [barrier], paths_count=count, seed=1)


def test_one_regime_is_the_market_itself_and_shares_are_of_all_paths() -> None:
    barrier = Boundary.fixed("a", BTC, low_log=-0.1, high_log=None)
    alone = mixed_hits([DYNAMICS], [barrier], paths_count=500, seed=3)
    plain = path_hits(DYNAMICS, [barrier], paths_count=500, seed=3)
    assert np.array_equal(alone.hit_frac, plain.hit_frac)
    assert mixed_hits([DYNAMICS] * 3, [barrier], paths_count=500, seed=3).paths_count == 500
