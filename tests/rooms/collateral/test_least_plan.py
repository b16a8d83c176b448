"""Least-cost refills of desks: borne out by the engines, and never worse than one by one."""

import sys
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.collateral import BufferPolicy, LeastPlan, Move, Route, TransferPlan, least_plan, plan
from hedgerow.collateral.allocate import allocate
from hedgerow.collateral.engines import tiers_of
from hedgerow.collateral.problem import Problem
from hedgerow.errors import Failure, OutOfDomain
from hedgerow.limits import Survey, arrived, lending_market, survey
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.market import LendingIndex, MarketEvent, Shock, Snapshot
from hedgerow.portfolio import Account, book, with_balance
from tests.builders import (
    account,
    by_id,
    debt,
    index,
    lending,
    lending_rulebook,
    oracle,
    perpetual,
    quote,
    snapshot,
    supply,
    tiered_rulebook,
)
from tests.draws import draws

D = Decimal
RULES: dict[str, Rulebook] = {
    "loan": lending_rulebook(wstETH=8000, USDC=8500),
    "perps": tiered_rulebook([(0, "0.05")]),
}
TERMS = by_id(supply("wstETH"), debt("USDC"), perpetual())
MARKET: tuple[MarketEvent, ...] = (
    index("BTC", 1000),
    index("wstETH", 2400),
    index("USDC", 1),
    quote("BTC-PERP", 1000),
    oracle("wstETH", 2400),
    oracle("USDC", 1),
    lending("wstETH"),
    lending("USDC"),
)
NOW_SEEN = snapshot(*MARKET)
CRASH = Shock(spot_factor_frac={"BTC": 0.9, "wstETH": 0.9})


def perps(name: str, equity: float | str, contracts: float = 0) -> Account:
    """Every contract, entered at its mark of 1000, requires 50, and 100 initially."""
    positions: Any = {"BTC-PERP": (contracts, 1000)} if contracts else {}
    return account(
        name, venue="binance", rulebook="perps", positions=positions, balances={"USDC": equity}
    )


def loan(supplied: float = 50, owed: float = -100_000) -> Account:
    return account(
        "loan",
        venue="aave",
        currency="USD",
        rulebook="loan",
        positions={"supply:wstETH": supplied, "debt:USDC": owed},
    )


def cold(**balances: float) -> Account:
    return account("cold", venue="treasury", balances=balances)


def route(source: str, target: str, asset: str = "USDC", **more: Any) -> Route:
    way: dict[str, Any] = {"use": "balance", "latency_ns": 60, "fee_coin": D(0)} | more
    way.setdefault("step_coin", D("0.01"))
    return Route(source_account_id=source, target_account_id=target, asset=asset, **way)


def buffer(name: str, trigger: str = "0.8", target: str = "0.5") -> BufferPolicy:
    return BufferPolicy(account_id=name, trigger_use_frac=D(trigger), target_use_frac=D(target))


def seen(accounts: list[Account]) -> Survey:
    return survey(book(accounts, TERMS), NOW_SEEN, RULES, ())


def after(
    accounts: list[Account], moves: tuple[Move, ...], *, fees: bool = True
) -> dict[str, Account]:
    held = {each.account_id: each for each in accounts}
    for move in moves:
        way, coin = move.route, move.quantity_coin
        gone = coin + (way.fee_coin if fees else 0)
        held[way.source_account_id] = with_balance(held[way.source_account_id], way.asset, -gone)
        target = held[way.target_account_id]
        market = lending_market(target, RULES)
        found = arrived(target, way.asset, way.use, coin, NOW_SEEN, TERMS, market=market)
        assert isinstance(found, Account)
        held[way.target_account_id] = found
    return held


def report(of: Account, market: Snapshot = NOW_SEEN) -> MarginReport:
    found = require(of, TERMS, market, RULES[of.rulebook or ""])
    assert isinstance(found, MarginReport), found
    return found


def test_a_repayment_and_a_deposit_bring_each_account_to_its_target() -> None:
    accounts = [loan(), perps("thin", 60, 1), cold(USDC=100_000)]
    routes = [route("cold", "loan", use="repay"), route("cold", "thin")]
    policies = [buffer("loan", "0.95", "0.8"), buffer("thin")]
    found = least_plan(policies, routes, seen(accounts), RULES)
    assert found.transfers.unmet == ()
    held = after(accounts, found.transfers.moves)
    for move in found.transfers.moves:
        use = report(held[move.route.target_account_id]).use_frac
        assert use is not None
        assert use == move.use_after_frac
    thin, owed = report(held["thin"]).use_frac, report(held["loan"]).use_frac
    assert thin == D("0.5")  # 50 of a hundred: forty dollars more, to the step
    assert owed is not None
    # 96,000 carry what use 0.8 of them may: 76,800, so that 23,200 are repaid.
    assert owed == D("0.8")


