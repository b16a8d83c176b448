"""What is true of every lending engine, whatever it is told: more needs more, order is nothing,
every line can be repeated from its detail, and a liquidation makes and loses nothing."""

import re
from decimal import Decimal
from fractions import Fraction
from math import floor

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure, MarketRejected
from hedgerow.margin import (
    MarginReport,
    reach_of,
    require,
)
from hedgerow.market import LendingIndex, OracleAnswer
from hedgerow.portfolio import Account, Position
from tests.builders import RAY, by_id, snapshot
from tests.rooms.margin.engine_case import LendingCase, lent
from tests.rooms.margin.engines import LENT
from tests.rooms.margin.loan_calculator import repeated

D = Decimal
# Wide numbers of exact integers: a hundred examples each take seconds.
widely = pytest.mark.slow
every_market = pytest.mark.parametrize("made", LENT, ids=lambda market: market.name)

prices = st.integers(1, 10**11).map(lambda raw: D(raw).scaleb(-9))
indices = st.integers(RAY, 3 * RAY)
parts = st.fractions(0, 1, max_denominator=10**9)


@st.composite
def held(draw: st.DrawFn, made: LendingCase) -> tuple[list[int], int]:
    """Collateral up to 1e5 coins each, at up to 100 dollars; debt up to 2e6 scaled units."""
    supplies = [floor(draw(parts) * 10 ** (5 + each.asset_decimals)) for each in made.collateral]
    owed = floor(draw(parts) * 2 * 10 ** (6 + made.debt.asset_decimals + made.digits))
    return supplies, owed


Drawn = tuple[list[int], int]


def required(made: LendingCase, account: Account, price: Decimal, index_ray: int) -> MarginReport:
    now = snapshot(*made.events(price, index_ray))
    report = require(account, made.terms, now, made.rulebook)
    assert isinstance(report, MarginReport), report
    return report


@widely
@every_market
@given(data=st.data(), price=prices, index_ray=indices, times=st.integers(1, 50))
def test_so_many_times_as_much_needs_and_carries_so_many_times_as_much(
    made: LendingCase, data: st.DataObject, price: Decimal, index_ray: int, times: int
) -> None:
    """Debt rounds up (on Compound down), so of many at once at most one unit each is saved."""
    supplies, owed = data.draw(held(made))
    one = required(made, made.account(supplies, owed), price, index_ray)
    many = required(
        made, made.account([times * each for each in supplies], times * owed), price, index_ray
    )
    slack = times * made.unit_ccy
    least = times * one.requirement_maintenance_ccy
    assert many.requirement_maintenance_ccy >= least - slack
    assert many.equity_ccy >= times * one.equity_ccy - (slack if made.rounds_equity else 0)
    assert many.requirement_maintenance_ccy <= least + slack


@widely
@every_market
@given(data=st.data(), price=prices, index_ray=indices, part=parts)
def test_a_position_in_two_pieces_is_one_position(
    made: LendingCase, data: st.DataObject, price: Decimal, index_ray: int, part: Fraction
) -> None:
    supplies, owed = data.draw(held(made))
    firsts, first = [floor(part * each) for each in supplies], floor(part * owed)
    rests = [whole - piece for whole, piece in zip(supplies, firsts, strict=True)]
    pieces = made.account(firsts, first).positions + made.account(rests, owed - first).positions
    whole = made.account(supplies, owed)
    split = msgspec.structs.replace(whole, positions=pieces)
    assert required(made, split, price, index_ray) == required(made, whole, price, index_ray)
    now = snapshot(*made.events(price, index_ray))
    one, two = (reach_of(each, made.terms, now, made.rulebook) for each in (whole, split))
    assert not isinstance(one, Failure)
    assert not isinstance(two, Failure)
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        assert two.detail == one.detail
        for instrument_id in made.terms:
            left = two.after.quantity_contracts(instrument_id)
            assert left == one.after.quantity_contracts(instrument_id)


@widely
@every_market
@given(data=st.data(), price=prices, index_ray=indices)
def test_the_order_of_positions_is_nothing(
    made: LendingCase, data: st.DataObject, price: Decimal, index_ray: int
) -> None:
    whole = made.account(*data.draw(held(made)))
    shuffled = data.draw(st.permutations(whole.positions))
    one = required(made, whole, price, index_ray)
    other = required(
        made, msgspec.structs.replace(whole, positions=tuple(shuffled)), price, index_ray
    )
    assert totals_of(one) == totals_of(other)


def totals_of(report: MarginReport) -> tuple[Decimal, ...]:
    return (
        report.equity_ccy,
        report.requirement_maintenance_ccy,
        report.requirement_initial_ccy,
    )


@widely
@every_market
@given(data=st.data(), price=prices, index_ray=indices)
def test_opening_asks_at_least_what_keeping_does(
    made: LendingCase, data: st.DataObject, price: Decimal, index_ray: int
) -> None:
    report = required(made, made.account(*data.draw(held(made))), price, index_ray)
    assert report.requirement_initial_ccy >= report.requirement_maintenance_ccy
    assert all((line.amount_initial_ccy or 0) >= line.amount_ccy for line in report.lines)


# --- a calculator ---------------------------------------------------------------------------------


