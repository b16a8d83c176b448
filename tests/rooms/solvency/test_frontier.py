"""Frontiers: every root, and nothing but roots, against the engine asked on a dense grid."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, require
from hedgerow.portfolio import Account, Balance
from hedgerow.solvency import Direction, Frontier, applied, frontier
from tests.rooms.margin.engines import CASES, EngineCase

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
    return {each.state for each in found.stretches if each.move_low <= move <= each.move_high}


def dense(direction: Direction) -> list[float]:
    low, high = (direction.coordinate(each) for each in direction.span)
    steps = (low + (high - low) * n / _DENSE_COUNT for n in range(_DENSE_COUNT + 1))
    return [direction.move_at(step) for step in steps]


def agree(found: Frontier, case: EngineCase, held: Account) -> None:
    """Everywhere the sign of the headroom is what the stretch says; it changes across each root."""
    ends = (found.stretches[0].move_low, found.stretches[-1].move_high)
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
        assert is_solvent(root.move_solvent) is True
        assert is_solvent(root.move_breached) is False
        assert abs(root.move_solvent - root.move_breached) <= 1e-8 * (1.0 + abs(root.move))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@settings(max_examples=6)
@given(data=st.data())
def test_the_sign_changes_at_roots_and_nowhere_else(case: EngineCase, data: st.DataObject) -> None:
    held = case.build_account(data.draw)
    if not any(each.instrument_id.startswith(("supply", "debt")) for each in held.positions):
        held = near_its_end(case, held, data.draw(st.sampled_from([D("0.5"), D("0.9"), D("1.01")])))
    coins = coins_of(case)
    direction = along("spot", *data.draw(st.sampled_from([coins[:1], coins])))
    found = frontier(held, case.instruments, case.snapshot, case.rulebook, direction)
    agree(known(found), case, held)
