"""Deltas that move with another coin, and those that do not."""

import pytest

from hedgerow.errors import Failure
from hedgerow.exposure import CrossTable, cross_gammas
from hedgerow.portfolio import book
from tests.builders import account, by_id, index, quanto, quote, snapshot
from tests.rooms.exposure.desk import held, market, now, revalued, row


def crossed(node: str = "desk") -> CrossTable:
    found = cross_gammas(held(), now(), node)
    assert isinstance(found, CrossTable), found
    return found


def test_unlike_coins_do_not_move_each_other_and_that_is_found() -> None:
    """Coin-settled profits, staked coins and loans all move with one coin: exactly zero."""
    table = crossed()
    assert table.coins == ("BTC", "ETH", "USDC")
    assert table.cross_usd_per_pct[0][1] == table.cross_usd_per_pct[1][0] == 0.0


def test_the_diagonal_is_gamma() -> None:
    table = crossed()
    for n, coin in enumerate(table.coins):
        want = row(revalued(held(), now()), f"coin/{coin}").gamma_usd_per_pct
        assert table.cross_usd_per_pct[n][n] == pytest.approx(want, rel=1e-5, abs=1e-6)


def test_what_is_settled_in_a_dollar_coin_moves_with_its_peg() -> None:
    """2.5 perpetuals at 60,000 gain 1 % more when the dollar coin does: 1,500 of delta."""
    table = crossed("desk/binance")
    assert table.coins == ("BTC", "ETH", "USDC")
    by_peg = [line[2] for line in table.cross_usd_per_pct]
    assert by_peg[0] == pytest.approx(2.5 * 60000 / 100, rel=1e-9)
    assert by_peg[1] == pytest.approx((-20 * 3000 - 30 * 3060) / 100, rel=1e-9)


def test_a_quanto_joins_two_coins() -> None:
    """A millionth of a bitcoin per dollar of ether, 50,000 times: 0.05 coins a dollar."""
    terms = quanto()
    of = book([account(positions={terms.instrument_id: (50_000, 2_400)})], by_id(terms))
    at = snapshot(index("ETH", 2500), index("BTC", 60000), quote(terms.instrument_id, 2500))
    found = cross_gammas(of, at, "desk")
    assert isinstance(found, CrossTable)
    (both, there), (back, alone) = found.cross_usd_per_pct
    assert found.coins == ("BTC", "ETH")
    assert both == 0.0
    assert alone == pytest.approx(0.0, abs=1e-9)
    assert there == pytest.approx(0.05 * 2500 * 60000 / 100, rel=1e-9)
    assert back == pytest.approx(there, rel=1e-9)


def test_the_table_is_symmetric() -> None:
    """Derivatives by two coins do not ask which came first."""
    table = crossed()
    assert table.cross_usd_per_pct[0][2] != 0.0
    for i in range(3):
        for j in range(3):
            there, back = table.cross_usd_per_pct[i][j], table.cross_usd_per_pct[j][i]
            assert there == pytest.approx(back, rel=1e-5)


def test_what_is_missing_is_named_and_so_is_a_node_that_is_not_there() -> None:
    events = tuple(e for e in market() if getattr(e, "underlying", "") != "ETH")
    found = cross_gammas(held(), now(*events), "desk")
    assert isinstance(found, CrossTable)
    assert "ETH" not in found.coins
    assert "ETH" in {failure.subject for failure in found.missing}
    assert isinstance(cross_gammas(held(), now(), "desk/x"), Failure)
