"""What limits ask of a plan on nodes that the desk holds nothing of, and would after a trade."""

import numpy as np
import pytest

from hedgerow.hedging import effects
from hedgerow.limits import Given, Limit, Stress, Survey, survey
from hedgerow.planning.wants import Wants, stresses_of, wants
from tests.rooms.planning.test_joint import LIMITS, NOW, RULES, desk, limit, offers, planned

# Offers are: BTC and ETH of 1,000 and 100 dollars on account one, and both on account two.
FALL = Stress(name="a tenth", spot_factor_frac=0.9)


def asked(now: Survey, *limits: Limit) -> Wants:
    effect = effects(offers(now), NOW, stresses_of(limits), ("BTC", "ETH"))
    state = survey(now.book, NOW, RULES, limits)
    assert not [each for each in state.limits if each.value_frac_usd_or_coin is not None]
    return wants(state, limits, effect, ("BTC", "ETH"))


@pytest.mark.parametrize(
    ("scope", "usd_per_contract"),
    [
        ("coin/BTC", [1000, 0, 1000, 0]),
        ("desk/*/two/BTC", [0, 0, 1000, 0]),
        ("desk/binance/one/BTC/*", [1000, 0, 0, 0]),
    ],
)
def test_a_limit_on_what_is_not_held_yet_bounds_what_may_be_bought_of_it(
    scope: str, usd_per_contract: list[float]
) -> None:
    found = asked(desk(), limit(scope, "delta_spot_usd", 2_000, 4_000))
    (ask,) = found.asks
    assert (ask.low_figure, ask.now_figure, ask.high_figure) == (-1900.0, 0.0, 1900.0)
    np.testing.assert_allclose(found.figure_per_contract, [usd_per_contract], atol=1e-9)


def test_a_limit_on_a_loss_bounds_it_too() -> None:
    """A coin of 1,000 that falls by a tenth loses 100."""
    given = Given(stresses=(FALL,))
    found = asked(desk(), limit("coin/BTC", "scenario_loss_usd", 500, 900, given=given))
    (ask,) = found.asks
    assert (ask.now_figure, ask.high_figure) == (0.0, 475.0)
    np.testing.assert_allclose(found.figure_per_contract, [[100, 0, 100, 0]], atol=1e-9)


@pytest.mark.parametrize(("scope", "expires_ns"), [("coin/BTC", NOW.time_ns), ("coin/SOL", None)])
def test_an_expired_limit_and_one_that_no_offer_touches_ask_nothing(
    scope: str, expires_ns: int | None
) -> None:
    found = asked(desk(), limit(scope, "delta_spot_usd", 2_000, 4_000, expires_ns=expires_ns))
    assert found.asks == ()


def test_no_plan_takes_a_coin_beyond_a_limit_that_it_was_not_in_before() -> None:
    """Dollars of BTC would spare margin: the limit of 2,000 holds for them from the first coin."""
    found = planned(desk(0, 0, 0, 543, 50, 500, 0))
    assert not found.broken
    assert {each.node for each in found.after.limits} >= {"coin/BTC", "coin/ETH"}
    assert {each.scope for each in LIMITS} >= {"coin/BTC", "coin/ETH"}
