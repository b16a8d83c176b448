"""Allocations: the sheet's case, properties, order of transfers, conflicts, and what is refused."""

import math
from typing import Any

import msgspec
import pytest

from hedgerow.collateral import (
    Allocation,
    Link,
    Need,
    OnTheWay,
    Pile,
    Problem,
    Tier,
    Venue,
    Worth,
    allocate,
)
from hedgerow.errors import Failure, OutOfDomain
from hedgerow.units import HOUR_NS, MINUTE_NS
from tests.golden.read import numbers

INF = math.inf


def solved(problem: Problem) -> Allocation:
    found = allocate(problem)
    assert not isinstance(found, Failure), found
    return found


def sent(found: Allocation) -> dict[str, float]:
    return {f"{move.link.asset}>{move.link.target}": move.quantity_coin for move in found.moves}


def worth(venue: str, asset: str, *tiers: tuple[float, float], **more: Any) -> Worth:
    return Worth(
        venue=venue,
        asset=asset,
        tiers=tuple(Tier(width_coin=a, worth_ccy_per_coin=b) for a, b in tiers),
        **more,
    )


def venue(name: str, required: float, **more: Any) -> Venue:
    return Venue(name=name, needs=(Need(name="now", requirement_ccy=required),), **more)


def link(source: str, target: str, asset: str = "USDC", **more: Any) -> Link:
    return Link(source=source, target=target, asset=asset, **more)


def cold(asset: str = "USDC", held: float = 100_000.0, **more: Any) -> Pile:
    return Pile(place="cold", asset=asset, held_coin=held, **more)


# Methods sheet, section 26: what an asset costs is what it would earn in the treasury.
SHEET = Problem(
    piles=(
        cold("USDC", 80_000, earns_frac_per_year=0.05),
        cold("BTC", 100_000, earns_frac_per_year=0.01),
        cold("LST", 60_000, earns_frac_per_year=0.03),
    ),
    venues=(venue("1", 100_000), venue("2", 60_000)),
    worths=(
        worth("1", "USDC", (INF, 1.0)),
        worth("2", "USDC", (INF, 1.0)),
        worth("1", "BTC", (INF, 0.9)),
        worth("2", "BTC", (INF, 0.9)),
        worth("1", "LST", (37_500, 0.8)),
    ),
    links=tuple(
        link("cold", name, asset)
        for name, asset in (
            ("1", "USDC"), ("2", "USDC"), ("1", "BTC"), ("2", "BTC"), ("1", "LST"), ("2", "LST"),
        )
    ),
)  # fmt: skip


def test_the_allocation_of_the_sheet() -> None:
    expected = numbers("collateral_lp")
    found = solved(SHEET)
    assert found.cost_usd == pytest.approx(float(expected["cost"]), rel=1e-9)
    assert abs(found.gap_usd) <= 1e-6
    for cover in found.cover:
        assert cover.shadow_usd_per_ccy == pytest.approx(float(expected["shadow_price"]), rel=1e-6)
        assert cover.after_ccy == pytest.approx(cover.needed_ccy, rel=1e-9)
    # Bitcoin covers the second venue; which of the venues has the rest is the sheet's x, whose
    # total of each asset is what the least cost fixes.
    total: dict[str, float] = {}
    for name, amount in expected["x"].items():
        total[name.partition("_")[0]] = total.get(name.partition("_")[0], 0.0) + float(amount)
    drawn: dict[str, float] = {}
    for move in found.moves:
        drawn[move.link.asset] = drawn.get(move.link.asset, 0.0) + move.quantity_coin
    assert drawn == pytest.approx(total, rel=1e-9)
    assert found.pledged_after_usd == pytest.approx(177_500.0)


