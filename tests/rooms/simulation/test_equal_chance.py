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


@pytest.mark.parametrize("count", [1, 2, 19])
def test_few_markets_have_no_interval(count: int) -> None:
    own, other, alone = outcomes(2, 0, count), outcomes(1, 0, count), outcomes(0, 1, count)
    found = equal_chance([own], [other], alone, draws(count))
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


@pytest.mark.slow
def test_its_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Markets that are independent: a shock that liquidates, costs and losses that scatter.

    The truth is what two million markets say. Of 300 studies of 100 markets 95 % hold it, give or
    take three deviations of 1.26 %.
    """

    def policy(
        rng: np.random.Generator, shocks: np.ndarray, threshold: float, cost_usd: float
    ) -> Outcomes:
        count = len(shocks)
        is_liquidated = shocks + 0.3 * rng.standard_normal(count) > threshold
        paid_usd = cost_usd * np.exp(0.3 * rng.standard_normal(count))
        lost_usd = 100.0 * is_liquidated * np.exp(0.5 * rng.standard_normal(count))
        return Outcomes(paid_usd + lost_usd, is_liquidated)

    def study(rng: np.random.Generator, count: int) -> tuple[Outcomes, Outcomes, Outcomes]:
        shocks = rng.standard_normal(count)
        own, other, alone = ((1.0, 5.0), (2.5, 40.0), (0.0, 0.0))
        return (
            policy(rng, shocks, *own), policy(rng, shocks, *other), policy(rng, shocks, *alone),
        )  # fmt: skip

    rng = np.random.Generator(np.random.Philox(11))
    # In closed form: the safer one is followed so often that both are liquidated equally often.
    own, other, alone = study(rng, 2_000_000)
    chances = [float(each.is_liquidated.mean()) for each in (own, other, alone)]
    costs_usd = [float(each.cost_usd.mean()) for each in (own, other, alone)]
    share = (chances[0] - chances[1]) / (chances[2] - chances[1])
    true_usd = costs_usd[0] - (costs_usd[1] + share * (costs_usd[2] - costs_usd[1]))
    held = []
    for _ in range(300):
        own, other, alone = study(rng, 100)
        found = equal_chance([own], [other], alone, rng.integers(0, 100, size=(400, 100)))
        assert found is not None
        assert found.low_usd is not None
        assert found.high_usd is not None
        held.append(found.low_usd <= true_usd <= found.high_usd)
    assert 0.95 - 3 * 0.0126 <= np.mean(held) <= 0.95 + 3 * 0.0126
