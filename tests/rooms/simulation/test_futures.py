from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import DeskRejected
from hedgerow.portfolio import Account
from hedgerow.pricing import unit_ccy
from hedgerow.simulation.futures import entry_ccy, filled, funded, price_average_usd
from tests.builders import quanto
from tests.rooms.simulation.desk import INVERSE, PERP, account, levels, perp


def entry(changed: Account) -> Decimal | None:
    return changed.positions[0].price_entry_ccy


def test_adding_averages_the_entry() -> None:
    change = filled(perp("0", "2", "100000"), PERP, Decimal(1), Decimal(103000))
    assert change.account.quantity_contracts("BTC-PERP") == Decimal(3)
    assert entry(change.account) == Decimal(101000)  # (2·100000 + 1·103000) / 3
    assert change.flows == ()


def test_reducing_realises_profit_and_keeps_the_entry() -> None:
    change = filled(perp("1000", "2", "100000"), PERP, Decimal("-0.5"), Decimal(104000))
    assert change.account.quantity_contracts("BTC-PERP") == Decimal("1.5")
    assert entry(change.account) == Decimal(100000)
    assert change.account.balance_coin("USDC") == Decimal(3000)  # 1000 + 0.5·4000


def test_a_short_earns_when_it_buys_back_lower() -> None:
    change = filled(perp("0", "-2", "100000"), PERP, Decimal(2), Decimal(99000))
    assert change.account.positions == ()
    assert change.account.balance_coin("USDC") == Decimal(2000)


def test_crossing_zero_realises_the_old_and_enters_the_rest_anew() -> None:
    change = filled(perp("0", "1", "100000"), PERP, Decimal(-3), Decimal(98000))
    assert change.account.quantity_contracts("BTC-PERP") == Decimal(-2)
    assert entry(change.account) == Decimal(98000)
    assert change.account.balance_coin("USDC") == Decimal(-2000)


def test_inverse_contracts_profit_in_coin_and_average_harmonically() -> None:
    long = account("a", "scan", "BTC", {}, [("BTC-INVERSE", "1000", "50000")])  # 10,000 USD
    closed = filled(long, INVERSE, Decimal(-1000), Decimal(40000))
    # 10000 · (1/50000 - 1/40000) = -0.05 BTC
    assert closed.account.balance_coin("BTC") == Decimal("-0.05")
    added = filled(long, INVERSE, Decimal(1000), Decimal(25000))
    # 20,000 USD over 0.2 + 0.4 BTC
    assert entry(added.account) == pytest.approx(
        Decimal("33333.33333333333333333333333"), abs=Decimal("1e-18")
    )
    assert price_average_usd(INVERSE, levels(("50000", "1"), ("25000", "1"))) == pytest.approx(
        Decimal("33333.33333333333333333333333"), abs=Decimal("1e-18")
    )


@pytest.mark.parametrize(
    ("quantity", "rate", "received"),
    [
        ("2", "0.0001", "-20"),  # longs pay when positive: 2 · 100000 · 0.0001
        ("-2", "0.0001", "20"),
        ("2", "-0.0001", "20"),
        ("-2", "-0.0001", "-20"),
        ("2", "0", "0"),
    ],
)
def test_funding(quantity: str, rate: str, received: str) -> None:
    held = perp("0", quantity, "90000")
    change = funded(held, PERP, Decimal(quantity), Decimal(rate), Decimal(100000))
    assert change.account.balance_coin("USDC") == Decimal(received)


def test_a_quanto_profits_and_pays_in_its_settlement_coin() -> None:
    terms = quanto()  # a millionth of a bitcoin per dollar of ether
    held = account("a", "scan", "BTC", {}, [("ETH-QUANTO", "1000", "2000")])
    added = filled(held, terms, Decimal(3000), Decimal(2400))
    assert entry(added.account) == Decimal(2300)  # linear: the plain average
    closed = filled(held, terms, Decimal(-1000), Decimal(2500))
    assert closed.account.balance_coin("BTC") == Decimal("0.5")
    change = funded(held, terms, Decimal(1000), Decimal("0.001"), Decimal(2500))
    assert change.account.balance_coin("BTC") == Decimal("-0.0025")  # 2.5 bitcoin of notional
    assert price_average_usd(terms, levels(("2000", "1"), ("2500", "1"))) == Decimal(2250)


def test_funding_of_an_inverse_contract_is_in_coin() -> None:
    long = account("a", "scan", "BTC", {}, [("BTC-INVERSE", "1000", "50000")])
    change = funded(long, INVERSE, Decimal(1000), Decimal("0.001"), Decimal(40000))
    assert change.account.balance_coin("BTC") == Decimal("-0.00025")  # 10000 / 40000 · 0.001


def test_a_future_without_an_entry_is_refused() -> None:
    with pytest.raises(DeskRejected, match="without an entry price"):
        entry_ccy(account("a", "tiered", "USDC", {}, [("BTC-PERP", "1", None)]), "BTC-PERP")


prices = st.integers(50_000, 150_000).map(Decimal)
lots = st.integers(-3000, 3000).filter(bool).map(lambda n: Decimal(n) / 1000)


@given(st.lists(st.tuples(lots, prices), min_size=1, max_size=12), prices)
def test_equity_is_what_the_fills_paid_however_they_are_averaged(
    fills: list[tuple[Decimal, Decimal]], last: Decimal
) -> None:
    """Balance plus unrealised profit = Σ quantity · (last - price), to a cash step per fill."""
    held = perp("0")
    for quantity, price in fills:
        held = filled(held, PERP, quantity, price).account
    unrealised = sum(
        (
            p.quantity_contracts
            * (unit_ccy(PERP, last) - unit_ccy(PERP, p.price_entry_ccy or Decimal(1)))
            for p in held.positions
        ),
        Decimal(0),
    )
    worth = sum((quantity * (last - price) for quantity, price in fills), Decimal(0))
    assert abs(held.balance_coin("USDC") + unrealised - worth) <= len(fills) * Decimal("1e-8")
