"""Plans over a portfolio margin account: what no plan may do to it, whatever else it mends."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from hedgerow.collateral import Route
from hedgerow.errors import Failure, OutOfDomain
from hedgerow.hedging import Depth, Offer, effects, offer
from hedgerow.instruments import Instrument
from hedgerow.limits import FirstPassage, Limit, Stress, Survey, survey
from hedgerow.limits.seen import Given
from hedgerow.margin import Rulebook, terms_of
from hedgerow.market import FundingSettlement, Ladder, Level, Shock
from hedgerow.planning import Joint, JointTerms, Order, compared, joint, made
from hedgerow.planning.costs import MoveCosts
from hedgerow.planning.done import Desk
from hedgerow.planning.joint import _nothing, _Search
from hedgerow.planning.means import Means
from hedgerow.planning.outcome import badness
from hedgerow.planning.wants import stresses_of
from hedgerow.portfolio import book
from hedgerow.solvency import coins_moved
from hedgerow.solving import Answer
from hedgerow.units import DAY_NS, MINUTE_NS, SECOND_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    inverse,
    lending,
    lending_rulebook,
    option,
    option_quote,
    oracle,
    perpetual,
    quote,
    scan_rulebook,
    snapshot,
    staking,
    supply,
    tiered_rulebook,
)

D = Decimal
RULES: dict[str, Rulebook] = {
    "perps": tiered_rulebook([(0, "0.05")], ("BTC", "ETH")),
    "loan": lending_rulebook(wstETH=7900, USDC=8500),
    "scan": scan_rulebook(),
}
OPTIONS = [
    option(strike, right, expiry_ns=T0_NS + 10 * DAY_NS)
    for strike in (800, 1000, 1200)
    for right in ("put", "call")
]
TERMS: dict[str, Instrument] = by_id(
    perpetual("BTC"), perpetual("ETH"), supply("wstETH"), debt("USDC"), inverse(), *OPTIONS
)


def rungs(instrument_id: str, mid: int, near: int) -> Ladder:
    def side(sign: int) -> tuple[Level, ...]:
        return tuple(
            Level(price_usd=mid + sign * D(mid) / off, quantity_contracts=D(size))
            for off, size in ((1000, near), (100, 10 * near))
        )

    return Ladder(time_ns=T0_NS, instrument_id=instrument_id, bids=side(-1), asks=side(1))


NOW = snapshot(
    index("BTC", 1000),
    index("ETH", 100),
    quote("BTC-PERP", 1000),
    quote("ETH-PERP", 100),
    quote("BTC-PERPETUAL", 1000),
    rungs("BTC-PERP", 1000, 20),
    rungs("ETH-PERP", 100, 200),
    rungs("BTC-PERPETUAL", 1000, 20_000),
    lending("USDC"),
    lending("wstETH"),
    oracle("USDC", 1),
    oracle("wstETH", 120),
    staking("wstETH", "ETH", "1.2"),
    *(option_quote(each, 1000, 0.6) for each in OPTIONS),
)
GRID = tuple(
    Stress(
        name=f"{move:+.0%}, {shift:+.0%}",
        spot_factor_frac=1.0 + move,
        shock=Shock(vol_shift_frac=shift),
    )
    for move in (-0.3, -0.1, 0.1, 0.3)
    for shift in (0.0, 0.2)
)


def limit(scope: str, metric: str, soft: float, hard: float, **given: Any) -> Limit:
    return Limit(
        scope=scope, metric=metric, soft_frac_usd_or_coin=soft, hard_frac_usd_or_coin=hard, **given
    )


LIMITS = (
    limit("desk/*/*", "margin_use_frac", 0.5, 0.8),
    limit("desk/*/*", "distance_spot_frac", 0.2, 0.1),
    limit("coin/BTC", "delta_spot_usd", 2_000, 4_000),
    limit("coin/ETH", "delta_spot_usd", 2_000, 4_000),
    limit("coin/BTC", "vega_usd_per_volpt", 20, 40),
    limit("desk", "scenario_loss_usd", 4_000, 8_000, given=Given(said="grid", stresses=GRID)),
)


def route(target: str, asset: str, use: Any, fee: str = "1", step: str = "1") -> Route:
    return Route(
        source_account_id="cold",
        target_account_id=target,
        asset=asset,
        use=use,
        latency_ns=60 * SECOND_NS,
        fee_coin=D(fee),
        step_coin=D(step),
    )


ROUTES = (
    route("one", "USDC", "balance"),
    route("loan", "USDC", "repay"),
    route("loan", "wstETH", "supply", "0.01", "0.1"),
    route("deri", "BTC", "balance", "0.001", "0.01"),
)


def desk(
    limits: tuple[Limit, ...] = LIMITS,
    *,
    one: int = 0,
    usdc: int = 1000,
    held: dict[str, Any] | None = None,
    inverse_usd: int = 0,
    btc: str = "5",
    supplied: int = 0,
    owed: int = 0,
    cold_usdc: int = 5000,
    cold_btc: str = "2",
) -> Survey:
    positions: dict[str, Any] = {name: much for name, much in (held or {}).items() if much}
    if inverse_usd:
        positions["BTC-PERPETUAL"] = (inverse_usd, 1000)
    loan = {"supply:wstETH": supplied, "debt:USDC": -owed} if supplied else {}
    accounts = (
        account(
            "one",
            venue="binance",
            rulebook="perps",
            positions={"BTC-PERP": (one, 1000)} if one else {},
            balances={"USDC": usdc},
        ),
        account(
            "deri",
            venue="deribit",
            rulebook="scan",
            currency="BTC",
            positions=positions,
            balances={"BTC": btc},
        ),
        account("loan", venue="aave", rulebook="loan", currency="USD", positions=loan),
        account(
            "cold", venue="treasury", balances={"USDC": cold_usdc, "BTC": cold_btc, "wstETH": 5}
        ),
    )
    return survey(book(accounts, TERMS), NOW, RULES, limits)


def offers(now: Survey) -> tuple[Offer, ...]:
    found = []
    wanted = [("one", "BTC-PERP"), ("one", "ETH-PERP"), ("deri", "BTC-PERPETUAL")]
    for account_id, name in (*wanted, *(("deri", each.instrument_id) for each in OPTIONS)):
        holder = now.book.account(account_id)
        charges = terms_of(RULES[holder.rulebook or ""]).charges
        assert charges is not None
        priced = offer(TERMS[name], holder, now.snapshot, charges, Depth())  # type: ignore[arg-type]
        assert isinstance(priced, Offer)
        found.append(priced)
    return tuple(found)


def planned(now: Survey, limits: tuple[Limit, ...] = LIMITS, **changes: Any) -> Joint:
    asked = {"offers": offers(now), "routes": ROUTES} | changes
    found = joint(now, limits, asked["offers"], asked["routes"], TERMS, RULES)
    assert not isinstance(found, Failure)
    return found


def drawn(seed: int) -> Survey:
    """A desk with options on both sides, an inverse perpetual, a staked loan and little money."""
    rng = np.random.default_rng(seed)

    def one_of(*choices: Any) -> Any:
        return choices[int(rng.integers(len(choices)))]

    supplied = one_of(0, 10, 30)
    return desk(
        one=one_of(0, -3, -6, 3, 6, 1),
        usdc=one_of(60, 300, 1000, 3000),
        held={each.instrument_id: one_of(0, 0, 0, -5, -2, 2, 5, -10, "0.1") for each in OPTIONS},
        inverse_usd=one_of(0, -3000, 2000, 500),
        btc=one_of("0.5", "2", "5", "10"),
        supplied=supplied,
        owed=one_of(1, 700, 1100, supplied * 70, supplied * 80) if supplied else 0,
        cold_usdc=one_of(0, 500, 5000, 1_000_000),
        cold_btc=one_of("0", "2", "20"),
    )


@pytest.mark.parametrize("seed", range(14))
def test_a_plan_makes_nothing_hard_or_unknown_and_counts_on_nothing_in_transit(seed: int) -> None:
    now = drawn(seed)
    chosen = planned(now)
    was = {each.key: each.rung for each in now.limits}
    for state in chosen.after.limits:
        if state.rung in ("hard", "unknown"):
            assert was[state.key] == state.rung, f"{state.node} {state.metric}: {state.message}"
    assert not chosen.lacking
    assert sum(each.rung in ("soft", "hard") for each in now.limits) > len(chosen.broken)
    plan = made(chosen, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)
    told = sum(each.cost_expected_usd for each in plan.legs)
    assert told == pytest.approx(plan.cost_expected_usd, abs=1e-4)
    assert not any("between legs" in each.message for each in plan.unmet)


def test_a_plan_that_leaves_an_account_unknown_is_worse_than_none() -> None:
    """An account that its venue's rules cannot judge is not safe, and its limits are not held."""
    now = drawn(1)
    chosen = planned(now)
    nobody_knows = tuple(
        msgspec.structs.replace(each, rung="unknown", value_frac_usd_or_coin=None)
        if each.node == "desk/deribit/deri"
        else each
        for each in chosen.after.limits
    )
    then = replace(chosen, after=replace(chosen.after, limits=nobody_knows))
    nothing = replace(chosen, trades=(), moves=(), cost_usd=0.0, after=now)
    assert badness(then) > badness(nothing) > badness(chosen)


