"""What the joint agent does with a loan: a switch, or a swap inside the day's budget."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.agents import JointAgent
from hedgerow.execution import Allowance, Decision, View
from hedgerow.hedging import Depth
from hedgerow.limits import FirstPassage
from hedgerow.planning import JointTerms, Leg, ModeSwitch, Swap, Switch
from tests.builders import T0_NS, index
from tests.rooms.planning import test_swaps as loans
from tests.rooms.planning import test_switches as modes

D = Decimal


def agent(module: Any, **more: Any) -> JointAgent:
    return JointAgent(
        limits=module.LIMITS,
        buffers=(),
        routes=(),
        pairs=(),
        instruments=module.TERMS,
        depth=Depth(),
        terms=JointTerms(),
        chance=FirstPassage(vol_frac={"ETH": 0.5}),
        assumptions=(),
        **{"means": "joint"} | more,
    )


def step(
    who: JointAgent, now: Any, rules: Any, pending: tuple[Leg, ...] = (), **allowed: Any
) -> Decision:
    view = View(
        time_ns=T0_NS,
        book=now.book,
        snapshot=now.snapshot,
        rulebooks=rules,
        pending=pending,
        allowance=Allowance(**allowed),
    )
    return who.step(view, T0_NS)


def legs(decision: Decision) -> tuple[Any, ...]:
    return () if decision.plan is None else decision.plan.legs


def test_an_account_is_switched_where_it_may_be_and_trades_alone_switch_nothing() -> None:
    may = (ModeSwitch(account_id="loan", rulebook="eth", gas_usd=4.0),)
    now = modes.desk("7.5")
    (leg,) = legs(step(agent(modes, switches=may), now, modes.RULES))
    assert isinstance(leg, Switch)
    assert leg.rulebook == "eth"
    assert legs(step(agent(modes, switches=may, means="hedges"), now, modes.RULES)) == ()


def test_a_swap_is_made_inside_the_budget_for_transfers_and_else_said() -> None:
    """3.125 coins of 100 dollars are 312.50."""
    who, now = agent(loans, swaps=(loans.WAY,)), loans.desk()
    (leg,) = legs(step(who, now, loans.RULES, transfers_usd=D("312.50")))
    assert isinstance(leg, Swap)
    assert leg.quantity_coin == D("3.125")
    less = step(who, now, loans.RULES, transfers_usd=D("312.49"))
    assert legs(less) == ()
    assert any("3.125 wstETH are not swapped for USDC" in each for each in less.reasons)


def test_a_swap_counts_a_cent_too_much_rather_than_too_little_in_the_budget() -> None:
    """A coin of 100.001 dollars counts as 100.01: 3.125 of them are 312.53125."""
    who, now = agent(loans, swaps=(loans.WAY,)), loans.desk()
    dearer = replace(now.snapshot, indices={"ETH": index("ETH", "100.001")})
    now = replace(now, snapshot=dearer)
    (leg,) = legs(step(who, now, loans.RULES, transfers_usd=D("312.54")))
    assert isinstance(leg, Swap)
    assert leg.quantity_coin == D("3.125")
    assert legs(step(who, now, loans.RULES, transfers_usd=D("312.53"))) == ()


def test_the_same_view_gives_the_same_bytes() -> None:
    who, now = agent(loans, swaps=(loans.WAY,)), loans.desk()
    first = msgspec.json.encode(step(who, now, loans.RULES))
    assert first == msgspec.json.encode(step(who, now, loans.RULES))


def test_a_switch_and_a_swap_that_were_sent_are_not_sent_again() -> None:
    """Nobody knows yet what became of them: another swap would give as much once more."""
    who, now = agent(loans, swaps=(loans.WAY,)), loans.desk()
    swapped = legs(step(who, now, loans.RULES))
    assert [type(leg) for leg in swapped] == [Swap]
    again = step(who, now, loans.RULES, pending=swapped)
    assert again.plan is None
    (state,) = again.limits
    # 6.875 x 80 f + 311.25 x 0.99 x 0.85 = 700
    assert state.value_frac_usd_or_coin == pytest.approx(
        1 - (700 - 311.25 * 0.99 * 0.85) / 550, abs=1e-4
    )
    may = (ModeSwitch(account_id="loan", rulebook="eth", gas_usd=4.0),)
    who, now = agent(modes, switches=may), modes.desk("7.5")
    switched = legs(step(who, now, modes.RULES))
    assert [type(leg) for leg in switched] == [Switch]
    assert step(who, now, modes.RULES, pending=switched).plan is None