@widely
@every_market
@given(data=st.data(), price=prices, index_ray=indices)
def test_every_line_can_be_repeated_from_what_it_says(
    made: LendingCase, data: st.DataObject, price: Decimal, index_ray: int
) -> None:
    report = required(made, made.account(*data.draw(held(made))), price, index_ray)
    for line in report.lines:
        keeping, opening = repeated(line)
        assert Fraction(line.amount_ccy) == keeping, line
        assert Fraction(line.amount_initial_ccy or 0) == opening, line
    for line in report.equity_lines:
        if line.rule == "collateral x spot":
            spot = re.fullmatch(r"ink (\d+) x spot (\d+) / 1e27, .*", line.detail)
            debt_line = re.fullmatch(r"art (\d+) x rate (\d+) .*", report.lines[0].detail)
            assert spot is not None
            assert debt_line is not None
            carried, owed = (int(m[1]) * int(m[2]) for m in (spot, debt_line))
            told = report.requirement_maintenance_ccy, line.amount_ccy
            apart = Fraction((carried - owed) // RAY, 10**18)
            assert Fraction(told[1]) - Fraction(told[0]) == apart
        else:
            assert Fraction(line.amount_ccy) == repeated(line)[0], line


# --- what a liquidator may take -------------------------------------------------------------------


@widely
@every_market
@given(data=st.data(), price=prices, index_ray=indices)
def test_a_liquidation_is_there_when_it_is_due_and_makes_and_loses_nothing(
    made: LendingCase, data: st.DataObject, price: Decimal, index_ray: int
) -> None:
    """Collateral and debt that went and stayed are what was there, to a unit for each rounding."""
    account = made.account(*data.draw(held(made)))
    now = snapshot(*made.events(price, index_ray))
    reach = reach_of(account, made.terms, now, made.rulebook)
    assert not isinstance(reach, Failure), reach
    report = required(made, account, price, index_ray)
    assert (reach is not None) == report.is_liquidatable
    if reach is None:
        return
    for terms in made.collateral:
        was = account.quantity_contracts(terms.instrument_id)
        went = sum(
            (
                each.quantity_coin
                for each in (*reach.seized, *reach.fee)
                if each.instrument_id == terms.instrument_id
            ),
            D(0),
        )
        assert went + reach.after.quantity_contracts(terms.instrument_id) == was
    settled = sum(Fraction(each.quantity_coin) for each in (*reach.repaid, *reach.lost))
    # Owed in the debt's own coins: of it all, and of what is left.
    owed, left = (
        Fraction(-each.quantity_contracts("debt")) * rate(made, index_ray)
        for each in (account, reach.after)
    )
    unit = Fraction(1, 10**made.debt.asset_decimals)
    assert abs(settled + left - owed) < 4 * unit
    assert all(
        each.quantity_coin > 0
        for each in (*reach.seized, *reach.fee, *reach.repaid, *reach.lost, *reach.returned)
    )


def rate(made: LendingCase, index_ray: int) -> Fraction:
    (first, *_) = made.events(D(1), index_ray)
    assert isinstance(first, LendingIndex)
    return Fraction(first.borrow_index_ray, RAY)


# --- bad input ------------------------------------------------------------------------------------


@every_market
def test_whatever_is_missing_is_named(made: LendingCase) -> None:
    account = made.account([10**18] * len(made.collateral), 10**6)
    events = made.events(D(2000), RAY)
    for at, gone in enumerate(events):
        assert isinstance(gone, OracleAnswer | LendingIndex)
        kept = [event for place, event in enumerate(events) if place != at]
        for ask in (require, reach_of):
            outcome = ask(account, made.terms, snapshot(*kept), made.rulebook)
            assert isinstance(outcome, Failure), gone
            assert outcome.reason == "missing_data"
            of_market = isinstance(gone, LendingIndex)
            assert outcome.subject == (f"{made.market} {gone.asset}" if of_market else gone.asset)


@every_market
def test_more_digits_than_a_report_adds_exactly_are_refused(made: LendingCase) -> None:
    account = made.account([10 ** (20 + each.asset_decimals) for each in made.collateral], 1)
    outcome = require(account, made.terms, snapshot(*made.events(D(1000), RAY)), made.rulebook)
    assert isinstance(outcome, Failure)
    assert outcome.message.endswith("smallest units has more than 28 digits")


@every_market
def test_an_unknown_collateral_and_a_wrong_side_are_named(made: LendingCase) -> None:
    now = snapshot(*made.events(D(2000), RAY))
    other = lent(made.market, "OTHER")
    position = Position(instrument_id="supply:OTHER", quantity_contracts=D(1))
    account = made.account([10**18] * len(made.collateral), 10**6)
    more = msgspec.structs.replace(account, positions=(*account.positions, position))
    owned = msgspec.structs.replace(
        account, positions=(Position(instrument_id="debt", quantity_contracts=D(1)),)
    )
    terms = {**made.terms, **by_id(other)}
    for ask in (require, reach_of):
        outcome = ask(more, terms, now, made.rulebook)
        assert isinstance(outcome, Failure)
        assert outcome.message == f"{made.rulebook.name} has no reserve OTHER"
        outcome = ask(owned, terms, now, made.rulebook)
        assert isinstance(outcome, Failure)
        assert outcome.message == "debt: debt is held short, supply long"


@pytest.mark.parametrize("index_ray", [-1, 0, RAY - 1])
def test_an_index_below_one_never_reaches_an_engine(index_ray: int) -> None:
    with pytest.raises(MarketRejected, match="only grow"):
        LENT[0].events(D(1), index_ray)
