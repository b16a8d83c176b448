"""Every liquidation price that venues and their peers print, as the root of the whole account.

Venues freeze all but one mark. Where a printed formula takes the requirement at the entry, or other
positions as they stand, these are cash that is not there.
"""

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook
from hedgerow.portfolio import Account
from hedgerow.solvency import Direction, Frontier, frontier
from tests.builders import account, by_id, inverse, perpetual, quote, snapshot, tiered_rulebook
from tests.golden.read import cases
from tests.rooms.margin.made_brackets import brackets, closing_rulebook, coin_rulebook

D = Decimal


def price_of(held: Account, terms: Instrument, start: float, rules: Rulebook, side: int) -> float:
    """The one root along the mark, from a present price at which the account is solvent."""
    name = terms.instrument_id
    along = Direction(kind="mark", beta_frac={name: 1.0})
    found = frontier(held, by_id(terms), snapshot(quote(name, start)), rules, along)
    assert isinstance(found, Frontier), found
    move = found.down if side > 0 else found.up
    assert move is not None
    return start * (1.0 + move)


def listed(suite: str, kind: str, *prefixes: str) -> list[Any]:
    chosen = [one for one in cases(suite, kind) if one["id"].startswith(prefixes)]
    assert chosen
    return [pytest.param(one, id=one["id"]) for one in chosen]


def agrees(sample: dict[str, Any], price: float, name: str = "liquidation_price") -> None:
    allowed = {kind: float(size) for kind, size in sample["tolerance"].items()}
    wanted = float(sample["then"][name])
    assert abs(price - wanted) <= allowed.get("abs", allowed.get("rel", 0.0) * wanted)


def second_tier(given: dict[str, Any], coin: str) -> Rulebook:
    """A table whose second tier has the case's rate and deduction."""
    rate, cum = D(given["mmr"]), D(given["cum"])
    return tiered_rulebook([(0, 0), (cum / rate, rate)], (coin,))


@pytest.mark.parametrize("sample", listed("binance/venue_cases", "liquidation_price", "binance-"))
def test_binance(sample: dict[str, Any]) -> None:
    given = sample["given"]
    coin = given.get("symbol", "BTCUSDT").removesuffix("USDT")
    side, size = int(given["side"]), D(given["position"])
    wallet = D(given.get("isolated_margin", given.get("wallet_balance", 0)))
    wallet += D(given.get("upnl_other", 0)) - D(given.get("tmm_other", 0))
    held = account(
        positions={f"{coin}-PERP": (side * size, given["entry_price"])}, balances={"USDC": wallet}
    )
    rules = second_tier(given, coin)
    agrees(sample, price_of(held, perpetual(coin), float(given["entry_price"]), rules, side))


@pytest.mark.parametrize("sample", listed("bybit/venue_cases", "liquidation_price", "bybit-"))
def test_bybit_isolated(sample: dict[str, Any]) -> None:
    given = sample["given"]
    side, size, entry = int(given["side"]), D(given["position"]), D(given["entry_price"])
    initial = size * entry / D(given["leverage"])
    maintenance = size * entry * D(given["mmr"]) - D(given["deduction"])
    held = account(
        positions={"BTC-PERP": (side * size, entry)},
        balances={"USDC": initial - maintenance + D(given["extra_margin"])},
    )
    agrees(sample, price_of(held, perpetual(), float(entry), tiered_rulebook([(0, 0)]), side))


@pytest.mark.parametrize(
    "sample", listed("bybit/venue_cases", "inverse_cross_liquidation_price", "bybit-")
)
def test_bybit_inverse_cross(sample: dict[str, Any]) -> None:
    given = sample["given"]
    dollars, entry = D(given["contracts_usd"]), D(given["entry_price"])
    balance = D(given["balance_coin"]) - D(given["order_margin"])
    fee = D(given["taker_fee"])
    bankruptcy = (1 + fee) * dollars / (dollars / entry + balance)
    needed = dollars / entry * D(given["mmr"]) + dollars * fee / bankruptcy
    side = int(given["side"])
    held = account(
        currency="BTC",
        positions={"BTC-PERPETUAL": (side * dollars, entry)},
        balances={"BTC": balance - needed},
    )
    rules = coin_rulebook(BTC=brackets((0, 0, "0.01")))
    agrees(sample, price_of(held, inverse(), float(entry), rules, side))


@pytest.mark.parametrize("sample", listed("okx/venue_cases", "liquidation_price", "gate-", "okx-"))
def test_gate_and_okx_isolated(sample: dict[str, Any]) -> None:
    given = sample["given"]
    side = int(given["side"])
    held = account(
        positions={"BTC-PERP": (side * D(given["position"]), given["entry_price"])},
        balances={"USDC": given["isolated_margin"]},
    )
    table = brackets((0, given["mmr"], given["mmr"]))
    rules = closing_rulebook(given["taker_fee"], {"BTC/USDC": table})
    agrees(sample, price_of(held, perpetual(), float(given["entry_price"]), rules, side))


@pytest.mark.parametrize("sample", listed("hyperliquid/venue_cases", "liquidation_price", "hl-"))
def test_hyperliquid_isolated(sample: dict[str, Any]) -> None:
    given = sample["given"]
    side, size, mark = int(given["side"]), D(given["szi"]), D(given["mark"])
    held = account(
        positions={"ETH-PERP": (side * size, mark)}, balances={"USDC": given["isolated_margin"]}
    )
    rules = tiered_rulebook([(0, given["maintenance_rate"])], ("ETH",))
    agrees(sample, price_of(held, perpetual("ETH"), float(mark), rules, side))


@pytest.mark.parametrize(
    "sample", listed("hyperliquid/protocol_cases", "liquidation_price_isolated", "liq_")
)
def test_hyperliquid_by_its_formula(sample: dict[str, Any]) -> None:
    given = sample["given"]
    side, mark = (1 if given["side"] == "long" else -1), D(given["mark_price"])
    held = account(
        positions={"BTC-PERP": (side * D(given["size"]), mark)},
        balances={"USDC": given["isolated_margin_equity"]},
    )
    rules = tiered_rulebook([(0, 1 / D(given["maintenance_leverage"]))])
    agrees(sample, price_of(held, perpetual(), float(mark), rules, side), "value")