def test_no_use_of_what_equity_is_left_is_worse_than_none_of_it() -> None:
    """The more of it is used the worse, without end, and to have none is worse than all of that."""
    now = drawn(1)
    (state,) = [
        each
        for each in now.limits
        if (each.node, each.metric) == ("desk/deribit/deri", "margin_use_frac")
    ]
    found = []
    for value in (0.9, 2.9, 3.1, 5.9, 6.1, 50.0, 1e3, 1e6, None):
        then = msgspec.structs.replace(state, rung="hard", value_frac_usd_or_coin=value)
        found.append(badness(replace(planned(now), after=replace(now, limits=(then,))))[1])
    assert found == sorted(set(found))
    # Beyond a soft limit of 50 % by 0.4 and by 2.4, each over 0.5, and a whole for what is hard.
    assert found[0] == pytest.approx(1.8)
    assert found[1] == pytest.approx(5.8)


def test_a_desk_just_inside_its_limits_gets_an_empty_plan() -> None:
    """Within a twentieth of soft nothing is broken; a symmetric distance would say otherwise."""
    near = desk(one=1, usdc=260, held={"BTC-1000-call": -2}, btc="1.5")
    for metric in ("margin_use_frac", "distance_spot_frac", "liquidation_probability_frac"):
        given = Given(said="1d", chance=FirstPassage(vol_frac={"BTC": 0.6, "ETH": 0.7}))
        floor = metric == "distance_spot_frac"
        loose = limit("desk/*/*", metric, 0.0 if floor else 1.0, 0.0 if floor else 1.0, given=given)
        states = survey(near.book, NOW, RULES, (loose,)).limits
        for state in states:
            value = state.value_frac_usd_or_coin
            if not value or value >= 0.7:
                continue
            soft = value * (0.98 if floor else 1.02)
            asked = (limit(state.node, metric, soft, soft, given=given),)
            now = survey(near.book, NOW, RULES, asked)
            assert now.limits[0].rung == "watch"
            chosen = planned(now, asked)
            assert (chosen.trades, chosen.moves) == ((), ()), (state.node, metric)


