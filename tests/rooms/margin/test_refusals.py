"""What `require` refuses for every engine alike, before or after it asks one."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account, Balance
from tests.builders import (
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    perpetual,
    quote,
    resting,
    scan_rulebook,
    snapshot,
    tiered_rulebook,
)
from tests.rooms.margin.chain_market import NOW as CHAIN_NOW
from tests.rooms.margin.chain_market import TERMS as CHAIN_TERMS
from tests.rooms.margin.engine_case import read
from tests.rooms.margin.engines import CASES, LENT, ON_CHAIN
from tests.rooms.margin.made_brackets import brackets, closing_rulebook, coin_rulebook
from tests.rooms.margin.test_engine_properties_chain import holding
from tests.rooms.margin.test_paradex_portfolio import NOTHING
from tests.rooms.margin.test_paradex_portfolio import paradex as scanned

D = Decimal
RULEBOOKS: list[Rulebook] = [
    *(case.rulebook for case in CASES),
    *(engine.rulebook for engine in ON_CHAIN.values()),
    *(market.rulebook for market in LENT),
]
MADE = brackets((0, "0.01", "0.1"))
LINEAR = account(positions={"BTC-PERP": (1, 100)}, balances={"USDC": 50})
INVERSE = account(currency="BTC", positions={"BTC-PERPETUAL": (100, 60_000)}, balances={"BTC": 1})
IN_DOLLARS = snapshot(quote("BTC-PERP", 100))
IN_COINS = snapshot(index("BTC", 60_000), quote("BTC-PERPETUAL", 60_000))


def refused(
    held: Account, terms: Mapping[str, Instrument], now: Snapshot, rules: Rulebook
) -> Failure:
    outcome = require(held, terms, now, rules)
    assert isinstance(outcome, Failure), outcome
    assert outcome.reason == "unsupported"
    return outcome


@pytest.mark.parametrize("rules", RULEBOOKS, ids=lambda rules: rules.name)
def test_a_position_nobody_described_is_refused_by_its_name(rules: Rulebook) -> None:
    for held in (account(positions={"NOPE": 1}), account(positions={"NOPE": 0})):
        assert refused(held, {}, snapshot(), rules).message == "no terms of NOPE, which is held"


@pytest.mark.parametrize(
    ("held", "now", "rules"),
    [
        (LINEAR, IN_DOLLARS, closing_rulebook("0.001", {"BTC/USDC": MADE, "ETH/ETH": MADE})),
        (LINEAR, IN_DOLLARS, read("hyperliquid/2026-08-22")),
        (LINEAR, IN_DOLLARS, tiered_rulebook([(0, "0.01")])),
        (INVERSE, IN_COINS, coin_rulebook(BTC=MADE, ETH=MADE)),
        (INVERSE, IN_COINS, scan_rulebook()),
    ],
    ids=["okx", "hyperliquid", "binance", "binance COIN-M", "deribit"],
)
def test_what_is_owed_and_not_counted_is_not_dropped(
    held: Account, now: Snapshot, rules: Rulebook
) -> None:
    terms = by_id(perpetual(), inverse())

    def with_eth(*amounts: str) -> Account:
        more = (Balance(asset="ETH", quantity_coin=D(each)) for each in amounts)
        return msgspec.structs.replace(held, balances=(*held.balances, *more))

    assert refused(with_eth("-100"), terms, now, rules).message == (
        f"100 ETH are owed, and {rules.name} does not count ETH in an account kept in "
        f"{held.currency}"
    )
    assert "0.5 ETH are owed" in refused(with_eth("1", "-1.5"), terms, now, rules).message
    # What is not counted and not owed is left out, as ever; so is what cancels.
    bare = require(held, terms, now, rules)
    assert isinstance(bare, MarginReport)
    assert require(with_eth("100"), terms, now, rules) == bare
    assert require(with_eth("1", "-1"), terms, now, rules) == bare


@pytest.mark.parametrize("name", sorted(ON_CHAIN))
def test_what_a_venue_counts_may_be_owed(name: str) -> None:
    """Cash of a margin account goes below zero, and the requirement looks at equity."""
    engine = ON_CHAIN[name]
    held = holding(engine, [1])
    less = [
        Balance(
            asset=each.asset,
            quantity_coin=D(-50) if each.asset == engine.owed else each.quantity_coin,
        )
        for each in held.balances
    ]
    report = require(
        msgspec.structs.replace(held, balances=tuple(less)), CHAIN_TERMS, CHAIN_NOW, engine.rulebook
    )
    assert isinstance(report, MarginReport), report


CALL, FAR = option(60_000, "call"), option(D("1e200"), "call")
CALL_USDC, FAR_USDC = (option(strike, "call", settlement="USDC") for strike in (60_000, D("1e200")))
PARADEX = scanned(
    **{
        **NOTHING,
        "provision_fee_option_frac": D("0.001"),
        "provision_fee_perp_frac": D("0.001"),
        "provision_funding_frac": D("0.001"),
    }
)


@pytest.mark.parametrize(
    ("currency", "near", "far", "rules"),
    [
        ("BTC", CALL, FAR, scan_rulebook()),
        ("USDC", CALL_USDC, FAR_USDC, PARADEX),
    ],
    ids=["deribit", "paradex portfolio"],
)
def test_one_absurd_record_is_a_failure_by_its_name(
    currency: str, near: Instrument, far: Instrument, rules: Rulebook
) -> None:
    now = snapshot(
        index("BTC", 60_000),
        *(option_quote(each, 60_000, 0.5) for each in (CALL, FAR, CALL_USDC, FAR_USDC)),
    )
    terms, near_id, far_id = by_id(near, far), near.instrument_id, far.instrument_id
    held = account(currency=currency, balances={currency: 10}, positions={near_id: -1, far_id: -1})
    outcome = refused(held, terms, now, rules)
    assert outcome.subject == far_id
    assert outcome.message.startswith(f"{far_id}: strike_usd must be finite")
    # A shock that no model takes is every position's, and the first is named.
    shaken = now.shocked(Shock(vol_factor_frac=1e5))
    alone = account(currency=currency, balances={currency: 10}, positions={near_id: -1})
    assert refused(alone, terms, shaken, rules).subject == near_id
    assert isinstance(require(alone, terms, now, rules), MarginReport)


def test_an_order_in_an_absurd_record_is_named_too() -> None:
    now = snapshot(index("BTC", 60_000), *(option_quote(e, 60_000, 0.5) for e in (CALL, FAR)))
    held = account(
        currency="BTC",
        balances={"BTC": 10},
        positions={CALL.instrument_id: -1},
        orders=(resting(CALL.instrument_id, -1, "0.1"), resting(FAR.instrument_id, -1, "0.1")),
    )
    assert refused(held, by_id(CALL, FAR), now, scan_rulebook()).subject == FAR.instrument_id
