"""What limits ask of a plan on nodes that the desk holds nothing of, and would after a trade."""

from typing import Any

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


@pytest.mark.parametrize(
    ("metric", "soft", "hard", "equity", "figure"),
    [
        # One coin of 1,000 requires 50, and of a use of 0.8 a hundredth is left: 0.792.
        ("margin_use_frac", 0.5, 0.8, 1000, 0.792),
        # What is between the two already, at 50 / 63, may stay there, and no further on.
        ("margin_use_frac", 0.5, 0.8, 63, 50 / 63),
        # A distance of 0.1 is a floor: it is to stay a hundredth above it.
        ("distance_spot_frac", 0.2, 0.1, 1000, 0.1 / 0.99),
        # Long 1,000 on 145 it breaks where 145 - 1,000 x = 50 (1 - x): there it may stay.
        ("distance_spot_frac", 0.2, 0.1, "145.5", 95.5 / 950),
    ],
)
def test_on_the_way_a_hard_limit_is_kept_a_hundredth_inside(
    metric: str, soft: float, hard: float, equity: Any, figure: float
) -> None:
    now, asked_for = desk(btc_one=1, usdc_one=equity), limit("desk/*/one", metric, soft, hard)
    state = survey(now.book, NOW, RULES, [asked_for])
    effect = effects(offers(now), NOW, (), ("BTC", "ETH"))
    found = wants(state, [asked_for], effect, ("BTC", "ETH"), filled=["desk/binance/one"])
    way = [each for each in found.demands if each.is_on_the_way]
    if metric == "margin_use_frac":
        assert [each.use_frac for each in way] == pytest.approx([figure])
        assert all(each.is_kept for each in way)
    else:
        factors = [each.shock.spot_factor_frac["BTC"] for each in way]
        assert factors == pytest.approx([1 - figure, 1 + figure], abs=1e-4)
    beside = wants(state, [asked_for], effect, ("BTC", "ETH"))
    assert not any(each.is_on_the_way for each in beside.demands)
    assert beside.demands
