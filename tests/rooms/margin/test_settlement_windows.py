"""Inside its settlement window every engine counts an option as the pricing room values it."""

from decimal import Decimal
from itertools import product

import msgspec
import pytest

from hedgerow.instruments import Option
from hedgerow.margin import MarginReport, decode_rulebook, require
from hedgerow.margin.venues.bybit_rulebook import UnifiedRulebook
from hedgerow.market import MarketEvent, Shock, Snapshot
from hedgerow.portfolio import Account, book
from hedgerow.pricing import value
from hedgerow.units import MINUTE_NS
from tests.builders import (
    EXPIRY_NS,
    account,
    by_id,
    index,
    option,
    option_quote,
    packaged,
    snapshot,
)

CURRENCY = {
    "deribit/2026-02-15": "BTC",
    "bybit/2026-11-20": "USD",
    "paradex/2026-08-20": "USDC",
    "paradex-portfolio/2026-08-20": "USDC",
    "derive/2026-11-20": "USDC",
    "derive-portfolio/2026-11-20": "USDC",
}
HEARD_USD, FORWARD_USD, SIZE = 59_500, 60_000, Decimal(-1)
EXPIRED = Shock(time_forward_ns=5 * MINUTE_NS)
SHOCKS = [None, Shock(spot_factor_frac={"BTC": 0.99}, vol_factor_frac=1.5), EXPIRED]


def market(
    terms: Option, minutes_left: int, *, every: int = 1, heard_usd: int = HEARD_USD
) -> Snapshot:
    """An index that stood at one price until now, and stands at the forward now."""
    now_ns = EXPIRY_NS - minutes_left * MINUTE_NS
    events: list[MarketEvent] = [
        index("BTC", heard_usd, EXPIRY_NS - minute * MINUTE_NS)
        for minute in range(60, minutes_left, -every)
    ]
    events += [index("BTC", FORWARD_USD, now_ns), index("USDC", 1, now_ns)]
    return snapshot(*events, option_quote(terms, FORWARD_USD, 0.65, now_ns), time_ns=now_ns)


def holder(name: str, terms: Option) -> Account:
    currency = CURRENCY[name]
    held = account(
        currency=currency,
        positions={terms.instrument_id: SIZE},
        balances={"USDC" if currency == "USD" else currency: 100_000},
    )
    return msgspec.structs.replace(held, rulebook=name)


def of(name: str, strike: int, right: str) -> Option:
    assert right in ("call", "put")
    settlement = None if CURRENCY[name] == "BTC" else "USDC"
    return option(strike, "call" if right == "call" else "put", settlement=settlement)


def report_on(name: str, terms: Option, now: Snapshot) -> MarginReport:
    rules = decode_rulebook(packaged(name), where=name)
    if name.startswith("paradex-portfolio"):
        rules = msgspec.structs.replace(rules, provision_fee_option_frac=Decimal(0))
    report = require(holder(name, terms), by_id(terms), now, rules)
    assert isinstance(report, MarginReport), report
    return report


def counted_ccy(name: str, report: MarginReport, terms: Option) -> float:
    """What the engine takes one contract to be worth, from its own lines."""
    if not name.startswith("bybit"):
        worth = [line for line in report.equity_lines if line.subject == terms.instrument_id]
        return float(sum((line.amount_ccy for line in worth), Decimal(0)) / SIZE)
    # Bybit has the mark in what a short one needs: factor and fee of the index, and the mark.
    rules = decode_rulebook(packaged(name), where=name)
    assert isinstance(rules, UnifiedRulebook)
    (line,) = [line for line in report.lines if line.rule == "short option"]
    rate = rules.option_maintenance_frac + rules.fee_option_liquidation_frac
    spot = Decimal(line.detail.split(" x ", 2)[1].split(",")[0])
    return float(line.amount_ccy - rate * spot)


@pytest.mark.parametrize("name", CURRENCY)
@pytest.mark.parametrize(("minutes_left", "every"), [*product([45, 29, 15, 6], [1]), (15, 20)])
@pytest.mark.parametrize("shock", SHOCKS, ids=["as it is", "moved", "later"])
def test_an_engine_counts_an_option_as_pricing_values_it(
    name: str, minutes_left: int, every: int, shock: Shock | None
) -> None:
    for strike, right in product([58_000, 59_800, 60_500], ["call", "put"]):
        terms = of(name, strike, right)
        now = market(terms, minutes_left, every=every)
        now = now if shock is None else now.shocked(shock)
        report = report_on(name, terms, now)
        priced = value(book((holder(name, terms),), by_id(terms)), now)
        # Amounts are kept to eight decimals; Derive's portfolio mode discounts half an hour.
        unit = 1.0 if CURRENCY[name] == "BTC" else 60_000.0
        assert counted_ccy(name, report, terms) == pytest.approx(
            float(priced.unit_ccy[0]), rel=1e-5, abs=1e-11 * unit + 1e-8
        )


def test_what_is_all_but_settled_is_worth_what_it_settles_at() -> None:
    """Heard at 50,000 for 29 of 30 minutes, 60,000 now: the average is to be 50,333."""
    terms = option(60_000, "put")
    report = report_on("deribit/2026-02-15", terms, market(terms, 1, heard_usd=50_000))
    mean = 50_000 * 29 / 30 + 60_000 / 30
    worth = counted_ccy("deribit/2026-02-15", report, terms)
    assert worth == pytest.approx((60_000 - mean) / mean, rel=1e-6)
    # Nothing but a thirtieth moves: 16 % of it are half a per cent of the forward.
    assert report.worst_scenario is not None
    moved = abs(float(report.worst_scenario.profit_ccy))
    assert moved < 0.16 / 30 * 60_000 / mean * 1.5 * 60_000 / mean


def test_the_roll_is_charged_on_what_of_the_delta_is_open() -> None:
    """The venue's displayed delta falls in a line: half of it is left half way."""
    terms = option(58_000, "call")

    def charged(minutes_left: int) -> float:
        report = report_on("deribit/2026-02-15", terms, market(terms, minutes_left))
        (line,) = [each for each in report.lines if each.rule == "roll shock"]
        return float(line.amount_ccy)

    # Deep in the money the delta is one; the rate is the least of the currency.
    assert charged(15) == pytest.approx(charged(31) / 2, rel=1e-6)


@pytest.mark.parametrize("name", CURRENCY)
def test_an_average_that_was_not_heard_is_not_known(name: str) -> None:
    terms = of(name, 60_000, "call")

    def evidence(minutes_left: int, every: int) -> set[str]:
        report = report_on(name, terms, market(terms, minutes_left, every=every))
        lines = (*report.lines, *report.equity_lines)
        return {str(each.evidence) for each in lines if each.subject == terms.instrument_id}

    assert evidence(45, every=20) == evidence(45, every=1)
    unheard = evidence(15, every=20)
    # A requirement of Paradex's table is of spot and strike: only the worth is unknown.
    assert "U" in unheard if name.startswith("paradex/") else unheard == {"U"}
    # What Derive's own vol feed says inside the window was not seen.
    if not name.startswith("paradex-portfolio"):  # whose scan was never seen at work
        assert ("U" in evidence(15, every=1)) is name.startswith("derive")
