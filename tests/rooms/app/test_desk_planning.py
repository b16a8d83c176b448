"""Who plans, as the desk file chooses; the default is as it was."""

from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from hedgerow.agents import DeskAgent, JointAgent
from hedgerow.app.agent_of import agent_of
from hedgerow.app.assumptions import assumptions
from hedgerow.app.desk import load_desk
from hedgerow.app.desk_file import PlanningPart
from hedgerow.app.feed import open_market
from hedgerow.app.plan_asked import (
    CAPITAL_FRAC_PER_YEAR,
    HORIZON_DAYS,
    OPTION_DEPTH_CONTRACTS,
    SLIPPAGE_FRAC,
)
from hedgerow.planning import JointTerms
from hedgerow.planning.made import made
from hedgerow.units import DAY_NS
from tests.rooms.app.edit import changed, example, mistakes, written

MARKET = open_market(None, None, 7)[1]


def test_what_nobody_says_is_the_same_on_the_command_line_in_the_desk_file_and_in_the_room() -> (
    None
):
    """The command line imports no room of numbers, so it cannot ask `planning` what it takes."""
    usual, part = JointTerms(), PlanningPart()
    assert usual.horizon_days == HORIZON_DAYS == part.horizon / DAY_NS
    assert usual.capital_frac_per_year == CAPITAL_FRAC_PER_YEAR == part.capital_per_year
    assert usual.slippage_frac == SLIPPAGE_FRAC == part.slippage_limit
    assert part.option_depth_contracts == OPTION_DEPTH_CONTRACTS


@pytest.mark.parametrize("planning", [None, {}, {"agent": "bands"}])
def test_a_desk_that_says_nothing_keeps_bands_and_buffers(
    tmp_path: Path, planning: dict[str, Any] | None
) -> None:
    raw = example() if planning is None else changed(example(), "planning", planning)
    desk = load_desk(written(tmp_path, raw))
    assert desk.planning is None
    assert isinstance(agent_of(desk, MARKET), DeskAgent)
    assert not any("contracts of an option" in said for said in assumptions(desk, MARKET))


def test_the_joint_agent_is_chosen_with_its_terms(tmp_path: Path) -> None:
    planning = {
        "agent": "joint",
        "means": "hedges",
        "option_depth_contracts": 10,
        "horizon": "12h",
        "capital_per_year": "0.1",
    }
    desk = load_desk(written(tmp_path, changed(example(), "planning", planning)))
    agent = agent_of(desk, MARKET)
    assert isinstance(agent, JointAgent)
    assert agent.means == "hedges"
    assert (agent.depth.option_contracts, agent.terms.horizon_days) == (10.0, 0.5)
    assert agent.terms.capital_frac_per_year == 0.1
    assert any("10 contracts of an option" in said for said in assumptions(desk, MARKET))
    # What is held and the instruments of [[hedges]] may be traded, nothing else; loans are not.
    held = {(p.instrument_id, a.account_id) for a in desk.accounts for p in a.positions}
    named = {(each.instrument_id, each.account_id) for each in desk.hedges}
    assert set(agent.pairs) <= held | named
    assert named <= set(agent.pairs)


@pytest.mark.parametrize(
    ("planning", "said"),
    [
        ({"agent": "both"}, "planning.agent: must be 'bands' or 'joint', was both"),
        ({"means": "joint"}, "planning.means: only agent = 'joint' plans by it; leave it out"),
        (
            {"agent": "joint", "option_depth_contracts": 0},
            "planning.option_depth_contracts: must be above 0, was 0",
        ),
        ({"agent": "joint", "depth": 1}, "planning.depth: unknown key"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, planning: dict[str, Any], said: str) -> None:
    (told,) = mistakes(tmp_path, changed(example(), "planning", planning))
    assert told.startswith(said)


def test_a_collar_inside_which_no_order_of_a_joint_plan_lies_is_told(tmp_path: Path) -> None:
    limit_frac = signature(made).parameters["slippage_frac"].default
    raw = changed(example(), "planning", {"agent": "joint"})
    load_desk(written(tmp_path, changed(raw, "budget.price_collar", str(limit_frac))))
    narrow = changed(raw, "budget.price_collar", "0.009")
    (told,) = mistakes(tmp_path, narrow)
    assert told.startswith("budget.price_collar: must be at least planning.slippage_limit = 0.0")
    closer = changed(narrow, "planning.slippage_limit", "0.009")
    planning = load_desk(written(tmp_path, closer)).planning
    assert planning is not None
    assert planning.terms.slippage_frac == 0.009
    load_desk(written(tmp_path, changed(narrow, "planning.means", "collateral")))
    load_desk(written(tmp_path, changed(narrow, "planning", {"agent": "bands"})))
