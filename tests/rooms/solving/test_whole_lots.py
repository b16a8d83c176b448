"""Whole lots: the regression of solvers, and what no search among them may lose."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hedgerow.errors import Failure
from hedgerow.solving import (
    EXCESS_FRAC_MAX,
    Answer,
    Band,
    Decisions,
    Ladders,
    Programme,
    Tickets,
    Uses,
    least,
)
from hedgerow.solving.lots import in_fewer
from tests.rooms.solving.drawn import changes, drawn

Floats = NDArray[np.float64]
BRANCHED = import_module("hedgerow.solving.branched")


def _solved(programme: Programme, **options: Any) -> Answer:
    answer = least(programme, **options)
    assert not isinstance(answer, Failure), answer
    return answer


@pytest.fixture(scope="module")
def case(shared_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (shared_data.parent / "reference/vectors-hedge-milp.json").read_text("utf-8")
    )
    return found


def _programme(case: dict[str, Any]) -> Programme:
    count, bound, cost = case["n"], np.array(case["ub"]), np.array(case["cost"])
    names = tuple(f"leg {i}" for i in range(count))
    greeks = Band.of(
        ("g0", "g1", "g2", "g3"),
        np.array(case["e"]),
        np.array(case["A"]),
        low_figure=np.zeros(4),
        high_figure=np.zeros(4),
        penalty_usd_per_figure=np.array(case["w"], dtype=float),
    )
    cap = np.array(case["cap"])
    at_venue = np.array(case["venue"])[np.newaxis, :] == np.arange(len(cap))[:, np.newaxis]
    taken = at_venue * np.array(case["mreq"])
    venues = tuple(f"margin at venue {i}" for i in range(len(cap)))
    return Programme(
        Decisions(names, -bound, bound, np.array(case["lot"])),
        [
            Ladders.flat(cost, cost),
            greeks,
            Uses(venues, taken, taken, cap, np.ones(len(cap))),
            Tickets(np.full(count, case["fixed"]), case["max_legs"]),
        ],
    )


def _by_hand_usd(case: dict[str, Any], lots: Floats) -> Floats:
    """The vectors' own words, none of our parts: infinite where a bound is broken."""
    size = np.abs(lots * np.array(case["lot"]))
    left = np.abs(lots * np.array(case["lot"]) @ np.array(case["A"]).T + np.array(case["e"]))
    used = np.count_nonzero(lots, axis=1)
    usd = left @ np.array(case["w"]) + size @ np.array(case["cost"]) + case["fixed"] * used
    margin = size * np.array(case["mreq"])
    is_broken = np.any(size > np.array(case["ub"]) + 1e-9, axis=1) | (used > case["max_legs"])
    for venue, cap in enumerate(case["cap"]):
        is_broken |= margin[:, np.array(case["venue"]) == venue].sum(axis=1) > cap + 1e-9
    return np.asarray(np.where(is_broken, np.inf, usd))


def test_the_regression_of_solvers_is_reproduced(case: dict[str, Any]) -> None:
    programme = _programme(case)
    known = np.array(case["best_known_z"]) * np.array(case["lot"])
    assert programme.usd(known[np.newaxis, :])[0] == pytest.approx(
        case["best_known_objective"], abs=5e-7
    )
    assert programme.excess_frac(known[np.newaxis, :])[0] == 0.0


@pytest.fixture(scope="module")
def answer(case: dict[str, Any]) -> Answer:
    return _solved(_programme(case), nodes_count_max=20)


def test_the_regression_is_answered_as_well_as_is_known(
    case: dict[str, Any], answer: Answer
) -> None:
    lots = np.array(answer.chosen_amount) / np.array(case["lot"])
    assert lots == pytest.approx(np.round(lots), abs=1e-9)
    by_hand_usd = _by_hand_usd(case, np.round(lots)[np.newaxis, :])[0]
    assert answer.objective_usd == pytest.approx(by_hand_usd, abs=1e-9)
    assert by_hand_usd <= case["best_known_objective"] + 1e-6


def test_no_false_optimum_of_the_regression_is_claimed(
    case: dict[str, Any], answer: Answer
) -> None:
    rounded = _solved(_programme(case), nodes_count_max=0)
    assert answer.objective_usd < rounded.objective_usd
    # The proof is of others, by a search of a minute: what was not proven here is said to be open.
    assert answer.bound_usd <= case["proven_lower_bound"]
    assert answer.gap_usd >= case["best_known_objective"] - case["proven_lower_bound"] - 1e-6
    assert answer.remark == "branch and bound stopped after 20 nodes"