def test_a_desk_that_keeps_to_its_buffers_is_left_alone() -> None:
    found = least_plan(
        [buffer("a")], [route("cold", "a")], seen([perps("a", 70, 1), cold(USDC=9)]), RULES
    )
    assert found == LeastPlan(transfers=TransferPlan(moves=(), unmet=()), allocation=None)


def test_a_scenario_asks_before_it_comes() -> None:
    """Long two coins: ten per cent down costs 200 and leaves a requirement of 90."""
    accounts = [perps("a", 300, 2), cold(USDC=1_000)]
    routes = [route("cold", "a")]
    quiet = least_plan([buffer("a")], routes, seen(accounts), RULES)
    assert quiet.transfers.moves == ()
    found = least_plan([buffer("a")], routes, seen(accounts), RULES, scenarios={"crash": CRASH})
    (move,) = found.transfers.moves
    held = after(accounts, found.transfers.moves)
    use = report(held["a"], NOW_SEEN.shocked(CRASH)).use_frac
    assert use is not None
    assert use <= D("0.8")
    assert move.quantity_coin == D("12.50")  # 90 / 0.8 = 112.5, of which 100 are left
    assert found.allocation is not None
    crash = next(each for each in found.allocation.cover if each.need == "crash")
    assert crash.needed_ccy == pytest.approx(112.5)
    assert crash.shadow_usd_per_ccy == pytest.approx(0.05 * 30 / 365, rel=1e-3)


def test_the_reserve_stays_at_its_worst_price_and_who_stays_short_is_named() -> None:
    accounts = [perps("a", 50, 1), cold(USDC=60)]
    found = least_plan([buffer("a")], [route("cold", "a")], seen(accounts), RULES, reserve_usd=40.0)
    (move,) = found.transfers.moves
    assert move.quantity_coin == 20
    (unmet,) = found.transfers.unmet
    assert (unmet.subject, unmet.reason) == ("a", "no_source")
    assert "71.4 %, wanted 50.0 %" in unmet.message
    assert unmet.message.endswith("no route has more to give")
    assert found.allocation is not None
    assert found.allocation.conflicts == ("a: buffer",)


def test_an_account_to_which_no_route_leads_is_told_so() -> None:
    accounts = [perps("a", 50, 1), perps("b", 500, 1), cold(USDC=60)]
    found = least_plan([buffer("a")], [route("cold", "b")], seen(accounts), RULES)
    (unmet,) = found.transfers.unmet
    assert unmet.message == "use stays at 100.0 %, wanted 50.0 %: no route leads to it"


def test_the_nearest_to_its_liquidation_is_served_first() -> None:
    accounts = [perps("far", 61, 1), perps("near", 51, 1), cold(USDC=49)]
    routes = [route("cold", "far"), route("cold", "near")]
    found = least_plan([buffer("far"), buffer("near")], routes, seen(accounts), RULES)
    (move,) = found.transfers.moves
    assert (move.route.target_account_id, move.quantity_coin) == ("near", D(49))


@pytest.mark.parametrize("others_count", [1, 4, 5, 8, 30])
def test_the_nearest_is_served_first_of_however_many_and_however_large(others_count: int) -> None:
    """Use of 150 / 105 before 50 / 40 and less; of equals a small account would come first."""
    names = [f"small{i}" for i in range(others_count)]
    small = [perps(name, str(40 + 0.5 * i), 1) for i, name in enumerate(names)]
    accounts = [*small, perps("near", 105, 3), cold(USDC=60)]
    routes = [route("cold", name) for name in (*names, "near")]
    policies = [buffer(name) for name in (*names, "near")]
    found = least_plan(policies, routes, seen(accounts), RULES)
    (move,) = found.transfers.moves
    assert (move.route.target_account_id, move.quantity_coin) == ("near", D(60))


def test_a_source_keeps_its_own_buffer_and_another_way_costs_less_in_fees() -> None:
    accounts = [perps("a", 50, 1), perps("b", 130, 1), cold(USDC=1_000)]
    dear = route("cold", "a", fee_coin=D(3))
    found = least_plan([buffer("a"), buffer("b")], [dear, route("b", "a")], seen(accounts), RULES)
    # B could give 30 of the 50 that A lacks: one transfer for three dollars does it all alone.
    (move,) = found.transfers.moves
    assert (move.route.source_account_id, move.quantity_coin) == ("cold", D(50))
    rich = [perps("a", 50, 1), perps("b", 151, 1), cold(USDC=1_000)]
    found = least_plan([buffer("a"), buffer("b")], [dear, route("b", "a")], seen(rich), RULES)
    (move,) = found.transfers.moves
    assert (move.route.source_account_id, move.quantity_coin) == ("b", D(50))


