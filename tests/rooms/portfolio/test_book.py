"""A book holds each instrument once, each account once, and nothing that nobody described."""

from decimal import Decimal

import numpy as np
import pytest

from hedgerow.errors import MarketRejected
from hedgerow.portfolio import book
from tests.builders import account, by_id, option, perpetual, resting

BTC, ETH = perpetual("BTC"), perpetual("ETH")


def test_distinct_instruments_and_sparse_holdings() -> None:
    one = account("one", positions={"BTC-PERP": (2, 50000), "ETH-PERP": (-1, 3000)})
    two = account("two", positions={"BTC-PERP": ("-0.5", 60000)}, balances={"USDC": 100, "BTC": 1})
    got = book([one, two], by_id(BTC, ETH))
    names = [terms.instrument_id for terms in got.instruments]
    assert names == ["BTC-PERP", "ETH-PERP", "spot:USDC", "spot:BTC"]
    assert list(got.holding_account_index) == [0, 0, 1, 1, 1]
    assert list(got.holding_instrument_index) == [0, 1, 0, 2, 3]
    assert list(got.holding_quantity_contracts) == [2.0, -1.0, -0.5, 100.0, 1.0]
    assert list(got.holding_entry_ccy) == [50000.0, 3000.0, 60000.0, 0.0, 0.0]
    assert got.account("two") is two
    assert got.instrument("ETH-PERP") is ETH


def test_what_only_rests_has_terms_and_is_no_holding() -> None:
    orders = (resting("ETH-PERP", 1, 3000), resting("BTC-PERP", 1, 50000))
    got = book([account(positions={"BTC-PERP": 1}, orders=orders)], by_id(BTC, ETH))
    assert got.instruments == (BTC,)
    assert got.instruments_ordered == (ETH,)
    assert got.terms == {"BTC-PERP": BTC, "ETH-PERP": ETH}
    assert list(got.holding_instrument_index) == [0]


def test_its_columns_are_locked() -> None:
    got = book([account(positions={"BTC-PERP": (1, 1)})], by_id(BTC))
    for name in (
        "holding_account_index",
        "holding_instrument_index",
        "holding_quantity_contracts",
        "holding_entry_ccy",
    ):
        column: np.ndarray[tuple[int], np.dtype[np.float64]] = getattr(got, name)
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 7


def test_a_position_nobody_described_is_refused() -> None:
    with pytest.raises(MarketRejected, match="main holds ETH-PERP, whose terms nobody described"):
        book([account(positions={"ETH-PERP": 1})], by_id(BTC))


def test_two_accounts_of_one_name_are_refused_even_on_two_venues() -> None:
    """Plans and routes name an account by its id alone."""
    with pytest.raises(MarketRejected, match="two accounts are called main"):
        book([account(venue="a"), account(venue="b")], {})


def test_an_unknown_name_is_a_key_error() -> None:
    got = book([account()], {})
    with pytest.raises(KeyError, match="no account 'other'"):
        got.account("other")
    with pytest.raises(KeyError, match="no instrument 'BTC-PERP'"):
        got.instrument("BTC-PERP")


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity"])
def test_quantities_are_finite(bad: str) -> None:
    with pytest.raises(ValueError, match="X: quantity_contracts must be finite"):
        account(positions={"X": bad})
    with pytest.raises(ValueError, match="BTC: quantity_coin must be finite"):
        account(balances={"BTC": bad})


@pytest.mark.parametrize("bad", ["0", "-1", "NaN", "Infinity"])
def test_an_entry_price_is_positive(bad: str) -> None:
    with pytest.raises(ValueError, match="X: price_entry_ccy must be positive"):
        account(positions={"X": (1, bad)})


def test_what_an_account_holds_of_one_thing() -> None:
    held = account(positions={"X": "1.5"}, balances={"USDC": "0.1"})
    assert held.balance_coin("USDC") == Decimal("0.1")
    assert held.balance_coin("BTC") == 0
    assert held.quantity_contracts("X") == Decimal("1.5")
    assert held.quantity_contracts(option(1, "put").instrument_id) == 0


def test_no_name_of_a_node_holds_a_slash() -> None:
    """``desk/VENUE/a/b`` would be coin ``b`` of account ``a``."""
    with pytest.raises(MarketRejected, match="account a/b: a slash parts nodes"):
        book([account("a/b")], {})
    with pytest.raises(MarketRejected, match="venue v/w: a slash parts nodes"):
        book([account("one", venue="v/w")], {})
