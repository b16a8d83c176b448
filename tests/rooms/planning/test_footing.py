"""The numbers that `planning.footing` explains itself by."""

import sys
import tracemalloc
from decimal import Decimal
from itertools import combinations

import msgspec
import numpy as np
import pytest

from hedgerow.collateral import Route
from hedgerow.errors import Failure
from hedgerow.hedging import Depth, Offer, offer
from hedgerow.limits import account_node
from hedgerow.margin import require, terms_of
from hedgerow.market import NO_SHOCK
from hedgerow.planning.footing import Footing, Touch, footing
from hedgerow.planning.spare import spare_ccy
from hedgerow.planning.wants import Demand
from hedgerow.portfolio import Account
from hedgerow.solving import Answer, Decisions, Ladders, Programme, least
from tests.builders import account, by_id, index, perpetual, quote, snapshot, tiered_rulebook
from tests.rooms.planning.test_joint import rungs

NODE = "desk/binance/perp"


def test_an_account_that_lacks_a_hundred_is_helped_by_two_hundred() -> None:
    """Of 1,000 it requires 600, and shall require half: 40 tried alone, then what is enough."""
    # Twelve contracts bought at the mark of 1,000, at a requirement of a twentieth.
    now, after = (
        account(
            "perp",
            venue="binance",
            rulebook="rules",
            positions={"BTC-PERP": (12, 1000)},
            balances={"USDC": usdc},
        )
        for usdc in (1000, 1040)
    )
    demand = Demand(node=NODE, name="use", shock=NO_SHOCK, use_frac=0.5)
    found = footing(
        [demand],
        {NODE: now},
        [Touch(0, after, 40.0, is_arrival=True)],
        1,
        snapshot(index("BTC", 1000), quote("BTC-PERP", 1000)),
        by_id(perpetual()),
        {"rules": tiered_rulebook([(0, "0.05")])},
    )
    assert found.spare_ccy.tolist() == pytest.approx([-100.0], abs=1e-6)
    assert found.up_ccy_per_amount.tolist() == [pytest.approx([0.5])]
    assert found.after_ccy(np.array([200.0])).tolist() == pytest.approx([0.0], abs=1e-6)
    cheapest = least(
        Programme(
            Decisions(("sent",), np.zeros(1), np.full(1, 1e3), np.ones(1)),
            [Ladders.flat(np.ones(1), np.ones(1)), found.part()],
        )
    )
    assert isinstance(cheapest, Answer)
    assert cheapest.chosen_amount == pytest.approx((200.0,))


def test_what_a_model_may_be_out_by_is_taken_off_twice() -> None:
    """A million bought at 800 and now at 1,000: 200,005,000, of which 50,000,000 are required.

    The model is within a trillionth of what it adds up, here 1,800,005,000, and a step of 1e-8.
    Who owes nothing is known exactly.
    """
    held = {
        f"desk/binance/{name}": account(
            name, venue="binance", rulebook="rules", positions=positions, balances={"USDC": usdc}
        )
        for name, positions, usdc in (
            ("perp", {"BTC-PERP": (10**6, 800)}, 5_000), ("idle", {}, 10**9),
        )
    }  # fmt: skip
    found = spare_ccy(
        [Demand(node=node, name="use", shock=NO_SHOCK, use_frac=0.5) for node in held],
        held,
        snapshot(index("BTC", 1000), quote("BTC-PERP", 1000)),
        by_id(perpetual()),
        {"rules": tiered_rulebook([(0, "0.05")])},
    )
    assert found[0] == pytest.approx(100_002_500 - 50_000_000 - 2 * 1.800005e-3, rel=0.0, abs=1e-5)
    assert found[1] == 5e8


def test_a_put_and_a_call_help_only_together() -> None:
    """A strangle sold lacks 40 in a fall and 40 in a rise."""
    demand = Demand(node=NODE, name="use", shock=NO_SHOCK, use_frac=1.0)
    up = np.array([[50.0, -2.0], [-2.0, 50.0]])
    found = Footing(
        demands=(demand,),
        of_index=np.zeros(2, dtype=np.int64),
        is_in_programme=np.ones(2, dtype=np.bool_),
        spare_ccy=np.full(2, -40.0),
        up_ccy_per_amount=up,
        down_ccy_per_amount=-up,
        scale_ccy=np.ones(1),
        allowed_ccy=np.zeros(1),
        barred={},
        unknown=(),
    )
    for plan, spare in (((0, 0), -40.0), ((1, 0), -42.0), ((0, 1), -42.0), ((1, 1), 8.0)):
        assert found.after_ccy(np.array(plan, dtype=np.float64)).tolist() == [spare]


