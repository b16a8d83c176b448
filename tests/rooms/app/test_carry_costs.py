"""What is paid outside of any venue for one holding, and from when to when it is known."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hedgerow.app.carry_backtest import _holding
from hedgerow.app.carry_holdings import CarryPath, Window
from hedgerow.units import DAY_NS, HOUR_NS

WINDOW = Window(10 * DAY_NS, 40 * DAY_NS)
LEFT_NS = 20 * DAY_NS
# A dollar more every day, from 100 at the start.
PATH = CarryPath(
    price_ns=np.arange(0, 41 * DAY_NS, HOUR_NS, dtype=np.int64),
    price_usd=(90.0 + np.arange(0, 41 * DAY_NS, HOUR_NS) // DAY_NS).astype(np.float64),
    funding_ns=np.array([0], dtype=np.int64),
    funding_frac=np.zeros(1),
)
ASKED: Any = SimpleNamespace(
    leverage_frac=4.0,
    reserve_frac=0.5,
    spot_cost_frac=0.001,
    borrow_frac_per_year=0.0365,
    margin_cost_frac_per_year=0.073,
)


@pytest.mark.parametrize(
    ("policy", "tied_frac"),
    [("spot", 0.0), ("held", 0.25), ("stopped", 0.25), ("unpaid", 0.25), ("buffered", 0.75)],
)
def test_money_costs_what_is_tied_up_until_it_was_left(policy: Any, tied_frac: float) -> None:
    """Fifty coins at 100, left after ten days at 110; thirty days had been asked for."""
    done: Any = SimpleNamespace(
        run=SimpleNamespace(steps=(), liquidated=()), left_ns=LEFT_NS, refills_count=0
    )
    found = _holding(policy, done, Decimal(50), WINDOW, PATH, ASKED)
    assert found.notional_usd == 5_000.0
    assert found.spot_cost_usd == pytest.approx(0.001 * 50 * (100 + 110))
    assert found.borrow_usd == pytest.approx(5_000 * 0.0365 * 10 / 365)
    assert found.margin_cost_usd == pytest.approx(5_000 * tied_frac * 0.073 * 10 / 365)
    # The year is that of the whole holding: what is left is in cash until the next begins.
    paid = found.spot_cost_usd + found.borrow_usd + found.margin_cost_usd
    assert found.net_frac_per_year == pytest.approx(-paid / 5_000 * 365 / 30)


def test_what_was_never_entered_costs_nothing() -> None:
    done: Any = SimpleNamespace(
        run=SimpleNamespace(steps=(), liquidated=()), left_ns=WINDOW.start_ns, refills_count=0
    )
    found = _holding("unpaid", done, Decimal(50), WINDOW, PATH, ASKED)
    assert found.spot_cost_usd == found.borrow_usd == found.margin_cost_usd == 0.0


@pytest.mark.parametrize(
    ("times_hours", "has_hole"),
    [
        (range(240, 961), False),
        (range(241, 961), True),  # nothing is known at the start
        (range(240, 958), True),  # three hours of silence before the end
        ([*range(240, 500), *range(503, 961)], True),
        ([*range(240, 500), *range(501, 961)], False),
    ],
)
def test_a_hole_is_one_wherever_it_is(times_hours: Any, has_hole: bool) -> None:
    times = np.array(times_hours, dtype=np.int64) * HOUR_NS
    path = CarryPath(
        price_ns=times,
        price_usd=np.ones(len(times)),
        funding_ns=np.array([0], dtype=np.int64),
        funding_frac=np.zeros(1),
    )
    assert path.has_hole(WINDOW, 2 * HOUR_NS) == has_hole


def test_no_price_is_known_before_its_time() -> None:
    at = WINDOW.start_ns + 5 * DAY_NS
    assert PATH.price_at_usd(at - 1) == 104.0
    assert PATH.price_at_usd(at) == 105.0


def test_funding_that_falls_due_at_a_look_counts_and_the_next_does_not() -> None:
    path = CarryPath(
        price_ns=PATH.price_ns,
        price_usd=PATH.price_usd,
        funding_ns=np.array([8, 16, 24], dtype=np.int64) * HOUR_NS,
        funding_frac=np.array([1.0, 2.0, 4.0]),
    )
    assert path.paid_frac(16 * HOUR_NS, 8 * HOUR_NS) == 2.0
    assert path.paid_frac(16 * HOUR_NS, 8 * HOUR_NS + 1) == 3.0
    assert path.paid_frac(24 * HOUR_NS - 1, DAY_NS) == 3.0
    assert path.settled(Window(8 * HOUR_NS, 24 * HOUR_NS)).tolist() == [2.0, 4.0]
