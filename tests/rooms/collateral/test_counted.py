"""A top-up is worth what the account's own rules say of it."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.collateral import BufferPolicy, Route, plan
from hedgerow.limits import survey
from hedgerow.margin import MarginReport, decode_rulebook, require
from hedgerow.portfolio import Account, Balance, book
from tests.builders import account, by_id, index, packaged, perpetual, quote, snapshot

D = Decimal
TERMS = by_id(perpetual())
NOW = snapshot(index("BTC", 1000), index("USDC", 1), quote("BTC-PERP", 1000))
BUFFER = BufferPolicy(account_id="thin", trigger_use_frac=D("0.8"), target_use_frac=D("0.5"))
ROUTE = Route(
    source_account_id="cold",
    target_account_id="thin",
    asset="USDC",
    use="balance",
    latency_ns=60,
    fee_coin=D(0),
    step_coin=D("0.01"),
)


@pytest.mark.parametrize("name", ["hyperliquid-portfolio/2026-08-22", "paradex/2026-08-20"])
def test_a_unit_counts_for_what_the_account_s_own_rules_say(name: str) -> None:
    """Hyperliquid's portfolio counts 95 cents of a dollar; Paradex reports in USD, not in USDC."""
    rules = decode_rulebook(packaged(name), where=name)
    if name.startswith("paradex"):
        rules = msgspec.structs.replace(rules, fee_taker_frac=D("0.0005"))

    def holding(usdc: Decimal) -> Account:
        held = account("thin", rulebook=name, positions={"BTC-PERP": (1, 1000)})
        cash = Balance(asset="USDC", quantity_coin=usdc)
        return msgspec.structs.replace(held, balances=(cash,))

    def use_with(usdc: Decimal) -> Decimal:
        report = require(holding(usdc), TERMS, NOW, rules)
        assert isinstance(report, MarginReport), report
        assert report.use_frac is not None
        return report.use_frac

    cold = account("cold", venue="treasury", balances={"USDC": 100_000})
    state = survey(book([holding(D(12)), cold], TERMS), NOW, {name: rules}, ())
    made = plan([BUFFER], [ROUTE], state, {name: rules})
    (move,) = made.moves
    assert made.unmet == ()
    assert use_with(12 + move.quantity_coin) <= D("0.5") < use_with(11 + move.quantity_coin)
