"""OKX and Gate: closing is part of the need; a currency counts at the discount of its amount."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, decode_rulebook, mistakes_of, require
from hedgerow.margin.venues.okx import ClosingFeeRulebook
from hedgerow.margin.venues.okx_equity import Discount
from hedgerow.margin.venues.okx_multi import MultiCurrencyRulebook
from hedgerow.reporting.remedies import with_remedy
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse,
    inverse_future,
    linear_future,
    packaged,
    perpetual,
    quanto,
    quote,
    snapshot,
)
from tests.golden.read import cases
from tests.rooms.margin.made_brackets import brackets, closing_rulebook, discount

D = Decimal
CASES = cases("okx/venue_cases", "liquidation_price")


@pytest.mark.parametrize("one", CASES, ids=[each["id"] for each in CASES])
def test_an_isolated_position_dies_at_the_liquidation_price_of_the_peers(
    one: dict[str, Any],
) -> None:
    given, at = one["given"], D(one["then"]["liquidation_price"])
    rules = closing_rulebook(
        given["taker_fee"], {"BTC/USDC": brackets((0, given["mmr"], "0.2"))}, given["venue"]
    )
    size = D(given["side"]) * D(given["position"])
    held = account(
        positions={"BTC-PERP": (size, given["entry_price"])},
        balances={"USDC": given["isolated_margin"]},
    )

    def headroom(mark: Decimal) -> Decimal:
        report = require(held, by_id(perpetual()), snapshot(quote("BTC-PERP", mark)), rules)
        assert isinstance(report, MarginReport)
        return report.headroom_ccy

    assert abs(headroom(at)) <= D("1e-12")
    worse = at - D("0.01") * D(given["side"])
    assert headroom(worse) < 0 < headroom(2 * at - worse)


def test_the_payload_of_an_isolated_future_to_the_last_digits() -> None:
    """OKX, GET account/positions, ETH-USD-210430 (ccxt 4.5.90): one contract of ten dollars.

    Its `mmr` gives the mark, from which profit, margin and ratio follow.
    """
    mmr, upl, margin, ratio = (
        D("0.0000311811092368"),
        D("-0.0000009932766034"),
        D("0.0003896645377994"),
        D("11.731726509588816"),
    )
    rules = decode_rulebook(packaged("okx/2021-04-30"), where="packaged")
    assert isinstance(rules, ClosingFeeRulebook)
    future = inverse_future("ETH-USD-210430", T0_NS + DAY_NS, "ETH")
    terms = msgspec.structs.replace(future, multiplier_usd_per_contract=D(10))
    held = account(
        currency="ETH",
        positions={"ETH-USD-210430": (1, "2566.31")},
        balances={"ETH": margin},
    )
    now = snapshot(quote("ETH-USD-210430", "2565.656"))
    report = require(held, by_id(terms), now, rules)
    assert isinstance(report, MarginReport)
    tiered, fee = report.lines
    step = D("1e-12")  # what we keep of a division
    assert abs(tiered.amount_ccy - mmr) <= step
    assert abs(report.equity_lines[1].amount_ccy - upl) <= step
    assert tiered.amount_initial_ccy is not None
    # The margin was laid down at the entry, a tenth of the notional there.
    assert abs(tiered.amount_initial_ccy * D("2565.656") / D("2566.31") - margin) <= step
    assert abs(report.equity_ccy / report.requirement_maintenance_ccy - ratio) <= D("1e-6")
    assert fee.amount_initial_ccy == 0
    assert fee.detail == "0.003897638655 x 0.0005"
    assert report.confidence == "estimate"


def test_the_tier_ends_with_what_its_source_shows() -> None:
    rules = decode_rulebook(packaged("okx/2021-04-30"), where="packaged")
    held = account(currency="ETH", positions={"ETH-PERPETUAL": (20, 2500)})
    now = snapshot(quote("ETH-PERPETUAL", 2500))
    outcome = require(held, by_id(inverse("ETH")), now, rules)
    assert isinstance(outcome, Failure)
    assert "ETH/ETH are known up to 0.0038976387, ETH-PERPETUAL needs" in outcome.message


def test_both_sides_of_hedge_mode_need_their_own() -> None:
    rules = closing_rulebook(
        "0.001", {"BTC/USDC": brackets((0, "0.01", "0.1"), (150, "0.02", "1"))}
    )
    long, short = (account(positions={"BTC-PERP": (q, 100)}).positions for q in (1, -2))
    held = msgspec.structs.replace(account(), positions=(*long, *short))
    report = require(held, by_id(perpetual()), snapshot(quote("BTC-PERP", 100)), rules)
    assert isinstance(report, MarginReport)
    # 100 x 0.01 and 200 x 0.02 - 1.5; the fee on 300.
    assert [line.amount_ccy for line in report.lines] == [1, D("0.1"), D("2.5"), D("0.2")]


def test_only_what_settles_in_the_accounts_currency() -> None:
    rules = closing_rulebook("0", {"BTC/USDC": brackets((0, "0.01", "0.1"))})
    dated = linear_future("BTC-DATED", T0_NS + DAY_NS)
    held = account(positions={"BTC-DATED": (1, 100)})
    now = snapshot(*(quote(name, 100) for name in ("BTC-DATED", "BTC-PERPETUAL", "ETH-QUANTO")))
    assert isinstance(require(held, by_id(dated), now, rules), MarginReport)
    for terms in (inverse(), quanto("ETH", "USDC")):
        held = account(positions={terms.instrument_id: (1, 100)})
        outcome = require(held, by_id(terms), now, rules)
        assert isinstance(outcome, Failure)
        assert outcome.message == (
            f"{terms.instrument_id} is no future or perpetual settled in USDC"
        )


def test_an_initial_rate_must_pay_for_closing() -> None:
    rules = closing_rulebook("0.01", {"BTC/USDC": brackets((0, "0.01", "0.015"))})
    assert list(mistakes_of(rules)) == [
        "brackets.BTC/USDC initial rate 0.015 is below maintenance, 0.01 + 0.01"
    ]


# --- multi-currency ------------------------------------------------------------------------------


def multi(**discounts: Discount) -> MultiCurrencyRulebook:
    read = decode_rulebook(packaged("okx-multi/2026-11-20"), where="packaged")
    assert isinstance(read, MultiCurrencyRulebook)
    table = {"ETH/USDC": brackets((0, "0.01", "0.1")), "ETH/ETH": brackets((0, "0.01", "0.1"))}
    return msgspec.structs.replace(read, discounts={**read.discounts, **discounts}, brackets=table)


def test_the_first_twenty_bitcoin_count_at_their_documented_rate_and_more_is_refused() -> None:
    now = snapshot(index("BTC", 60_000))
    report = require(account(balances={"BTC": 20}), {}, now, multi())
    assert isinstance(report, MarginReport)
    assert report.currency == "USD"
    assert report.equity_ccy == 20 * D("0.98") * 60_000
    assert report.equity_lines[0].detail == "((20 - 0) x 0.98) x 60000"
    outcome = require(account(balances={"BTC": "20.1"}), {}, now, multi())
    assert isinstance(outcome, Failure)
    assert outcome.message == (
        "okx-multi/2026-11-20 knows the discount of BTC up to 20, and 20.1 is held"
    )


def test_what_is_held_is_told_as_it_is_read_and_never_less_than_it_is() -> None:
    now = snapshot(index("BTC", 60_000))

    def told(held: str) -> str:
        outcome = require(account(balances={"BTC": held}), {}, now, multi())
        assert isinstance(outcome, Failure)
        assert with_remedy(outcome).endswith(
            "; write its tiers into a copy of the rulebook, at VENUE/DAY.toml in the folder that "
            "rulebooks in [desk] names (docs/venues/okx.md)"
        )
        return outcome.message.partition("up to 20, and ")[2]

    assert told("213640.1399999999900033232") == "213640.14 is held"
    assert told("20.000000000000001") == "20.00000001 is held"
    assert told("100") == "100 is held"


def test_a_hundred_bitcoin_count_in_slices() -> None:
    """The page's 100 BTC at 60 000 count 5,785,500: the 80 beyond its first tier at 0.9603125."""
    rules = multi(BTC=discount((0, "0.98"), (20, "0.9603125")))
    report = require(account(balances={"BTC": 100}), {}, snapshot(index("BTC", 60_000)), rules)
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == 5_785_500