def test_what_only_tells_ways_apart_is_in_no_price() -> None:
    """Dollars earn nothing and go for nothing: ten come from the first, five from the second."""
    found = solved(
        Problem(
            piles=(cold(held=10.0), Pile(place="warm", asset="USDC", held_coin=100.0)),
            venues=(venue("v", 15.0),),
            worths=(worth("v", "USDC", (INF, 1.0)),),
            links=(
                link("cold", "v", dearer_usd_per_coin=5e-8),
                link("warm", "v", dearer_usd_per_coin=1e-7),
            ),
        )
    )
    assert {each.link.source: each.quantity_coin for each in found.moves} == pytest.approx(
        {"cold": 10.0, "warm": 5.0}
    )
    assert found.cover[0].shadow_usd_per_ccy == 0.0
    assert found.limits == ()


def test_a_second_tier_counts_less_and_is_taken_last() -> None:
    """Ten coins count at 0.9 and the next at 0.5: 14 coins are worth 9 + 2."""
    found = solved(
        Problem(
            piles=(cold("OKB", 100, price_usd=1.0, earns_frac_per_year=0.02),),
            venues=(venue("okx", 11),),
            worths=(worth("okx", "OKB", (10, 0.9), (INF, 0.5)),),
            links=(link("cold", "okx", "OKB"),),
        )
    )
    assert sent(found) == pytest.approx({"OKB>okx": 14.0})
    assert found.cover[0].shadow_usd_per_ccy == pytest.approx(0.02 / 0.5)


def test_a_need_that_no_asset_covers_is_named_with_its_venue_and_others_are_covered() -> None:
    found = solved(
        msgspec.structs.replace(SHEET, venues=(venue("1", 1_000_000), venue("2", 60_000)))
    )
    assert found.conflicts[0].startswith("1: ")
    first, second = found.cover
    assert second.after_ccy >= 60_000 - 1e-3
    # All there is: 80,000 of dollars, 30,000 of the staked token, the rest of 90,000 of bitcoin.
    assert first.after_ccy == pytest.approx(80_000 + 30_000 + 30_000)
    assert first.shadow_usd_per_ccy is None
    assert {limit.name for limit in found.limits} >= {
        "USDC at cold: what there is", "BTC at cold: what there is",
    }  # fmt: skip


def test_where_there_is_no_way_at_all_nothing_is_sent() -> None:
    stuck = Problem(piles=(cold(),), venues=(venue("v", 10.0),), worths=(), links=())
    found = solved(stuck)
    assert (found.moves, found.conflicts) == ((), ("v: now",))
    assert solved(msgspec.structs.replace(stuck, venues=())).conflicts == ()


def test_the_urgent_venue_is_served_where_there_is_not_enough_for_both() -> None:
    problem = Problem(
        piles=(cold(held=50),),
        venues=(venue("calm", 100), venue("near", 100, urgency_frac=10.0)),
        worths=(worth("calm", "USDC", (INF, 1.0)), worth("near", "USDC", (INF, 1.0))),
        links=(link("cold", "calm"), link("cold", "near")),
    )
    assert sent(solved(problem)) == pytest.approx({"USDC>near": 50.0})


def test_a_fee_is_paid_once_and_decides_the_way() -> None:
    """A hundred coins: 9 by the cheap chain of two assets, or one transfer for 5."""
    problem = Problem(
        piles=(cold("A", 60), cold("B", 60), cold("C", 200)),
        venues=(venue("v", 100),),
        worths=tuple(worth("v", asset, (INF, 1.0)) for asset in "ABC"),
        links=(
            link("cold", "v", "A", fee_usd=3.0),
            link("cold", "v", "B", fee_usd=3.0),
            link("cold", "v", "C", fee_usd=5.0),
        ),
    )
    found = solved(problem)
    assert sent(found) == pytest.approx({"C>v": 100.0})
    assert found.fees_usd == pytest.approx(5.0)
    assert found.gap_usd == pytest.approx(0.0, abs=1e-6)


