"""The worst price an order may fill at: perpetuals round towards the mark, options away from it."""

from decimal import Decimal

import pytest

from hedgerow.hedging import ChosenTrade, Offer
from hedgerow.planning import Order, made
from hedgerow.planning.made import _limit_of_option
from hedgerow.units import MINUTE_NS
from tests.rooms.planning import test_joint, test_joint_options

D = Decimal


@pytest.mark.parametrize(("held", "worst"), [(10, "987.7"), (-10, "1012.3")])
def test_a_perpetual_never_fills_beyond_the_slippage_that_is_allowed(held: int, worst: str) -> None:
    """A mark of 1,000 less or more 1.234567 % is 987.65433 or 1,012.34567; ticks are of 0.1."""
    chosen = test_joint.planned(test_joint.desk(btc_one=held))
    plan = made(
        chosen,
        test_joint.LIMITS,
        test_joint.TERMS,
        test_joint.RULES,
        assumptions=(),
        valid_ns=MINUTE_NS,
        slippage_frac=0.01234567,
    )
    (leg,) = plan.legs
    assert isinstance(leg, Order)
    assert leg.price_limit_usd == D(worst)


def _of_a_put(contracts: int, crossing_usd: float) -> tuple[Offer, ChosenTrade]:
    """A put at its mark, and so many of it at so much beyond that."""
    asked = (test_joint_options.limit("coin/BTC", "delta_spot_usd", 2_000, 40_000),)
    now = test_joint_options.desk(asked, btc="5", held=None)
    (own,) = (
        each for each in test_joint_options.offers(now) if each.instrument_id == "BTC-1000-put"
    )
    trade = ChosenTrade(
        instrument_id=own.instrument_id,
        account_id=own.account_id,
        quantity_contracts=float(contracts),
        crossing_usd=crossing_usd,
        fee_usd=0.0,
        carry_usd=0.0,
        ticket_usd=0.0,
    )
    return own, trade


@pytest.mark.parametrize(
    ("contracts", "coin", "usd"),
    # The mark of 0.0396038, twice 0.0005 of what was reckoned and a hundredth of the mark further:
    # 0.0409998 and 0.0382077. A coin is 1,000 dollars.
    [(2, "0.0410", "41.00"), (-2, "0.0382", "38.20")],
)
def test_an_option_may_fill_as_far_as_its_cost_was_reckoned_and_a_tick_is_not_lost(
    contracts: int, coin: str, usd: str
) -> None:
    own, trade = _of_a_put(contracts, crossing_usd=1.0)
    limit_usd, limit_coin = _limit_of_option(own, D(contracts), trade, 0.01, 1_000.0)
    assert (limit_coin, limit_usd) == (D(coin), D(usd))


def test_an_option_limit_off_the_tick_is_rounded_away_from_its_mark() -> None:
    """Nothing reckoned, half a hundredth further: 0.0398018 is bought to 0.0399, 0.0394057 sold."""
    own, trade = _of_a_put(1, crossing_usd=0.0)
    assert _limit_of_option(own, D(1), trade, 0.005, 1_000.0)[1] == D("0.0399")
    assert _limit_of_option(own, D(-1), trade, 0.005, 1_000.0)[1] == D("0.0394")
