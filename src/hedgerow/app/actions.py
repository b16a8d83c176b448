"""What each command runs, imported when it runs and not before.

Asking for help must not wait for numerics: the modules that declare commands import nothing heavy,
and this table is the only place from which one is imported late. It names module and function of
`hedgerow.app` per command, in the words a person types.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

__all__ = ["ACTIONS", "act"]

ACTIONS: Final[Mapping[str, str]] = {
    "run": "session:run_session",
    "exposure show": "exposures:show_tree",
    "exposure ladder": "exposures:show_ladder",
    "exposure buckets": "exposures:show_buckets",
    "exposure cross": "exposures:show_cross",
    "exposure funding": "exposures:show_funding",
    "exposure liquidity": "exposures:show_liquidity",
    "margin require": "margins:show_requirements",
    "margin require hedgerow": "margin_own:show_own_requirements",
    "margin what-if": "margins:show_what_if",
    "margin stress": "margin_stress:show_stress",
    "margin compare": "margin_compare:show_comparison",
    "margin rulebooks list": "rulebook_verbs:show_list",
    "margin rulebooks check": "rulebook_verbs:show_check",
    "margin rulebooks diff": "rulebook_verbs:show_diff",
    "solvency reaction": "reactions:show_reaction",
    "solvency ladder": "liquidation_ladder:show_ladder",
    "solvency backtest loans": "loan_backtest:show_loan_backtest",
    "solvency frontier": "frontiers:show_frontier",
    "solvency probability": "likelihood:show_probability",
    "risk explain": "profits:show_explained",
    "hedge plan": "plans:show_hedges",
    "plan make": "joint_plans:make_plan",
    "plan compare": "joint_plans:compare_plans",
    "plan show": "joint_plans:show_plan",
    "plan backtest": "plan_backtest:run_plan_backtest",
    "hedge bands": "bands:show_bands",
    "hedge structure": "floors_shown:show_floors",
    "hedge carry": "carry_shown:show_carry",
    "hedge scalp": "scalps_shown:show_scalp",
    "hedge greeks": "greeks_shown:show_greeks",
    "hedge stop": "stops_shown:show_stop",
    "hedge vol-target": "vol_targets_shown:show_vol_target",
    "hedge staked": "staked_shown:show_staked",
    "hedge pool": "pools_shown:show_pool",
    "hedge backtest": "backtests:show_backtest",
    "hedge backtest-carry": "carry_backtest:show_carry_backtest",
    "hedge backtest-loop": "loop_backtest:show_loop_backtest",
    "collateral plan": "plans:show_transfers",
    "collateral freed": "plans:show_freed",
    "solvency backtest perps": "liquidation_backtest:run_backtest",
    "limits show": "limits_shown:show_limits",
    "limits check": "limits_shown:show_check",
    "limits suggest": "limits_shown:show_suggestion",
    "calls show": "calls_shown:show_calls",
    "surface fit": "surfaces:fit_all",
    "surface show": "surfaces:show_one",
    "surface check": "surfaces:check_all",
    "price option": "price_option:price_option",
    "price implied": "price_implied:find_implied",
    "price scenario": "price_scenario:price_scenario",
    "price file": "price_table:price_file",
    "price position": "positions:price_position",
    "journal verify": "journals:show_verified",
    "certify": "certify.show:run_certify",
}


def act(command: str, *given: object, **named: object) -> int:
    """Import what a command runs, run it, and give its exit status."""
    module, _, name = ACTIONS[command].partition(":")
    run = getattr(import_module(f"hedgerow.app.{module}"), name)
    import_module("hedgerow.app.compiling").say_compiling()
    status = run(*given, **named)
    assert isinstance(status, int), f"{command} gave no exit status"
    return status
