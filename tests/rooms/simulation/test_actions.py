from decimal import Decimal
from math import erf, sqrt

import msgspec
import pytest

from hedgerow.execution import Receipt
from hedgerow.simulation.actions import ActionLog, cost_usd
from hedgerow.units import HOUR_NS, YEAR_NS
from tests.rooms.simulation.desk import (
    CALL,
    INSTRUMENTS,
    T0,
    chain,
    market,
    order,
    snapshot,
    transfer,
)

FILLED = Receipt(
    client_id="o1",
    time_ns=T0,
    status="filled",
    filled_contracts=Decimal(-2),
    price_average_usd=Decimal(99_900),
    fee_ccy=Decimal(50),
    currency="USDC",
)
SENT = Receipt(
    client_id="t1",
    time_ns=T0,
    status="acknowledged",
    fee_ccy=Decimal(4),
    currency="USDC",
    message="on its way",
)


def test_an_order_costs_its_fee_and_what_it_gave_up_against_the_mark() -> None:
    now = snapshot(*market())
    # sold 2 at 100 below the mark, and a fee of 50
    assert cost_usd(order("-2", "99000"), FILLED, INSTRUMENTS, now) == pytest.approx(250.0)
    better = msgspec.structs.replace(FILLED, price_average_usd=Decimal(100_100))
    assert cost_usd(order("-2", "99000"), better, INSTRUMENTS, now) == pytest.approx(-150.0)


def test_a_transfer_costs_its_fee_and_a_rejected_leg_nothing() -> None:
    now = snapshot(*market())
    assert cost_usd(transfer("100"), SENT, INSTRUMENTS, now) == pytest.approx(4.0)
    in_btc = msgspec.structs.replace(SENT, fee_ccy=Decimal("0.001"), currency="BTC")
    assert cost_usd(transfer("1"), in_btc, INSTRUMENTS, now) == pytest.approx(100.0)
    rejected = msgspec.structs.replace(SENT, status="rejected")
    assert cost_usd(transfer("100"), rejected, INSTRUMENTS, now) == 0.0


def test_an_option_costs_its_fee_and_what_it_gave_up_against_its_mark() -> None:
    """Eight hours at the money and 50 %: its mark is erf(0.5 sqrt(years) / sqrt 8) of the coin."""
    mark = erf(0.5 * sqrt(8 * HOUR_NS / YEAR_NS) / sqrt(8))
    filled = msgspec.structs.replace(
        FILLED,
        filled_contracts=Decimal(2),
        price_average_usd=Decimal(repr(mark * 100_000 + 30)),
        fee_ccy=Decimal("0.0006"),
        currency="BTC",
    )
    bought = order("2", "1000", instrument=CALL.instrument_id)
    now = snapshot(*market(), *chain())
    assert cost_usd(bought, filled, INSTRUMENTS, now) == pytest.approx(2 * 30 + 60)
    assert cost_usd(bought, filled, INSTRUMENTS, snapshot(*market())) == 0.0  # what it expected


def test_without_a_price_the_plans_own_figure_is_reported() -> None:
    leg = msgspec.structs.replace(order("-2", "99000"), cost_expected_usd=77.0)
    assert cost_usd(leg, FILLED, INSTRUMENTS, snapshot(time_ns=T0)) == 77.0


def test_a_leg_is_one_action_whose_status_moves_on_and_whose_cost_counts_once() -> None:
    log, now = ActionLog(INSTRUMENTS), snapshot(*market())
    log.planned(transfer("100"))
    log.told(SENT, now)
    log.told(SENT, now)
    (action,) = log.actions()
    assert (action.status, action.done_contracts_or_coin) == ("acknowledged", Decimal(0))
    log.told(msgspec.structs.replace(SENT, status="credited", message="", time_ns=T0 + 9), now)
    (action,) = log.actions()
    assert (action.status, action.done_contracts_or_coin) == ("credited", Decimal(100))
    assert action.message == "on its way"
    assert action.time_ns == T0
    assert action.cost_usd == pytest.approx(4.0)


def test_a_leg_nobody_planned_is_not_reported() -> None:
    log = ActionLog(INSTRUMENTS)
    log.told(SENT, snapshot(*market()))
    assert log.actions() == ()


def test_the_refusal_of_a_repeated_id_leaves_the_live_action_alone() -> None:
    log, now = ActionLog(INSTRUMENTS), snapshot(*market())
    first, again = transfer("100"), transfer("250")
    log.planned(first)
    log.told(SENT, now)
    refused = Receipt(client_id="t1", time_ns=T0 + 5, status="rejected", message="another already")
    log.told(refused, now)  # of the same leg: it is under way all the same
    log.planned(again)
    log.told(refused, now)
    log.told(msgspec.structs.replace(SENT, status="credited", message=""), now)
    assert [(a.leg, a.status, a.done_contracts_or_coin) for a in log.actions()] == [
        (first, "credited", Decimal(100)),
        (again, "rejected", Decimal(0)),
    ]


def test_a_leg_whose_fate_was_unknown_may_turn_out_rejected() -> None:
    log, now = ActionLog(INSTRUMENTS), snapshot(*market())
    log.planned(transfer("100"))
    log.told(Receipt(client_id="t1", time_ns=T0, status="unknown"), now)
    log.told(Receipt(client_id="t1", time_ns=T0, status="rejected", message="never seen"), now)
    assert [action.status for action in log.actions()] == ["rejected"]
