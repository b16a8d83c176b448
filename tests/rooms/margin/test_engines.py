"""What every engine owes whoever relies on it, on accounts drawn for each."""

from dataclasses import replace
from decimal import Decimal, localcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, Rulebook, require, venues
from hedgerow.portfolio import Account, Balance, OpenOrder
from hedgerow.units import DAY_NS
from tests.draws import draws
from tests.rooms.margin.engine_case import EngineCase
from tests.rooms.margin.engines import CASES, LENT, ON_CHAIN

D = Decimal
every_engine = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
# Enough that a defect shows, few enough that every engine is tried at every commit.
few = draws(40)
FACTORS = st.decimals(1, 20, places=2)


def drawn(case: EngineCase, data: st.DataObject) -> Account:
    return data.draw(st.composite(case.build_account)())


def asked(case: EngineCase, account: Account) -> MarginReport:
    report = require(account, case.instruments, case.snapshot, case.rulebook)
    assert isinstance(report, MarginReport), report
    return report


def scaled(account: Account, factor: Decimal) -> Account:
    """Everything held, owed and ordered, so many times."""
    return msgspec.structs.replace(
        account,
        positions=tuple(
            msgspec.structs.replace(each, quantity_contracts=each.quantity_contracts * factor)
            for each in account.positions
        ),
        balances=tuple(
            Balance(asset=each.asset, quantity_coin=each.quantity_coin * factor)
            for each in account.balances
        ),
        orders=tuple(
            msgspec.structs.replace(each, quantity_contracts=each.quantity_contracts * factor)
            for each in account.orders
        ),
    )


def test_every_engine_has_a_case() -> None:
    """Of one family or another: accounts and growth are of their own kind."""
    tried: list[Rulebook] = [case.rulebook for case in CASES]
    tried += [engine.rulebook for engine in ON_CHAIN.values()]
    tried += [market.rulebook for market in LENT]
    assert {type(each) for each in tried} == {engine.kind for engine in venues.ENGINES}


@every_engine
@few
@given(data=st.data())
def test_lines_add_up_and_tell_how(case: EngineCase, data: st.DataObject) -> None:
    report = asked(case, drawn(case, data))
    for lines, total in (
        ([line.amount_ccy for line in report.lines], report.requirement_maintenance_ccy),
        ([line.amount_initial_ccy for line in report.lines], report.requirement_initial_ccy),
        ([line.amount_ccy for line in report.equity_lines], report.equity_ccy),
    ):
        assert sum((each for each in lines if each is not None), D(0)) == total
    assert all(line.amount_initial_ccy is not None for line in report.lines)


@every_engine
@few
@given(data=st.data())
def test_initial_is_no_less_than_maintenance(case: EngineCase, data: st.DataObject) -> None:
    report = asked(case, drawn(case, data))
    floor_ccy = report.requirement_maintenance_ccy - case.slack_ccy
    assert report.requirement_initial_ccy >= floor_ccy


@every_engine
@few
@given(data=st.data(), factor=FACTORS)
def test_so_many_times_the_account_needs_at_least_so_many_times_as_much(
    case: EngineCase, data: st.DataObject, factor: Decimal
) -> None:
    held = drawn(case, data)
    one, many = asked(case, held), asked(case, scaled(held, factor))
    slack = case.slack_ccy * factor + abs(one.requirement_initial_ccy) * D("1e-20")
    for small, large in (
        (one.requirement_maintenance_ccy, many.requirement_maintenance_ccy),
        (one.requirement_initial_ccy, many.requirement_initial_ccy),
    ):
        assert large - case.fixed_ccy >= factor * (small - case.fixed_ccy) - slack


@every_engine
@few
@given(data=st.data(), factor=FACTORS)
def test_more_of_the_only_position_never_needs_less(
    case: EngineCase, data: st.DataObject, factor: Decimal
) -> None:
    held = drawn(case, data)
    position = data.draw(st.sampled_from(held.positions))
    more = msgspec.structs.replace(
        position, quantity_contracts=position.quantity_contracts * factor
    )
    one, many = (
        asked(case, msgspec.structs.replace(held, positions=(each,), orders=()))
        for each in (position, more)
    )
    assert many.requirement_maintenance_ccy >= one.requirement_maintenance_ccy - case.slack_ccy
    assert many.requirement_initial_ccy >= one.requirement_initial_ccy - case.slack_ccy


@every_engine
@few
@given(data=st.data(), part=st.decimals("0.01", "0.99", places=2))
def test_a_position_in_two_parts_is_the_same_position(
    case: EngineCase, data: st.DataObject, part: Decimal
) -> None:
    held = drawn(case, data)
    at = data.draw(st.integers(0, len(held.positions) - 1))
    whole = held.positions[at]
    with localcontext(prec=60):
        first = whole.quantity_contracts * part
        parts = [first, whole.quantity_contracts - first]
    split = tuple(msgspec.structs.replace(whole, quantity_contracts=each) for each in parts)
    positions = (*held.positions[:at], *split, *held.positions[at + 1 :])
    one, two = asked(case, held), asked(case, msgspec.structs.replace(held, positions=positions))
    assert_same(case, one, two)


@every_engine
@few
@given(data=st.data())
def test_the_order_of_what_is_held_does_not_matter(case: EngineCase, data: st.DataObject) -> None:
    held = drawn(case, data)
    shuffled = msgspec.structs.replace(
        held,
        positions=tuple(data.draw(st.permutations(held.positions))),
        balances=tuple(data.draw(st.permutations(held.balances))),
        orders=tuple(data.draw(st.permutations(held.orders))),
    )
    assert_same(case, asked(case, held), asked(case, shuffled))


@every_engine
@few
@given(data=st.data())
def test_without_a_price_nothing_is_known(case: EngineCase, data: st.DataObject) -> None:
    """A day later every price is stale."""
    held = drawn(case, data)
    stale = replace(case.snapshot, time_ns=case.snapshot.time_ns + DAY_NS)
    outcome = require(held, case.instruments, stale, case.rulebook)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "stale_data"


@every_engine
@few
@given(data=st.data())
def test_orders_are_margined_or_refused_never_left_out(
    case: EngineCase, data: st.DataObject
) -> None:
    held = drawn(case, data)
    name = data.draw(st.sampled_from(held.positions)).instrument_id
    order = OpenOrder(instrument_id=name, quantity_contracts=D(1), price_ccy=D(1))
    ordered = msgspec.structs.replace(held, orders=(order,))
    outcome = require(ordered, case.instruments, case.snapshot, case.rulebook)
    if venues.ENGINE_OF[type(case.rulebook)].knows_orders:
        assert isinstance(outcome, Failure) or outcome.lines[-1].rule == "open orders"
    else:
        assert isinstance(outcome, Failure)
        assert name in outcome.message


def assert_same(case: EngineCase, one: MarginReport, two: MarginReport) -> None:
    for first, second in (
        (one.requirement_maintenance_ccy, two.requirement_maintenance_ccy),
        (one.requirement_initial_ccy, two.requirement_initial_ccy),
        (one.equity_ccy, two.equity_ccy),
    ):
        assert abs(first - second) <= case.slack_ccy + abs(first) * D("1e-20")
