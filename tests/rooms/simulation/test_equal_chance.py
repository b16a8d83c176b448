"""Costs at equal liquidation probability: mixtures with the desk left alone."""

import numpy as np
import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.simulation.equal_chance import Outcomes, equal_chance


def outcomes(cost_usd: float, liquidated_count: int, count: int = 100) -> Outcomes:
    return Outcomes(np.full(count, cost_usd), np.arange(count) < liquidated_count)


def draws(count: int = 100) -> np.ndarray:
    rng = np.random.Generator(np.random.Philox(3))
    return rng.integers(0, count, size=(400, count))


def test_at_equal_probabilities_it_is_the_plain_difference_and_its_interval() -> None:
    """Costs of 9 and 11 against 7: 3, give or take 1.96 of a deviation of 1 over 10."""
    own = Outcomes(np.tile([11.0, 9.0], 50), np.zeros(100, dtype=bool))
    found = equal_chance([own], [outcomes(7.0, 0)], outcomes(0.0, 50), draws())
    assert found is not None
    assert (found.chance_frac, found.dearer_usd) == (0.0, 3.0)
    assert found.low_usd == pytest.approx(3 - 0.196, abs=0.04)
    assert found.high_usd == pytest.approx(3 + 0.196, abs=0.04)


@pytest.mark.parametrize(
    ("own", "other", "alone", "chance_frac", "dearer_usd"),
    [
        # The other mixed with nothing: 10 of 50 more, a fifth of the way from 5 to 40.
        ((20.0, 10), (5.0, 0), (40.0, 50), 0.1, 20.0 - (5.0 + 35.0 / 5)),
        # The same the other way round: own is the one mixed.
        ((5.0, 0), (20.0, 10), (40.0, 50), 0.1, (5.0 + 35.0 / 5) - 20.0),
        # As often as left alone: the whole way.
        ((20.0, 50), (5.0, 0), (40.0, 50), 0.5, -20.0),
    ],
)
def test_the_safer_one_is_mixed_with_nothing(
    own: tuple[float, int],
    other: tuple[float, int],
    alone: tuple[float, int],
    chance_frac: float,
    dearer_usd: float,
) -> None:
    found = equal_chance([outcomes(*own)], [outcomes(*other)], outcomes(*alone), draws())
    assert found is not None
    assert found.chance_frac == chance_frac
    assert found.dearer_usd == pytest.approx(dearer_usd)


def test_one_that_is_liquidated_more_often_than_nothing_done_has_no_equal() -> None:
    assert equal_chance([outcomes(1, 60)], [outcomes(1, 0)], outcomes(0, 50), draws()) is None


def test_redraws_that_reach_no_equal_take_the_interval_away() -> None:
    """Liquidated nearly as often as left alone, in other markets: many redraws have no mixture."""
    own = Outcomes(np.ones(100), np.arange(100) < 49)
    alone = Outcomes(np.zeros(100), np.arange(100) >= 50)
    found = equal_chance([own], [outcomes(1, 0)], alone, draws())
    assert found is not None
    assert found.low_usd is None
    assert found.high_usd is None


def test_a_single_market_has_no_interval() -> None:
    found = equal_chance([outcomes(2, 0, 1)], [outcomes(1, 0, 1)], outcomes(0, 1, 1), draws(1))
    assert found is not None
    assert (found.dearer_usd, found.low_usd) == (1.0, None)


def test_all_must_have_been_played_in_the_same_markets() -> None:
    with pytest.raises(OutOfDomain, match="same markets"):
        equal_chance([outcomes(1, 0, 3)], [outcomes(1, 0, 4)], outcomes(1, 0, 3), draws(3))


def test_the_cheapest_mixture_of_a_ways_own_policies_is_taken() -> None:
    """At 20 of 100: halfway from 10 to 2 costs 6; of what is left alone with the safe one, 26."""
    own = [outcomes(10, 0), outcomes(2, 40), outcomes(50, 20)]
    found = equal_chance(own, [outcomes(7, 20)], outcomes(90, 100), draws())
    assert found is not None
    assert found.chance_frac == 0.2
    assert found.dearer_usd == pytest.approx(6.0 - 7.0)


def test_a_way_of_no_policy_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="at least one policy"):
        equal_chance([], [outcomes(1, 0)], outcomes(1, 0), draws())
