"""What is drawn is gone with its fee, and headroom grows by no less than it must."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.collateral import plan
from hedgerow.errors import Failure
from hedgerow.limits import Limit, survey
from hedgerow.margin import require
from hedgerow.market import LendingIndex
from hedgerow.portfolio import Account, book
from hedgerow.units import DAY_NS
from tests.builders import T0_NS, account, lending, snapshot
from tests.rooms.collateral.test_plan import LOAN, MARKET, RULES, TERMS, buffer, cold, perps, refill
from tests.rooms.collateral.test_plan import route as free_route

D = Decimal


@pytest.mark.parametrize(
    ("source", "second"),
    [
        # Of 70 there go 45 and a fee of 1.5, and then another fee: 22 are left.
        (cold(USDC=70), D(22)),
        # A contract of its own keeps 100 of 170 as initial requirement: the same 70.
        (msgspec.structs.replace(perps("cold", 170, 1), account_id="cold"), D(22)),
        # Where enough is there for both fees and 85, all that is wanted comes.
        (cold(USDC=88), D(40)),
        (cold(USDC="87.99"), D("39.99")),
    ],
)
def test_each_fee_is_gone_from_the_source_before_the_next_move(
    source: Account, second: Decimal
) -> None:
    """A contract requires 50, half of what is wanted: 45 are missing of b, and 40 of a."""
    paid = [
        msgspec.structs.replace(free_route(name), fee_coin=D("1.5"), step_coin=D("0.01"))
        for name in ("a", "b")
    ]
    made = refill([perps("a", 60, 1), perps("b", 55, 1), source], [buffer("a"), buffer("b")], paid)
    assert [(m.route.target_account_id, m.quantity_coin) for m in made.moves] == [
        ("b", D(45)),
        ("a", second),
    ]


@pytest.mark.parametrize(
    ("now", "after", "buffered", "moved"),
    [
        # Made smaller for 100: 500 are required until it is filled, of the 1,100 left after it. At
        # a use of 0.4 that is 1,250.
        ((1200, 10), (1100, 4), ("0.42", "0.4"), [150]),
        # Made larger: 1,000 are required to open it, of the 700 there until it is filled.
        ((700, 0), (760, 10), ("0.9", "0.8"), [300]),
        # Made smaller: 1,000 are the initial requirement of what is held until then.
        ((900, 10), (900, 4), ("0.9", "0.8"), [100]),
        # And of exactly that nothing is missing.
        ((1000, 10), (1000, 4), ("0.9", "0.8"), []),
    ],
)
def test_a_planned_hedge_is_counted_where_it_is_worse_and_nowhere_else(
    now: tuple[int, int], after: tuple[int, int], buffered: tuple[str, str], moved: list[int]
) -> None:
    """A contract requires 50, and 100 initially; a hedge may be filled, or refused."""
    held, hedged = (perps("perps", equity, contracts) for equity, contracts in (now, after))
    market = snapshot(*MARKET)
    state = survey(book([held, cold(USDC=5000)], TERMS), market, RULES, ())
    report = require(hedged, TERMS, market, RULES["perps"])
    trigger, target = buffered
    made = plan(
        [buffer("perps", trigger, D(target))],
        [free_route("perps")],
        state,
        RULES,
        hedged={"desk/binance/perps": report},
    )
    assert [each.quantity_coin for each in made.moves] == moved


@pytest.mark.parametrize(
    ("distance_frac", "moved"),
    [
        # 0.2 / 0.09 is 2.2222 and told as 2.223: headroom of 90 is to be 200.07.
        (0.09, "110.07"),
        # 0.2 / 0.08 is 2.5 to the last digit: 225.
        (0.08, "135"),
        # At the hard limit itself it is broken: twice is 180.
        (0.1, "90"),
        # A hair beyond the factor of 2.5: a thousandth more, 225.09.
        (0.07999, "135.09"),
    ],
)
def test_headroom_grows_by_a_factor_that_is_rounded_up(distance_frac: float, moved: str) -> None:
    """A short of 1,000 requires 50 of the 140 that are there; 0.2 is wanted of its distance."""
    limit = Limit(
        scope="desk/*/*",
        metric="distance_spot_frac",
        soft_frac_usd_or_coin=0.20,
        hard_frac_usd_or_coin=0.10,
    )
    held = book([perps("perps", 140, -1), cold(USDC=5000)], TERMS)
    state = survey(held, snapshot(*MARKET), RULES, (limit,))
    told = tuple(
        msgspec.structs.replace(each, value_frac_usd_or_coin=distance_frac, rung="hard")
        for each in state.limits
        if each.node == "desk/binance/perps"
    )
    assert len(told) == 1
    made = plan(
        [buffer("perps", "0.9", D("0.8"))],
        [free_route("perps")],
        replace(state, limits=told),
        RULES,
    )
    assert [each.quantity_coin for each in made.moves] == [D(moved)]


@pytest.mark.parametrize(
    ("stand", "moved"),
    [
        # Of two broken ones the one that wants more headroom counts, whichever comes first: 2.5
        # times 90 is 135 more, 2.223 times 90 is 110.07 more.
        ([(0.08, "hard"), (0.09, "hard")], ["135"]),
        ([(0.09, "hard"), (0.08, "hard")], ["135"]),
        # One that is only soft is left to whoever trades.
        ([(0.08, "soft")], []),
    ],
)
def test_headroom_grows_for_the_worst_of_the_hard_distances(
    stand: list[tuple[float, Any]], moved: list[str]
) -> None:
    limit = Limit(
        scope="desk/*/*",
        metric="distance_spot_frac",
        soft_frac_usd_or_coin=0.20,
        hard_frac_usd_or_coin=0.10,
    )
    held = book([perps("perps", 140, -1), cold(USDC=5000)], TERMS)
    state = survey(held, snapshot(*MARKET), RULES, (limit,))
    (own,) = (each for each in state.limits if each.node == "desk/binance/perps")
    told = tuple(
        msgspec.structs.replace(own, value_frac_usd_or_coin=far, rung=rung) for far, rung in stand
    )
    made = plan(
        [buffer("perps", "0.9", D("0.8"))],
        [free_route("perps")],
        replace(state, limits=told),
        RULES,
    )
    assert [each.quantity_coin for each in made.moves] == [D(each) for each in moved]


def test_routes_together_repay_no_more_than_is_owed() -> None:
    """Of 1,000 DAI that are owed 500 come from one and 300 from another: a third has 200 to do."""
    loan = account(
        "loan",
        venue="aave",
        currency="USD",
        rulebook="loan",
        positions={"supply:wstETH": 50, "debt:USDC": -99_000, "debt:DAI": -1_000},
    )
    purses = {"a": 500, "b": 300, "c": 9_000}
    sources = [account(name, venue="x", balances={"DAI": held}) for name, held in purses.items()]
    ways = [free_route("loan", "DAI", use="repay", source=name) for name in purses]
    made = refill([loan, *sources], [buffer("loan", "0.95", "0.85")], ways)
    assert [each.quantity_coin for each in made.moves] == [D(500), D(300), D(200)]


def test_of_another_coin_than_it_is_kept_in_an_account_with_rules_gives_nothing() -> None:
    """Its 1,000 dollars above what it needs are no ten coins; a wallet gives what is missing.

    100,000 are owed against 96,000 that count, and shall be 85 %: 21,647.06 more of what counts,
    at 1,920 a coin 11.28.
    """
    loan = account(
        "loan",
        venue="aave",
        currency="USD",
        rulebook="loan",
        positions={"supply:wstETH": 50, "debt:USDC": -100_000},
    )
    for rulebook, given in (("perps", []), (None, [D("11.28")])):
        source = account(
            "b", venue="binance", rulebook=rulebook, balances={"USDC": 1_000, "wstETH": 20}
        )
        way = free_route("loan", "wstETH", use="supply", source="b")
        made = refill([loan, source], [buffer("loan", "0.95", "0.85")], [way])
        assert [each.quantity_coin for each in made.moves] == given


@pytest.mark.parametrize(("left_usd", "moved"), [("20", "20"), ("20.005", "20"), ("40", "40")])
def test_a_coin_counts_a_cent_too_much_in_a_budget_and_a_fee(left_usd: str, moved: str) -> None:
    """A coin of 99.4 cents counts as a dollar: 20 dollars pay for 20 of the 40 that are missing."""
    now = snapshot(*MARKET)
    now = replace(now, dollars_usd={"USDC": D("0.994")})
    state = survey(book([perps("a", 60, 1), cold(USDC=500)], TERMS), now, RULES, ())
    way = msgspec.structs.replace(free_route("a"), fee_coin=D(3))
    (move,) = plan([buffer("a")], [way], state, RULES, left_usd=D(left_usd)).moves
    assert move.quantity_coin == D(moved)
    assert move.cost_expected_usd == 3.0


def test_a_source_with_positions_and_no_rulebook_gives_nothing() -> None:
    """A wallet gives what it holds; what an account must keep that nobody judges is unknown."""
    wallet = cold(USDC=500)
    short = msgspec.structs.replace(wallet, positions=perps("x", 0, -1).positions)
    moved = {}
    for name, source in (("wallet", wallet), ("short", short)):
        moved[name] = refill([perps("a", 60, 1), source], [buffer("a")], [free_route("a")]).moves
    assert [each.quantity_coin for each in moved["wallet"]] == [D(40)]
    assert moved["short"] == ()


KNOWN = lending("USDC")
OLD = msgspec.structs.replace(KNOWN, time_ns=T0_NS - 10 * DAY_NS)


@pytest.mark.parametrize(
    ("told", "reason"), [((KNOWN,), None), ((), "missing_data"), ((OLD,), "stale_data")]
)
def test_of_a_debt_that_nobody_knows_nothing_is_repaid_and_that_is_said(
    told: tuple[LendingIndex, ...], reason: str | None
) -> None:
    """It was judged while its index was known: 100,000 are owed, 48,000 may be of equity of 96,000.

    A debt of nothing would pass without a word (`test_more_than_is_owed_is_not_repaid`).
    """
    state = survey(book([LOAN, cold(USDC=10**6)], TERMS), snapshot(*MARKET), RULES, ())
    others = [each for each in MARKET if each != KNOWN]
    now = replace(state, snapshot=snapshot(*told, *others))
    made = plan([buffer("loan")], [free_route("loan", use="repay")], now, RULES)
    if reason is None:
        assert [each.quantity_coin for each in made.moves] == [D(52_000)]
        assert made.unmet == ()
        return
    assert made.moves == ()
    why = now.snapshot.lending("aave", "USDC")
    assert isinstance(why, Failure)
    said, short = made.unmet
    assert (said.subject, said.reason) == ("loan", reason)
    assert said.message == (f"nobody knows how much USDC it owes, so none is repaid: {why.message}")
    assert short.reason == "no_source"
