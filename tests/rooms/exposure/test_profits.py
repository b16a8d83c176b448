"""Many shocks at once say what one shock after another does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.exposure import aggregate, node_profits
from hedgerow.market import Shock
from hedgerow.portfolio import book
from hedgerow.pricing import value
from tests.builders import (
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    perpetual,
    quote,
    snapshot,
)

CALL, PUT = option(1100, "call"), option(900, "put")
TERMS = by_id(CALL, PUT, perpetual("BTC"), inverse("BTC"), perpetual("ETH"))
NOW = snapshot(
    index("BTC", 1000),
    index("ETH", 100),
    quote("BTC-PERP", 1001),
    quote("ETH-PERP", 100),
    quote(inverse("BTC").instrument_id, 1002),
    option_quote(CALL, 1010, 0.6),
    option_quote(PUT, 1010, 0.7),
)
BOOK = book(
    (
        account(
            "one",
            venue="deribit",
            positions={
                CALL.instrument_id: -3,
                PUT.instrument_id: 5,
                inverse("BTC").instrument_id: (7, 990),
            },
            balances={"BTC": 2},
        ),
        account(
            "two",
            venue="binance",
            positions={"BTC-PERP": (4, 950), "ETH-PERP": (-30, 110)},
            balances={"USDC": 500},
        ),
    ),
    TERMS,
)
BASE = aggregate(BOOK, value(BOOK, NOW), NOW)
NODES = [row.node for row in BASE.rows]


@given(
    btc=st.floats(0.3, 3.0),
    eth=st.floats(0.3, 3.0),
    vol=st.floats(0.2, 3.0),
    shift=st.floats(-0.9, 2.0),
    basis=st.floats(0.9, 1.1),
    days=st.sampled_from([0, 0, 0, 3, 200]),
)
def test_every_node_gains_what_the_tree_says(
    btc: float, eth: float, vol: float, shift: float, basis: float, days: int
) -> None:
    shock = Shock(
        spot_factor_frac={"BTC": btc, "ETH": eth},
        vol_factor_frac=vol,
        vol_shift_frac=shift,
        basis_factor_frac={"BTC": basis},
        time_forward_ns=days * 86_400 * 10**9,
    )
    found = node_profits(BOOK, NOW, [Shock(), shock], NODES)
    shocked = NOW.shocked(shock)
    then = aggregate(BOOK, value(BOOK, shocked), shocked)
    after = {row.node: row for row in then.rows}
    assert found.profit_usd[0] == pytest.approx(np.zeros(len(NODES)), abs=1e-9)
    for row, gained, missing in zip(BASE.rows, found.profit_usd[1], found.missing, strict=True):
        there = after.get(row.node)
        worth = 0.0 if there is None else there.value_usd
        assert gained == pytest.approx(worth - row.value_usd, rel=1e-9, abs=1e-6), row.node
        assert missing == ()


def test_what_has_no_price_is_named_at_every_node_above_it_and_left_out() -> None:
    """The put is not quoted: its account and its coin are incomplete, the other account is not."""
    blind = snapshot(
        index("BTC", 1000),
        index("ETH", 100),
        quote("BTC-PERP", 1001),
        quote("ETH-PERP", 100),
        quote(inverse("BTC").instrument_id, 1002),
        option_quote(CALL, 1010, 0.6),
    )
    nodes = ["desk", "desk/deribit/one", "desk/binance/two", "coin/BTC", "coin/ETH"]
    fall = Shock(spot_factor_frac={"BTC": 0.8, "ETH": 0.8})
    found = node_profits(BOOK, blind, [fall], nodes)
    named = [{failure.subject for failure in each} for each in found.missing]
    put = {PUT.instrument_id}
    assert named == [put, put, set(), put, set()]
    assert found.profit_usd[0, 2] == pytest.approx(4 * -200.2 + 30 * 20)


def test_no_shock_is_no_row() -> None:
    """A desk without a limit on losses asks for none, and may hold options all the same."""
    found = node_profits(BOOK, NOW, [], ["desk", "coin/BTC"])
    assert found.profit_usd.shape == (0, 2)
    assert found.missing == ((), ())
