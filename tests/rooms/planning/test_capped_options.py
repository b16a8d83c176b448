"""Options in a plan that is cut: bought with coins that are there, in an order that pays for it."""

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.market import NO_SHOCK
from hedgerow.planning import JointTerms, LegCaps, capped
from hedgerow.planning.done import Desk
from hedgerow.planning.footing import Footing, footing
from hedgerow.planning.purses import purses
from hedgerow.planning.spare import spare_ccy
from hedgerow.planning.wants import Demand
from tests.rooms.planning.parts import plan_of_options
from tests.rooms.planning.test_joint_options import RULES, TERMS, desk, limit, offers

D = Decimal
ASKED = (limit("coin/BTC", "delta_spot_usd", 2_000, 40_000),)


def _cut(btc: str, wanted: dict[str, float], **held: Any) -> tuple[dict[str, float], list[str]]:
    """Cut a plan of these trades, in this order, to what an account with so many coins can do."""
    now = desk(ASKED, btc=btc, held=held.get("held"))
    plan = plan_of_options(now, wanted)
    here = {each.account_id: each for each in now.book.accounts}
    found, said = capped(plan, LegCaps(), here, ASKED, TERMS, RULES, terms=JointTerms())
    after = found.after.book.account("deri").balance_coin("BTC") if said else None
    assert after is None or after >= 0
    return (
        {each.instrument_id: each.quantity_contracts for each in found.trades},
        [each.message for each in said],
    )


def test_an_option_is_not_bought_with_coins_that_are_not_there() -> None:
    """A put at 1,200 is worth some 0.21 coins: five of them are more than half a coin."""
    kept, said = _cut("0.5", {"BTC-1200-put": 5.0})
    assert kept == {}
    assert said == ["cut from 5.0 to 0: deri has not the BTC that it costs"]
    assert _cut("0.5", {"BTC-1200-put": 2.0}) == ({"BTC-1200-put": 2.0}, [])


def test_what_is_sold_pays_for_what_stands_before_it() -> None:
    """The put comes first in the plan, and waits for the puts whose sale brings in its coins."""
    wanted = {"BTC-1000-put": 26.0, "BTC-1200-put": -4.0}
    assert _cut("1", {"BTC-1000-put": 26.0})[0] == {}
    kept, said = _cut("1", wanted)
    assert kept == wanted, said
    assert said == []


def test_what_covers_a_sale_may_come_after_it() -> None:
    """Calls sold beyond what the account bears alone, and the calls bought that cap them."""
    sold, bought = {"BTC-1200-call": -60.0}, {"BTC-1000-call": 30.0}
    alone, said = _cut("1.6", sold)
    assert alone == {}
    assert said == ["cut from -60.0 to 0: deri lacks margin before anything arrives"]
    assert _cut("1.6", sold | bought) == (sold | bought, [])


def test_what_makes_a_position_smaller_is_always_taken() -> None:
    kept, said = _cut("0.001", {"BTC-1000-call": 1.0}, held={"BTC-1000-call": -2})
    assert (kept, said) == ({"BTC-1000-call": 1.0}, [])


UNKNOWN = Failure(subject="b", reason="missing_data", message="nobody knows")


def _footing(*, is_buying_known: bool, up: float, down: float) -> Footing:
    demand = Demand(node="desk/a/b", name="use", shock=NO_SHOCK, use_frac=1.0)
    one = np.ones(1)
    return Footing(
        demands=(demand,),
        of_index=np.zeros(1, dtype=np.int64),
        is_in_programme=np.ones(1, dtype=np.bool_),
        spare_ccy=-3.0 * one,
        up_ccy_per_amount=np.array([[up]]),
        down_ccy_per_amount=np.array([[down]]),
        scale_ccy=one,
        allowed_ccy=0.0 * one,
        barred={} if is_buying_known else {(0, True): UNKNOWN},
        unknown=(),
    )


@pytest.mark.parametrize(
    ("is_buying_known", "up", "sold", "excess"),
    [
        # Selling spares two a contract: two of them are enough for three.
        (True, -2.5, -2.0, 0.0),
        # Nobody knows what buying would do, and it stays at nothing: the sale helps all the same.
        (False, 0.0, -2.0, 0.0),
        (False, 0.0, -1.0, 1.0),
        # Where both are known, what is done and undone frees nothing.
        (True, -1.0, -2.0, 1.0),
    ],
)
def test_a_sale_helps_where_only_buying_is_not_known(
    *, is_buying_known: bool, up: float, sold: float, excess: float
) -> None:
    part = _footing(is_buying_known=is_buying_known, up=up, down=2.0).part()
    assert part.excess(np.array([[sold]]))[0] == pytest.approx(excess, abs=1e-6)


def test_what_a_plan_was_out_by_is_put_right() -> None:
    """Foretold to lack one after two are sold, found to spare a half: so it is foretold then."""
    foot = _footing(is_buying_known=True, up=-3.0, down=1.0)
    amounts = np.array([-2.0])
    assert foot.after_ccy(amounts) == pytest.approx([-1.0])
    right = foot.corrected(amounts, np.array([0.5]))
    assert right.after_ccy(amounts) == pytest.approx([0.5])
    assert right.after_ccy(np.zeros(1)) == pytest.approx([-1.5])
    tighter = foot.corrected(amounts, np.array([0.5]), may_loosen=False)
    assert tighter.after_ccy(amounts) == pytest.approx([-1.0])


def test_the_worst_row_of_a_scan_is_what_the_account_has_to_spare() -> None:
    """The model's own bound is set aside in each cell as it is in the worst of them."""
    now = desk(ASKED, btc="1.5", held={"BTC-1200-call": -8, "BTC-800-put": -8})
    asked = [
        Demand(node="desk/deribit/deri", name=name, shock=NO_SHOCK, use_frac=0.5, is_initial=first)
        for name, first in (("first", True), ("kept", False))
    ]
    accounts = {"desk/deribit/deri": now.book.account("deri")}
    given: Any = (now.snapshot, TERMS, RULES)
    foot = footing(asked, accounts, [], 0, *given)
    assert len(foot.of_index) > len(asked)
    assert np.array_equal(foot.after_ccy(np.zeros(0)), spare_ccy(asked, accounts, *given))


def test_a_purse_counts_coins_of_a_contract_and_is_never_below_nothing() -> None:
    """A tenth of a coin each; an account that owes coins already has none to pay with."""
    now = desk(ASKED, btc="0.5")
    (put,) = [each for each in offers(now) if each.instrument_id == "BTC-1200-put"]
    small = msgspec.structs.replace(
        put, terms=msgspec.structs.replace(put.terms, multiplier_coin_per_contract=D("0.1"))
    )
    for each, coins in ((put, 1.0), (small, 0.1)):
        (part,) = purses(Desk(now, ASKED, TERMS, RULES), (each,), ())
        dearest_coin = max(rung.cost_usd_per_contract for rung in each.buys) / 1000.0
        assert part.up_figure_per_amount[0, 0] == pytest.approx(
            coins * put.price_mark_ccy + dearest_coin
        )
    owing = desk(ASKED, btc="-0.5")
    (part,) = purses(Desk(owing, ASKED, TERMS, RULES), (put,), ())
    assert part.figure_max[0] == 0.0