def rows(
    spare_ccy: float, up: float, down: float, *, is_in_programme: tuple[bool, bool] = (True, True)
) -> Footing:
    """One demand of two cells, the second with 1,000 more to spare; one move, by cell alike."""
    return Footing(
        demands=(Demand(node=NODE, name="use", shock=NO_SHOCK, use_frac=1.0),),
        of_index=np.zeros(2, dtype=np.int64),
        is_in_programme=np.array(is_in_programme),
        spare_ccy=np.array([spare_ccy, spare_ccy + 1_000.0]),
        up_ccy_per_amount=np.full((2, 1), up),
        down_ccy_per_amount=np.full((2, 1), down),
        scale_ccy=np.ones(1),
        allowed_ccy=np.zeros(1),
        barred={},
        unknown=(),
    )


@pytest.mark.parametrize(
    ("plan", "touched", "slope"),
    [
        # Three bought, 12 to spare there: one more adds 4 there and one less takes 2, so 3.
        (3.0, {(0, True), (0, False)}, 3.0),
        (3.0, {(0, True)}, 4.0),
        (3.0, {(0, False)}, 2.0),
        # What could not be tried there keeps the slope that it has here, as it was moved.
        (3.0, set(), 7.0),
        (-3.0, set(), -5.0),
    ],
)
def test_what_a_plan_moves_has_one_slope_where_it_led(
    plan: float, touched: set[tuple[int, bool]], slope: float
) -> None:
    here, there = rows(0.0, 7.0, 5.0), rows(12.0, 4.0, -2.0)
    found = here.seen_from(there, np.array([plan]), touched)
    for amount in (plan, plan + 1.0, plan - 1.0, 0.0):
        expected = 12.0 + slope * (amount - plan)
        assert found.after_ccy(np.array([amount])).tolist() == pytest.approx([expected])


def test_what_a_plan_leaves_alone_has_both_slopes_where_it_led() -> None:
    found = rows(0.0, 7.0, 5.0).seen_from(rows(12.0, 4.0, -2.0), np.zeros(1), {(0, True)})
    for amount, expected in ((1.0, 16.0), (0.0, 12.0), (-1.0, 17.0)):
        assert found.after_ccy(np.array([amount])).tolist() == pytest.approx([expected])


def test_rows_that_a_programme_had_it_keeps() -> None:
    here = rows(0.0, 7.0, 5.0, is_in_programme=(True, False))
    there = rows(12.0, 4.0, -2.0, is_in_programme=(False, False))
    found = here.seen_from(there, np.zeros(1), {(0, True)})
    assert found.is_in_programme.tolist() == [True, False]


