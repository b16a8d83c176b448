"""Frontiers: every root, and nothing but roots, against the engine asked on a dense grid."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, require
from hedgerow.portfolio import Account, Balance
from hedgerow.solvency import Direction, Frontier, applied, frontier
from hedgerow.solvency.frontier import _jumps, refined
from hedgerow.solvency.line import Sample
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse_future,
    option,
    snapshot,
)
from tests.rooms.margin.engine_case import EngineCase
from tests.rooms.margin.engines import CASES

D = Decimal
_DENSE_COUNT = 150


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
    return [direction.move_at(step) for step in steps]


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
@settings(max_examples=6)
@given(data=st.data())
def test_the_sign_changes_at_roots_and_nowhere_else(case: EngineCase, data: st.DataObject) -> None:
    held = data.draw(st.composite(case.build_account)())
    if not any(each.instrument_id.startswith(("supply", "debt")) for each in held.positions):
        held = near_its_end(case, held, data.draw(st.sampled_from([D("0.5"), D("0.9"), D("1.01")])))
    coins = coins_of(case)
    direction = along("spot", *data.draw(st.sampled_from([coins[:1], coins])))
    found = frontier(held, case.instruments, case.snapshot, case.rulebook, direction)
    agree(known(found), case, held)


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
    found = sorted(way.move_at(at) for at in _jumps(way, held, terms, now))
    second, begins = 1 / 86_400, 10 - call.averaging_ns / DAY_NS
    moments = (begins, 10.0, 20.0)
    assert found == pytest.approx([at + side for at in moments for side in (-second, second)])
    assert _jumps(along("spot", "BTC"), held, terms, now) == []
    near = along("time", high_frac_or_days=15.0)
    assert len(_jumps(near, held, terms, now)) == 4
