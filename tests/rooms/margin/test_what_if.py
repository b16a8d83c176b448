"""Legs are booked on a copy at their own price; the requirement is that of what they make."""

from decimal import Decimal
from math import erf, sqrt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.margin import Leg, MarginReport, mark_ccy, require, what_if, with_legs
from tests.builders import (
    account,
    by_id,
    debt,
    index,
    inverse,
    option,
    option_quote,
    perpetual,
    quote,
    scan_rulebook,
    snapshot,
    tiered_rulebook,
)

D = Decimal
PUT = option(75_000, "put")
LINEAR = option(75_000, "put", settlement="USDC")
TERMS = by_id(inverse(), perpetual(), PUT, LINEAR, debt("USDC"))
MARKET = snapshot(
    index("BTC", 80_000),
    quote("BTC-PERPETUAL", 80_000),
    quote("BTC-PERP", 80_000),
    option_quote(PUT, 80_000, 0.6),
)
BOTH = account(positions={"BTC-PERP": (1, 80_000)})
BOTH = msgspec.structs.replace(
    BOTH, positions=(*BOTH.positions, *account(positions={"BTC-PERP": (-1, 80_000)}).positions)
)
TIERS = tiered_rulebook([(0, "0.004"), (50_000, "0.005")])


def leg(name: str, quantity: object, price: object) -> Leg:
    return Leg(instrument_id=name, quantity_contracts=D(str(quantity)), price_ccy=D(str(price)))


def report(found: object) -> MarginReport:
    assert isinstance(found, MarginReport), found
    return found


def test_a_perpetual_at_the_mark_changes_the_requirement_and_not_equity() -> None:
    """2 coins at 80,000: 160,000 x 0.005 - 50 = 750; five are 400,000 x 0.005 - 50 = 1,950."""
    held = account(positions={"BTC-PERP": (2, 70_000)}, balances={"USDC": 10_000})
    before = report(require(held, TERMS, MARKET, TIERS))
    after = report(what_if(held, [leg("BTC-PERP", 3, 80_000)], TERMS, MARKET, TIERS))
    assert before.requirement_maintenance_ccy == 750
    assert after.requirement_maintenance_ccy == 1950
    assert before.equity_ccy == after.equity_ccy == 30_000
    assert held.positions[0].quantity_contracts == 2


def test_a_leg_away_from_the_mark_gains_or_loses_at_once() -> None:
    held = account(balances={"USDC": 10_000})
    dear = report(what_if(held, [leg("BTC-PERP", 1, 81_000)], TERMS, MARKET, TIERS))
    assert dear.equity_ccy == 9_000
    sold = report(what_if(held, [leg("BTC-PERP", -1, 81_000)], TERMS, MARKET, TIERS))
    assert sold.equity_ccy == 11_000


def test_a_mark_is_what_a_leg_neither_gains_nor_loses_at() -> None:
    """An option at the money is worth F (2 N(vol √T / 2) - 1); in coin that over F."""
    at_money = option(80_000, "put")
    now = snapshot(quote("BTC-PERP", 81_000), option_quote(at_money, 80_000, 0.6))
    assert mark_ccy(perpetual(), now) == 81_000
    years = (at_money.expiry_ns - now.time_ns) / (365 * 86_400 * 10**9)
    worth = erf(0.6 * sqrt(years) / 2 / sqrt(2))
    assert mark_ccy(at_money, now) == pytest.approx(worth, rel=1e-12)
    linear = option(80_000, "put", settlement="USDC")
    now = snapshot(option_quote(linear, 80_000, 0.6))
    assert mark_ccy(linear, now) == pytest.approx(80_000 * worth, rel=1e-12)
    assert isinstance(mark_ccy(perpetual(), now), Failure)
    assert isinstance(mark_ccy(option(70_000, "put"), now), Failure)


def test_inverse_contracts_gain_in_coin() -> None:
    """8,000 dollars from 40,000 to 80,000: 8000 x (1/40000 - 1/80000) = 0.1 coin."""
    held = account(
        currency="BTC", positions={"BTC-PERPETUAL": (8_000, 40_000)}, balances={"BTC": 1}
    )
    flat = with_legs(held, [leg("BTC-PERPETUAL", -8_000, 80_000)], TERMS)
    assert flat.positions == ()
    assert flat.balance_coin("BTC") == D("1.1")


