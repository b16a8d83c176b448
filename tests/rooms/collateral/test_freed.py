"""What other modes and venues would free, as the engines themselves say of whole accounts."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.collateral import Freed, freed
from hedgerow.errors import Failure
from hedgerow.limits import survey
from hedgerow.margin import MarginReport, Rulebook, decode_rulebook, require
from hedgerow.portfolio import Account, book
from tests.builders import (
    account,
    by_id,
    index,
    inverse,
    packaged,
    perpetual,
    quote,
    snapshot,
    tiered_rulebook,
)

D = Decimal
TERMS = by_id(perpetual())
NOW = snapshot(index("BTC", 1000), index("USDC", 1), quote("BTC-PERP", 1000))
DEAR = tiered_rulebook([(0, "0.05")])
CHEAP = tiered_rulebook([(0, "0.01")])


def perps(name: str, rulebook: str, contracts: float, entry: float = 900) -> Account:
    positions = {"BTC-PERP": (contracts, entry)} if contracts else {}
    return account(
        name, venue="binance", rulebook=rulebook, positions=positions, balances={"USDC": 1_000}
    )


def test_a_position_moved_frees_the_difference_of_both_requirements() -> None:
    """Two coins at 1000 ask for 200 initially where they are and for 40 at the other account."""
    rules: dict[str, Rulebook] = {"dear": DEAR, "cheap": CHEAP}
    state = survey(book([perps("a", "dear", 2), perps("b", "cheap", 0)], TERMS), NOW, rules, ())
    (found,) = freed(state, rules)
    assert isinstance(found, Freed)
    assert (found.how, found.account_id, found.target) == ("move", "a", "b")
    assert found.instrument_id == "BTC-PERP"
    assert (found.initial_before_usd, found.initial_after_usd) == (D(200), D(40))
    assert found.freed_usd == 160
    # The fee that closing takes is part of neither account's equity: it stands beside.
    fee = DEAR.fee_taker_frac + CHEAP.fee_taker_frac
    assert found.fees_usd == 2_000 * fee


def test_positions_that_offset_each_other_free_both_requirements() -> None:
    rules: dict[str, Rulebook] = {"dear": DEAR}
    state = survey(book([perps("a", "dear", 2), perps("b", "dear", -2)], TERMS), NOW, rules, ())
    for found in freed(state, rules):
        assert isinstance(found, Freed)
        assert (found.initial_before_usd, found.initial_after_usd) == (D(400), D(0))
        assert found.freed_usd == 400


def test_another_kind_of_rulebook_is_another_mode_and_another_date_is_none() -> None:
    """Hyperliquid keeps an account by tiers or as one portfolio; both engines are asked."""
    names = ("hyperliquid/2026-08-22", "hyperliquid-portfolio/2026-08-22")
    rules = {name: decode_rulebook(packaged(name), where=name) for name in names}
    held = msgspec.structs.replace(perps("hl", names[1], 2), venue="hyperliquid", currency="USDC")
    state = survey(book([held], TERMS), NOW, rules, ())
    (found,) = freed(state, rules)
    reports = [require(held, TERMS, NOW, rules[name]) for name in names]
    assert isinstance(found, Freed)
    other, own = reports
    assert isinstance(other, MarginReport)
    assert isinstance(own, MarginReport)
    assert found.target == names[0]
    free = [each.equity_ccy - each.requirement_initial_ccy for each in (own, other)]
    assert found.freed_usd == pytest.approx(free[1] - free[0])


def test_what_the_engines_cannot_answer_comes_last_with_its_reason() -> None:
    rules: dict[str, Rulebook] = {"dear": DEAR}
    nameless = account(
        "a", venue="binance", rulebook="dear", positions={"BTC-PERP": (1, 1000)},
        balances={"USDC": 1_000},
    )  # fmt: skip
    both = msgspec.structs.replace(
        nameless,
        account_id="b",
        positions=(*nameless.positions, msgspec.structs.replace(
            nameless.positions[0], quantity_contracts=D(-1))),
    )  # fmt: skip
    state = survey(book([nameless, both], TERMS), NOW, rules, ())
    found = freed(state, rules)
    assert all(isinstance(each, Failure) for each in found)
    assert "both sides" in str(found[-1])


def test_an_account_of_another_coin_is_named_with_what_it_cannot_hold() -> None:
    """Deribit keeps an account a coin: each is asked for what the other holds, and refuses."""
    name = "deribit/2026-02-15"
    rules = {name: decode_rulebook(packaged(name), where=name)}
    held = [
        account(
            coin.lower(), venue="deribit", rulebook=name, currency=coin, balances={coin: 5},
            positions={f"{coin}-INV": (10, 1000)},
        )
        for coin in ("BTC", "ETH")
    ]  # fmt: skip
    perpetuals = [inverse(coin, instrument_id=f"{coin}-INV") for coin in ("BTC", "ETH")]
    now = snapshot(*(index(coin, 1000) for coin in ("BTC", "ETH")),
                   *(quote(f"{coin}-INV", 1000) for coin in ("BTC", "ETH")))  # fmt: skip
    told = freed(survey(book(held, by_id(*perpetuals)), now, rules, ()), rules)
    assert [(each.subject, each.message) for each in told if isinstance(each, Failure)] == [
        ("BTC-INV from btc to eth", "BTC-INV is neither ETH future nor option"),
        ("ETH-INV from eth to btc", "ETH-INV is neither BTC future nor option"),
    ]
    assert len(told) == 2