@pytest.mark.slow
def test_nothing_near_the_regression_s_answer_is_cheaper(
    case: dict[str, Any], answer: Answer
) -> None:
    lots = np.round(np.array(answer.chosen_amount) / np.array(case["lot"]))
    assert _by_hand_usd(case, lots + changes(case["n"])).min() >= answer.objective_usd - 1e-9
    rng = np.random.default_rng(11)
    near = rng.integers(-3, 4, size=(400_000, case["n"]))
    # Eight legs at most: what is drawn changes few legs, of which most are used already.
    odds = np.where(lots != 0, 0.5, 0.02)
    usd = _by_hand_usd(case, lots + near * (rng.uniform(size=near.shape) < odds))
    assert np.count_nonzero(np.isfinite(usd)) >= 10_000
    assert usd.min() >= answer.objective_usd - 1e-9


@pytest.mark.slow
def test_the_same_programme_gives_the_same_bytes(case: dict[str, Any], answer: Answer) -> None:
    assert _solved(_programme(case), nodes_count_max=20) == answer


@pytest.mark.slow
def test_a_search_that_the_clock_ends_leaves_nothing_to_the_clock(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What branch and bound had by then is set aside: plan and bound are those of the rest."""
    programme = _programme(case)
    bound_usd = _solved(programme, nodes_count_max=0).bound_usd
    found = []
    for time_s in (0.0, 1e-6, 0.5):
        monkeypatch.setattr(BRANCHED, "_TIME_S_MAX", time_s)
        found.append(_solved(programme))
    for each in found:
        assert each.remark.startswith("branch and bound did not end within")
        assert each.chosen_amount == found[0].chosen_amount
        assert each.bound_usd == bound_usd


@pytest.mark.parametrize("is_soft", [True, False])
@pytest.mark.parametrize("is_bent", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_no_answer_is_worse_than_the_rounded_relaxation(
    seed: int, is_soft: bool, is_bent: bool
) -> None:
    programme = drawn(seed, is_soft=is_soft, is_bent=is_bent)
    relaxed_usd = _solved(
        Programme(
            Decisions(
                programme.decisions.names,
                programme.decisions.low_amount,
                programme.decisions.high_amount,
                np.zeros(12),
            ),
            programme.parts,
        ),
        nodes_count_max=0,
    ).bound_usd
    rounded = _solved(programme, nodes_count_max=0)
    found = _solved(programme, nodes_count_max=50)
    held = [max(each.excess_frac - EXCESS_FRAC_MAX, 0.0) for each in (found, rounded)]
    assert (held[0], found.objective_usd) <= (held[1], rounded.objective_usd)
    assert found.bound_usd >= relaxed_usd - 1e-6
    lot = programme.decisions.lot_amount
    near = (np.round(np.array(found.chosen_amount) / lot) + changes(12)) * lot
    inside = np.all(
        (near >= programme.decisions.low_amount - 1e-9)
        & (near <= programme.decisions.high_amount + 1e-9),
        axis=1,
    )
    near = near[inside]
    keeps = programme.excess_frac(near) <= EXCESS_FRAC_MAX
    if held[0] == 0.0:
        assert programme.usd(near[keeps]).min(initial=np.inf) >= found.objective_usd - 1e-8
    else:
        assert not np.any(keeps)


def test_of_two_ways_at_one_price_one_is_taken() -> None:
    """Six coins to sell on one book, and two that may: where a corner splits them, one does it."""
    one = np.ones((1, 2))
    shared = Ladders(
        book_index=np.zeros(2, dtype=np.int64),
        is_up=np.array([True, False]),
        width_amount=np.full(2, 50.0),
        price_usd_per_amount=np.ones(2),
        decision_book_index=np.zeros(2, dtype=np.int64),
    )
    delta = Band.of(("delta",), 6.0 * np.ones(1), one, high_figure=np.zeros(1))
    decisions = Decisions(("a", "b"), np.full(2, -6.5), np.full(2, 6.5), np.array([0.1, 0.5]))
    programme = Programme(decisions, [shared, delta])
    for start in ([-3.0, -3.0], [-3.5, -2.5], [-6.0, 0.0]):
        found = in_fewer(programme, np.array(start))
        assert np.count_nonzero(found) == 1
        assert found.sum() == pytest.approx(-6.0)
    assert sorted(np.abs(_solved(programme).chosen_amount)) == pytest.approx([0.0, 6.0])


@pytest.mark.parametrize("now", [-0.3, 0.3])
def test_a_bound_of_whole_lots_loses_none_to_its_last_bits(now: float) -> None:
    """Of a bound of 0.3 in lots of 0.1, whose quotient is a bit below three, three may be done."""
    at, one, zero = np.array([now]), np.ones((1, 1)), np.zeros(1)
    level = Band.of(("x",), at, one, low_figure=zero, high_figure=zero)
    decisions = Decisions(("a",), np.array([-0.3]), np.array([0.3]), np.array([0.1]))
    found = _solved(Programme(decisions, [level]))
    assert found.chosen_amount == pytest.approx((-now,))
    # A ten-thousandth of a lot less is no last bit: there are two.
    short = Decisions(("a",), np.array([-0.29999]), np.array([0.29999]), np.array([0.1]))
    assert _solved(Programme(short, [level])).chosen_amount == pytest.approx((-2.0 / 3.0 * now,))
