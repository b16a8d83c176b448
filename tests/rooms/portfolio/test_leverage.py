"""Which holdings a venue may call for: told from the kind of each and the side it is held."""

from decimal import Decimal

import pytest

from hedgerow.instruments import (
    ConstantProductShare,
    Instrument,
    LinearFuture,
    Spot,
    StakedCoin,
    VaultShare,
)
from hedgerow.portfolio import has_leverage
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    inverse,
    inverse_future,
    linear_future,
    option,
    perpetual,
    power,
    quanto,
    quanto_future,
    supply,
)

LATER_NS = T0_NS + 10**15
EITHER_WAY: tuple[Instrument, ...] = (
    perpetual(),
    inverse(),
    linear_future("LF", LATER_NS),
    inverse_future("IF", LATER_NS),
    quanto(),
    quanto_future("QF", LATER_NS),
)
PAID_FOR: tuple[Instrument, ...] = (
    option(70_000, "put"),
    power(),
    supply("ETH"),
    StakedCoin(instrument_id="wstETH", asset="wstETH", base="ETH"),
    VaultShare(instrument_id="vault", vault="v", asset="USDC"),
    ConstantProductShare(instrument_id="pool", underlying="ETH", settlement="USDC"),
    Spot(instrument_id="spot:BTC", asset="BTC"),
)


@pytest.mark.parametrize("terms", EITHER_WAY, ids=lambda terms: type(terms).__name__)
@pytest.mark.parametrize("quantity", ["0.001", "-2"])
def test_perpetuals_and_futures_are_leverage_either_way(terms: Instrument, quantity: str) -> None:
    held = account(positions={terms.instrument_id: Decimal(quantity)}, balances={"USDC": 10**9})
    assert has_leverage(held, by_id(terms))


@pytest.mark.parametrize("terms", PAID_FOR, ids=lambda terms: type(terms).__name__)
def test_what_is_paid_for_is_none_and_is_when_held_short(terms: Instrument) -> None:
    for quantity, found in (("3", False), ("-3", True)):
        held = account(positions={terms.instrument_id: Decimal(quantity)})
        assert has_leverage(held, by_id(terms)) == found


def test_a_debt_is_and_so_is_one_leg_among_many() -> None:
    owed = account(positions={supply("ETH").instrument_id: 5, debt("USDC").instrument_id: -1})
    assert has_leverage(owed, by_id(supply("ETH"), debt("USDC")))


def test_coins_are_none() -> None:
    assert not has_leverage(account(), {})
    assert not has_leverage(account(balances={"USDC": 5, "BTC": 0}), {})


def test_nothing_of_a_perpetual_is_nothing_and_unknown_terms_are_no_safe_ones() -> None:
    future: LinearFuture = linear_future("LF", LATER_NS)
    assert not has_leverage(account(positions={"LF": 0}), by_id(future))
    assert has_leverage(account(positions={"LF": 1}), {})