def test_of_a_debt_no_more_is_repaid_than_is_owed() -> None:
    """700 owed against 1,000 of collateral at 79 %, and a million at hand: use 0.886 to 0.475."""
    now = desk(supplied=10, owed=840, cold_usdc=1_000_000)
    chosen = planned(now, offers=(), routes=(route("loan", "USDC", "repay"),))
    (move,) = chosen.moves
    # Ten wrapped coins at 120 count for 948; half of that less a twentieth may be owed, and a fall
    # of 21.05 % of the coin leaves 748.4.
    assert move.quantity_coin == pytest.approx(D(840) - D("0.475") * 948, abs=1)
    assert not {each for each in chosen.broken if each.node == "desk/aave/loan"}


def test_a_limit_at_zero_is_come_as_near_to_as_lots_allow() -> None:
    asked = (limit("coin/BTC", "delta_spot_usd", 0.0, 0.0),)
    now = desk(asked, one=3, usdc=3000, btc="0", cold_btc="0")
    chosen = planned(now, asked, offers=offers(now)[:1], routes=())
    (trade,) = chosen.trades
    assert trade.quantity_contracts == pytest.approx(-3.0, abs=1e-9)


def test_coins_on_their_way_are_still_of_the_desk() -> None:
    """Coins sent to a venue change no delta, though no account of a person holds them meanwhile."""
    asked = (
        limit("desk/deribit/deri", "margin_use_frac", 0.3, 0.9),
        limit("coin/BTC", "delta_spot_usd", 4_000, 8_000),
    )
    now = desk(asked, one=-19, usdc=9000, held={"BTC-1000-put": -5}, btc="2", cold_btc="20")
    chosen = planned(now, asked, offers=offers(now)[:1], routes=(route("deri", "BTC", "balance"),))
    plan = made(chosen, asked, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)
    assert chosen.moves
    assert not any("between legs" in each.message for each in plan.unmet)