def test_the_smallest_transfer_and_its_steps_are_kept_to() -> None:
    problem = Problem(
        piles=(cold(held=1_000, earns_frac_per_year=0.05),),
        venues=(venue("v", 10.0),),
        worths=(worth("v", "USDC", (INF, 1.0)),),
        links=(link("cold", "v", minimum_coin=25.0, step_coin=10.0),),
    )
    assert sent(solved(problem)) == pytest.approx({"USDC>v": 30.0})
    fine = link("cold", "v", step_coin=0.01)
    odd = msgspec.structs.replace(problem, venues=(venue("v", 10.00400001),), links=(fine,))
    assert sent(solved(odd)) == pytest.approx({"USDC>v": 10.01}, abs=1e-12)


def test_a_fee_in_coins_is_left_at_the_source_beside_what_is_sent() -> None:
    problem = Problem(
        piles=(cold(held=100),),
        venues=(venue("v", 98.0),),
        worths=(worth("v", "USDC", (INF, 1.0)),),
        links=(link("cold", "v", fee_coin=5.0),),
    )
    found = solved(problem)
    assert sent(found) == pytest.approx({"USDC>v": 95.0})
    assert found.conflicts == ("v: now",)


def test_what_arrives_too_late_is_not_sent_and_what_is_on_the_way_counts_once() -> None:
    problem = Problem(
        piles=(cold(held=1_000), Pile(place="hot", asset="USDC", held_coin=1_000)),
        venues=(venue("v", 100.0, deadline_ns=HOUR_NS),),
        worths=(worth("v", "USDC", (INF, 1.0)),),
        links=(
            link("cold", "v", latency_ns=2 * HOUR_NS),
            link("hot", "v", latency_ns=MINUTE_NS, fee_usd=7.0),
        ),
    )
    (move,) = solved(problem).moves
    assert move.link.source == "hot"
    assert move.arrives_ns == MINUTE_NS
    on_time = OnTheWay(
        target="v", asset="USDC", quantity_coin=100.0, latency_ns=MINUTE_NS,
        transit_haircut_frac=0.1,
    )  # fmt: skip
    found = solved(msgspec.structs.replace(problem, on_the_way=(on_time,)))
    assert sent(found) == pytest.approx({"USDC>v": 10.0})
    assert found.cover[0].before_ccy == pytest.approx(90.0)
    late = msgspec.structs.replace(on_time, latency_ns=2 * HOUR_NS)
    assert sent(solved(msgspec.structs.replace(problem, on_the_way=(late,)))) == pytest.approx(
        {"USDC>v": 100.0}
    )


@pytest.mark.parametrize(("latency_ns", "amount"), [(HOUR_NS, 100.0), (HOUR_NS + 1, None)])
def test_what_arrives_on_the_deadline_is_in_time(latency_ns: int, amount: float | None) -> None:
    problem = Problem(
        piles=(cold(held=1_000, earns_frac_per_year=0.05),),
        venues=(venue("v", 100.0, deadline_ns=HOUR_NS),),
        worths=(worth("v", "USDC", (INF, 1.0)),),
        links=(link("cold", "v", latency_ns=latency_ns),),
    )
    assert sent(solved(problem)) == ({} if amount is None else {"USDC>v": pytest.approx(amount)})
    coming = OnTheWay(target="v", asset="USDC", quantity_coin=100.0, latency_ns=latency_ns)
    found = solved(msgspec.structs.replace(problem, links=(), on_the_way=(coming,)))
    assert found.cover[0].before_ccy == pytest.approx(amount or 0.0)


def test_a_haircut_on_the_way_is_sent_on_top() -> None:
    problem = Problem(
        piles=(cold(held=1_000, earns_frac_per_year=0.01),),
        venues=(venue("v", 90.0),),
        worths=(worth("v", "USDC", (INF, 1.0)),),
        links=(link("cold", "v", transit_haircut_frac=0.1),),
    )
    assert sent(solved(problem)) == pytest.approx({"USDC>v": 100.0})


