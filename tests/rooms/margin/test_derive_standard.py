"""Derive's standard manager as an account: the contracts' own cases, line by line, and refusals."""

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites import COMPUTATIONS
from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, decode_rulebook, mistakes_of, require
from hedgerow.margin.venues.derive import DeriveRulebook, OptionRates
from hedgerow.market import MarketEvent
from hedgerow.portfolio import Account
from hedgerow.units import SECOND_NS
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
    staking,
)
from tests.rooms.margin.chain_cases import cases, certain, initial_margin, market, options_of

D = Decimal
# What the suite calls a rate, and the rulebook.
OPTION_RATES = {
    "max_spot_req": "short_most_frac",
    "min_spot_req": "short_least_frac",
    "mm_call_spot_req": "call_maintenance_frac",
    "mm_put_spot_req": "put_maintenance_frac",
    "mm_put_mtm_req": "put_maintenance_of_value_frac",
    "unpaired_im_scale": "unpaired_initial_frac",
    "unpaired_mm_scale": "unpaired_maintenance_frac",
    "mm_offset_scale": "put_initial_of_maintenance_frac",
}


def derive(**changes: Any) -> DeriveRulebook:
    book = decode_rulebook(packaged("derive/2026-11-20"), where="packaged")
    assert isinstance(book, DeriveRulebook)
    return msgspec.structs.replace(book, **changes)


def rulebook_of(given: dict[str, Any]) -> DeriveRulebook:
    """The packaged rulebook with a case's own figures."""
    rates = {name: D(number) for name, number in given["params"].items()}
    coins = tuple(given["markets"])
    of_options = OptionRates(**{ours: rates[theirs] for theirs, ours in OPTION_RATES.items()})
    return derive(
        perp_initial_frac=dict.fromkeys(coins, rates["perp_im"]),
        perp_maintenance_frac=dict.fromkeys(coins, rates["perp_mm"]),
        options=dict.fromkeys(coins, of_options),
        base_factor_frac=dict.fromkeys(coins, rates["base_margin_factor"]),
        base_initial_scale_frac=dict.fromkeys(coins, rates["base_im_scale"]),
        depeg_threshold_usd=rates["depeg_threshold"],
        depeg_factor_frac=rates["depeg_factor"],
    )


def account_of(given: dict[str, Any]) -> tuple[Account, dict[str, Instrument], list[MarketEvent]]:
    """A case as an account: profit is in the entry price, unsettled funding in the cash."""
    cash = D(given["cash"])
    positions: dict[str, Any] = {}
    balances: dict[str, Decimal] = {}
    terms: dict[str, Instrument] = {}
    events: list[MarketEvent] = []
    for coin, of in given["markets"].items():
        events.append(index(coin, of["spot"]))
        if perps := D(of["perp_position"]):
            mark = D(of["perp_price"])
            terms |= by_id(perpetual(coin))
            positions[f"{coin}-PERP"] = (perps, mark - D(of["perp_unrealised_pnl"]) / perps)
            events.append(quote(f"{coin}-PERP", mark))
        cash += D(of["perp_unsettled_funding"])
        if base := D(of["base_position"]):
            balances[coin] = base
        made, held, quotes = options_of(coin, of["expiries"])
        terms |= made
        positions |= held
        events += quotes
    return account(positions=positions, balances={"USDC": cash, **balances}), terms, events


def is_sure(given: dict[str, Any]) -> bool:
    """Whether every feed that counts is sure: a snapshot cannot say otherwise."""
    threshold = given["params"]["oracle_threshold"]
    feeds = [
        *(
            of[name]
            for of in given["markets"].values()
            for name in ("spot_confidence", "perp_confidence")
        ),
        *(
            expiry[name]
            for of in given["markets"].values()
            for expiry in of["expiries"]
            for name in ("forward_confidence", "vol_confidence")
        ),
    ]
    return all(each >= threshold for each in feeds)


SUITE = cases("onchain/derive_srm")


