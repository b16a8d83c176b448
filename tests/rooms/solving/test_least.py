"""Answers of programmes: published cases, properties, and conflicts."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.solving import (
    EXCESS_FRAC_MAX,
    Answer,
    Band,
    Decisions,
    Impact,
    Ladders,
    Part,
    Programme,
    Residual,
    Shortfall,
    Tickets,
    Uses,
    Worst,
    least,
)
from tests.golden.read import numbers


def _free(count: int, bound: float = 1e3) -> Decisions:
    names = tuple(f"leg {i}" for i in range(count))
    return Decisions(names, np.full(count, -bound), np.full(count, bound), np.zeros(count))


def _solved(programme: Programme, **options: Any) -> Answer:
    answer = least(programme, **options)
    assert not isinstance(answer, Failure), answer
    return answer


def _hedge_programme(vector: dict[str, Any], tolerances: list[float]) -> Programme:
    cost = np.array(vector["unit_cost"], dtype=float)
    tolerance = np.array(tolerances)
    greeks = Band.of(
        ("delta", "gamma", "vega"),
        np.array(vector["exposure"], dtype=float),
        np.array(vector["instruments"], dtype=float).T,
        low_figure=-tolerance,
        high_figure=tolerance,
        scale_figure=np.array([1.0, 1e-4, 100.0]),
    )
    return Programme(_free(3), [Ladders.flat(cost, cost), greeks])


def test_the_neutral_hedge_of_the_vectors() -> None:
    hedge = numbers("hedge_lp")
    answer = _solved(_hedge_programme(hedge, [0.0, 0.0, 0.0]))
    assert answer.chosen_amount == pytest.approx([float(x) for x in hedge["exact"]], abs=1e-7)
    assert answer.objective_usd == pytest.approx(float(hedge["exact_cost"]), rel=1e-12)


def test_the_hedge_inside_tolerances_of_the_vectors() -> None:
    hedge = numbers("hedge_lp")
    band = hedge["band"]
    answer = _solved(
        _hedge_programme(hedge, [0.0, float(band["gamma_tol"]), float(band["vega_tol"])])
    )
    assert answer.chosen_amount == pytest.approx([float(x) for x in band["x"]], abs=1e-7)
    assert answer.objective_usd == pytest.approx(float(band["cost"]), rel=1e-12)
    assert abs(answer.gap_usd) <= 1e-6
    # One coin more of delta would save what the perpetual costs; vega does not bind.
    prices = {shadow.name: shadow.price_usd_per_figure for shadow in answer.shadows}
    assert prices["delta"] == pytest.approx(30.0)
    assert "vega" not in prices


def _parts(count: int, rng: np.random.Generator) -> list[Part]:
    """One of every kind of part, with numbers drawn."""
    up, down = rng.uniform(0.1, 2.0, (2, count))
    levels, losses = rng.normal(size=(3, count)), rng.normal(size=(12, count))
    at = np.repeat(np.arange(count), 3)
    deep = Ladders(
        book_index=np.concatenate([at, at]),
        is_up=np.repeat(np.array([True, False]), len(at)),
        width_amount=np.tile([1.0, 2.0, np.inf], 2 * count),
        price_usd_per_amount=np.cumsum(rng.uniform(0.1, 1.0, (2 * count, 3)), axis=1).ravel(),
    )
    return [
        Ladders.flat(up, down),
        deep,
        Impact(rng.uniform(0.01, 0.1, count), 1.5),
        Impact(rng.uniform(0.01, 0.1, count), 2.0),
        Residual(rng.normal(size=3), levels, rng.uniform(0.1, 1.0, 3)),
        Worst("scan", rng.normal(size=12), losses, 0.3),
        Shortfall("tail", rng.normal(size=12), losses, 0.2, weight_frac=0.7),
        Band.of(
            ("a", "b", "c"),
            3.0 * rng.normal(size=3),
            levels,
            low_figure=-np.ones(3),
            high_figure=np.ones(3),
            penalty_usd_per_figure=np.full(3, 2.0),
        ),
        Uses(("margin",), up[None, :], down[None, :], np.array([8.0]), np.ones(1)),
        Band.of(
            ("d", "e", "f"),
            np.zeros(3),
            levels,
            low_figure=np.full(3, -4.0),
            high_figure=np.full(3, 4.0),
        ),
        Shortfall("bound", np.zeros(12), losses, 0.25, shortfall_usd_max=6.0),
        Uses(
            ("scan", "other"),
            losses,
            np.maximum(-losses, 0.5 * losses),
            np.full(12, 4.0),
            np.array([1.0, 2.0]),
            of_index=np.repeat([0, 1], [7, 5]),
        ),
    ]


@pytest.mark.parametrize("part_index", range(12))
@given(seed=st.integers(0, 10_000))
def test_each_part_costs_in_a_solver_what_it_says(part_index: int, seed: int) -> None:
    """Amounts held where they are: the solver's cost of all columns is the part's own."""
    rng = np.random.default_rng(seed)
    amounts = rng.normal(size=4)
    part = _parts(4, rng)[part_index]
    names = ("a", "b", "c", "d")
    # Bounds hold zero, so that amounts are pinned by a band instead.
    pinned = Band.of(names, np.zeros(4), np.eye(4), low_figure=amounts, high_figure=amounts)
    programme = Programme(
        Decisions(names, np.full(4, -9.0), np.full(4, 9.0), np.zeros(4)), [part, pinned]
    )
    plan = amounts[np.newaxis, :]
    answer = _solved(programme)
    if part.excess(plan)[0] > 0:
        assert answer.conflicts
        return
    assert answer.chosen_amount == pytest.approx(amounts, abs=1e-6)
    assert answer.bound_usd == pytest.approx(part.usd(plan)[0], abs=1e-5, rel=1e-6)


@given(seed=st.integers(0, 10_000))
def test_nothing_drawn_near_an_answer_is_cheaper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = _parts(4, rng)
    lots = np.array([0.5, 0.25, 1.0, 0.0])
    programme = Programme(
        Decisions(("a", "b", "c", "d"), np.full(4, -5.0), np.full(4, 5.0), np.zeros(4)), parts
    )
    answer = _solved(programme)
    assert abs(answer.gap_usd) <= 1e-6 * max(1.0, abs(answer.objective_usd))
    near = np.clip(answer.chosen_amount + rng.normal(scale=0.5, size=(10_000, 4)), -5.0, 5.0)
    held = programme.excess_frac(near) <= EXCESS_FRAC_MAX
    assert programme.usd(near[held]).min(initial=np.inf) >= answer.bound_usd - 1e-6
    counted = Programme(
        Decisions(("a", "b", "c", "d"), np.full(4, -5.0), np.full(4, 5.0), lots), parts
    )
    whole = _solved(counted)
    assert whole.objective_usd >= answer.bound_usd - 1e-6
    ratios = np.array(whole.chosen_amount[:3]) / lots[:3]
    assert ratios == pytest.approx(np.round(ratios), abs=1e-9)


def test_whole_lots_are_beaten_by_no_lot_more_or_less_and_by_nothing_near() -> None:
    rng = np.random.default_rng(7)
    count = 6
    greeks = rng.normal(size=(3, count))
    lot = rng.choice([0.1, 0.5, 1.0], count)
    cost = rng.uniform(0.1, 0.5, count)
    programme = Programme(
        Decisions(tuple("abcdef"), np.full(count, -20.0), np.full(count, 20.0), lot),
        [
            Ladders.flat(cost, cost),
            Band.of(
                ("x", "y", "z"),
                np.array([9.0, -7.0, 4.0]),
                greeks,
                low_figure=np.full(3, -0.3),
                high_figure=np.full(3, 0.3),
            ),
        ],
    )
    answer = _solved(programme)
    assert answer.excess_frac <= EXCESS_FRAC_MAX
    steps = np.round(np.array(answer.chosen_amount) / lot)
    for plans in (_changes(count), rng.integers(-4, 5, size=(10_000, count))):
        near = (steps + plans) * lot
        held = programme.excess_frac(near) <= EXCESS_FRAC_MAX
        assert programme.usd(near[held]).min(initial=np.inf) >= answer.objective_usd - 1e-9


def _changes(count: int) -> np.ndarray[Any, Any]:
    ends = np.array(np.meshgrid(*[[-1, 0, 1]] * count)).reshape(count, -1).T
    return np.asarray(ends[np.count_nonzero(ends, axis=1) <= 2])


@given(seed=st.integers(0, 10_000))
def test_linear_programmes_cost_what_another_solver_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0.1, 2.0, (2, 5))
    levels, at = rng.normal(size=(3, 5)), 4.0 * rng.normal(size=3)
    programme = Programme(
        _free(5, 30.0),
        [
            Ladders.flat(cost[0], cost[1]),
            Band.of(("a", "b", "c"), at, levels, low_figure=-np.ones(3), high_figure=np.ones(3)),
        ],
    )
    both = np.hstack([levels, -levels])
    other = linprog(
        cost.ravel(),
        A_ub=np.vstack([both, -both]),
        b_ub=np.concatenate([1.0 - at, 1.0 + at]),
        bounds=(0.0, 30.0),
    )
    answer = _solved(programme)
    if other.success:
        assert answer.objective_usd == pytest.approx(other.fun, rel=1e-9, abs=1e-9)
    else:
        assert answer.conflicts
        assert answer.excess_frac > EXCESS_FRAC_MAX


def test_one_more_instrument_never_raises_the_relaxed_cost() -> None:
    rng = np.random.default_rng(3)
    levels, at = rng.normal(size=(3, 8)), 4.0 * rng.normal(size=3)
    cost = rng.uniform(0.1, 2.0, 8)
    found = [
        _solved(
            Programme(
                _free(count),
                [
                    Ladders.flat(cost[:count], cost[:count]),
                    Band.of(
                        ("a", "b", "c"),
                        at,
                        levels[:, :count],
                        low_figure=-np.ones(3),
                        high_figure=np.ones(3),
                    ),
                ],
            )
        ).objective_usd
        for count in range(3, 9)
    ]
    assert all(after <= before + 1e-9 for before, after in pairwise(found))


def test_bounds_that_conflict_are_named_and_broken_as_little_as_can_be() -> None:
    """x at least 3 and at most 1, each over its scale: the second, twice as dear, holds."""
    one = np.ones((1, 1))
    programme = Programme(
        _free(1),
        [
            Ladders.flat(np.ones(1), np.ones(1)),
            Band.of(
                ("floor",),
                np.zeros(1),
                one,
                low_figure=np.array([3.0]),
                scale_figure=2 * np.ones(1),
            ),
            Band.of(("ceiling",), np.zeros(1), one, high_figure=np.array([1.0])),
            Band.of(("of no matter",), np.zeros(1), one, high_figure=np.array([50.0])),
        ],
    )
    answer = _solved(programme)
    assert answer.chosen_amount == pytest.approx((1.0,), abs=1e-6)
    assert answer.conflicts == ("floor", "ceiling")
    assert answer.excess_frac == pytest.approx(1.0, abs=1e-6)


def test_a_leg_too_small_to_pay_its_ticket_is_left_out() -> None:
    band = Band.of(
        ("delta",),
        np.array([1.0]),
        np.array([[1.0]]),
        low_figure=np.array([-0.5]),
        high_figure=np.array([0.5]),
        penalty_usd_per_figure=np.array([3.0]),
    )
    cost = Ladders.flat(np.ones(1), np.ones(1))
    decisions = Decisions(("perp",), np.array([-5.0]), np.array([5.0]), np.array([0.1]))
    # Half a coin outside costs 1.5; to hedge it 0.5 and the ticket.
    dear = _solved(Programme(decisions, [cost, band, Tickets(np.array([1.1]))]))
    cheap = _solved(Programme(decisions, [cost, band, Tickets(np.array([0.9]))]))
    assert dear.chosen_amount == (0.0,)
    assert cheap.chosen_amount == pytest.approx((-0.5,))
    assert cheap.objective_usd == pytest.approx(1.4)


def _uses(**more: Any) -> Uses:
    one = np.ones((2, 1))
    return Uses(("a", "b"), one, one, np.ones(2), np.ones(2), **more)


def _priced(own_usd: Any, books: Any) -> Ladders:
    return Ladders(
        book_index=np.zeros(2, dtype=np.int64),
        is_up=np.array([True, False]),
        width_amount=np.ones(2),
        price_usd_per_amount=np.full(2, 0.5),
        decision_book_index=books,
        own_usd_per_amount=own_usd,
    )


NONE = np.zeros(0)


def _tail(**more: Any) -> Shortfall:
    return Shortfall("tail", np.zeros(2), np.ones((2, 1)), 0.5, **more)


def _bounded(**more: Any) -> Band:
    return Band.of(("delta",), np.zeros(1), np.ones((1, 1)), **more)


def test_the_worst_of_several_rows_is_bound_once_and_named_once() -> None:
    """A long of two in one of two scenarios: both legs are bounded by their own worst, not sums."""
    loss = np.array([[1.0, -1.0], [-1.0, 1.0]])
    floor = Band.of(("both",), np.zeros(1), np.ones((1, 2)), low_figure=np.array([8.0]))
    cost = Ladders.flat(np.array([1.0, 2.0]), np.array([1.0, 2.0]))

    def answered(spare: float) -> Answer:
        scan = Uses(
            ("scan",),
            loss,
            -loss,
            np.full(2, spare),
            np.ones(1),
            of_index=np.zeros(2, dtype=np.int64),
        )
        return _solved(Programme(_free(2, 6.0), [cost, floor, scan]))

    # The cheaper leg as far as it goes, while no scenario is worse by more than two.
    found = answered(2.0)
    assert found.chosen_amount == pytest.approx((5.0, 3.0), abs=1e-7)
    assert {each.name: each.price_usd_per_figure for each in found.shadows} == pytest.approx(
        {"both": 1.5, "scan": 0.5}
    )
    torn = answered(-1.0)
    assert torn.conflicts == ("scan",)
    assert torn.excess_frac == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Decisions(("a",), np.array([1.0]), np.array([2.0]), np.zeros(1)), "hold zero"),
        (lambda: Decisions(("a",), np.array([-np.inf]), np.array([2.0]), np.zeros(1)), "finite"),
        (lambda: Decisions(("a", "a"), -np.ones(2), np.ones(2), np.zeros(2)), "one name: a"),
        (lambda: Ladders.flat(np.array([1.0]), np.array([-2.0])), "would earn"),
        (lambda: Ladders.flat(np.array([np.nan]), np.array([2.0])), "numbers"),
        (
            lambda: Band.of(
                ("delta",),
                np.zeros(1),
                np.ones((1, 1)),
                low_figure=np.ones(1),
                high_figure=np.zeros(1),
            ),
            "delta: its low bound",
        ),
        (lambda: Shortfall("tail", np.zeros(2), np.ones((2, 1)), 0.0), "tail"),
        (lambda: Impact(np.ones(1), 3.0), "power"),
        (lambda: _uses(used_figure=-np.ones((2, 1))), "give back"),
        (lambda: _uses(of_index=np.array([1, 0])), "every name its rows"),
        (lambda: _uses(of_index=np.array([0, 0])), "every name its rows"),
        (lambda: _priced(np.zeros((2, 1)), None), "needs decision_book_index"),
        (lambda: _priced(-np.ones((2, 1)), np.zeros(1, dtype=np.int64)), "would earn"),
        (lambda: Shortfall("tail", NONE, np.zeros((0, 1)), 0.5), "tail: losses need a scenario"),
        (lambda: Worst("scan", NONE, np.zeros((0, 1)), 0.5), "scan: losses need a scenario"),
        (lambda: _tail(shortfall_usd_max=np.nan), "tail: its bound"),
        (lambda: _tail(shortfall_usd_max=-np.inf), "tail: its bound"),
        (lambda: _tail(weight_frac=np.inf), "tail: a tail"),
        (lambda: _tail(scale_usd=np.inf), "tail: a tail"),
        (lambda: _bounded(low_figure=np.array([np.inf])), "delta: its bounds leave it no level"),
        (lambda: _bounded(high_figure=np.array([-np.inf])), "delta: its bounds leave it no level"),
        (lambda: Tickets(np.array([-1.0])), "ticket"),
        (lambda: Worst("scan", np.zeros(1), np.ones((1, 1)), -1.0), "scan"),
        (
            lambda: Ladders(
                book_index=np.zeros(2, dtype=np.int64),
                is_up=np.ones(2, dtype=np.bool_),
                width_amount=np.ones(2),
                price_usd_per_amount=np.array([2.0, 1.0]),
            ),
            "grow cheaper",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(make: Any, why: str) -> None:
    with pytest.raises(OutOfDomain, match=why):
        make()
