"""Bybit's unified account: one dollar balance over coins, futures and short options."""

from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, Option
from hedgerow.margin import MarginLine, MarginReport, decode_rulebook, mistakes_of, require
from hedgerow.margin.rules.derive.options import black76
from hedgerow.margin.venues.bybit import UnifiedRulebook
from hedgerow.market import MarketEvent
from hedgerow.portfolio import Account
from hedgerow.units import SECOND_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    packaged,
    perpetual,
    quanto,
    quote,
    resting,
    snapshot,
)
from tests.golden.read import case
from tests.rooms.margin.made_brackets import brackets

D = Decimal
NAME = "bybit/2026-11-20"
USDT = perpetual(settlement="USDT")


def unified(**changes: Any) -> UnifiedRulebook:
    read = decode_rulebook(packaged(NAME), where=NAME)
    assert isinstance(read, UnifiedRulebook)
    return msgspec.structs.replace(read, **changes)


def asked(
    held: Account, terms: tuple[Instrument, ...], *events: MarketEvent, **changes: Any
) -> MarginReport:
    report = require(held, by_id(*terms), snapshot(*events), unified(**changes))
    assert isinstance(report, MarginReport), report
    return report


def lines(report: MarginReport, rule: str) -> list[MarginLine]:
    return [line for line in report.lines if line.rule == rule]


# --- futures -------------------------------------------------------------------------------------


def test_the_linear_example_at_its_entry() -> None:
    """One BTC at 20 000 with a leverage of 50: 400 and 100, and 11 to close it."""
    one = case("bybit/venue_cases", "bybit-usdt-isolated-long")
    given, then = one["given"], one["then"]
    held = account(
        positions={"BTC-PERP": (given["position"], given["entry_price"])}, balances={"USDT": 400}
    )
    report = asked(held, (USDT,), quote("BTC-PERP", given["entry_price"]), index("USDT", 1))
    (tiered,), (fee,) = lines(report, "tiered maintenance"), lines(report, "closing fee")
    assert tiered.amount_ccy == D(then["maintenance_margin"])
    assert tiered.amount_initial_ccy == D(then["initial_margin"])
    assert fee.amount_ccy == fee.amount_initial_ccy == 11
    assert fee.evidence == "U"
    assert report.confidence == "estimate"


def test_an_inverse_position_is_counted_in_dollars_of_its_coin() -> None:
    """10 000 dollars at 8000 are 1.25 BTC; the coin's index is 8100."""
    held = account(positions={"BTC-PERPETUAL": (10_000, 10_000)}, balances={"BTC": "0.5"})
    report = asked(held, (inverse(),), quote("BTC-PERPETUAL", 8000), index("BTC", 8100))
    (tiered,) = lines(report, "tiered maintenance")
    assert tiered.amount_ccy == D("1.25") * D("0.005") * 8100
    assert tiered.detail.startswith("(1.25 x 0.005 - 0) x 8100 (tier 0); ")
    # 0.5 BTC and 10 000 (1/10 000 - 1/8000) = -0.25 BTC of loss.
    assert report.equity_ccy == D("0.25") * 8100
    assert report.currency == "USD"


def test_a_coin_backs_the_account_in_full_and_new_positions_in_part() -> None:
    report = asked(account(balances={"BTC": 2, "USDC": 100}), (), index("BTC", 50_000))
    assert report.equity_ccy == 100_100
    assert report.requirement_maintenance_ccy == 0
    # Five per cent of 100 000 is no collateral.
    assert report.requirement_initial_ccy == 5000
    btc, usdc = lines(report, "collateral haircut")
    assert (btc.evidence, usdc.evidence) == ("D", "U")


def test_what_is_borrowed_is_refused_for_nobody_knows_what_that_requires() -> None:
    held = account(currency="USD", balances={"BTC": 2, "USDC": -60_000})
    outcome = require(held, {}, snapshot(index("BTC", 50_000)), unified())
    assert isinstance(outcome, Failure)
    assert outcome.reason == "unsupported"
    assert outcome.message == (
        "60000 USDC are borrowed, and what bybit/2026-11-20 requires for borrowing is not in its "
        "reference"
    )


def test_what_is_no_collateral_at_all_is_not_surely_equity() -> None:
    """The reference says that a coin's worth counts in full, and names none of a ratio of 0."""
    worth = {}
    for ratio in ("0", "0.95"):
        ratios = {"BTC": D(ratio)}
        report = asked(
            account(balances={"BTC": 2}), (), index("BTC", 50_000), collateral_ratio_frac=ratios
        )
        (line,) = report.equity_lines
        assert line.amount_ccy == 100_000
        worth[ratio] = line.evidence
    assert worth == {"0": "U", "0.95": unified().known("equity")}
    assert unified().known("equity") != "U"