@pytest.mark.parametrize("case", SUITE)
def test_the_contracts_own_cases(case: dict[str, Any]) -> None:
    """28 and 42 figures of StandardManager's tests @ 7736900d39, asked of the engine."""
    given, then = case["given"], case["then"]
    held, terms, events = account_of(given)
    report = require(held, terms, market(*events, dollar=given["stable_price"]), rulebook_of(given))
    assert isinstance(report, MarginReport)
    assert report.confidence == "estimate"
    found = {"mm": report.headroom_ccy, "mtm": report.equity_ccy}
    if is_sure(given):
        found["im"] = initial_margin(report)
    for name in found.keys() & then.keys():
        wanted = D(then[name])
        if "rule" in case["tolerance"]:
            whole = round(found[name], 6).to_integral_value(ROUND_DOWN)
            assert whole == wanted, name
        else:
            assert abs(found[name] - wanted) <= D("1e-6") * (1 + abs(wanted)), name


@pytest.mark.parametrize("case", SUITE)
def test_with_sure_feeds_it_is_the_certified_rule(case: dict[str, Any]) -> None:
    """Eight cases have a feed below the threshold; here every case is asked as if it had none."""
    given = certain(case["given"])
    held, terms, events = account_of(given)
    report = require(held, terms, market(*events, dollar=given["stable_price"]), rulebook_of(given))
    assert isinstance(report, MarginReport)
    rule = COMPUTATIONS["derive_srm", "derive_srm"](Given(given))
    found = {
        "mm": report.headroom_ccy, "mtm": report.equity_ccy, "im": initial_margin(report),
    }  # fmt: skip
    assert {k: float(v) for k, v in found.items()} == pytest.approx(rule, rel=1e-9, abs=1e-6)


CALL = option(2000, "call", coin="ETH", settlement="USDC")
PUT = option(2000, "put", coin="ETH", settlement="USDC")


def of(
    positions: dict[str, Any] | None = None,
    balances: dict[str, Any] | None = None,
    *events: MarketEvent,
    **changes: Any,
) -> Any:
    """Ask for an account at spot 2000, perpetual 2010 and options at vol 0.5."""
    held = account(positions=positions, balances=balances)
    now = market(
        index("ETH", 2000),
        quote("ETH-PERP", 2010),
        option_quote(CALL, 2020, 0.5),
        option_quote(PUT, 2020, 0.5),
        *events,
        dollar=changes.pop("dollar", 1),
    )
    return require(
        held,
        by_id(perpetual("ETH"), CALL, PUT, inverse("ETH"), perpetual("DOGE")),
        now,
        derive(**changes),
    )


def test_a_perpetual_by_hand() -> None:
    """-3 at 2010: 5 % and 6.6 % of 6030, and 3 x (2050 - 2010) gained."""
    report = of({"ETH-PERP": (-3, 2050)}, {"USDC": 1000})
    assert report.requirement_maintenance_ccy == D("301.5")
    assert report.requirement_initial_ccy == D("397.98")
    assert report.equity_ccy == 1120


def test_a_base_coin_by_hand() -> None:
    """2 x 2000 counts 80 %, and 93.75 % of that to begin with; it is worth 4000 / 0.8 USDC."""
    report = of(balances={"ETH": 2}, dollar="0.8")
    assert report.equity_ccy == 5000
    assert report.headroom_ccy == 3200
    assert initial_margin(report) == 3000


def test_a_short_call_by_hand() -> None:
    """At the money: 9 % of spot for maintenance, 15 % to begin with, beside its own value."""
    report = of({CALL.instrument_id: -2}, {"USDC": 1000})
    (line,) = report.lines
    assert (line.rule, line.subject) == ("short option", CALL.instrument_id)
    assert abs(line.amount_ccy - 360) < D("1e-9")
    assert line.amount_initial_ccy is not None
    assert abs(line.amount_initial_ccy - 600) < D("1e-9")
    # Near the money a call is worth 0.4 F vol √T and half of what is in the money: 180 + 10.
    assert abs(report.equity_lines[1].amount_ccy + 2 * 190) < 5


