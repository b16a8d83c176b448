"""What a plan tells: why a leg costs what it does, its rival, what doing nothing would cost."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import Failure, Outcome
from hedgerow.limits import Rung, Survey
from hedgerow.margin import terms_of
from hedgerow.planning import (
    SAME,
    CostKind,
    Joint,
    JointTerms,
    LegCaps,
    Order,
    Plan,
    capped,
    compared,
    idle_usd,
    joint,
    late_cost,
    made,
    runner_up,
    states,
)
from hedgerow.solvency import Distance
from hedgerow.units import DAY_NS, MINUTE_NS
from tests.builders import by_id, debt
from tests.rooms.planning.test_joint import LIMITS, ROUTES, RULES, TERMS, desk, offers

PRICES = {"BTC-PERP": 1_000.0, "ETH-PERP": 100.0}


def written(now: Survey, carry_usd_per_day: float, terms: JointTerms) -> Plan:
    able = [
        msgspec.structs.replace(each, carry_usd_per_day=carry_usd_per_day) for each in offers(now)
    ]
    found = joint(now, LIMITS, able, ROUTES, TERMS, RULES, terms=terms)
    assert isinstance(found, Joint)
    return made(found, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)


@pytest.mark.parametrize(
    ("carry_usd_per_day", "ticket_usd"), [(0.0, 0.0), (0.5, 0.0), (-0.5, 2.0), (0.0, 1.25)]
)
def test_the_parts_of_why_add_up_to_what_a_leg_costs(
    carry_usd_per_day: float, ticket_usd: float
) -> None:
    """Ten coins long of 1,000, so 8.1 are sold; a short pays or receives half a dollar a day."""
    plan = written(desk(btc_one=10), carry_usd_per_day, JointTerms(ticket_usd=ticket_usd))
    orders = [leg for leg in plan.legs if isinstance(leg, Order)]
    assert orders
    for leg in orders:
        parts = [
            float(each.replace(",", "")) for each in re.findall(r"[+-]?[\d,]+\.\d\d", leg.reason)
        ]
        assert sum(parts) == pytest.approx(leg.cost_expected_usd, abs=0.02)
        assert ("funding paid" in leg.reason) == (carry_usd_per_day > 0)
        assert ("funding received" in leg.reason) == (carry_usd_per_day < 0)


def two_coins(*carries_usd_per_day: float | None) -> Joint:
    """Ten coins long of 1,000 and 80 of 100, so some of both are sold; funding is told of each."""
    now = desk(btc_one=10, eth_two=80)
    able = [
        msgspec.structs.replace(each, carry_usd_per_day=carry)
        for each, carry in zip(offers(now), 2 * carries_usd_per_day, strict=True)
    ]
    found = joint(now, LIMITS, able, ROUTES, TERMS, RULES)
    assert isinstance(found, Joint)
    assert {each.instrument_id for each in found.trades} == {"BTC-PERP", "ETH-PERP"}
    return found


def test_a_funding_that_nobody_knows_is_no_part_of_a_cost_and_is_said_wherever_one_stands() -> None:
    """Of bitcoin a short pays half a dollar a day, of ether nobody knows."""
    found = two_coins(-0.5, None)
    plan = made(found, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)
    sold = -sum(t.quantity_contracts for t in found.trades if t.instrument_id == "BTC-PERP")
    assert sold > 0.0
    (carry,) = [each for each in plan.costs if each.kind == "carry"]
    assert carry.is_partial
    assert carry.cost_expected_usd == pytest.approx(-0.5 * sold)
    assert plan.is_cost_partial
    known_usd = [each.cost_expected_usd for each in plan.costs if each.cost_expected_usd]
    assert plan.cost_expected_usd == pytest.approx(sum(known_usd))
    assert sum(leg.cost_expected_usd for leg in plan.legs) == pytest.approx(sum(known_usd))
    assert plan.assumptions == ("The funding of ETH-PERP is unknown and not in the cost.",)
    for leg in plan.legs:
        assert isinstance(leg, Order)
        said = "without its funding while held, which is unknown" in leg.reason
        assert said == (leg.instrument_id == "ETH-PERP")
    # Of a plan that trades nothing else nothing of it is known; where all is known nothing is said.
    dark = two_coins(None, None)
    told = made(dark, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)
    assert [
        (each.cost_expected_usd, each.is_partial) for each in told.costs if each.kind == "carry"
    ] == [(None, True)]
    light = two_coins(0.0, 0.0)
    told = made(light, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)
    assert not told.is_cost_partial
    assert b"partial" not in msgspec.json.encode(told)
    with pytest.raises(ValueError, match="carry: a cost of which nothing is known is partial"):
        CostKind(kind="carry", cost_expected_usd=None)


def test_what_is_left_of_a_cut_plan_costs_what_is_known_of_it() -> None:
    """Nine tenths of what each order is worth at its worst price are allowed."""
    found = two_coins(-0.5, None)
    worth_usd = [abs(each.quantity_contracts) * PRICES[each.instrument_id] for each in found.trades]
    caps = LegCaps(orders_usd=Decimal(sum(worth_usd)) * Decimal("0.9"))
    here = {each.account_id: each for each in found.before.book.accounts}
    cut, said = capped(found, caps, here, LIMITS, TERMS, RULES, terms=JointTerms())
    assert said
    assert {each.instrument_id for each in cut.trades} == {"BTC-PERP", "ETH-PERP"}
    paid_usd = sum(each.crossing_usd + each.fee_usd for each in cut.trades)
    carry_usd = [each.carry_usd for each in cut.trades if each.instrument_id == "BTC-PERP"]
    assert all(each is not None for each in carry_usd)
    assert cut.cost_usd == pytest.approx(paid_usd + sum(each or 0.0 for each in carry_usd))


@pytest.mark.parametrize("rung", ["unknown", "expired"])
def test_a_way_does_not_hold_a_limit_that_nobody_knows_or_that_expired(rung: Rung) -> None:
    found = two_coins(0.5, 0.5)
    first, *others = found.after.limits
    lapsed = msgspec.structs.replace(first, rung=rung)
    (whole, row) = states(
        {
            "joint": found,
            "hedges": replace(found, after=replace(found.after, limits=(lapsed, *others))),
        }
    )
    assert whole.unknown == ()
    assert "nobody knows" not in whole.message
    assert row.unknown == (lapsed,)
    assert "nobody knows whether 1 limit would hold" in row.message


def test_ways_side_by_side_say_which_funding_their_costs_leave_out() -> None:
    found = two_coins(0.5, None)
    dearer = replace(found, cost_usd=found.cost_usd + 3.0)
    (row, _) = states({"joint": found, "hedges": dearer})
    assert row.message.endswith("unknown and not in the cost: the funding of ETH-PERP")
    second = runner_up({"joint": found, "hedges": dearer})
    assert second is not None
    assert second.lost_because == (
        "costs 3.00 USD more, left aside what is unknown: the funding of ETH-PERP"
    )
    assert (row.is_cost_partial, second.is_cost_partial) == (True, True)
    light = two_coins(0.5, 0.5)
    (row, _) = states({"joint": light, "hedges": found})
    assert "funding" not in row.message
    second = runner_up({"joint": found, "hedges": replace(light, cost_usd=light.cost_usd + 9.0)})
    assert second is not None
    # Whose own cost is whole is not marked, though the plan's is not.
    for whole in (row, second):
        assert not whole.is_cost_partial
        assert b"partial" not in msgspec.json.encode(whole)


def test_being_late_that_nobody_knows_is_no_part_of_a_cost_and_is_said_wherever_one_stands() -> (
    None
):
    """A transfer for a fee of its own; what is lost before it arrives is told, or it is not."""

    def moved(late_usd: float | None) -> Joint:
        now = desk(btc_one=1, usdc_one=60)
        found = joint(now, LIMITS, (), ROUTES, TERMS, RULES, late_usd=lambda route: late_usd)
        assert isinstance(found, Joint)
        assert found.moves
        return found

    dark, free, dear = moved(None), moved(0.0), moved(2.0)
    plan, light, told = (
        made(each, LIMITS, TERMS, RULES, assumptions=(), valid_ns=MINUTE_NS)
        for each in (dark, free, dear)
    )
    late = {each.kind: each for each in plan.costs}["late"]
    assert (late.cost_expected_usd, late.is_partial) == (None, True)
    assert (plan.is_cost_partial, light.is_cost_partial, told.is_cost_partial) == (True,) + 2 * (
        False,
    )
    # It is chosen as if it cost nothing, and what is known of it is what the free one costs.
    assert plan.cost_expected_usd == pytest.approx(light.cost_expected_usd)
    assert told.cost_expected_usd == pytest.approx(light.cost_expected_usd + 2.0 * len(dear.moves))
    assert plan.cost_late_usd is None
    assert plan.cost_without_late_usd == pytest.approx(light.cost_expected_usd)
    assert told.cost_late_usd == pytest.approx(2.0 * len(dear.moves))
    assert all(
        leg.reason.endswith(" by what is known; what being late there costs is not")
        for leg in plan.legs
    )
    assert not any("what is known" in leg.reason for leg in told.legs)
    targets = {each.route.target_account_id for each in dark.moves}
    assert dark.uncounted == tuple(f"being late at {each}" for each in sorted(targets))
    # Other moves of the same cost by what is known are something else.
    moves = tuple(msgspec.structs.replace(each, quantity_coin=Decimal(1)) for each in dark.moves)
    assert moves != dark.moves
    second = runner_up({"joint": dark, "collateral": replace(dark, moves=moves)})
    assert second is not None
    names = ", ".join(dark.uncounted)
    assert (
        second.lost_because
        == f"costs the same by what is known, left aside what is unknown: {names}"
    )
    # The same moves come to the same, however much of their cost is unknown.
    second = runner_up({"joint": dark, "collateral": replace(dark)})
    assert second is not None
    assert second.lost_because == SAME
    (row, _) = states({"joint": dark, "collateral": replace(dark, cost_usd=dark.cost_usd + 3.0)})
    assert row.is_cost_partial
    assert row.message.endswith(f"unknown and not in the cost: {', '.join(dark.uncounted)}")


def test_the_rival_is_the_best_of_those_that_come_to_something_else() -> None:
    """Alone or unwinding, the trade is the same; only transfers leave the delta as it is."""
    now = desk(btc_one=10)
    found: dict[str, Outcome[Joint]] = compared(now, LIMITS, offers(now), ROUTES, TERMS, RULES)
    second = runner_up(found)
    assert second is not None
    assert second.name.startswith("collateral")
    assert second.lost_because.startswith("leaves 1 limit broken where the plan leaves 0: coin/BTC")
    assert second.lost_because != SAME
    # Where nobody differs that is what is said.
    alike = {way: each for way, each in found.items() if way in ("joint", "unwinding")}
    joined = alike["joint"]
    assert isinstance(joined, Joint)
    alike["unwinding"] = replace(joined)
    same = runner_up(alike)
    assert same is not None
    assert same.lost_because == SAME


def test_idleness_is_counted_like_lateness() -> None:
    """An account of 10 BTC at 1,000: the venue's fee on 10,000 times the chance of the time."""
    now = desk(btc_one=10)
    account = now.book.account("one")

    def chance(coins: Sequence[str], distance: Distance, horizon_ns: int) -> Outcome[float]:
        return min(1.0, horizon_ns / (4 * DAY_NS))

    whole = idle_usd(chance, now, RULES, account, 4 * DAY_NS)
    assert isinstance(whole, float)
    charges = terms_of(RULES["perps"]).charges
    assert charges is not None
    assert whole == pytest.approx(10_000 * float(charges.fee_liquidation_frac))
    assert whole > 0.0
    assert idle_usd(chance, now, RULES, account, DAY_NS) == pytest.approx(whole / 4)
    (route,) = [each for each in ROUTES if each.target_account_id == "one"]
    late = late_cost(chance, now, RULES)(route)
    assert late == pytest.approx(idle_usd(chance, now, RULES, account, route.latency_ns))
    assert idle_usd(chance, now, RULES, now.book.account("cold"), DAY_NS) == 0.0
    # What nobody knows is not nothing; no plan counts it, and each says so.
    unknown = Failure(subject="one", reason="missing_data", message="no vol")
    assert idle_usd(lambda *_: unknown, now, RULES, account, DAY_NS) is unknown
    assert late_cost(lambda *_: unknown, now, RULES)(route) is None


