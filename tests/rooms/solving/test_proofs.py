"""What an answer claims: bounds that are proven, sides that exist, and ends that no clock sets."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.solving import Answer, Band, Decisions, Ladders, Programme, least
from hedgerow.solving.relaxed import _dual_usd

# The package tells the function by the module's name.
LEAST = import_module("hedgerow.solving.least")
BRANCHED = import_module("hedgerow.solving.branched")
RELAXED = import_module("hedgerow.solving.relaxed")
NONE = np.zeros(1)
DELTA = Band.of(("delta",), np.array([5.0]), np.ones((1, 1)), high_figure=np.ones(1))


def _answered(programme: Programme, **options: Any) -> Answer:
    answer = least(programme, **options)
    assert not isinstance(answer, Failure), answer
    return answer


def _one(lot: float) -> Decisions:
    return Decisions(("perp",), np.array([-9.0]), np.array([9.0]), np.array([lot]))


@pytest.mark.parametrize("lot", [0.0, 1.0])
@pytest.mark.parametrize("books", [None, np.zeros(1, dtype=np.int64)])
def test_nothing_is_sold_for_nothing_into_a_book_without_bids(lot: float, books: Any) -> None:
    """Rounding sold four for nothing where the relaxation could sell none."""
    asks = Ladders(
        book_index=np.zeros(1, dtype=np.int64),
        is_up=np.array([True]),
        width_amount=np.array([9.0]),
        price_usd_per_amount=np.ones(1),
        decision_book_index=books,
    )
    with pytest.raises(OutOfDomain, match="perp may be sold, and its book has no level"):
        least(Programme(_one(lot), [asks, DELTA]))
    bought = Decisions(("perp",), np.zeros(1), np.array([9.0]), np.array([lot]))
    assert _answered(Programme(bought, [asks, DELTA])).conflicts == ("delta",)


def test_prices_that_leave_a_column_without_a_bound_prove_nothing() -> None:
    matrix = Programme(_one(0.0), [Ladders.flat(np.ones(1), np.ones(1)), DELTA]).matrix()
    rows = len(matrix.row_low_figure)
    free = RELAXED.relaxed(matrix)
    assert _dual_usd(matrix, free.row_price_usd_per_figure) == pytest.approx(4.0)
    # A level of a book has no end: at a price of two beyond its own, more of it always gains.
    assert np.any(np.isinf(matrix.high_amount))
    assert _dual_usd(matrix, np.full(rows, -2.0)) == -np.inf


def test_a_bound_of_what_is_paid_stands_without_the_solver_s_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four sold at 1 less 0.4 as priced, 0.7 in truth: the fallback takes all nine as cheaper."""

    def priced() -> Answer:
        own = np.array([[0.0], [-0.4]])
        book = Ladders(
            book_index=np.zeros(2, dtype=np.int64),
            is_up=np.array([True, False]),
            width_amount=np.full(2, 9.0),
            price_usd_per_amount=np.ones(2),
            decision_book_index=np.zeros(1, dtype=np.int64),
            own_usd_per_amount=own,
            least_own_usd_per_amount=np.array([[0.0], [-0.7]]),
        )
        return _answered(Programme(_one(1.0), [book, DELTA]))

    assert priced().objective_usd == pytest.approx(4 * 0.6)
    assert priced().bound_usd == pytest.approx(4 * 0.3)
    asked: list[object] = []

    def once(matrix: Any) -> Any:
        asked.append(matrix)
        if len(asked) > 1:
            return Failure(subject="programme", reason="not_converged", message="no end")
        return RELAXED.relaxed(matrix)

    monkeypatch.setattr(LEAST, "relaxed", once)
    assert priced().bound_usd == pytest.approx(4 * 0.6 - 9 * 0.3)
    assert len(asked) == 2


def test_the_last_lot_is_inside_the_bounds() -> None:
    """A quarter may be sold in tenths: two of them, however much more is wanted."""
    decisions = Decisions(("perp",), np.array([-0.25]), np.array([0.25]), np.array([0.1]))
    flat = Ladders.flat(np.ones(1), np.ones(1))
    for sign in (1.0, -1.0):
        now = np.array([5.0 * sign])
        delta = Band.of(("delta",), now, np.ones((1, 1)), low_figure=-NONE, high_figure=NONE)
        answer = _answered(Programme(decisions, [flat, delta]))
        assert answer.chosen_amount == pytest.approx((-0.2 * sign,))


def _coarse() -> Programme:
    rng = np.random.default_rng(1)
    count = 20
    cost = rng.uniform(0.15, 1.0, count)
    greeks = Band.of(
        ("x", "y", "z"),
        10.0 * rng.normal(size=3),
        rng.normal(size=(3, count)),
        low_figure=np.zeros(3),
        high_figure=np.zeros(3),
        penalty_usd_per_figure=np.array([10.0, 50.0, 1.0]),
    )
    names = tuple(f"leg {i}" for i in range(count))
    ends = np.full(count, 20.0)
    return Programme(
        Decisions(names, -ends, ends, np.ones(count)), [Ladders.flat(cost, cost), greeks]
    )


@pytest.mark.slow
def test_a_large_programme_opens_fewer_nodes_and_no_clock_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock stands far beyond what nodes take, and nobody sets it."""
    assert BRANCHED._TIME_S_MAX >= 600.0
    programme = _coarse()
    entries = programme.matrix().rows_figure_per_amount.nnz
    monkeypatch.setattr(BRANCHED, "_ENTRIES_COUNT_MAX", 5 * entries)
    assert _answered(programme).remark == "branch and bound stopped after 5 nodes"
    assert _answered(programme) == _answered(programme, nodes_count_max=5)


def test_a_relaxation_is_ended_by_its_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RELAXED, "_SIMPLEX_ITERATIONS_MAX", 1)
    found = least(_coarse())
    assert isinstance(found, Failure)
    assert found.reason == "not_converged"
    assert "teration" in found.message