def test_a_long_option_is_worth_something_and_counts_nothing() -> None:
    report = of({PUT.instrument_id: 1}, {"USDC": 0})
    assert abs(report.equity_ccy - 170) < 3  # the call's 190, less 20 in the money
    assert abs(report.headroom_ccy) < D("1e-11")


def test_a_spread_needs_what_it_can_lose() -> None:
    """Short the 2000 call, long one at 1990: at no price does it lose anything."""
    lower = option(1990, "call", coin="ETH", settlement="USDC")
    held = account(positions={CALL.instrument_id: -1, lower.instrument_id: 1})
    now = market(index("ETH", 2000), option_quote(CALL, 2020, 0.5), option_quote(lower, 2020, 0.5))
    report = require(held, by_id(CALL, lower), now, derive())
    assert isinstance(report, MarginReport)
    assert report.lines[-1].rule == "together the expiry can lose less"
    assert abs(report.headroom_ccy) < D("1e-9")


def test_a_spread_names_the_price_at_which_it_loses_most() -> None:
    """Short the 2000 call, long one at 2100: 100 from there on, less than the short alone."""
    higher = option(2100, "call", coin="ETH", settlement="USDC")
    held = account(positions={CALL.instrument_id: -1, higher.instrument_id: 1})
    quotes = (option_quote(CALL, 2020, 0.5), option_quote(higher, 2020, 0.5))
    report = require(held, by_id(CALL, higher), market(index("ETH", 2000), *quotes), derive())
    assert isinstance(report, MarginReport)
    assert abs(report.headroom_ccy + 100) < D("1e-9")
    assert report.lines[-1].detail.endswith("at price 2100.0 the payoff is -100.0")


def test_a_lost_peg_asks_more_to_begin_with() -> None:
    """(0.99 - 0.9) x 2 x (3 perpetuals + 2 shorts) x 2000."""
    report = of({"ETH-PERP": (3, 2010), PUT.instrument_id: -2}, {}, dollar="0.9")
    sound = of({"ETH-PERP": (3, 2010), PUT.instrument_id: -2}, {})
    assert report.requirement_initial_ccy - sound.requirement_initial_ccy == D(1800)
    assert report.requirement_maintenance_ccy == sound.requirement_maintenance_ccy