def test_an_option_is_paid_for_in_what_it_settles_in() -> None:
    held = account(currency="BTC", balances={"BTC": 1, "USDC": 5_000})
    coin = with_legs(held, [leg(PUT.instrument_id, -2, "0.03")], TERMS)
    assert coin.balance_coin("BTC") == D("1.06")
    assert coin.quantity_contracts(PUT.instrument_id) == -2
    dollars = with_legs(held, [leg(LINEAR.instrument_id, 2, 1_500)], TERMS)
    assert dollars.balance_coin("USDC") == 2_000
    assert dollars.balance_coin("BTC") == 1
    # Bought and sold again at one price, nothing is left of it.
    both = [leg(PUT.instrument_id, 1, "0.03"), leg(PUT.instrument_id, -1, "0.03")]
    assert with_legs(held, both, TERMS).balance_coin("BTC") == 1
    assert with_legs(held, both, TERMS).positions == ()


QUANTITIES = st.integers(-50, 50).filter(bool)


@given(first=QUANTITIES, second=QUANTITIES, price=st.integers(70_000, 90_000))
def test_two_legs_at_one_price_are_one(first: int, second: int, price: int) -> None:
    held = account(positions={"BTC-PERP": (3, 75_000)}, balances={"USDC": 10**6})
    parts = [leg("BTC-PERP", first, price), leg("BTC-PERP", second, price)]
    apart = report(what_if(held, parts, TERMS, MARKET, TIERS))
    whole = [leg("BTC-PERP", first + second, price)] if first + second else []
    together = report(what_if(held, whole, TERMS, MARKET, TIERS))
    assert apart.equity_ccy == together.equity_ccy
    assert apart.requirement_maintenance_ccy == together.requirement_maintenance_ccy


@given(quantity=st.integers(1, 200))
def test_more_of_a_lone_short_never_needs_less(quantity: int) -> None:
    held = account(currency="BTC", balances={"BTC": 100})
    needs = [
        report(
            what_if(held, [leg(PUT.instrument_id, -n, "0.02")], TERMS, MARKET, scan_rulebook())
        ).requirement_maintenance_ccy
        for n in (quantity, quantity + 1)
    ]
    assert needs[0] <= needs[1]


def test_two_positions_of_one_side_are_one_when_a_leg_joins_them() -> None:
    once = account(positions={"BTC-PERP": (1, 80_000)})
    twice = msgspec.structs.replace(once, positions=2 * once.positions)
    assert with_legs(twice, [leg("BTC-PERP", -2, 80_000)], TERMS).positions == ()


def test_what_cannot_be_added_is_refused() -> None:
    held = account(positions={"BTC-PERP": 1})
    with pytest.raises(OutOfDomain, match="without an entry price"):
        with_legs(held, [leg("BTC-PERP", 1, 80_000)], TERMS)
    with pytest.raises(OutOfDomain, match="holds both sides of BTC-PERP, and which of them a"):
        with_legs(BOTH, [leg("BTC-PERP", 1, 80_000)], TERMS)
    with pytest.raises(OutOfDomain, match="ETH-PERP has no terms"):
        with_legs(held, [leg("ETH-PERP", 1, 80_000)], TERMS)
    with pytest.raises(OutOfDomain, match="neither option, future nor perpetual"):
        with_legs(held, [leg("debt:USDC", -1, 1)], TERMS)


@pytest.mark.parametrize(
    ("quantity", "price", "told"),
    [("0", "1", "quantity"), ("nan", "1", "quantity"), ("1", "0", "price"), ("1", "-1", "price"),
     ("1", "inf", "price"), ("1", "nan", "price")],
)  # fmt: skip
def test_a_leg_of_nothing_or_for_nothing_is_refused(quantity: str, price: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"the {told} must be"):
        leg("BTC-PERP", quantity, price)


def test_a_leg_without_a_market_is_a_failure() -> None:
    lonely = snapshot(index("BTC", 80_000))
    found = what_if(account(), [leg("BTC-PERP", 1, 80_000)], TERMS, lonely, TIERS)
    assert isinstance(found, Failure)
    assert "no quote for BTC-PERP" in found.message