def test_a_loan_that_nobody_tends_loses_a_twentieth_of_its_debt() -> None:
    """700 USD are owed at a dollar each: 5 % of them, times the chance of a liquidation."""
    now = desk(supplied=10, owed=700)
    account = now.book.account("loan")
    for likely, usd in ((1.0, 35.0), (0.5, 17.5), (0.0, 0.0)):
        lost = idle_usd(lambda *_, it=likely: it, now, RULES, account, DAY_NS)
        assert lost == pytest.approx(usd)


def test_a_loan_of_another_market_changes_no_plan() -> None:
    """Described first, it would be the first of its asset; only the account's own is repaid."""
    now = desk(supplied=10, owed=700)
    other = msgspec.structs.replace(debt("USDC"), instrument_id="other:debt", market="other")
    alone, beside = (
        joint(now, LIMITS, (), ROUTES, terms, RULES) for terms in (TERMS, {**by_id(other), **TERMS})
    )
    assert isinstance(alone, Joint)
    assert isinstance(beside, Joint)
    assert [each.quantity_coin for each in alone.moves] == [
        each.quantity_coin for each in beside.moves
    ]
    (repaid,) = [each for each in beside.moves if each.route.use == "repay"]
    assert repaid.quantity_coin > 0
    own = beside.after.book.account("loan").quantity_contracts("debt:USDC")
    assert own == -700 + repaid.quantity_coin