@pytest.mark.parametrize(
    ("positions", "balances", "told"),
    [
        ({"DOGE-PERP": (1, 1)}, {}, "DOGE"),
        ({"ETH-PERP": 1}, {}, "ETH-PERP"),
        ({"ETH-PERPETUAL": (1, 2000)}, {}, "ETH-PERPETUAL"),
        ({}, {"SOL": 1}, "SOL"),
        ({}, {"ETH": -1}, "ETH"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(
    positions: dict[str, Any], balances: dict[str, Any], told: str
) -> None:
    failure = of(positions, balances)
    assert isinstance(failure, Failure)
    assert told in failure.subject + failure.message


def test_a_market_without_rates_is_refused_by_name() -> None:
    doge = of({"DOGE-PERP": (1, 1)}, {}, index("DOGE", 1), quote("DOGE-PERP", 1))
    assert isinstance(doge, Failure)
    assert "no perpetual rates for DOGE-PERP" in doge.message
    bare = of({PUT.instrument_id: -1}, {}, options={})
    assert isinstance(bare, Failure)
    assert f"no option rates for {PUT.instrument_id}" in bare.message
    other = require(account(currency="USDT"), {}, market(), derive())
    assert isinstance(other, Failure)
    assert "USDC" in other.message


def test_a_leg_without_vol_or_past_its_expiry_is_refused_by_name() -> None:
    far = option(3000, "call", coin="ETH", settlement="USDC")
    held = account(positions={far.instrument_id: -1})
    silent = require(held, by_id(far), market(index("ETH", 2000)), derive())
    assert isinstance(silent, Failure)
    assert (silent.subject, silent.reason) == (far.instrument_id, "missing_data")
    late = snapshot(index("ETH", 2000, time_ns=EXPIRY_NS), time_ns=EXPIRY_NS)
    expired = require(held, by_id(far), late, derive())
    assert isinstance(expired, Failure)
    assert expired.subject == far.instrument_id


def test_no_price_of_the_stable_coin_is_a_failure() -> None:
    now = market(index("ETH", 2000))
    blind = replace(now, indices={})
    failure = require(account(balances={"USDC": 1}), {}, blind, derive())
    assert isinstance(failure, Failure)
    assert failure.subject == "USDC"


def test_a_worth_rounds_down_and_an_unsure_feed_is_nobody_s_knowledge() -> None:
    report = of(balances={"ETH": 1}, dollar=3, confidence="exact")
    assert report.equity_ccy == D("666.666666666666")
    # Every rule is V but the one that says how sure feeds are.
    assert report.confidence == "estimate"
    assert of({}, {"USDC": 1}, confidence="exact").confidence == "exact"


def test_a_staked_coin_is_worth_what_its_base_is() -> None:
    book = derive(base_factor_frac={"WEETH": D("0.5")}, base_initial_scale_frac={"WEETH": D(1)})
    now = market(staking("WEETH", "ETH", "1.05"), index("ETH", 2000))
    report = require(account(balances={"WEETH": 2}), {}, now, book)
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == 4200
    assert report.headroom_ccy == 2100


def test_a_staked_coin_between_two_steps_is_worth_no_more_than_its_base() -> None:
    """1.07 x 0.123456789012345 is 0.13209876424320915, kept to twelve decimals."""
    book = derive(base_factor_frac={"WEETH": D("0.5")}, base_initial_scale_frac={"WEETH": D(1)})
    now = market(staking("WEETH", "ETH", "1.07"), index("ETH", "0.123456789012345"))
    report = require(account(balances={"WEETH": 1}), {}, now, book)
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == D("0.132098764243")
    up = market(staking("WEETH", "ETH", "1.07"), index("ETH", "0.123456789012999"))
    report = require(account(balances={"WEETH": 1}), {}, up, book)
    assert isinstance(report, MarginReport)
    # 0.13209876424390893: the nearest step lies above it.
    assert report.equity_ccy == D("0.132098764243")


def test_an_expiry_has_one_forward_that_of_its_youngest_quote() -> None:
    """The put was quoted two seconds before the call, at another forward."""
    early = option_quote(PUT, 1500, 0.5, T0_NS - 2 * SECOND_NS)
    later: list[MarketEvent] = [index("ETH", 2000), option_quote(CALL, 2020, 0.5), index("USDC", 1)]
    held = account(positions={PUT.instrument_id: 1, CALL.instrument_id: -1})
    terms = by_id(PUT, CALL)
    report = require(held, terms, snapshot(early, *later), derive())
    together = require(held, terms, snapshot(option_quote(PUT, 2020, 0.5), *later), derive())
    assert isinstance(report, MarginReport)
    assert isinstance(together, MarginReport)
    assert report.equity_ccy == together.equity_ccy


def test_figures_that_contradict_each_other_are_named() -> None:
    rates = msgspec.structs.replace(
        derive().options["ETH"], short_most_frac=D(0), unpaired_initial_frac=D(1)
    )
    book = derive(
        perp_initial_frac={"ETH": D("0.1")},
        perp_maintenance_frac={"ETH": D("0.2")},
        base_factor_frac={"ETH": D("1.1")},
        base_initial_scale_frac={"ETH": D("1.2")},
        options={"ETH": rates},
    )
    assert list(mistakes_of(book)) == [
        "base_factor_frac.ETH must be in [0, 1], was 1.1",
        "base_initial_scale_frac.ETH must be in [0, 1], was 1.2",
        "perp_initial_frac.ETH is below perp_maintenance_frac.ETH",
        "options.ETH.short_most_frac must be in (0, 1], was 0",
        "options.ETH.short_most_frac is below short_least_frac",
        "options.ETH.unpaired_initial_frac is below unpaired_maintenance_frac",
    ]
    lacking = derive(base_factor_frac={"ETH": D(1)})
    assert list(mistakes_of(lacking)) == [
        "base_initial_scale_frac names BTC, ETH, base_factor_frac names ETH"
    ]
