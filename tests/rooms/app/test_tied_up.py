"""Money that was moved costs while it is away from where it lay; without a price it is unknown."""

from decimal import Decimal

import numpy as np
import pytest

from hedgerow.app.tied_up import TiedUp, tied_up
from hedgerow.planning import Transfer
from hedgerow.simulation import Action
from hedgerow.units import DAY_NS

PRICES = {"BTC": 100.0, "USDC": 0.5}


def moved(
    day: int, asset: str, quantity: int, ends: str = "xy", status: str = "credited"
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


def of_coin_days(coin_days: float, price_usd: float = 100.0) -> float:
    return coin_days * price_usd * 0.05 / 365


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


@pytest.mark.parametrize(
    ("actions", "coin_days"),
    [
        # Out and back: for the thirty days between, not until the end twice.
        ([moved(10, "BTC", 2), moved(40, "BTC", 2, "yx")], 2 * 30),
        # Half of it back.
        ([moved(10, "BTC", 2), moved(40, "BTC", 1, "yx")], 2 * 30 + 1 * 60),
        # On to a third account: away once.
        ([moved(10, "BTC", 2), moved(40, "BTC", 2, "yz")], 2 * 90),
        # In a ring: home again.
        ([moved(10, "BTC", 2), moved(40, "BTC", 2, "yz"), moved(50, "BTC", 2, "zx")], 2 * 40),
        # More back than came: the difference is away from the other's place.
        ([moved(10, "BTC", 2), moved(40, "BTC", 3, "yx")], 2 * 30 + 1 * 60),
        # Told in another order than it was sent.
        ([moved(40, "BTC", 2, "yx"), moved(10, "BTC", 2)], 2 * 30),
    ],
)
def test_a_coin_that_moves_again_is_not_charged_twice(
    actions: list[Action], coin_days: int
) -> None:
    assert cost(*actions).cost_usd == pytest.approx(of_coin_days(coin_days))


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_a_count_of_every_day_comes_to(seed: int) -> None:
    """Anew: at every day half of what balances differ by from those of the start is away."""
    rng = np.random.default_rng(seed)
    actions, more = [], np.zeros((101, 3))
    for _ in range(12):
        day, (source, target) = int(rng.integers(0, 100)), rng.choice(3, 2, replace=False)
        quantity = int(rng.integers(1, 9))
        actions.append(moved(day, "BTC", quantity, "abc"[source] + "abc"[target]))
        more[day:, source] -= quantity
        more[day:, target] += quantity
    coin_days = np.abs(more[:100]).sum() / 2
    assert cost(*actions).cost_usd == pytest.approx(of_coin_days(coin_days))


def test_what_has_no_price_makes_the_cost_unknown_and_is_named() -> None:
    found = cost(moved(1, "BTC", 1), moved(2, "stETH", 1), moved(3, "DOGE", 1))
    assert found == TiedUp(None, ("DOGE", "stETH"))
    # What was not moved needs none.
    assert cost(moved(1, "DOGE", 1, status="rejected")) == TiedUp(0.0, ())