def test_what_is_barred_is_named_once_each_with_its_reason() -> None:
    """Of three trades and a transfer each leads to coins that the rulebook has no tiers for.

    The first is barred both ways, the second bought, the third sold; the last is a transfer of an
    account that nobody can judge as it stands, which is said besides.
    """
    terms = by_id(perpetual(), perpetual("ETH"))
    market = snapshot(
        index("BTC", 1000),
        quote("BTC-PERP", 1000),
        quote("ETH-PERP", 100),
        rungs("BTC-PERP", 1000),
    )

    def holding(name: str, *held: str) -> Account:
        return account(
            name,
            venue="binance",
            rulebook="rules",
            positions=dict.fromkeys(held, (1, 1000)),
            balances={"USDC": 1000},
        )

    fine, other = holding("perp", "BTC-PERP"), holding("perp", "ETH-PERP")
    lost = holding("lost", "ETH-PERP")
    demands = [
        Demand(node=node, name=f"{node} {name}", shock=NO_SHOCK, use_frac=0.5)
        for node in (NODE, "desk/binance/lost")
        for name in ("use", "more")
    ]
    touches = [
        Touch(0, other, 1.0),
        Touch(0, other, -1.0),
        Touch(1, other, 1.0),
        Touch(1, fine, -1.0),
        Touch(2, fine, 1.0),
        Touch(2, other, -1.0),
        Touch(3, fine, 1.0),
        Touch(3, lost, 1.0, is_arrival=True),
    ]
    accounts, rules = {NODE: fine, "desk/binance/lost": lost}, {"rules": tiered_rulebook([(0, 1)])}
    why = require(other, terms, market, rules["rules"])
    assert isinstance(why, Failure)
    assert "ETH" in why.message
    found = footing(demands, accounts, touches, 4, market, terms, rules)
    charges = terms_of(rules["rules"]).charges
    assert charges is not None
    priced = offer(perpetual(), fine, market, charges, Depth())
    assert isinstance(priced, Offer)
    trades = [msgspec.structs.replace(priced, account_id=name) for name in "abc"]
    way = Route(
        source_account_id="perp",
        target_account_id="lost",
        asset="USDC",
        use="balance",
        latency_ns=1,
        fee_coin=Decimal(0),
        step_coin=Decimal(1),
    )
    after = f"nobody knows what perp has to spare after it: {why.message}"
    *told, unknown = found.refused(trades, [way])
    assert [(each.subject, each.reason, each.message) for each in told] == [
        ("BTC-PERP on a", why.reason, after),
        ("BTC-PERP on b", why.reason, f"if bought, {after}"),
        ("BTC-PERP on c", why.reason, f"if sold, {after}"),
        (
            "USDC from perp to lost (balance)",
            why.reason,
            f"nobody knows what lost has to spare: {unknown.message}",
        ),
    ]
    assert unknown in found.unknown


# The module itself: the room gives its function the same name.
MODULE = sys.modules["hedgerow.planning.footing"]


@pytest.mark.parametrize("figures_count", [1, 50, 1_000_000])
def test_cells_handed_over_are_those_of_any_two_moves(
    figures_count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pair by pair and in batches of any size; a move after which a cell is none is left out."""
    monkeypatch.setattr(MODULE, "_FIGURES_COUNT", figures_count)
    rng = np.random.default_rng(7)
    for moves_count in (0, 1, 2, 3, 9, 20):
        tried = rng.normal(size=(moves_count + 1, 12)) + 1.0
        if moves_count > 2:
            tried[2, 5] = np.nan
        now, changes = tried[0], [row - tried[0] for row in tried[1:] if np.isfinite(row).all()]
        expected = {int(now.argmin())}
        for times in (1.0, 4.0):
            alone = [now + times * change for change in changes]
            both = [now + times * (one + two) for one, two in combinations(changes, 2)]
            is_lacking = any(after.min() < 0.0 for after in alone)
            expected |= {
                int(after.argmin())
                for after in (*alone, *(both if is_lacking else ()))
                if after.min() < 0.0
            }
        found = MODULE._in_programme(tried)
        assert np.flatnonzero(found).tolist() == sorted(expected)


def test_four_hundred_moves_of_an_account_fit_into_64_mb() -> None:
    """Any two of them, in 60 cells: 80,000 rows of 480 bytes, 38 MB an array and three of them."""
    tried = np.random.default_rng(0).normal(size=(401, 60))
    tracemalloc.start()
    MODULE._in_programme(tried)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64e6


def test_every_touch_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three accounts with a touch each, and each is asked about its own."""
    asked: list[str] = []

    def counted(of: Account) -> str:
        asked.append(of.account_id)
        return account_node(of)

    monkeypatch.setattr(MODULE, "account_node", counted)
    held = {
        usdc: account(
            f"perp{usdc}",
            venue="binance",
            rulebook="rules",
            positions={"BTC-PERP": (12, 1000)},
            balances={"USDC": usdc},
        )
        for usdc in (1000, 2000, 3000)
    }
    accounts = {account_node(each): each for each in held.values()}
    touches = [Touch(k, each, 1.0, is_arrival=True) for k, each in enumerate(accounts.values())]
    found = footing(
        [Demand(node=node, name=node, shock=NO_SHOCK, use_frac=0.5) for node in accounts],
        accounts,
        touches,
        3,
        snapshot(index("BTC", 1000), quote("BTC-PERP", 1000)),
        by_id(perpetual()),
        {"rules": tiered_rulebook([(0, "0.05")])},
    )
    assert found.spare_ccy.tolist() == pytest.approx([-100.0, 400.0, 900.0])
    assert asked == [each.account_id for each in accounts.values()]
