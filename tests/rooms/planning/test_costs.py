"""What moves cost: money that is tied up is paid for by the day, of a year of 365."""

from decimal import Decimal

import numpy as np
import pytest

from hedgerow.planning import JointTerms
from hedgerow.planning.costs import MoveCosts
from hedgerow.planning.done import traded_at_cost
from hedgerow.solving import Ladders
from tests.rooms.planning.test_joint import NOW, ROUTES, desk, offers


@pytest.mark.parametrize(("days", "usd"), [(1.0, 10.0), (36.5, 365.0), (0.0, 0.0)])
def test_money_tied_up_costs_its_share_of_a_year_and_a_programme_pays_the_same(
    days: float, usd: float
) -> None:
    """A year of 73,000 dollars at 5 % is 3,650: ten a day."""
    terms = JointTerms(horizon_days=days, capital_frac_per_year=0.05)
    costs = MoveCosts((), ROUTES, NOW, terms, lambda route: 3.0)
    move = costs.move(0, Decimal(73_000))
    assert move.capital_usd == pytest.approx(usd, rel=1e-12)
    assert (move.fee_usd, move.late_usd) == (1.0, 3.0)
    (ladders,) = [each for each in costs.parts() if isinstance(each, Ladders) and len(each.is_up)]
    np.testing.assert_allclose(73_000 * ladders.price_usd_per_amount, [usd] * 3, rtol=1e-12)


def test_what_a_trade_costs_beyond_its_mark_is_paid_in_whole_steps_up() -> None:
    """A third of a dollar is 0.33333334 of a coin of one, of which 1,000 are there."""
    now = desk()
    (own, *_) = offers(now)
    after = traded_at_cost(now.book.account("one"), own, Decimal(1), now.snapshot, 1.0 / 3.0)
    assert after.balance_coin("USDC") == Decimal("999.66666666")