def test_orders_in_futures_take_the_worse_side_with_its_fee() -> None:
    """5000 held, 4000 bought: 9000 x (0.02 + 0.00055) in all, priced at 1.001 a USDT."""
    held = account(
        positions={"BTC-PERP": (1, 5000)},
        balances={"USDT": 400},
        orders=(resting("BTC-PERP", 1, 4000), resting("BTC-PERP", -1, 6000)),
    )
    report = asked(held, (USDT,), quote("BTC-PERP", 5000), index("USDT", "1.001"))
    assert report.requirement_initial_ccy == 9000 * D("0.02055") * D("1.001")
    assert report.requirement_maintenance_ccy == 5000 * D("0.00555") * D("1.001")
    assert report.lines[-1].evidence == "U"


# --- options -------------------------------------------------------------------------------------


def written(strike: int, right: Literal["call", "put"] = "call") -> Option:
    return option(strike, right, settlement="USDC")


def marked(terms: Option, mark: int) -> tuple[MarketEvent, MarketEvent]:
    """An index of 30 000 and, without any vol to speak of, a forward that makes the mark exact."""
    sign = 1 if terms.right == "call" else -1
    forward = terms.strike_usd + sign * mark
    return index("BTC", 30_000), option_quote(terms, forward, 1e-9)


def test_the_short_option_of_the_help_centre() -> None:
    one = case("bybit/venue_cases", "bybit-option-short-mm")
    given, then = one["given"], one["then"]
    rules = unified()
    assert rules.option_maintenance_frac == D(given["mm_factor"])
    assert rules.fee_option_liquidation_frac == D(given["liq_fee_rate"])
    terms = written(33_000)
    held = account(
        positions={terms.instrument_id: given["size"]},
        balances={"USDC": given["margin_balance"]},
    )
    report = asked(held, (terms,), *marked(terms, int(given["mark"])))
    close = D(one["tolerance"]["rel"])
    off = report.requirement_maintenance_ccy - D(then["position_mm"])
    assert abs(off) <= close * D(then["position_mm"])
    assert report.use_frac is not None
    assert abs(report.use_frac - D(then["account_mm_rate"])) <= close
    (line,) = lines(report, "short option")
    assert line.evidence == "V"


@pytest.mark.parametrize(
    ("strike", "right", "sold", "initial"),
    [
        # In the money: 15 % of 30 000 and the mark of 300.
        (29_000, "call", None, 4800),
        # 1000 out of the money: 4500 - 1000; sold at 350, above the mark.
        (31_000, "call", None, 3800),
        (31_000, "call", 350, 3850),
        (31_000, "call", 250, 3800),
        # Far out: not below 10 %.
        (39_000, "call", None, 3300),
        (29_000, "put", None, 3800),
        (31_000, "put", None, 4800),
    ],
)
def test_what_selling_an_option_needs(
    strike: int, right: Literal["call", "put"], sold: int | None, initial: int
) -> None:
    terms = written(strike, right)
    much = -2 if sold is None else (-2, sold)
    held = account(positions={terms.instrument_id: much}, balances={"USDC": 1})
    report = asked(held, (terms,), *marked(terms, 300))
    (line,) = lines(report, "short option")
    assert line.amount_initial_ccy is not None
    assert abs(line.amount_initial_ccy - 2 * initial) <= D("1e-6")


@pytest.mark.parametrize("strike", range(27_000, 34_000, 500))
def test_a_mark_between_two_steps_never_needs_less_than_the_model_says(strike: int) -> None:
    """The mark is kept to eight decimals, up: a thousand coins need up to 1e-5 more, none less."""
    terms = written(strike)
    held = account(positions={terms.instrument_id: -1000})
    report = asked(held, (terms,), index("BTC", 30_000), option_quote(terms, 30_100.5, 0.61))
    life_s = (terms.expiry_ns - T0_NS) / SECOND_NS
    mark = float(black76(30_100.5, strike, 0.61, life_s).call_usd)
    rate = float(unified().option_maintenance_frac)
    fee = float(unified().fee_option_liquidation_frac)
    exact = 1000 * (max(rate * 30_000, rate * mark) + mark + fee * 30_000)
    assert -1e-7 <= float(report.requirement_maintenance_ccy) - exact <= 1e-5 + 1e-7


def test_an_option_is_counted_at_the_price_of_its_dollar_and_by_what_is_known_of_its_sale() -> None:
    terms = option(31_000, "call", settlement="USDT")
    fee = {"fee_option_taker_frac": D("0.0003")}
    order = resting(terms.instrument_id, 2, 400)
    prices = (*marked(terms, 300), index("USDT", "0.99"))
    known = {**unified().evidence, "equity": "V", "option_initial": "V", "option_orders": "V"}
    said = {"evidence": known, "confidence": "exact", "settlements": ["USDT"], **fee}
    for much, confidence in ((-1, "estimate"), ((-1, 300), "exact")):
        held = account(positions={terms.instrument_id: much})
        report = asked(held, (terms,), *prices, **said)
        assert report.confidence == confidence
        assert abs(report.requirement_maintenance_ccy - 1260 * D("0.99")) <= D("1e-6")
        assert abs(report.requirement_initial_ccy - 3800 * D("0.99")) <= D("1e-6")
    bought = asked(account(orders=(order,)), (terms,), *prices, **said)
    assert bought.requirement_initial_ccy == 818 * D("0.99")


