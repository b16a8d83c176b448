"""Allocations of desks that are drawn: coins are kept, nobody falls below, bounds hold."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.collateral import Allocation, Link, Need, Pile, Problem, Tier, Venue, Worth, allocate
from hedgerow.collateral.laid import laid
from hedgerow.errors import Failure
from hedgerow.solving.relaxed import relaxed
from hedgerow.units import HOUR_NS, MINUTE_NS
from tests.draws import draws

INF = math.inf


def solved(problem: Problem) -> Allocation:
    found = allocate(problem)
    assert not isinstance(found, Failure), found
    return found


def drawn(seed: int) -> Problem:
    """A desk of three venues and two treasuries, with tiers, fees, steps and surpluses drawn."""
    rng = np.random.default_rng(seed)
    assets, names, banks = ("A", "B", "C"), ("u", "v", "w"), ("cold", "hot")
    piles = [
        Pile(
            place=place,
            asset=asset,
            held_coin=float(rng.uniform(0, 100)),
            price_usd=1.0,
            earns_frac_per_year=float(rng.uniform(0, 0.1)),
            reserve_usd_per_coin=1.0 if place in banks else 0.0,
        )
        for place in (*names, *banks)
        for asset in assets
    ]
    worths = [
        Worth(
            venue=name,
            asset=asset,
            tiers=(
                Tier(
                    width_coin=float(rng.uniform(20, 150)),
                    worth_ccy_per_coin=float(rng.uniform(0.8, 1.0)),
                ),
                Tier(width_coin=INF, worth_ccy_per_coin=float(rng.uniform(0.2, 0.7))),
            ),
        )
        for name in names
        for asset in assets
    ]
    links = [
        Link(
            source=source,
            target=target,
            asset=asset,
            fee_usd=float(rng.choice([0.0, 0.5])),
            fee_coin=float(rng.choice([0.0, 0.1])),
            minimum_coin=float(rng.choice([0.0, 5.0])),
            step_coin=float(rng.choice([0.0, 0.01, 1.0])),
            latency_ns=int(rng.integers(1, 60)) * MINUTE_NS,
        )
        for source in (*names, *banks)
        for target in (*names, *banks)
        for asset in assets
        if source != target and rng.uniform() < 0.2
    ]
    return Problem(
        piles=tuple(piles),
        venues=tuple(
            Venue(
                name=name,
                needs=(Need(name="now", requirement_ccy=float(rng.uniform(50, 300))),),
                deadline_ns=2 * HOUR_NS,
            )
            for name in names
        ),
        worths=tuple(worths),
        links=tuple(links),
        reserve_usd=float(rng.choice([0.0, 50.0])),
    )


def counted(problem: Problem, name: str, held: dict[tuple[str, str], float]) -> float:
    """What a venue counts, by the tiers as they are written."""
    total = 0.0
    for each in problem.worths:
        left = held[name, each.asset]
        if each.venue != name:
            continue
        for tier in each.tiers:
            total += min(left, tier.width_coin) * tier.worth_ccy_per_coin
            left -= min(left, tier.width_coin)
    return total


@pytest.mark.slow
@draws(20)
@given(seed=st.integers(0, 100_000))
def test_coins_are_kept_and_no_venue_falls_below_what_it_keeps_to_at_any_time(seed: int) -> None:
    problem = drawn(seed)
    found = solved(problem)
    held = {(pile.place, pile.asset): pile.held_coin for pile in problem.piles}
    before = dict(held)
    need = {each.name: each.needs[0].needed_ccy for each in problem.venues}
    floor = {name: min(need[name], counted(problem, name, held)) for name in need}
    paid = 0.0
    # What happens in time: coins leave at once and are there when they arrive, no sooner.
    happens = sorted(
        [(move.arrives_ns, 0, i) for i, move in enumerate(found.moves)]
        + [(move.leaves_ns, 1, i) for i, move in enumerate(found.moves)]
    )
    arrived: set[int] = set()
    for _, is_leaving, i in happens:
        move = found.moves[i]
        step, amount = move.link.step_coin, move.quantity_coin
        if is_leaving:
            assert set(move.waits_for_index) <= arrived
            assert amount >= move.link.minimum_coin - 1e-9
            assert step == 0 or amount / step == pytest.approx(round(amount / step), abs=1e-6)
            held[move.link.source, move.link.asset] -= amount + move.link.fee_coin
            paid += move.link.fee_coin
        else:
            arrived.add(i)
            held[move.link.target, move.link.asset] += amount
        assert min(held.values()) >= -1e-4
        for name in need:
            assert counted(problem, name, held) >= floor[name] - 1e-3
    assert sum(held.values()) + paid == pytest.approx(sum(before.values()))
    for cover in found.cover:
        if cover.venue in need:
            assert cover.after_ccy == pytest.approx(counted(problem, cover.venue, held), abs=1e-6)
            title = f"{cover.venue}: {cover.need}"
            assert cover.short_ccy <= 1e-3 or title in found.conflicts
    assert found.objective_usd >= found.bound_usd - 1e-6 * max(1.0, abs(found.objective_usd))


@given(seed=st.integers(0, 100_000), more=st.integers(1, 6))
def test_one_more_way_never_raises_the_relaxed_cost(seed: int, more: int) -> None:
    full = drawn(seed)
    fewer = msgspec.structs.replace(full, links=full.links[:-more])
    costs = []
    for problem in (fewer, full):
        found = relaxed(laid(problem, is_priced=True).programme.matrix())
        assert found is not None
        assert not isinstance(found, Failure)
        costs.append(found.objective_usd)
    assert costs[1] <= costs[0] + 1e-6 * max(1.0, abs(costs[0]))


def test_the_same_problem_gives_the_same_bytes() -> None:
    problem = drawn(11)
    assert msgspec.json.encode(solved(problem)) == msgspec.json.encode(solved(problem))