def test_the_reserve_stays_and_is_named_where_it_binds() -> None:
    problem = Problem(
        piles=(cold(held=100, reserve_usd_per_coin=1.0),),
        venues=(venue("v", 80.0),),
        worths=(worth("v", "USDC", (INF, 1.0)),),
        links=(link("cold", "v"),),
        reserve_usd=40.0,
    )
    found = solved(problem)
    assert sent(found) == pytest.approx({"USDC>v": 60.0})
    assert found.conflicts == ("v: now",)
    (reserve,) = [each for each in found.cover if each.venue == "reserve"]
    assert reserve.after_ccy == pytest.approx(40.0)
    assert reserve.shadow_usd_per_ccy is not None
    assert reserve.shadow_usd_per_ccy > 1.0


def test_caps_shares_and_values_bound_what_lies_at_a_venue() -> None:
    problem = Problem(
        piles=(
            cold("A", 1_000),
            cold("B", 1_000, earns_frac_per_year=0.01),
            Pile(place="v", asset="A", held_coin=10.0, held_coin_max=35.0),
        ),
        venues=(venue("v", 100.0),),
        worths=(worth("v", "A", (INF, 1.0)), worth("v", "B", (INF, 1.0))),
        links=(link("cold", "v", "A"), link("cold", "v", "B")),
    )
    assert sent(solved(problem)) == pytest.approx({"A>v": 25.0, "B>v": 65.0})
    shared = msgspec.structs.replace(problem, venues=(venue("v", 100.0, share_frac_max=0.6),))
    assert solved(shared).conflicts == ("v: now",)
    valued = msgspec.structs.replace(problem, venues=(venue("v", 100.0, value_usd_max=70.0),))
    found = solved(valued)
    assert found.pledged_after_usd == pytest.approx(70.0)
    assert "v: value" in {limit.name for limit in found.limits}


def test_what_is_on_the_way_may_come_where_it_is_too_much_and_nothing_more_of_it() -> None:
    """Ten lie there and forty come, of 30 allowed in all, or of 60 % of one asset."""
    coming = OnTheWay(target="v", asset="A", quantity_coin=40.0)
    problem = Problem(
        piles=(
            cold("A", 1_000),
            cold("B", 1_000, earns_frac_per_year=0.01),
            Pile(place="v", asset="A", held_coin=10.0),
        ),
        venues=(venue("v", 60.0, value_usd_max=30.0),),
        worths=(worth("v", "A", (INF, 1.0)), worth("v", "B", (INF, 1.0))),
        links=(link("cold", "v", "A"), link("cold", "v", "B")),
        on_the_way=(coming,),
    )
    found = solved(problem)
    assert (sent(found), found.conflicts) == ({}, ("v: now",))
    assert found.cover[0].after_ccy == pytest.approx(50.0)
    # Of those fifty 20 are beyond 60 % and may stay so, no more: A is 0.6 of 60 and 20 at most.
    shared = msgspec.structs.replace(problem, venues=(venue("v", 60.0, share_frac_max=0.6),))
    found = solved(shared)
    assert sent(found) == pytest.approx({"A>v": 6.0, "B>v": 4.0})
    assert found.conflicts == ()


def test_needs_of_every_scenario_are_covered_by_one_plan() -> None:
    """Bitcoin counts for half in the crash, where more is asked: dollars are posted instead."""
    needs = (
        Need(name="now", requirement_ccy=50.0, buffer_frac=0.1),
        Need(name="crash", requirement_ccy=80.0),
    )
    problem = Problem(
        piles=(cold("USDC", 60, earns_frac_per_year=0.05), cold("BTC", 60, price_usd=1.0)),
        venues=(Venue(name="v", needs=needs),),
        worths=(
            worth("v", "USDC", (INF, 1.0)),
            worth("v", "BTC", (INF, 0.9), need="now"),
            worth("v", "BTC", (INF, 0.5), need="crash"),
        ),
        links=(link("cold", "v", "USDC"), link("cold", "v", "BTC")),
    )
    found = solved(problem)
    assert sent(found) == pytest.approx({"USDC>v": 50.0, "BTC>v": 60.0})
    prices = {cover.need: cover.shadow_usd_per_ccy for cover in found.cover}
    assert prices == pytest.approx({"now": 0.0, "crash": 0.05})