def test_maintenance_above_the_initial_formula_is_the_initial_requirement() -> None:
    """At a mark of 50 000: 0.03 x 50 000 + 50 000 + 60, against 300 + 50 000."""
    terms = written(1000)
    held = account(positions={terms.instrument_id: -1})
    small = {"option_initial_frac_max": D("0.01"), "option_initial_frac_min": D("0.01")}
    report = asked(held, (terms,), *marked(terms, 50_000), **small)
    assert report.requirement_initial_ccy == report.requirement_maintenance_ccy
    assert abs(report.requirement_maintenance_ccy - 51_560) <= D("1e-6")


def test_a_long_option_needs_nothing_and_its_value_counts_for_nothing() -> None:
    terms = written(29_000)
    held = account(positions={terms.instrument_id: 5}, balances={"USDC": 10})
    report = asked(held, (terms,), *marked(terms, 300))
    assert (report.requirement_maintenance_ccy, report.equity_ccy) == (D(0), D(10))


def test_orders_in_options_tie_up_premium_and_fee_or_the_shorts_need() -> None:
    terms = written(31_000)
    fee = {"fee_option_taker_frac": D("0.0003")}

    def initial(quantity: int, price: int, **more: bool) -> Decimal:
        order = resting(terms.instrument_id, quantity, price, **more)
        held = account(balances={"USDC": 1}, orders=(order,))
        report = asked(held, (terms,), *marked(terms, 300), **fee)
        assert report.requirement_maintenance_ccy == 0
        return report.requirement_initial_ccy

    # Two bought at 400: the fee is 0.0003 x 30 000 = 9 a coin, below 12.5 % of the price.
    assert initial(2, 400) == 818
    # At 40 it is 12.5 % of the price.
    assert initial(2, 40) == 90
    # Sold at 400: 3500 + 400 + 9 - 400 a coin; at 200 the mark of 300 counts.
    assert abs(initial(-2, 400) - 2 * 3509) <= D("1e-6")
    assert abs(initial(-2, 200) - 2 * (3500 + 300 + 9 - 200)) <= D("1e-6")
    assert initial(-2, 400, is_reduce_only=True) == 0


# --- refusals ------------------------------------------------------------------------------------

CALL, COIN_CALL = written(30_000), option(30_000, "call")
REFUSED: list[tuple[Account, tuple[Instrument, ...], str]] = [
    (account(balances={"ETH": 1}), (), f"{NAME} has no collateral ratio of ETH"),
    (
        account(positions={"BTC-PERP": (1, 1)}),
        (perpetual(),),
        'no tiers for BTC/USDC, which BTC-PERP needs at brackets."BTC/USDC" of its rulebook; '
        "there are BTC/BTC, BTC/USDT",
    ),
    (
        account(positions={"BTC-PERP": (5, 5000)}),
        (USDT,),
        "tiers for BTC/USDT are known up to 20000, BTC-PERP needs them at 25000",
    ),
    (
        account(positions={"ETH-QUANTO": (1, 1)}),
        (quanto(),),
        f"ETH-QUANTO is not margined in a unified account by {NAME}",
    ),
    (
        account(positions={COIN_CALL.instrument_id: -1}),
        (COIN_CALL,),
        "BTC-30000-call settles in BTC, not in a dollar",
    ),
    (
        account(orders=(resting(CALL.instrument_id, 1, 1),)),
        (CALL,),
        f"{NAME} has no fee for options, which the order in {CALL.instrument_id} ties up",
    ),
]


@pytest.mark.parametrize(("held", "terms", "message"), REFUSED)
def test_what_has_no_source_is_refused_by_name(
    held: Account, terms: tuple[Instrument, ...], message: str
) -> None:
    events = [quote(name, 5000) for name in ("BTC-PERP", "ETH-QUANTO")]
    priced = [index("BTC", 30_000), index("ETH", 2000), index("USDT", 1)]
    quoted = [option_quote(each, 30_000, 0.5) for each in (CALL, COIN_CALL)]
    outcome = require(held, by_id(*terms), snapshot(*events, *priced, *quoted), unified())
    assert isinstance(outcome, Failure)
    assert outcome.message == message


def test_one_option_without_a_mark_and_nothing_is_known() -> None:
    other = written(40_000)
    held = account(positions={CALL.instrument_id: -1, other.instrument_id: 1})
    outcome = require(held, by_id(CALL, other), snapshot(*marked(CALL, 300)), unified())
    assert isinstance(outcome, Failure)
    assert (outcome.subject, outcome.reason) == (other.instrument_id, "missing_data")


def test_figures_that_cannot_be() -> None:
    told = list(
        mistakes_of(
            unified(
                collateral_ratio_frac={"BTC": D("1.1")},
                option_initial_frac_max=D("0.01"),
                brackets={"BTC/USDT": brackets((0, "0.2", "0.1"))},
            )
        )
    )
    assert [each.split(" ")[0] for each in told] == [
        "brackets.BTC/USDT",
        "collateral_ratio_frac.BTC",
        "option_initial_frac_max",
    ]
