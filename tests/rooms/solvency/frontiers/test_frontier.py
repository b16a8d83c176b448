"""Frontiers: every root, and nothing but roots, against the engine asked on a dense grid."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, require
from hedgerow.market import LendingIndex
from hedgerow.portfolio import Account, Balance
from hedgerow.solvency import Direction, Frontier, Root, applied, frontier, shock_of, ways_of
from hedgerow.solvency.frontiers.frontier import refined
from hedgerow.solvency.frontiers.line import Sample
from hedgerow.solvency.frontiers.places import places_of
from hedgerow.units import DAY_NS
from tests.builders import (
    RAY,
    T0_NS,
    account,
    by_id,
    index,
    inverse_future,
    option,
    option_quote,
    scan_rulebook,
    snapshot,
)
from tests.draws import draws
from tests.rooms.margin.chain_market import NOW, TERMS
from tests.rooms.margin.engine_case import ChainCase, EngineCase, LendingCase
from tests.rooms.margin.engines import CASES, LENT, ON_CHAIN
from tests.rooms.margin.test_engine_properties_chain import holding, sizes
from tests.rooms.margin.test_engine_properties_lending import held as lent
from tests.rooms.margin.test_engine_properties_lending import indices

D = Decimal
_DENSE_COUNT = 150
# An oracle of eight decimals tells a price of a ten thousandth of a dollar to a ten thousandth of
# itself. Of 34 units a fall is a staircase of 3 %, with more signs than a search has steps.
seen_prices = st.integers(10**5, 10**11).map(lambda raw: D(raw).scaleb(-9))
# Of what an account has beyond its need, so much is taken away.
parts = st.sampled_from([D("0.5"), D("0.9"), D("1.01")])


def along(kind: str, *names: str, **span: float) -> Direction:
    return Direction(kind=kind, beta_frac=dict.fromkeys(names, 1.0), **span)  # type: ignore[arg-type]


def known(outcome: Frontier | Failure) -> Frontier:
    assert isinstance(outcome, Frontier), outcome
    return outcome


def coins_of(case: EngineCase) -> list[str]:
    return sorted(case.snapshot.indices) or ["BTC", "ETH", "HYPE", "WETH", "USDC"]


def near_its_end(case: EngineCase, held: Account, part: Decimal) -> Account:
    """Take a part of what an account has beyond its need away from its balance, if that can be."""
    report = require(held, case.instruments, case.snapshot, case.rulebook)
    assert isinstance(report, MarginReport), report
    asset = "USDC" if any(each.asset == "USDC" for each in held.balances) else held.currency
    less = Balance(asset=asset, quantity_coin=round(-report.headroom_ccy * part, 8))
    poorer = msgspec.structs.replace(held, balances=(*held.balances, less))
    asked = require(poorer, case.instruments, case.snapshot, case.rulebook)
    return held if isinstance(asked, Failure) else poorer


def state_at(found: Frontier, move: float) -> set[str]:
    return {
        each.state
        for each in found.stretches
        if each.move_low_frac_or_days <= move <= each.move_high_frac_or_days
    }


def dense(direction: Direction) -> list[float]:
    low, high = (direction.coordinate(each) for each in direction.span)
    steps = (low + (high - low) * n / _DENSE_COUNT for n in range(_DENSE_COUNT + 1))
    # There and back a coordinate rounds: the ends are those of the search.
    first, last = direction.span
    return [min(max(direction.move_at(step), first), last) for step in steps]


def ends_of(root: Root) -> tuple[float, float]:
    ends = (root.move_solvent_frac_or_days, root.move_breached_frac_or_days)
    return min(ends), max(ends)


def agree(found: Frontier, case: EngineCase, held: Account) -> None:
    """Everywhere the sign of the headroom is what the stretch says; it changes across each root."""
    ends = (found.stretches[0].move_low_frac_or_days, found.stretches[-1].move_high_frac_or_days)
    assert ends == pytest.approx(found.direction.span)

    def is_solvent(move: float) -> bool | None:
        moved = applied(found.direction, move, held, case.instruments, case.snapshot)
        assert not isinstance(moved, Failure)
        report = require(moved[0], case.instruments, case.snapshot.shocked(moved[1]), case.rulebook)
        return None if isinstance(report, Failure) else report.headroom_ccy >= 0

    for move in dense(found.direction):
        if any(low < move < high for low, high in map(ends_of, found.roots)):
            continue  # between the two ends of a root either may be
        said = state_at(found, move)
        seen = is_solvent(move)
        if seen is None:
            assert "unknown" in said, move
        elif said != {"unknown"}:
            assert ("solvent" if seen else "breached") in said, (move, said)
    for root in found.roots:
        assert is_solvent(root.move_solvent_frac_or_days) is True
        assert is_solvent(root.move_breached_frac_or_days) is False
        assert abs(root.move_solvent_frac_or_days - root.move_breached_frac_or_days) <= 1e-8 * (
            1.0 + abs(root.move)
        )


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@draws(6)
@given(data=st.data())
def test_the_sign_changes_at_roots_and_nowhere_else(case: EngineCase, data: st.DataObject) -> None:
    held = data.draw(st.composite(case.build_account)())
    if not any(each.instrument_id.startswith(("supply", "debt")) for each in held.positions):
        held = near_its_end(case, held, data.draw(parts))
    coins = coins_of(case)
    direction = along("spot", *data.draw(st.sampled_from([coins[:1], coins])))
    found = frontier(held, case.instruments, case.snapshot, case.rulebook, direction)
    agree(known(found), case, held)


def any_way(data: st.DataObject, case: EngineCase, held: Account) -> Direction:
    """One of the directions that may hurt an account, of those that ask for no funding rate."""
    ways = ways_of(held, case.instruments, case.snapshot, {"ETH": 1.3, "B": -0.4})
    return data.draw(st.sampled_from([way for way in ways if way.kind != "funding"]))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ON_CHAIN.values(), ids=ON_CHAIN)
@draws(8)
@given(data=st.data())
def test_the_sign_changes_at_roots_and_nowhere_else_on_chains(
    engine: ChainCase, data: st.DataObject
) -> None:
    case = EngineCase(
        name=engine.name,
        rulebook=engine.rulebook,
        build_account=lambda draw: holding(engine, draw(sizes)),
        instruments=TERMS,
        snapshot=NOW,
    )
    held = near_its_end(case, data.draw(st.composite(case.build_account)()), data.draw(parts))
    direction = any_way(data, case, held)
    found = frontier(held, case.instruments, case.snapshot, case.rulebook, direction)
    agree(known(found), case, held)


@pytest.mark.slow
@pytest.mark.parametrize("made", LENT, ids=lambda made: made.name)
@draws(8)
@given(
    data=st.data(),
    price=seen_prices,
    index_ray=indices,
    part=st.sampled_from([D("0.5"), D("0.95"), D(1), D("1.01")]),
)
def test_the_sign_changes_at_roots_and_nowhere_else_of_loans(
    made: LendingCase, data: st.DataObject, price: D, index_ray: int, part: D
) -> None:
    """Owing so much of what the collateral carries that they are near their end, or a hair off."""
    supplies, owed_raw = data.draw(lent(made))
    events = [
        msgspec.structs.replace(
            each, borrow_frac_per_year=D("0.08"), supply_frac_per_year=D("0.03")
        )
        if isinstance(each, LendingIndex)
        else each
        for each in made.events(price, index_ray)
    ]
    case = EngineCase(
        name=made.name,
        rulebook=made.rulebook,
        build_account=lambda _: made.account(supplies, owed_raw),
        instruments=made.terms,
        snapshot=snapshot(*events),
    )
    held = made.account(supplies, owed_raw)
    report = require(held, case.instruments, case.snapshot, case.rulebook)
    assert isinstance(report, MarginReport), report
    if report.requirement_maintenance_ccy > 0:
        carried = report.equity_ccy / report.requirement_maintenance_ccy
        held = made.account(supplies, int(owed_raw * carried * part))
    direction = any_way(data, case, held)
    found = frontier(held, case.instruments, case.snapshot, case.rulebook, direction)
    agree(known(found), case, held)


def test_an_account_a_smallest_unit_under_water_is_so_wherever_nothing_moves_it() -> None:
    """Of 4.8 million dollars a wei is less than a bit of a double; the engine sees it."""
    (made,) = (each for each in LENT if each.name == "maker")
    now = snapshot(*made.events(D(100), RAY))
    supplies = [7 * 10**22]
    fits = 7 * 10**24 * 100 // 145  # 7 million dollars over 1.45, in wei
    rooms = []
    for owed_raw in (fits, fits + 1):
        held = made.account(supplies, owed_raw)
        found = known(frontier(held, made.terms, now, made.rulebook, along("spot", "OTHER")))
        assert found.roots == ()
        rooms.append(([each.state for each in found.stretches], found.headroom_ccy))
    assert rooms == [(["solvent"], D(0)), (["breached"], D("-1e-18"))]


# --- roots that a grid would step over ------------------------------------------------------------


def found_between(room: Callable[[float], float], places: Sequence[float]) -> list[float]:
    """Where the sign changes among all that was looked at."""

    def sampled(asked: Sequence[float]) -> list[Sample]:
        return [Sample(at, room(at)) for at in asked]

    seen = refined(sampled, sampled([0.0])[0], places)
    assert [each.at_coordinate for each in seen] == sorted({each.at_coordinate for each in seen})
    return [
        left.at_coordinate
        for left, right in pairwise(seen)
        if (left.room_ccy >= 0.0) is not (right.room_ccy >= 0.0)
    ]


GRID = [-1.0, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("middle", [-0.62, 0.11, 0.37, 0.86])
@pytest.mark.parametrize("depth", [1e-4, 1e-3, 1e-2])
def test_a_dip_between_two_places_is_found(middle: float, depth: float) -> None:
    """A parabola that is below zero for a width of 2 to 20 per cent of a step."""
    roots = found_between(lambda at: (at - middle) ** 2 - depth, GRID)
    assert len(roots) == 2
    assert roots == pytest.approx([middle - depth**0.5, middle + depth**0.5], abs=0.13)


@pytest.mark.parametrize("middle", [-0.62, 0.37])
def test_a_dip_to_a_corner_is_found(middle: float) -> None:
    """As of an option at its strike on its last day, or a scan whose worst cell changes."""
    assert len(found_between(lambda at: 3.0 * abs(at - middle) - 0.01, GRID)) == 2


def test_what_never_comes_near_costs_nothing_more() -> None:
    asked: list[float] = []

    def sampled(places: Sequence[float]) -> list[Sample]:
        asked.extend(places)
        return [Sample(at, 5.0 + at) for at in places]

    refined(sampled, Sample(0.0, 5.0), GRID)
    assert asked == GRID


def test_along_time_both_sides_of_every_expiry_and_settlement_are_looked_at() -> None:
    """Ten days: the half hour before, and the moment itself, from a second before to one after."""
    call = option(70_000, "call", expiry_ns=T0_NS + 10 * DAY_NS)
    future = inverse_future("BTC-DATED", T0_NS + 20 * DAY_NS)
    held = account(
        currency="BTC",
        positions={call.instrument_id: 1, "BTC-DATED": (1, 1000)},
        balances={"BTC": 1},
    )
    now = snapshot(index("BTC", 1000))
    terms = by_id(call, future)
    way = along("time")

    def looked_at(way: Direction) -> list[float]:
        """Give the moves beside those of an empty account."""
        places, plain = (
            places_of(way, each, terms, now, side_count=14) for each in (held, account())
        )
        return [way.move_at(at) for at in places if at not in plain]

    second, begins = 1 / 86_400, 10 - call.averaging_ns / DAY_NS
    moments = (begins, 10.0, 20.0)
    assert looked_at(way) == pytest.approx(
        [at + side for at in moments for side in (-second, second)]
    )
    assert looked_at(along("spot", "BTC")) == []
    assert len(looked_at(along("time", high_frac_or_days=15.0))) == 4


@pytest.mark.parametrize("kind", ["spot", "basis"])
@pytest.mark.parametrize("beta", [1.0, -2.0])
def test_a_dip_at_strikes_of_the_last_days_is_found(kind: Any, beta: float) -> None:
    """A butterfly at twice the price with a week to go: breached on both sides of a narrow rest.

    Far from the present market the grid steps by a seventh, and the rest is a hundredth wide.
    """
    calls = [option(strike, "call", expiry_ns=T0_NS + 7 * DAY_NS) for strike in (1800, 2000, 2200)]
    terms = by_id(*calls)
    held = account(
        currency="BTC",
        positions=dict(zip(terms, (-10, 20, -10), strict=True)),
        balances={"BTC": D("0.5")},
    )
    now = snapshot(index("BTC", 1000), *(option_quote(each, 1000, 0.6) for each in calls))
    direction = Direction(
        kind=kind, beta_frac={"BTC": beta}, low_frac_or_days=-0.6, high_frac_or_days=4.0
    )
    found = known(frontier(held, terms, now, scan_rulebook(), direction))
    for factor, want in (
        (1.65, "solvent"),
        (2.2, "breached"),
        (2.315, "solvent"),
        (2.35, "breached"),
        (2.5, "solvent"),
    ):
        move = factor ** (1.0 / beta) - 1.0
        shocked = now.shocked(shock_of(direction, move))
        report = require(held, terms, shocked, scan_rulebook())
        assert isinstance(report, MarginReport)
        assert (report.headroom_ccy >= 0) is (want == "solvent"), factor
        assert state_at(found, move) == {want}, factor
    assert len(found.roots) == 4