def test_two_holders_of_one_instrument_share_its_book_when_they_unwind() -> None:
    """Seven and six coins long, twenty at the first level: both may be sold, and at its price."""
    rules: dict[str, Rulebook] = {"perps": RULES["perps"]}
    asked = (limit("coin/BTC", "delta_spot_usd", 1_000, 2_000),)
    accounts = [
        account(
            name,
            venue="binance",
            rulebook="perps",
            positions={"BTC-PERP": (much, 1000)},
            balances={"USDC": 9000},
        )
        for name, much in (("one", 7), ("two", 6))
    ]
    now = survey(book(accounts, TERMS), NOW, rules, asked)
    charges = terms_of(rules["perps"]).charges
    assert charges is not None
    both = [offer(perpetual("BTC"), each, NOW, charges, Depth()) for each in accounts]
    found = [each for each in both if isinstance(each, Offer)]
    assert len(found) == 2
    chosen = compared(now, asked, found, (), TERMS, rules)["unwinding"]
    assert isinstance(chosen, Joint)
    assert sum(each.quantity_contracts for each in chosen.trades) == pytest.approx(-12.05)
    # One dollar beside the mark, for each of them.
    assert sum(each.crossing_usd for each in chosen.trades) == pytest.approx(12.05)
    assert not chosen.broken


def test_the_plan_is_never_worse_than_one_with_fewer_means() -> None:
    for seed in (3, 8, 11):
        now = drawn(seed)
        ways = compared(now, LIMITS, offers(now), ROUTES, TERMS, RULES)
        whole = ways["joint"]
        assert isinstance(whole, Joint)
        for each in ways.values():
            assert isinstance(each, Joint)
            assert badness(whole) <= badness(each)


@pytest.mark.parametrize(
    ("field", "routes"),
    [
        ("source_account_id", (msgspec.structs.replace(ROUTES[0], source_account_id="gone"),)),
        ("target_account_id", (msgspec.structs.replace(ROUTES[0], target_account_id="gone"),)),
    ],
)
def test_an_account_that_is_not_there_is_named(field: str, routes: tuple[Route, ...]) -> None:
    now = drawn(0)
    with pytest.raises(OutOfDomain, match=f"{field} of a route is 'gone'"):
        planned(now, routes=routes)
    stranger = msgspec.structs.replace(offers(now)[0], account_id="gone")
    with pytest.raises(OutOfDomain, match="account_id of the offer"):
        planned(now, offers=(stranger,))


def test_two_shocks_of_one_name_are_refused() -> None:
    other = msgspec.structs.replace(GRID[0], spot_factor_frac=0.5)
    given = Given(said="other", stresses=(other,))
    asked = (*LIMITS, limit("desk", "scenario_loss_usd", 4_000, 8_000, given=given))
    with pytest.raises(OutOfDomain, match="two shocks"):
        planned(desk(asked), asked)


def test_an_order_may_fill_as_deep_as_its_cost_was_reckoned() -> None:
    """The second level lies 3 % off: a limit at 1 % would leave half of the order undone."""
    deep = Ladder(
        time_ns=T0_NS,
        instrument_id="BTC-PERP",
        bids=tuple(
            Level(price_usd=D(p), quantity_contracts=D(q)) for p, q in ((999, 4), (970, 90))
        ),
        asks=tuple(
            Level(price_usd=D(p), quantity_contracts=D(q)) for p, q in ((1001, 4), (1030, 90))
        ),
    )
    seen = snapshot(index("BTC", 1000), quote("BTC-PERP", 1000), deep)
    asked = (limit("coin/BTC", "delta_spot_usd", 2_000, 4_000),)
    for held, worst in ((10, D(970)), (-10, D(1030))):
        holder = account(
            "one",
            venue="binance",
            rulebook="perps",
            positions={"BTC-PERP": (held, 1000)},
            balances={"USDC": 9000},
        )
        now = survey(book([holder], TERMS), seen, RULES, asked)
        charges = terms_of(RULES["perps"]).charges
        assert charges is not None
        priced = offer(perpetual("BTC"), holder, seen, charges, Depth())
        assert isinstance(priced, Offer)
        chosen = joint(now, asked, (priced,), (), TERMS, RULES)
        assert isinstance(chosen, Joint)
        plan = made(chosen, asked, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)
        (leg,) = plan.legs
        assert isinstance(leg, Order)
        assert leg.price_limit_usd == worst
        assert any("funding of BTC-PERP is unknown" in each for each in plan.assumptions)


