"""Money that was moved costs from then on; without a price it is unknown how much."""

from decimal import Decimal

import pytest

from hedgerow.app.tied_up import TiedUp, tied_up
from hedgerow.planning import Transfer
from hedgerow.simulation import Action
from hedgerow.units import DAY_NS

PRICES = {"BTC": 100.0, "USDC": 0.5}


def moved(
    day: int, asset: str, quantity: int, ends: str = "ab", status: str = "credited"
) -> Action:
    leg = Transfer(
        client_id="t",
        asset=asset,
        source_account_id=ends[0],
        target_account_id=ends[1],
        use="balance",
        quantity_coin=Decimal(quantity),
        cost_expected_usd=0.0,
        reason="",
    )
    return Action(
        time_ns=day * DAY_NS,
        leg=leg,
        status=status,
        message="",
        cost_usd=0.0,
        done_contracts_or_coin=Decimal(quantity),
        price_average_usd=None,
    )


def cost(*actions: Action, end_day: int = 100) -> TiedUp:
    return tied_up(actions, end_ns=end_day * DAY_NS, prices_usd=PRICES, capital_frac_per_year=0.05)


def test_money_that_was_moved_costs_from_its_sending_to_the_end() -> None:
    """Two coins of 100 dollars for 73 of 365 days at 5 %; what was refused or offered is free."""
    found = cost(
        moved(27, "BTC", 2),
        moved(27, "BTC", 2, status="rejected"),
        moved(27, "BTC", 2, status="proposed"),
        moved(27, "USDC", 100),
    )
    assert found.unpriced == ()
    assert found.cost_usd == pytest.approx((200 + 50) * 0.05 * 73 / 365)
    assert cost() == TiedUp(0.0, ())


def test_what_has_no_price_makes_the_cost_unknown_and_is_named() -> None:
    found = cost(moved(1, "BTC", 1), moved(2, "stETH", 1), moved(3, "DOGE", 1))
    assert found == TiedUp(None, ("DOGE", "stETH"))
    # What was not moved needs none.
    assert cost(moved(1, "DOGE", 1, status="rejected")) == TiedUp(0.0, ())