def test_what_a_venue_does_not_need_comes_back_where_it_earns_more() -> None:
    problem = Problem(
        piles=(
            cold(held=0.0, earns_frac_per_year=0.05),
            Pile(place="v", asset="USDC", held_coin=100.0),
        ),
        venues=(venue("v", 60.0),),
        worths=(worth("v", "USDC", (INF, 1.0)),),
        links=(link("v", "cold", fee_usd=1.0),),
    )
    found = solved(problem)
    assert found.freed_usd == pytest.approx(40.0)
    assert found.cost_usd == pytest.approx(1.0 - 2.0)
    dear = msgspec.structs.replace(problem, links=(link("v", "cold", fee_usd=3.0),))
    assert solved(dear).moves == ()


# --- order -------------------------------------------------------------------------------------


def test_a_swap_waits_for_index_what_comes_before_it_lets_go() -> None:
    """The venue keeps to its need: bitcoin first, then the dollars that it frees."""
    problem = Problem(
        piles=(
            cold("BTC", 100, price_usd=1.0),
            Pile(place="v", asset="USDC", held_coin=50.0),
            Pile(place="cold", asset="USDC", earns_frac_per_year=0.1),
        ),
        venues=(venue("v", 50.0),),
        worths=(worth("v", "USDC", (INF, 1.0)), worth("v", "BTC", (INF, 1.0))),
        links=(
            link("v", "cold", "USDC", latency_ns=MINUTE_NS),
            link("cold", "v", "BTC", latency_ns=HOUR_NS),
        ),
    )
    first, second = solved(problem).moves
    assert (first.link.asset, second.link.asset) == ("BTC", "USDC")
    assert second.waits_for_index == (0,)
    assert second.leaves_ns == HOUR_NS


def test_places_that_would_wait_for_each_other_do_not() -> None:
    """Each of two venues holds what the other would earn on; neither can let go first."""
    venues = (venue("a", 50.0), venue("b", 50.0))
    problem = Problem(
        piles=(
            Pile(place="a", asset="X", held_coin=50.0),
            Pile(place="b", asset="Y", held_coin=50.0),
            Pile(place="b", asset="X", earns_frac_per_year=0.1),
            Pile(place="a", asset="Y", earns_frac_per_year=0.1),
        ),
        venues=venues,
        worths=tuple(worth(v, asset, (INF, 1.0)) for v in "ab" for asset in "XY"),
        links=(link("a", "b", "X"), link("b", "a", "Y")),
    )
    assert solved(problem).moves == ()


def test_what_would_wait_beyond_a_deadline_is_not_sent() -> None:
    """By way of the hub it takes two hours, and there is one."""
    problem = Problem(
        piles=(cold(held=100), Pile(place="hub", asset="USDC")),
        venues=(venue("v", 50.0, deadline_ns=HOUR_NS),),
        worths=(worth("v", "USDC", (INF, 1.0)),),
        links=(
            link("cold", "hub", latency_ns=HOUR_NS),
            link("hub", "v", latency_ns=HOUR_NS),
        ),
    )
    found = solved(problem)
    assert found.conflicts == ("v: now",)
    assert sent(found) == {}
    patient = msgspec.structs.replace(problem, venues=(venue("v", 50.0),))
    first, second = solved(patient).moves
    assert (first.link.target, second.waits_for_index) == ("hub", (0,))