def test_what_is_on_the_way_is_not_sent_again() -> None:
    accounts = [perps("a", 50, 1), cold(USDC=1_000)]
    found = least_plan(
        [buffer("a")],
        [route("cold", "a")],
        seen(accounts),
        RULES,
        in_transit_coin=[("a", "USDC", D(30), "balance")],
    )
    (move,) = found.transfers.moves
    assert move.quantity_coin == 20


def test_what_comes_too_late_is_not_sent() -> None:
    accounts = [perps("a", 50, 1), cold(USDC=1_000)]
    found = least_plan(
        [buffer("a")], [route("cold", "a")], seen(accounts), RULES, deadline_ns={"a": 59}
    )
    assert found.transfers.moves == ()
    (short,) = found.transfers.unmet
    assert short.subject == "a"
    assert short.message.endswith("no route to it arrives in time")


def test_what_comes_in_time_is_sent_and_the_rest_is_said_to_be_late() -> None:
    """Fifty are lacking; the near account has twenty, and the far one all of it, too late."""
    near = account("near", venue="treasury", balances={"USDC": 20})
    accounts = [perps("a", 50, 1), near, cold(USDC=1_000)]
    found = least_plan(
        [buffer("a")],
        [route("near", "a", latency_ns=10), route("cold", "a")],
        seen(accounts),
        RULES,
        deadline_ns={"a": 59},
    )
    sent = [(each.route.source_account_id, each.quantity_coin) for each in found.transfers.moves]
    assert sent == [("near", D(20))]
    (short,) = found.transfers.unmet
    assert short.message.endswith("no route has more to give in time")


def test_an_account_that_cannot_be_judged_is_said_and_not_drawn() -> None:
    unknown = msgspec.structs.replace(perps("b", 900, 1), rulebook="gone")
    accounts = [perps("a", 50, 1), unknown, cold(USDC=10)]
    found = least_plan(
        [buffer("a"), buffer("b")], [route("b", "a"), route("cold", "a")], seen(accounts), RULES
    )
    (move,) = found.transfers.moves
    assert move.route.source_account_id == "cold"
    assert {each.subject for each in found.transfers.unmet} == {"a", "b"}


def test_the_reserve_counts_at_the_worst_of_the_prices() -> None:
    """Half a bitcoin is 500 now and 450 after the fall: of 100 dollars only 50 may leave."""
    accounts = [perps("a", 50, 1), cold(USDC=100, BTC=0.5)]
    routes = [route("cold", "a"), route("cold", "a", "BTC")]
    kept = {"reserve_usd": 500.0, "scenarios": {"crash": CRASH}}
    found = least_plan([buffer("a")], routes, seen(accounts), RULES, **kept)  # type: ignore[arg-type]
    (move,) = found.transfers.moves
    assert (move.route.asset, move.quantity_coin) == ("USDC", D(50))


def test_what_saves_interest_is_cheaper_than_what_earns_none() -> None:
    """Debt at four per cent a year: repaying costs one per cent of five, supplying all five."""
    market = [each for each in MARKET if not isinstance(each, LendingIndex)]
    owed = msgspec.structs.replace(lending("USDC"), borrow_frac_per_year=D("0.04"))
    now = snapshot(*market, owed, lending("wstETH"))
    accounts = [loan(), cold(USDC=100_000, wstETH=100)]
    state = survey(book(accounts, TERMS), now, RULES, ())
    routes = [
        route("cold", "loan", "wstETH", use="supply"), route("cold", "loan", use="repay"),
    ]  # fmt: skip
    found = least_plan([buffer("loan", "0.95", "0.8")], routes, state, RULES)
    (move,) = found.transfers.moves
    assert move.route.use == "repay"
    assert found.allocation is not None
    assert found.allocation.cost_usd == pytest.approx(23_200 * 0.01 * 30 / 365, rel=1e-6)


def test_a_haircut_on_the_way_is_sent_on_top() -> None:
    accounts = [perps("a", 50, 1), cold(USDC=1_000)]
    found = least_plan(
        [buffer("a")],
        [route("cold", "a")],
        seen(accounts),
        RULES,
        transit_haircut_frac={"USDC": 0.2},
    )
    (move,) = found.transfers.moves
    assert move.quantity_coin == D("62.5")


