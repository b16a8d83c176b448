"""A balance pays for what is sent and bought with it: fees where they are taken, premiums too."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest

from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.limits import Limit
from hedgerow.planning import Joint, joint
from hedgerow.planning.done import Desk
from hedgerow.planning.purses import purses
from hedgerow.solving import Band, Decisions, Ladders, Part, Programme, Uses, least
from tests.rooms.planning.test_joint import ROUTES, RULES, TERMS, desk, planned
from tests.rooms.planning.test_joint_options import RULES as SCANNED
from tests.rooms.planning.test_joint_options import TERMS as OPTION_TERMS
from tests.rooms.planning.test_joint_options import desk as option_desk
from tests.rooms.planning.test_joint_options import drawn, limit
from tests.rooms.planning.test_joint_options import offers as option_offers
from tests.rooms.planning.test_joint_options import planned as drawn_plan

D = Decimal


def _with_fees(fee_coin: str) -> tuple[Route, ...]:
    return tuple(msgspec.structs.replace(each, fee_coin=D(fee_coin)) for each in ROUTES)


def test_a_route_that_is_not_taken_costs_its_purse_nothing() -> None:
    """420 USDC and a fee of 150: one route may take 270, though three could not all be paid."""
    now = desk(eth_two=40, usdc_two=780, cold=420)
    alone = planned(now, offers=(), routes=_with_fees("150")[1:2])
    beside = planned(now, offers=(), routes=_with_fees("150"))
    (move,) = alone.moves
    assert move.quantity_coin > D(420 - 3 * 150)
    assert [each.quantity_coin for each in beside.moves] == [move.quantity_coin]
    assert beside.cost_usd == pytest.approx(alone.cost_usd)
    assert {each.metric for each in beside.broken} == {"delta_spot_usd"}


def test_two_routes_that_are_taken_both_pay() -> None:
    """Both accounts lack collateral: what leaves and its fees come out of one balance."""
    now = desk(btc_one=4, usdc_one=780, eth_two=40, usdc_two=780, cold=500)
    chosen = planned(now, offers=(), routes=_with_fees("60"))
    assert len(chosen.moves) == 2
    assert sum(each.quantity_coin for each in chosen.moves) + 2 * 60 <= 500
    assert chosen.after.book.account("cold").balance_coin("USDC") >= 0


@pytest.mark.parametrize("seed", range(8))
def test_one_more_route_never_raises_the_relaxed_cost(seed: int) -> None:
    """Routes with fees out of two purses into needs; each with one column more than the last."""
    rng = np.random.default_rng(seed)
    count = 6
    fee, cost = rng.uniform(0.0, 5.0, count), rng.uniform(0.01, 0.2, count)
    purse, into = rng.integers(0, 2, count), rng.integers(0, 2, count)
    held, needs = np.array([60.0, 40.0]), rng.uniform(5.0, 30.0, 2)
    most = held[purse] - fee

    def relaxed_usd(routes: Sequence[int]) -> float:
        n = len(routes)
        out = (purse[routes] == np.arange(2)[:, None]).astype(float)
        taken = Uses(("p", "q"), out, 0.0 * out, held, np.ones(2), used_figure=out * fee[routes])
        arrives = (into[routes] == np.arange(2)[:, None]).astype(float)
        short = Band.of(
            ("x", "y"),
            np.zeros(2),
            arrives,
            low_figure=needs,
            penalty_usd_per_figure=np.full(2, 3.0),
        )
        names = tuple(f"route {i}" for i in routes)
        decisions = Decisions(names, np.zeros(n), most[routes], np.zeros(n))
        parts: list[Part] = [Ladders.flat(cost[routes], cost[routes]), taken, short]
        answer = least(Programme(decisions, parts), nodes_count_max=0)
        assert not isinstance(answer, Failure)
        return answer.bound_usd

    found = [relaxed_usd(list(range(n))) for n in range(1, count + 1)]
    assert all(after <= before + 1e-7 for before, after in pairwise(found))


def test_an_option_is_bought_with_what_its_account_holds() -> None:
    """Half a coin at the venue: puts worth more than that are not bought, whatever it is good for.

    The put at 1,200 is worth some 0.21 coins; what stands against it is not there yet.
    """
    asked: tuple[Limit, ...] = (limit("coin/BTC", "delta_spot_usd", 2_000, 40_000),)
    now = option_desk(asked, one=8, usdc=90_000, btc="0.5")
    bought = [each for each in option_offers(now) if each.instrument_id == "BTC-1200-put"]
    found = joint(now, asked, bought, (), OPTION_TERMS, SCANNED)
    assert isinstance(found, Joint), found
    (trade,) = found.trades
    assert trade.quantity_contracts == pytest.approx(_most_bought(bought, 0.5), abs=0.11)
    assert found.after.book.account("deri").balance_coin("BTC") >= 0
    assert "BTC of deri" in {each.name for each in found.shadows} | set(found.conflicts)
    # With the money there it is bought until the delta is inside.
    rich = option_desk(asked, one=8, usdc=90_000, btc="5")
    enough = joint(rich, asked, bought, (), OPTION_TERMS, SCANNED)
    assert isinstance(enough, Joint)
    assert not enough.broken
    assert enough.trades[0].quantity_contracts > 2 * trade.quantity_contracts


@pytest.mark.parametrize("seed", [14, 22, 30])
def test_no_plan_leaves_a_balance_below_nothing(seed: int) -> None:
    """Desks whose cheapest way out was to buy options with coins that nobody had."""
    after = drawn_plan(drawn(seed)).after
    for each in after.book.accounts:
        assert all(balance.quantity_coin >= 0 for balance in each.balances)


def _most_bought(offered: Sequence[Any], held_coin: float) -> float:
    (each,) = offered
    dearest_usd = max(rung.cost_usd_per_contract for rung in each.buys)
    return float(held_coin / (each.price_mark_ccy + dearest_usd / 1000.0))


def test_what_is_sold_pays_for_what_is_bought() -> None:
    """A third of a coin: three puts are more, and are paid for with calls sold beside them."""
    asked: tuple[Limit, ...] = (limit("coin/BTC", "delta_spot_usd", 2_000, 40_000),)
    now = option_desk(asked, one=7, usdc=90_000, btc="0.33")
    offered = {each.instrument_id: each for each in option_offers(now)}
    put, call = offered["BTC-1000-put"], offered["BTC-1200-call"]
    (part,) = purses(Desk(now, asked, OPTION_TERMS, SCANNED), (put, call), ())
    assert part.names == ("BTC of deri",)
    costs_coin = [
        max(rung.cost_usd_per_contract for rung in side) / 1000.0 for side in (put.buys, call.sells)
    ]
    for puts, calls in ((3.0, 0.0), (8.0, -1.0), (9.0, -40.0), (9.0, -400.0)):
        paid = puts * (put.price_mark_ccy + costs_coin[0])
        paid += calls * (call.price_mark_ccy - costs_coin[1])
        beyond = max(paid - 0.33, 0.0)
        assert part.excess(np.array([[puts, calls]]))[0] == pytest.approx(beyond * 1e6)


@pytest.mark.parametrize(
    ("held", "owed", "step", "most"),
    [(5000, 701, "2", 700), (5000, 700, "2", 700), (100, 701, "2", 98), (5000, 701, "1000", 0)],
)
def test_of_a_debt_whole_steps_within_it_are_repaid(
    held: int, owed: int, step: str, most: int
) -> None:
    """A step too many would come back; what is there is lessened by the fee of 1."""
    now = desk(supplied=10, owed=owed, cold=held)
    way = msgspec.structs.replace(ROUTES[2], step_coin=D(step))
    assert Desk(now, (), TERMS, RULES).most_coin(way) == most
