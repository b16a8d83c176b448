"""No decisions at all: an answer, feasible or not, and never a solver's word for emptiness."""

import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.hedging import Ask, choose
from hedgerow.solving import (
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

NONE = np.zeros(0)


def _band(now: float, penalty_usd: float | None = None) -> Band:
    return Band.of(
        ("delta",),
        np.array([now]),
        np.zeros((1, 0)),
        low_figure=-np.ones(1),
        high_figure=np.ones(1),
        penalty_usd_per_figure=None if penalty_usd is None else np.array([penalty_usd]),
        scale_figure=np.array([2.0]),
    )


def _answered(*parts: Part) -> tuple[float, float, tuple[str, ...], float]:
    answer = least(Programme(Decisions((), NONE, NONE, NONE), parts))
    assert not isinstance(answer, Failure), answer
    assert answer.chosen_amount == ()
    assert answer.gap_usd == pytest.approx(0.0, abs=1e-6)
    return answer.objective_usd, answer.excess_frac, answer.conflicts, answer.bound_usd


def test_what_holds_costs_nothing() -> None:
    assert _answered() == (0.0, 0.0, (), 0.0)
    assert _answered(_band(0.5)) == (0.0, 0.0, (), 0.0)


def test_what_does_not_hold_is_named_and_measured() -> None:
    """Four where one is allowed, over a scale of two."""
    objective_usd, excess, conflicts, _ = _answered(_band(4.0), _band(0.5))
    assert (objective_usd, excess, conflicts) == (0.0, 1.5, ("delta",))
    # Two of one name are named once, and both count: three over two, and two over two.
    objective_usd, excess, conflicts, _ = _answered(_band(4.0), _band(3.0))
    assert (objective_usd, excess, conflicts) == (0.0, 2.5, ("delta",))


def test_what_has_a_price_is_paid() -> None:
    assert _answered(_band(4.0, 10.0))[0] == pytest.approx(30.0)
    losses = np.array([5.0, 1.0])
    assert _answered(Worst("scan", losses, np.zeros((2, 0)), 0.5))[0] == pytest.approx(2.5)
    tail = Shortfall("tail", losses, np.zeros((2, 0)), 0.5, weight_frac=1.0)
    assert _answered(tail)[0] == pytest.approx(5.0)
    left = Residual(np.array([3.0]), np.zeros((1, 0)), np.ones(1))
    assert _answered(left)[0] == pytest.approx(4.5, abs=1e-6)


def test_parts_of_nothing_are_nothing() -> None:
    spent = Uses(("margin",), np.zeros((1, 0)), np.zeros((1, 0)), np.ones(1), np.ones(1))
    parts = (Ladders.flat(NONE, NONE), Tickets(NONE, 3), Impact(NONE, 1.5), Impact(NONE, 2.0))
    assert _answered(*parts, spent, _band(0.0))[:3] == (0.0, 0.0, ())


def test_a_hedge_with_nothing_offered_says_which_range_does_not_hold() -> None:
    ask = Ask(name="delta of the desk", now_figure=4.0, low_figure=-1.0, high_figure=1.0)
    found = choose([ask], [], np.zeros((1, 0)))
    assert not isinstance(found, Failure), found
    assert (found.trades, found.cost_usd, found.conflicts) == ((), 0.0, ("delta of the desk",))