def test_coins_come_by_way_of_another_account_and_wait_for_each_other() -> None:
    """B has nothing to spare: what it hands on must have arrived first."""
    accounts = [perps("a", 50, 1), perps("b", 100, 1), cold(USDC=1_000)]
    routes = [route("cold", "b"), route("b", "a")]
    found = least_plan([buffer("a"), buffer("b")], routes, seen(accounts), RULES)
    first, second = found.transfers.moves
    assert (first.route.target_account_id, second.route.target_account_id) == ("b", "a")
    assert found.allocation is not None
    assert found.allocation.moves[1].waits_for_index == second.waits_for_index == (0,)


@pytest.mark.parametrize("rounds", [6, 1])
def test_what_the_engines_do_not_bear_out_is_asked_for_again_or_not_given(
    rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if curves promised more than engines hold: two assets that count less together."""

    def generous(points: Any) -> Any:
        tiers, most = tiers_of(points)
        more = [
            msgspec.structs.replace(t, worth_ccy_per_coin=1.3 * t.worth_ccy_per_coin) for t in tiers
        ]
        return tuple(more), most

    monkeypatch.setattr(sys.modules["hedgerow.collateral.reading"], "tiers_of", generous)
    monkeypatch.setattr(sys.modules["hedgerow.collateral.least_plan"], "_ROUNDS_COUNT", rounds)
    accounts = [perps("a", 50, 1), cold(USDC=1_000)]
    found = least_plan([buffer("a")], [route("cold", "a")], seen(accounts), RULES)
    if rounds == 1:
        (unmet,) = found.transfers.unmet
        assert found.transfers.moves == ()
        assert "do not bear out" in unmet.message
    else:
        use = report(after(accounts, found.transfers.moves)["a"]).use_frac
        assert use is not None
        assert use <= D("0.5")


@pytest.mark.parametrize("rounds", [6, 1])
def test_a_fee_that_takes_its_source_below_its_need_is_seen_by_the_engines(
    rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if no fee were allocated: 50 sent of 150 leave the hundred B must open with, less one.

    What lacks then is asked for beside: 49 at most, and a step less for what floats leave.
    """

    def blind(problem: Problem) -> Any:
        links = [msgspec.structs.replace(each, fee_coin=0.0) for each in problem.links]
        return allocate(msgspec.structs.replace(problem, links=tuple(links)))

    monkeypatch.setattr(sys.modules["hedgerow.collateral.least_plan"], "allocate", blind)
    monkeypatch.setattr(sys.modules["hedgerow.collateral.least_plan"], "_ROUNDS_COUNT", rounds)
    accounts, way = [perps("a", 50, 1), perps("b", 150, 1)], route("b", "a", fee_coin=D(1))
    found = least_plan([buffer("a")], [way], seen(accounts), RULES)
    if rounds == 1:
        assert found.transfers.moves == ()
        assert "do not bear out" in found.transfers.unmet[0].message
        return
    (move,) = found.transfers.moves
    assert D(49) - way.step_coin <= move.quantity_coin <= D(49)
    left = report(after(accounts, found.transfers.moves)["b"])
    assert left.equity_ccy >= left.requirement_initial_ccy == 100


def test_the_use_of_who_hands_on_counts_the_fee_it_has_paid() -> None:
    """B gives what it can spare at once, and waits for the rest: each leg at the use that it finds.

    Of 121 with 100 to keep 20 go at once for a fee of 1; B then stands at half of a hundred in use.
    """
    accounts = [perps("a", 80, 1), perps("c", 70, 1), perps("b", 121, 1), cold(USDC=1_000)]
    routes = [
        route("b", "a", fee_coin=D(1), step_coin=D(1)),
        route("cold", "b", step_coin=D(1)),
        route("b", "c", step_coin=D(1)),
    ]
    policies = [buffer("a", "0.6"), buffer("b", "0.6"), buffer("c", "0.6")]
    found = least_plan(policies, routes, seen(accounts), RULES)
    held = accounts
    for move in found.transfers.moves:
        name = move.route.target_account_id
        stood = report({each.account_id: each for each in held}[name])
        held = list(after(held, (move,)).values())
        stands = report({each.account_id: each for each in held}[name])
        assert (move.use_before_frac, move.use_after_frac) == (stood.use_frac, stands.use_frac)
    legs = [
        (move.route.source_account_id, move.route.target_account_id, move.quantity_coin)
        for move in found.transfers.moves
    ]
    assert legs == [("b", "a", D(20)), ("cold", "b", D(30)), ("b", "c", D(30))]
    assert found.transfers.moves[1].use_before_frac == D("0.5")


def test_a_plan_of_no_end_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = Failure(subject="programme", reason="not_converged", message="made")
    monkeypatch.setattr(
        sys.modules["hedgerow.collateral.allocate"], "least", lambda *_, **__: trouble
    )
    accounts = [perps("a", 50, 1), cold(USDC=1_000)]
    found = least_plan([buffer("a")], [route("cold", "a")], seen(accounts), RULES)
    assert found.transfers == TransferPlan(moves=(), unmet=(trouble,))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"reserve_usd": -1.0}, "reserve_usd"),
        ({"earns_frac_per_year": float("nan")}, "earns_frac_per_year"),
        ({"horizon_days": float("inf")}, "horizon_days"),
        ({"deadline_ns": {"a": -1}}, "deadline_ns of a"),
        ({"transit_haircut_frac": {"USDC": -0.1}}, "transit_haircut_frac of USDC"),
        ({"transit_haircut_frac": {"USDC": 1.1}}, "of USDC .* or above 1, was 1.1"),
        ({"scenarios": {"now": CRASH}}, "called now"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(asked: Any, why: str) -> None:
    with pytest.raises(OutOfDomain, match=why):
        least_plan([], [], seen([cold(USDC=1)]), RULES, **asked)


# --- against one by one, over desks that are drawn ----------------------------------------------


def _drawn(seed: int) -> tuple[list[Account], list[BufferPolicy], list[Route]]:
    rng = np.random.default_rng(seed)
    accounts = [
        perps(name, f"{rng.uniform(55, 400):.2f}", float(rng.integers(1, 4))) for name in "abc"
    ]
    accounts += [
        loan(50, -float(rng.uniform(70_000, 95_000))),
        cold(USDC=float(rng.uniform(0, 60_000))),
    ]
    names = ("a", "b", "c", "cold")
    routes = [
        route(
            source,
            target,
            use="repay" if target == "loan" else "balance",
            fee_coin=D(str(rng.choice([0.0, 1.0, 3.0]))),
            step_coin=D(str(rng.choice(["0.01", "1", "10"]))),
        )
        for target in ("a", "b", "c", "loan")
        for source in names
        if source != target and rng.uniform() < 0.6
    ]
    policies = [buffer(name) for name in "abc"] + [buffer("loan", "0.85", "0.75")]
    return accounts, policies, routes


@draws(25)
@given(seed=st.integers(0, 100_000))
def test_it_covers_what_one_by_one_does_for_no_more_and_nobody_falls_below(seed: int) -> None:
    accounts, policies, routes = _drawn(seed)
    state = seen(accounts)
    greedy = plan(policies, routes, state, RULES)
    least = least_plan(policies, routes, state, RULES)
    unmet = {each.subject for each in least.transfers.unmet}
    assert greedy.unmet or not unmet
    target = {each.account_id: each for each in policies}
    # Leg by leg, by the engines: a source keeps to its buffer or to where it stood.
    start = {each.account_id: each for each in accounts}
    for count in range(1, len(least.transfers.moves) + 1):
        held = after(accounts, least.transfers.moves[:count])
        source = least.transfers.moves[count - 1].route.source_account_id
        assert held[source].balance_coin("USDC") >= 0
        if source in target:
            stood, stands = report(start[source]), report(held[source])
            assert stands.equity_ccy >= min(stands.requirement_initial_ccy, stood.equity_ccy)
            assert stands.use_frac is not None
            assert stands.use_frac <= max(target[source].target_use_frac, stood.use_frac or D(9))
    held = after(accounts, least.transfers.moves)
    low = [
        each.account_id
        for each in policies
        if (report(start[each.account_id]).use_frac or D(9)) > each.trigger_use_frac
    ]
    for name in low:
        use = report(held[name]).use_frac
        assert name in unmet or (use is not None and use <= target[name].target_use_frac)
    if low and greedy.unmet:
        # Whoever is nearest to liquidation is brought no less far.
        first = max(low, key=lambda name: report(start[name]).use_frac or D(99))
        other = report(after(accounts, greedy.moves, fees=False)[first])
        mine = report(held[first])
        reached = max(other.use_frac or D(99), target[first].target_use_frac)
        assert (mine.use_frac or D(99)) <= reached + D("0.01")
    if not greedy.unmet:
        # A step of the coarsest route apart, at five per cent a year for thirty days.
        paid = [
            sum(float(move.route.fee_coin) for move in moves)
            + sum(float(m.quantity_coin) for m in moves if m.route.target_account_id in low)
            * (0.05 * 30 / 365)
            for moves in (least.transfers.moves, greedy.moves)
        ]
        assert paid[0] <= paid[1] + 0.2
