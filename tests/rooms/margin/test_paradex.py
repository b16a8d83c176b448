"""Paradex in cross mode as an account: the venue's worked examples, and refusals by name."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.margin import MarginReport, decode_rulebook, mistakes_of, require
from hedgerow.margin.venues.paradex import ParadexRulebook
from hedgerow.market import MarketEvent
from tests.builders import (
    EXPIRY_NS,
    T0_NS,
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    packaged,
    perpetual,
    quote,
    snapshot,
)
from tests.rooms.margin.chain_cases import market

D = Decimal
BTC, ETH, DOGE = perpetual(), perpetual("ETH"), perpetual("DOGE")
CALL = option(60_000, "call", settlement="USDC", expiry_ns=T0_NS + 1)
SHORT = option(75_000, "call", settlement="USDC")
PUT = option(40_000, "put", settlement="USDC")
DOGE_CALL = option(1, "call", coin="DOGE", settlement="USDC")
TERMS = by_id(BTC, ETH, DOGE, CALL, SHORT, PUT, DOGE_CALL, inverse())


def paradex(**changes: Any) -> ParadexRulebook:
    book = decode_rulebook(packaged("paradex/2026-08-20"), where="packaged")
    assert isinstance(book, ParadexRulebook)
    return msgspec.structs.replace(book, **changes)


def of(
    positions: dict[str, Any],
    balances: dict[str, Any],
    *events: MarketEvent,
    dollar: Any = 1,
    fee: str | None = "0",
) -> Any:
    book = paradex(fee_taker_frac=None if fee is None else D(fee))
    held = account(positions=positions, balances=balances)
    return require(held, TERMS, market(*events, dollar=dollar), book)


def test_the_initial_requirement_of_the_worked_example() -> None:
    """paradex-open-size-imr without its orders: -1 at 90,000 and 2 %; a fee of 0.03 % is added."""
    now: list[MarketEvent] = [index("BTC", 90_000), quote("BTC-PERP", 90_000)]
    report = of({"BTC-PERP": (-1, 90_000)}, {"USDC": 2000}, *now)
    assert report.requirement_initial_ccy == 1800
    assert report.requirement_maintenance_ccy == 900
    charged = of({"BTC-PERP": (-1, 90_000)}, {"USDC": 2000}, *now, fee="0.0003")
    assert charged.requirement_initial_ccy == 1827
    assert charged.requirement_maintenance_ccy == 927


def test_value_and_requirement_of_the_liquidation_example() -> None:
    """paradex-liq-share: 0.1 BTC from 60,000 to 54,800, -1 ETH from 3,000 to 3,400, 1,000 USDC."""
    report = of(
        {"BTC-PERP": ("0.1", 60_000), "ETH-PERP": (-1, 3_000)},
        {"USDC": 1000},
        index("BTC", 54_800),
        index("ETH", 3_400),
        quote("BTC-PERP", 54_800),
        quote("ETH-PERP", 3_400),
    )
    assert report.equity_ccy == 80
    assert report.requirement_maintenance_ccy == D("88.8")
    assert report.is_liquidatable


def test_the_collateral_counts_at_the_oracles_price() -> None:
    assert of({}, {"USDC": 100}, dollar="0.98").equity_ccy == 98


def test_a_long_option_of_the_worked_example() -> None:
    """paradex-option-cross-long: marked 16,000 at spot 70,000, capped at 20 and 10 % of spot."""
    report = of({CALL.instrument_id: 1}, {}, index("BTC", 70_000), option_quote(CALL, 76_000, 0.1))
    (line,) = report.lines
    assert report.equity_ccy == 16_000
    assert (line.amount_initial_ccy, line.amount_ccy) == (14_000, 7_000)


def test_a_long_option_needs_no_more_than_it_is_worth() -> None:
    report = of({CALL.instrument_id: 2}, {}, index("BTC", 70_000), option_quote(CALL, 61_000, 0.1))
    assert report.requirement_initial_ccy == report.requirement_maintenance_ccy == 2_000


def test_a_short_option_needs_less_the_further_it_is_out() -> None:
    """5,000 out at spot 70,000: 15 % less 5,000 is below 10 %; put 30,000 out: 10 % too."""
    now: list[MarketEvent] = [
        index("BTC", 70_000),
        option_quote(SHORT, 70_000, 0.5),
        option_quote(PUT, 70_000, 0.5),
    ]
    report = of({SHORT.instrument_id: -2, PUT.instrument_id: -1}, {}, *now)
    assert {line.subject: (line.amount_ccy, line.amount_initial_ccy) for line in report.lines} == {
        SHORT.instrument_id: (7_000, 14_000),
        PUT.instrument_id: (3_500, 7_000),
    }
    near = of({SHORT.instrument_id: -2}, {}, index("BTC", 74_000), *now[1:])
    # 1,000 out at 74,000: 15 % is 11,100 and 7.5 % is 5,550, each less 1,000.
    assert near.requirement_initial_ccy == 2 * 10_100
    assert near.requirement_maintenance_ccy == 2 * 4_550
    assert near.equity_ccy < 0


@pytest.mark.parametrize(
    ("positions", "balances", "told"),
    [
        ({"DOGE-PERP": (1, 1)}, {}, "no rate for DOGE-PERP"),
        ({DOGE_CALL.instrument_id: 1}, {}, f"no option rates for {DOGE_CALL.instrument_id}"),
        ({"BTC-PERP": 1}, {}, "BTC-PERP"),
        ({"BTC-PERPETUAL": (1, 1)}, {}, "BTC-PERPETUAL"),
        ({"ETH-PERP": (1, 1)}, {}, "ETH"),
        ({SHORT.instrument_id: 1}, {}, SHORT.instrument_id),
        ({}, {"ETH": 1}, "takes no ETH"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(
    positions: dict[str, Any], balances: dict[str, Any], told: str
) -> None:
    events: list[MarketEvent] = [
        index("BTC", 1),
        index("DOGE", 1),
        quote("BTC-PERP", 1),
        quote("DOGE-PERP", 1),
    ]
    failure = of(positions, balances, *events, option_quote(DOGE_CALL, 1, 0.5))
    assert isinstance(failure, Failure)
    assert told in failure.subject + failure.message


def test_a_fee_that_nobody_tells_is_not_nothing() -> None:
    failure = of({"BTC-PERP": (1, 1)}, {}, index("BTC", 1), quote("BTC-PERP", 1), fee=None)
    assert isinstance(failure, Failure)
    assert (failure.subject, failure.reason) == ("BTC-PERP", "missing_data")
    assert paradex().fee_taker_frac is None


def test_an_option_past_its_expiry_is_refused_by_name() -> None:
    late = snapshot(index("BTC", 1, time_ns=EXPIRY_NS), time_ns=EXPIRY_NS)
    expired = require(account(positions={SHORT.instrument_id: 1}), TERMS, late, paradex())
    assert isinstance(expired, Failure)
    assert expired.subject == SHORT.instrument_id
    assert isinstance(require(account(currency="USDT"), TERMS, late, paradex()), Failure)


def test_figures_that_contradict_each_other_are_named() -> None:
    rates = msgspec.structs.replace(paradex().options["BTC"], short_in_initial_frac=D("0.01"))
    book = paradex(options={"BTC": rates}, maintenance_of_initial_frac=D(2))
    assert list(mistakes_of(book)) == [
        "maintenance_of_initial_frac must be in (0, 1], was 2",
        "options.BTC.short_in_initial_frac is below short_out_initial_frac",
        "options.BTC.short_in_initial_frac is below short_in_maintenance_frac",
    ]


def test_perpetuals_alone_are_as_sure_as_the_rulebook() -> None:
    report = of({"BTC-PERP": (1, 1)}, {}, index("BTC", 1), quote("BTC-PERP", 1))
    assert isinstance(report, MarginReport)
    assert report.confidence == "estimate"
    assert {line.evidence for line in (*report.lines, *report.equity_lines)} == {"V"}


def test_a_short_is_worth_the_mark_rounded_up_and_a_long_rounded_down() -> None:
    now: list[MarketEvent] = [index("BTC", 70_000), option_quote(SHORT, 70_000, 0.05)]
    long, short = (of({SHORT.instrument_id: size}, {}, *now).equity_ccy for size in (1, -1))
    assert long + short == D("-1e-12")
