"""Options in the order of legs: what is sold to pay for them goes first."""

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.planning import Order, Plan, made
from hedgerow.units import MINUTE_NS
from tests.rooms.planning.parts import plan_of_options
from tests.rooms.planning.test_joint_options import RULES, TERMS, desk, limit

D = Decimal
ASKED = (limit("coin/BTC", "delta_spot_usd", 20_000, 400_000),)


def _ordered(btc: str, wanted: dict[str, float], **held: Any) -> Plan:
    """Order these trades of an account with so many coins."""
    now = desk(ASKED, btc=btc, held=held.get("held"))
    chosen = plan_of_options(now, wanted)
    return made(chosen, ASKED, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)


def _told(plan: Plan) -> list[tuple[str, Decimal, tuple[int, ...]]]:
    place = {leg.client_id: at for at, leg in enumerate(plan.legs)}
    return [
        (leg.instrument_id, leg.quantity_contracts, tuple(place[each] for each in leg.waits_for))
        for leg in plan.legs
        if isinstance(leg, Order)
    ]


def test_an_option_waits_for_the_sale_that_pays_for_it() -> None:
    """Of 26 puts at 0.04 coins half a coin buys 12; four at 0.21 that are sold bring the rest."""
    wanted = {"BTC-1000-put": 26.0, "BTC-1200-put": -4.0}
    plan = _ordered("0.5", wanted, held={"BTC-800-call": 10})
    assert _told(plan) == [("BTC-1200-put", D(-4), ()), ("BTC-1000-put", D(26), (0,))]
    assert plan.unmet == ()


def test_options_are_bought_in_pieces_as_others_are_sold() -> None:
    """All four may not be sold first: they lack the margin that the puts bought beside them free.

    A piece of 6.5 costs 0.26 coins and one put sold brings 0.21: one piece may go at once, and each
    of the others waits for a sale of its own.
    """
    wanted = {"BTC-1000-put": 26.0, "BTC-1200-put": -4.0}
    plan = _ordered("0.5", wanted, held={"BTC-1000-call": 26})
    told = _told(plan)
    assert plan.unmet == ()
    assert sorted(size for _, size, _ in told) == [D(-1)] * 4 + [D("6.5")] * 4
    waited = [waits for _, size, waits in told if size > 0]
    assert sorted(len(waits) for waits in waited) == [0, 1, 1, 1]
    assert len({at for waits in waited for at in waits}) == 3
    assert all(told[at][1] < 0 for waits in waited for at in waits)


def test_options_that_nothing_pays_for_are_left_out() -> None:
    """Half a coin buys one piece of 6.5 puts at 0.04, and not two."""
    plan = _ordered("0.5", {"BTC-1000-put": 26.0}, held={"BTC-1000-call": 26})
    assert _told(plan) == [("BTC-1000-put", D("6.5"), ())]
    assert "deri has not the BTC that it costs" in plan.unmet[0].message


@pytest.mark.parametrize(
    ("held", "bought", "legs_count"),
    [(-2, 1.0, 1), (-2, 2.0, 1), (0, 1.0, 0)],
)
def test_what_makes_a_position_smaller_is_taken_with_nothing_there(
    held: int, bought: float, legs_count: int
) -> None:
    plan = _ordered("0.001", {"BTC-1000-put": bought}, held={"BTC-1000-put": held} if held else {})
    assert len(plan.legs) == legs_count
