"""What moves cost: money tied up by the day of a year of 365, trades in steps and in pieces."""

from dataclasses import replace
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from hedgerow.hedging import ChosenTrade, Rung, crossing_and_fee_usd
from hedgerow.planning import JointTerms
from hedgerow.planning.compare import _shrinking
from hedgerow.planning.costs import MoveCosts
from hedgerow.planning.done import traded_at_cost
from hedgerow.planning.pieces import _cut, pieces
from hedgerow.solving import Ladders
from tests.rooms.planning.test_joint import NOW, ROUTES, desk, offers, planned


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


@pytest.mark.parametrize(
    ("lots", "pieces_lots"),
    [(5, [1, 1, 1, 2]), (-7, [-1, -1, -1, -4]), (2, [2]), (8, [2, 2, 2, 2])],
)
def test_a_trade_is_cut_into_four_that_go_its_way_and_cost_as_much(
    lots: int, pieces_lots: list[int]
) -> None:
    """Lots of a thousandth; what four do not divide is left to the last."""
    (own, *_) = offers(desk())
    crossing, fee = crossing_and_fee_usd(own, lots / 1000)
    whole = ChosenTrade(
        instrument_id=own.instrument_id,
        account_id=own.account_id,
        quantity_contracts=lots / 1000,
        crossing_usd=crossing,
        fee_usd=fee,
        carry_usd=0.4,
        ticket_usd=0.0,
    )
    cut = _cut(whole, own, 0.0)
    assert [round(each.quantity_contracts * 1000) for each in cut] == pieces_lots
    assert sum(each.crossing_usd for each in cut) == pytest.approx(crossing)
    assert sum(each.fee_usd for each in cut) == pytest.approx(fee)
    assert sum(each.carry_usd or 0.0 for each in cut) == pytest.approx(0.4)


def test_pieces_of_a_second_account_go_on_in_the_book_where_the_first_left_it() -> None:
    """Levels of four lots at 1, 2 and 9 dollars: four bought are 0.004, four more are 0.008.

    What sells has a side of its own, and pays for its first level.
    """
    levels = tuple(
        Rung(width_contracts=0.004, cost_usd_per_contract=usd, fee_usd_per_contract=0.0)
        for usd in (1.0, 2.0, 9.0)
    )
    now = desk()
    one, _, two, _ = (
        msgspec.structs.replace(each, buys=levels, sells=levels) for each in offers(now)
    )
    sizes = ((one, 0.004), (two, 0.004), (one, -0.004))
    trades = tuple(
        ChosenTrade(
            instrument_id=each.instrument_id,
            account_id=each.account_id,
            quantity_contracts=contracts,
            crossing_usd=0.0,
            fee_usd=0.0,
            carry_usd=0.0,
            ticket_usd=0.0,
        )
        for each, contracts in sizes
    )
    cut = pieces(replace(planned(now), offers=(one, two), trades=trades))
    assert len(cut) == 12
    paid_usd = [sum(each.crossing_usd for each in cut[at : at + 4]) for at in (0, 4, 8)]
    assert paid_usd == pytest.approx([0.004, 0.008, 0.004])


@pytest.mark.parametrize(("held", "ends"), [(3, (0.0, 3.0)), (-3, (3.0, 0.0))])
def test_what_only_unwinds_goes_back_to_nothing(held: int, ends: tuple[float, float]) -> None:
    now = desk(btc_one=held)
    found = _shrinking(offers(now)[0], now)
    assert found is not None
    assert (found.most_contracts(is_up=True), found.most_contracts(is_up=False)) == ends
