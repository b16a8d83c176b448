"""When to act: closed forms, every policy of a small grid, and a simulation of one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import (
    RescueProblem,
    best_policy,
    policy_cost_frac,
    rescue_odds,
    trigger_for_odds_log,
    trigger_start_log,
)
from tests.draws import draws
from tests.rooms.solvency.reaction.route_book import generator

YEAR_S = 31_536_000.0
HOUR_S = 3_600.0


def problem(**changed: Any) -> RescueProblem:
    given: dict[str, Any] = {
        "vol_frac": 0.9,
        "transit_s": np.array([0.5 * HOUR_S, 2 * HOUR_S, 8 * HOUR_S]),
        "action_frac": 0.0005,
        "slippage_frac": 0.001,
        "carry_frac_per_year": 0.1,
        "liquidation_frac": 0.06,
        "holding_days": 30.0,
        "step_s": 4 * HOUR_S,
        "reach_log": 0.6,
        "places_count": 40,
    }
    return RescueProblem(**given | changed)


def test_the_start_by_hand() -> None:
    # 99 % over a quarter of an hour at 80 %: 2.3263 · 0.8 · √(900 / 31,536,000) = 0.0099424, and
    # half of 3 %.
    assert trigger_start_log(0.8, 900.0, success_frac=0.99, jump_frac=0.03) == pytest.approx(
        2.3263479 * 0.8 * (900 / 31_536_000) ** 0.5 + 0.015, rel=1e-7
    )


def test_odds_of_the_start_are_short_by_the_reflection() -> None:
    at = trigger_start_log(0.8, 900.0, success_frac=0.99)
    assert rescue_odds(at, 0.8, 900.0) == pytest.approx(0.98, abs=1e-12)


@given(success=st.floats(0.5, 0.9999), vol=st.floats(0.05, 3.0), times=st.floats(1.0, 1e6))
def test_the_trigger_for_odds_has_them(success: float, vol: float, times: float) -> None:
    at = trigger_for_odds_log(vol, np.array([times]), success_frac=success)
    if at is None:
        assert rescue_odds(5.0, vol, times) < success
        return
    # Twice the tail beyond is what is left: x = σ√τ · z of (1 + p) / 2.
    assert at == pytest.approx(
        vol * (times / YEAR_S) ** 0.5 * float(ndtri((1.0 + success) / 2.0)), rel=1e-6, abs=1e-9
    )


def test_no_distance_helps_where_rescues_fail() -> None:
    times = np.array([60.0] * 9 + [float("inf")])
    assert trigger_for_odds_log(0.8, times, success_frac=0.95) is None
    found = trigger_for_odds_log(0.8, times, success_frac=0.85, jump_frac=0.02)
    assert found is not None
    assert 0.01 < found < 0.02


@pytest.mark.slow
def test_a_policy_costs_what_its_simulation_costs() -> None:
    """Cells of the grid, but paths of their own: between looks the crossing is drawn by the bridge.

    The simulation moves on the grid's places too (nearest after every look), which is the model;
    its chances are those of paths and not of the kernel.
    """
    asked = problem(reach_log=0.5, places_count=30, fails_frac=0.1, holding_days=6.0)
    places = asked.places_log
    step = places[0]
    trigger, target = places[7], places[19]
    want = policy_cost_frac(asked, trigger_log=trigger, target_log=target)[11]
    rng, count = generator(61), 40_000
    at = np.full(count, 11)
    is_held, cost = np.ones(count, dtype=np.bool_), np.zeros(count)
    for _ in range(1_500):
        acts = at <= 7
        time_s = np.where(acts, rng.choice(asked.transit_s, size=count), asked.step_s)
        mean_s = np.where(acts, asked.transit_s.mean(), asked.step_s)
        more = np.where(acts, 19 - at, 0)
        now = asked.carry_frac_per_year * places[at] * mean_s / YEAR_S
        now += np.where(acts, asked.action_frac + asked.slippage_frac * more * step, 0.0)
        cost += is_held * now
        # The position ends by itself, or the look or the rescue comes first.
        ends_s = rng.exponential(asked.holding_days * 86_400.0, count)
        years = np.minimum(time_s, ends_s) / YEAR_S
        end = places[at] + asked.vol_frac * np.sqrt(years) * rng.standard_normal(count)
        crossing = np.exp(-2.0 * places[at] * np.maximum(end, 0.0) / (asked.vol_frac**2 * years))
        broken = (end <= 0.0) | (rng.random(count) < crossing)
        cost += np.where(is_held & broken, asked.liquidation_frac, 0.0)
        is_held &= ~broken & (ends_s > time_s)
        arrived = rng.random(count) >= asked.fails_frac
        place = np.clip(np.rint(end / step).astype(int) - 1, 0, 29)
        at = np.minimum(np.where(acts & arrived, place + more, place), 29)
        at[broken] = 11
        if not is_held.any():
            break
    error = cost.std() / count**0.5
    assert error < 0.02 * want
    assert cost.mean() == pytest.approx(want, abs=4 * error)


@pytest.mark.slow
def test_no_policy_of_the_grid_is_cheaper() -> None:
    asked = problem(places_count=16, reach_log=0.3)
    found = best_policy(asked)
    assert found.trigger_log is not None
    places = asked.places_log
    costs = {
        (i, j): policy_cost_frac(asked, trigger_log=places[i], target_log=places[j])[-1]
        for i in range(15)
        for j in range(i, 16)
    }
    # One target for all places nearer than the trigger is a little worse than one for each.
    assert found.cost_frac <= min(costs.values()) + 1e-12
    assert found.cost_frac == pytest.approx(min(costs.values()), rel=0.01)
    (i, j) = min(costs, key=lambda pair: costs[pair])
    assert found.trigger_log == pytest.approx(places[i])
    assert found.target_log == pytest.approx(places[j], abs=2.01 * found.place_log)


@pytest.mark.parametrize("step_days", [1.0, 7.0])
def test_a_breach_costs_when_it_comes(step_days: float) -> None:
    """Never acting costs E exp(-τ / h), which is exp(-x √(2/h) / σ), however seldom one looks."""
    asked = problem(
        carry_frac_per_year=0.0, holding_days=10.0, step_s=24 * HOUR_S * step_days, reach_log=2.0,
        places_count=400,
    )  # fmt: skip
    found = policy_cost_frac(asked, trigger_log=0.0, target_log=2.0)
    want = 0.06 * np.exp(-asked.places_log * (2 * 365 / 10.0) ** 0.5 / 0.9)
    near = slice(0, 80)  # up to a log of 0.4; the far end of the grid holds the price back
    assert found[near] == pytest.approx(want[near], rel=0.003)


def test_half_of_a_jump_is_a_fall_of_half_of_it() -> None:
    times = np.array([900.0])
    alone = trigger_for_odds_log(0.8, times, success_frac=0.99)
    with_jump = trigger_for_odds_log(0.8, times, success_frac=0.99, jump_frac=0.5)
    assert alone is not None
    assert with_jump is not None
    # What is left of the price after a fall of a quarter is as far from the breach as before.
    assert 0.75 * np.exp(with_jump) == pytest.approx(np.exp(alone), rel=1e-12)
    assert trigger_for_odds_log(0.8, times, success_frac=0.99, jump_frac=2.0) is None


def test_never_acting_is_a_policy() -> None:
    asked = problem(action_frac=1.0)
    found = best_policy(asked)
    assert (found.trigger_log, found.target_log, found.hopeless_log) == (None, None, None)
    assert found.cost_frac == found.cost_idle_frac
    assert found.cost_idle_frac == pytest.approx(
        policy_cost_frac(asked, trigger_log=0.0, target_log=0.6)[-1]
    )


def test_what_is_about_to_break_is_left_alone() -> None:
    slow = problem(transit_s=np.array([48 * HOUR_S]), action_frac=0.01, places_count=60)
    found = best_policy(slow)
    assert found.hopeless_log is not None
    assert found.trigger_log is not None
    assert found.hopeless_log < found.trigger_log


def test_acting_is_worth_it() -> None:
    found = best_policy(problem())
    assert found.trigger_log is not None
    assert found.target_log is not None
    assert found.trigger_log < found.target_log
    assert found.cost_frac < 0.8 * found.cost_idle_frac


CHANGES: list[tuple[dict[str, Any], bool]] = [
    # what changes, and whether one acts earlier then
    ({"transit_s": np.array([1 * HOUR_S, 4 * HOUR_S, 16 * HOUR_S])}, True),
    ({"action_frac": 0.0001, "slippage_frac": 0.0002}, True),
    ({"liquidation_frac": 0.15}, True),
    ({"vol_frac": 1.3}, True),
    ({"action_frac": 0.005}, False),
    ({"carry_frac_per_year": 0.5}, False),
    ({"transit_s": np.array([60.0])}, False),
]


@pytest.mark.parametrize("row", range(len(CHANGES)))
def test_what_makes_one_act_earlier(row: int) -> None:
    changed, is_earlier = CHANGES[row]
    fine: dict[str, Any] = {"places_count": 80}
    before = best_policy(problem(**fine)).trigger_log
    after = best_policy(problem(**fine | changed)).trigger_log
    assert before is not None
    assert after is not None
    assert after > before if is_earlier else after < before


@draws(20)
@given(
    transit=st.floats(0.2, 12.0),
    slower=st.floats(1.0, 3.0),
    action=st.floats(1e-4, 2e-3),
    dearer=st.floats(1.0, 5.0),
)
def test_slower_or_dearer_never_costs_less(
    transit: float, slower: float, action: float, dearer: float
) -> None:
    def cost(hours: float, each: float) -> float:
        return best_policy(
            problem(
                transit_s=np.array([hours * HOUR_S]),
                action_frac=each,
                reach_log=0.4,
                places_count=25,
            )
        ).cost_frac

    base = cost(transit, action)
    assert cost(transit, action * dearer) >= base - 1e-12
    # The position may end while a rescue is on its way, which saves its carry: a hair.
    assert cost(transit * slower, action) >= base * (1.0 - 0.01)


REFUSED: list[dict[str, Any]] = [
    {"vol_frac": 0.0},
    {"transit_s": np.array([])},
    {"transit_s": np.array([float("inf")])},
    {"action_frac": -0.1},
    {"fails_frac": 1.0},
    {"holding_days": 0.0},
    {"reach_log": 6.0},
    {"places_count": 5},
    {"step_s": 60.0},
]


@pytest.mark.parametrize("changed", REFUSED, ids=lambda changed: next(iter(changed)))
def test_what_has_no_meaning_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(OutOfDomain):
        problem(**changed)


@pytest.mark.parametrize(("trigger", "target"), [(0.2, 0.1), (-0.1, 0.3), (0.1, 0.7)])
def test_a_policy_off_the_grid_is_refused(trigger: float, target: float) -> None:
    with pytest.raises(OutOfDomain, match="a target lies between"):
        policy_cost_frac(problem(), trigger_log=trigger, target_log=target)
