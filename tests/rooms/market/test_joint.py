"""Joint scenarios: what was asked for is what is drawn, the same every time."""

from collections.abc import Callable

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.market import (
    Covariance,
    Factor,
    JointScenarios,
    designed,
    drawn,
    grid_of,
    historical,
    stacked,
)

A, B = Factor(kind="spot", name="BTC"), Factor(kind="spot", name="ETH")
VOL = Factor(kind="vol_level", name="BTC")


def moves(correlation: float = 0.6) -> Covariance:
    return Covariance(
        (A, B),
        np.array([0.02, 0.03]),
        np.array([[1, correlation], [correlation, 1]]),
        period_days=1.0,
    )


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize("degrees", [None, 5])
def test_draws_have_the_covariance_asked_for_and_no_mean(degrees: int | None) -> None:
    found = drawn(moves(), horizon_days=4.0, count=200_000, rng=rng(), degrees_count=degrees)
    assert found.moves_log_or_frac.mean(axis=0) == pytest.approx(np.zeros(2), abs=1e-15)
    target = np.array([[1, 0.9], [0.9, 2.25]]) * (0.02 * 2) ** 2
    assert np.cov(found.moves_log_or_frac.T) == pytest.approx(target, rel=0.05)
    tail = np.mean(np.abs(found.moves_log_or_frac[:, 0]) > 4 * 0.04)
    assert (tail > 1e-3) == (degrees is not None)


def test_one_stream_gives_the_same_bytes() -> None:
    first, second = (drawn(moves(), horizon_days=1, count=50, rng=rng()) for _ in range(2))
    assert np.array_equal(first.moves_log_or_frac, second.moves_log_or_frac)
    other = drawn(moves(), horizon_days=1, count=50, rng=rng(8))
    assert not np.array_equal(first.moves_log_or_frac, other.moves_log_or_frac)


def test_principal_directions_by_hand() -> None:
    """Of two factors the directions are together, with 1 + ρ, and against, with 1 - ρ."""
    found = designed(moves(), horizon_days=1.0, deviations=(2.0,))
    rows = dict(zip(found.labels, found.moves_log_or_frac, strict=True))
    both, apart = np.sqrt(1.6 / 2), np.sqrt(0.4 / 2)
    assert rows["nothing moves"].tolist() == [0.0, 0.0]
    assert rows["direction 1 +2 deviations"] == pytest.approx([0.04 * both, 0.06 * both])
    assert rows["direction 1 -2 deviations"] == pytest.approx([-0.04 * both, -0.06 * both])
    assert np.abs(rows["direction 2 +2 deviations"]) == pytest.approx([0.04 * apart, 0.06 * apart])
    assert np.prod(rows["direction 2 +2 deviations"]) < 0
    # A factor alone takes the other with it as far as their correlation says.
    assert rows["spot BTC +2 deviations"] == pytest.approx([0.04, 0.6 * 0.06])
    assert rows["spot ETH -2 deviations"] == pytest.approx([-0.6 * 0.04, -0.06])


def test_at_correlation_one_there_is_no_move_apart() -> None:
    found = designed(moves(1.0), horizon_days=1.0, deviations=(1.0,))
    assert found.moves_log_or_frac[:, 1] == pytest.approx(1.5 * found.moves_log_or_frac[:, 0])


def test_history_adds_up_over_windows() -> None:
    returns = np.array([[0.01, 0.0], [0.02, -0.01], [-0.05, 0.03]])
    found = historical(returns, (A, B), periods_count=2, labels=("mon", "tue", "wed"))
    assert found.labels == ("as until tue", "as until wed")
    assert found.moves_log_or_frac == pytest.approx(np.array([[0.03, -0.01], [-0.03, 0.02]]))


def test_a_grid_moves_one_coin_and_its_vols() -> None:
    found = grid_of((A, B, VOL), "BTC", price_moves_frac=(-0.1, 0.2), vol_factors_frac=(0.5, 1.0))
    assert np.exp(found.moves_log_or_frac) == pytest.approx(
        np.array([[0.9, 1, 0.5], [0.9, 1, 1.0], [1.2, 1, 0.5], [1.2, 1, 1.0]])
    )


def test_sets_are_put_together_by_factor_not_by_column() -> None:
    first = JointScenarios((A, B), ("x",), np.array([[1.0, 2.0]]))
    second = JointScenarios((B, A), ("y",), np.array([[4.0, 3.0]]))
    assert stacked(first, second).moves_log_or_frac.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(OutOfDomain, match="different factors"):
        stacked(first, JointScenarios((A, VOL), ("z",), np.zeros((1, 2))))


def test_what_is_not_moved_is_none_and_not_zero() -> None:
    found = JointScenarios((A,), ("x",), np.array([[1.0]]))
    assert found.move_log("vol_level", "BTC") is None
    assert found.move_log("spot", "BTC") == pytest.approx([1.0])
    for kind in ("vol_skew", "basis", "funding"):
        with pytest.raises(AssertionError, match="no log"):
            found.move_log(kind, "BTC")


def test_bad_requests_are_refused() -> None:
    requests: tuple[Callable[[], object], ...] = (
        lambda: JointScenarios((A,), (), np.zeros((0, 1))),
        lambda: JointScenarios((A,), ("x",), np.array([[np.nan]])),
        lambda: JointScenarios((A,), ("x",), np.array([[30.0]])),
        lambda: JointScenarios((A, A), ("x",), np.zeros((1, 2))),
        lambda: JointScenarios((A, B), ("x",), np.zeros((1, 3))),
        lambda: drawn(moves(), horizon_days=1, count=3, rng=rng()),
        lambda: drawn(moves(), horizon_days=1, count=4, rng=rng(), degrees_count=2),
        lambda: drawn(moves(), horizon_days=0, count=4, rng=rng()),
        lambda: designed(moves(), horizon_days=1, deviations=(0.0,)),
        lambda: historical(np.zeros((2, 2)), (A, B), periods_count=3, labels=("a", "b")),
        lambda: historical(np.zeros((2, 2)), (A, B), periods_count=1, labels=("a",)),
    )
    for asked in requests:
        with pytest.raises(OutOfDomain):
            asked()