def test_dollars_count_as_the_payload_shows() -> None:
    """GET account/balance: 28.21006347 USDT, `eqUsd` and `disEq` both 28.2687404020176."""
    rate = D("28.2687404020176") / D("28.21006347")
    report = require(
        account(balances={"USDT": "28.21006347"}), {}, snapshot(index("USDT", rate)), multi()
    )
    assert isinstance(report, MarginReport)
    assert abs(report.equity_ccy - D("28.2687404020176")) <= D("1e-20")


def test_profit_joins_its_currency_before_the_discount_and_a_debt_counts_in_full() -> None:
    rules = multi(ETH=discount((0, "0.9"), (10, "0.5")), USDC=discount((0, "1")))
    linear, coin = perpetual("ETH"), inverse("ETH")
    held = account(
        positions={"ETH-PERP": (10, 2200), "ETH-PERPETUAL": (20_000, 1000)},
        balances={"ETH": 5, "USDC": 500},
    )
    now = snapshot(quote("ETH-PERP", 2000), quote("ETH-PERPETUAL", 2000), index("ETH", 2000))
    report = require(held, by_id(linear, coin), now, rules)
    assert isinstance(report, MarginReport)
    # ETH: 5 + 20 000 (1/1000 - 1/2000) = 15, of which 10 at 0.9 and 5 at 0.5. USDC: 500 - 2000.
    assert [line.amount_ccy for line in report.equity_lines] == [D("11.5") * 2000, -1500]
    # 20 000 dollars each: one per cent and the fee.
    assert [line.amount_ccy for line in report.lines] == [200, 10, 200, 10]
    assert report.requirement_initial_ccy == 4000
    assert "what is owed counts in full" in report.equity_lines[1].detail


def test_what_is_borrowed_is_refused_for_nobody_knows_what_that_requires() -> None:
    held = account(currency="USD", balances={"BTC": 20, "USDC": -100})
    rules = multi(BTC=discount((0, 1)), USDC=discount((0, 1)))
    outcome = require(held, {}, snapshot(index("BTC", 60_000)), rules)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "unsupported"
    assert outcome.message.startswith("100 USDC are borrowed, and what okx-multi/2026-11-20")


def test_a_currency_without_discount_or_price_is_refused() -> None:
    outcome = require(account(balances={"DOGE": 1}), {}, snapshot(index("DOGE", 1)), multi())
    assert isinstance(outcome, Failure)
    assert outcome.message == "okx-multi/2026-11-20 has no discount for DOGE"
    outcome = require(account(balances={"BTC": 1}), {}, snapshot(), multi())
    assert isinstance(outcome, Failure)
    assert (outcome.subject, outcome.reason) == ("BTC", "missing_data")


def test_discounts_that_cannot_be() -> None:
    told = list(mistakes_of(multi(BTC=discount((1, "1.1")))))
    assert told == [
        "discounts.BTC must start at 0 and rise, floors were ['1']",
        "discounts.BTC rates must be at most 1",
    ]