def test_what_leaves_the_reserve_waits_for_what_makes_it_good() -> None:
    """All of 100 is reserve: 50 of it go to the venue once 50 more have come, in ten minutes."""
    problem = Problem(
        piles=(
            cold(held=100, reserve_usd_per_coin=1.0),
            Pile(place="rich", asset="USDC", held_coin=60.0),
        ),
        venues=(venue("v", 50.0),),
        worths=(worth("v", "USDC", (INF, 1.0)),),
        links=(
            link("cold", "v", latency_ns=MINUTE_NS),
            link("rich", "cold", latency_ns=10 * MINUTE_NS),
        ),
        reserve_usd=100.0,
    )
    first, second = solved(problem).moves
    assert (first.link.source, first.leaves_ns, first.waits_for_index) == ("rich", 0, ())
    assert second.link.source == "cold"
    assert second.quantity_coin == pytest.approx(50.0)
    assert second.waits_for_index == (0,)
    assert (second.leaves_ns, second.arrives_ns) == (10 * MINUTE_NS, 11 * MINUTE_NS)


def test_of_several_that_may_leave_the_most_urgent_goes_first() -> None:
    problem = Problem(
        piles=(cold(held=200),),
        venues=(venue("calm", 100), venue("near", 100, urgency_frac=10.0)),
        worths=(worth("calm", "USDC", (INF, 1.0)), worth("near", "USDC", (INF, 1.0))),
        links=(link("cold", "calm"), link("cold", "near")),
    )
    assert [move.link.target for move in solved(problem).moves] == ["near", "calm"]
    turned = msgspec.structs.replace(problem, links=problem.links[::-1])
    assert [move.link.target for move in solved(turned).moves] == ["near", "calm"]


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Tier(width_coin=-1.0, worth_ccy_per_coin=1.0), "width_coin"),
        (lambda: Tier(width_coin=1.0, worth_ccy_per_coin=math.nan), "worth_ccy_per_coin"),
        (lambda: worth("v", "A", (1.0, 0.5), (1.0, 0.9)), "grows"),
        (lambda: Need(name="now", requirement_ccy=INF), "requirement_ccy"),
        (lambda: Need(name="now", requirement_ccy=1.0, buffer_frac=-0.1), "buffer_frac"),
        (lambda: venue("v", 1.0, currency_usd=0.0), "currency_usd"),
        (lambda: venue("v", 1.0, share_frac_max=1.5), "share_frac_max"),
        (lambda: venue("v", 1.0, deadline_ns=-1), "deadline_ns"),
        (lambda: cold(held=-1.0), "held_coin"),
        (lambda: cold(held=1.0, spare_coin=2.0), "spare_coin"),
        (lambda: cold(earns_frac_per_year=INF), "earns_frac_per_year"),
        (lambda: link("a", "a"), "one place"),
        (lambda: link("a", "b", fee_usd=-1.0), "fee_usd"),
        (lambda: link("a", "b", fee_frac=INF), "fee_frac"),
        (lambda: link("a", "b", sent_coin_max=-1.0), "sent_coin_max"),
        (lambda: link("a", "b", transit_haircut_frac=1.1), "transit_haircut_frac"),
        (lambda: OnTheWay(target="v", asset="A", quantity_coin=-1.0), "quantity_coin"),
        (lambda: msgspec.structs.replace(SHEET, reserve_usd=-1.0), "reserve_usd"),
        (lambda: msgspec.structs.replace(SHEET, horizon_years=INF), "horizon_years"),
        (lambda: msgspec.structs.replace(SHEET, piles=(cold(), cold())), "stands twice"),
        (lambda: msgspec.structs.replace(SHEET, links=(link("cold", "nowhere"),)), "nowhere"),
        (lambda: msgspec.structs.replace(SHEET, venues=SHEET.venues[:1]), "no venue 2"),
        (
            lambda: msgspec.structs.replace(
                SHEET, worths=(worth("1", "USDC", (INF, 1.0), need="crash"),)
            ),
            "no need crash",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(make: Any, why: str) -> None:
    with pytest.raises(OutOfDomain, match=why):
        make()