def test_a_loss_beyond_its_limit_is_hedged_by_what_gains_under_the_shock() -> None:
    """Ten coins long lose 3,000 in a fall of 30 %; 95 % of 1,000 may be lost: 6.833 are sold."""
    fall = Stress(name="fall", spot_factor_frac=0.7)
    given = Given(said="fall", stresses=(fall,))
    asked = (limit("desk", "scenario_loss_usd", 1_000, 2_000, given=given),)
    now = desk(asked, one=10, usdc=9000, btc="0", cold_btc="0")
    at_rest = msgspec.structs.replace(now.book.account("cold"), balances=())
    others = [each for each in now.book.accounts if each.account_id != "cold"]
    now = survey(book([*others, at_rest], TERMS), NOW, RULES, asked)
    chosen = planned(now, asked, offers=offers(now)[:1], routes=())
    (trade,) = chosen.trades
    assert trade.quantity_contracts == pytest.approx(-(3_000 - 950) / 300, abs=0.0011)
    assert not chosen.broken


def test_funding_that_a_hedge_receives_is_told_as_a_negative_cost() -> None:
    """A tenth of a per cent three times a day, on 8,100 dollars sold: 24.3 received."""
    paid = FundingSettlement(time_ns=T0_NS, instrument_id="BTC-PERP", rate_frac=D("0.001"))
    book_now = rungs("BTC-PERP", 1000, 20)
    seen = snapshot(index("BTC", 1000), quote("BTC-PERP", 1000), book_now, paid)
    asked = (limit("coin/BTC", "delta_spot_usd", 2_000, 4_000),)
    holder = account(
        "one",
        venue="binance",
        rulebook="perps",
        positions={"BTC-PERP": (10, 1000)},
        balances={"USDC": 9000},
    )
    now = survey(book([holder], TERMS), seen, RULES, asked)
    charges = terms_of(RULES["perps"]).charges
    assert charges is not None
    priced = offer(perpetual("BTC"), holder, seen, charges, Depth())
    assert isinstance(priced, Offer)
    chosen = joint(now, asked, (priced,), (), TERMS, RULES)
    assert isinstance(chosen, Joint)
    plan = made(chosen, asked, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)
    carry = {each.kind: each.cost_expected_usd for each in plan.costs}["carry"]
    assert carry is not None
    assert carry == pytest.approx(-24.3)
    assert not any("funding" in each for each in plan.assumptions)


@pytest.mark.parametrize("seed", [6, 16, 25, 45, 55])
def test_a_plan_is_found_where_margin_curves(seed: int) -> None:
    """Slopes of small moves do not lead there: options offset each other, or money is short."""
    now = drawn(seed)
    chosen = planned(now)
    assert any(each.rung in ("soft", "hard") for each in now.limits)
    assert (chosen.broken, chosen.lacking, chosen.worsened) == ((), (), ())


@pytest.mark.parametrize("seed", [3, 30, 50])
def test_what_cannot_be_mended_is_not_paid_for(seed: int) -> None:
    """Of a desk that stays broken no leg could be left out and limits be as near."""
    now = drawn(seed)
    coins = coins_moved(TERMS.values(), now.book.accounts, now.snapshot)
    effect = effects(offers(now), now.snapshot, stresses_of(LIMITS), coins)
    means = Means(Desk(now, LIMITS, TERMS, RULES), effect, ROUTES, coins)
    costs = MoveCosts(effect.offers, ROUTES, now.snapshot, JointTerms(), lambda route: 0.0)
    search = _Search(means, means.wanted(), costs)
    best = search.best(_nothing(now, means.wanted(), ()))
    assert isinstance(best, Joint)
    assert best.broken
    done = {(each.instrument_id, each.account_id): each.quantity_contracts for each in best.trades}
    sent = {each.route: float(each.quantity_coin) for each in best.moves}
    amounts = [done.get((each.instrument_id, each.account_id), 0.0) for each in effect.offers]
    amounts += [sent.get(each, 0.0) for each in ROUTES]
    for at in np.flatnonzero(amounts):
        without = [0.0 if k == at else amount for k, amount in enumerate(amounts)]
        answer = Answer(
            chosen_amount=tuple(without),
            objective_usd=0.0,
            bound_usd=0.0,
            excess_frac=0.0,
            method="rounded",
            shadows=(),
        )
        assert badness(search._tried(answer).plan) >= badness(best)
