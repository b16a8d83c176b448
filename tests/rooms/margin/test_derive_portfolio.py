"""Derive's portfolio margin as an account: the contracts' own cases, line by line, and refusals."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites import COMPUTATIONS
from hedgerow.errors import Failure, MarketRejected
from hedgerow.instruments import Instrument
from hedgerow.margin import MarginReport, decode_rulebook, mistakes_of, require
from hedgerow.margin.venues.derive_portfolio_rulebook import (
    CollateralTerms,
    DerivePortfolioRulebook,
    PortfolioRates,
    ScenarioCell,
)
from hedgerow.market import MarketEvent
from hedgerow.portfolio import Account
from hedgerow.units import SECOND_NS, date_utc
from tests.builders import (
    EXPIRY_NS,
    T0_NS,
    account,
    by_id,
    index,
    option,
    option_quote,
    packaged,
    perpetual,
    quote,
    snapshot,
)
from tests.rooms.margin.chain_cases import cases, certain, initial_margin, market, options_of

D = Decimal
# What the suite calls a parameter, and the rulebook.
RATES = {
    "mm_factor": "maintenance_factor_frac",
    "im_factor": "initial_factor_frac",
    "short_rate_mult": "short_rate_multiplier_frac",
    "long_rate_mult": "long_rate_multiplier_frac",
    "short_rate_add": "short_rate_add_frac",
    "long_rate_add": "long_rate_add_frac",
    "long_base_static_discount": "long_discount_frac",
    "short_base_static_discount": "short_discount_frac",
    "basis_spot_up": "basis_up_frac",
    "basis_spot_down": "basis_down_frac",
    "basis_add_factor": "basis_add_frac",
    "basis_mult_factor": "basis_multiplier_frac",
    "peg_loss_threshold": "peg_threshold_frac",
    "peg_loss_factor": "peg_factor_frac",
    "confidence_threshold": "confidence_threshold_frac",
    "confidence_margin": "confidence_factor_frac",
    "mm_perp_percent": "perp_maintenance_frac",
    "im_perp_percent": "perp_initial_frac",
    "mm_option_percent": "option_maintenance_frac",
    "im_option_percent": "option_initial_frac",
    "vol_range_up": "vol_up_frac",
    "vol_range_down": "vol_down_frac",
    "short_term_power": "short_power",
    "long_term_power": "long_power",
    "min_vol_up_shock": "vol_up_least_frac",
    "linear_base_cap": "linear_cap_frac",
    "linear_c_base": "linear_cap_per_root_year_frac",
    "abs_base_cap": "abs_cap_frac",
    "abs_c_base": "abs_cap_per_root_year_frac",
    "min_k_star": "skew_least_log",
    "width_scale": "skew_width_frac",
    "vol_param_static": "skew_static_frac",
    "vol_param_scale": "skew_scale_frac",
}


def portfolio(**changes: Any) -> DerivePortfolioRulebook:
    book = decode_rulebook(packaged("derive-portfolio/2026-11-20"), where="packaged")
    assert isinstance(book, DerivePortfolioRulebook)
    return msgspec.structs.replace(book, **changes)


def coin_of(given: Mapping[str, Any]) -> str:
    """Name the manager's underlying, which the suite leaves to its prices."""
    priced = {each["asset"]: each["price"] for each in given["collaterals"]}
    same = [coin for coin in ("BTC", "ETH") if priced.get(coin) == given["spot"]]
    return same[0] if same else "ETH" if "BTC" in priced else "BTC"


def rulebook_of(given: Mapping[str, Any]) -> DerivePortfolioRulebook:
    rates = given["params"]
    days = {
        date_utc(T0_NS + int(each["seconds_to_expiry"]) * SECOND_NS): D(each["rate"])
        for each in given["expiries"]
    }
    return portfolio(
        parameters=PortfolioRates(
            floor_s=D(rates["dte_floor_days"]) * 86_400,
            **{ours: D(rates[theirs]) for theirs, ours in RATES.items()},
        ),
        scenarios=[
            ScenarioCell(
                spot_frac=D(each["spot_shock"]),
                vol_shock=each["vol_shock"],
                dampening_frac=D(each.get("dampening", 1)),
            )
            for each in given["scenarios"]
        ],
        rate_by_day_frac_per_year=days,
        collaterals={
            coin_of(given): {
                each["asset"]: CollateralTerms(
                    haircut_maintenance_frac=D(each["mm_haircut"]),
                    haircut_initial_frac=D(each["im_haircut"]),
                    is_risk_cancelling=each["risk_cancelling"],
                )
                for each in given["collaterals"]
            }
        },
    )


def account_of(
    given: Mapping[str, Any],
) -> tuple[Account, dict[str, Instrument], list[MarketEvent]]:
    """A case as an account: profit is in the entry price, unsettled funding in the cash."""
    coin = coin_of(given)
    terms, positions, events = options_of(coin, given["expiries"])
    held: dict[str, Any] = dict(positions)
    events.append(index(coin, given["spot"]))
    if perps := D(given["perp_position"]):
        mark = D(given["perp_price"])
        terms |= by_id(perpetual(coin))
        held[f"{coin}-PERP"] = (perps, mark - D(given["perp_unrealised_pnl"]) / perps)
        events.append(quote(f"{coin}-PERP", mark))
    balances = {"USDC": D(given["cash"]) + D(given["perp_unsettled_funding"])}
    for each in given["collaterals"]:
        balances[each["asset"]] = D(each["amount"])
        if each["asset"] != coin:
            events.append(index(each["asset"], each["price"]))
    return account(positions=held, balances=balances), terms, events


SUITE = cases("onchain/derive_pmrm_v2")


@pytest.mark.parametrize("case", SUITE)
def test_the_contracts_own_cases(case: dict[str, Any]) -> None:
    """Every figure of the suite that an account can have, asked of the engine."""
    given, then = case["given"], case["then"]
    if any(leg["vol"] > 10 for each in given["expiries"] for leg in each["options"]):
        with pytest.raises(MarketRejected, match="vol_mark_frac"):  # two cases quote such a vol
            account_of(given)
        return
    held, terms, events = account_of(given)
    now = market(*events, dollar=given["stable_price"])
    report = require(held, terms, now, rulebook_of(given))
    assert isinstance(report, MarginReport)
    assert report.confidence == "estimate"
    rule: Any = COMPUTATIONS["derive_pmrm_v2", "derive_pmrm_v2"](
        Given(
            certain(given),
            {"scenario_sets": [{"id": given["scenario_set"], "scenarios": given["scenarios"]}]},
        )
    )
    found = {"mm": report.headroom_ccy, "im": initial_margin(report)}
    assert float(found["mm"]) == pytest.approx(float(then["mm"]), rel=1e-7, abs=1e-6)
    assert float(found["im"]) == pytest.approx(rule["im"], rel=1e-7, abs=1e-6)
    if is_sure(given):
        assert float(found["im"]) == pytest.approx(float(then["im"]), rel=1e-7, abs=1e-6)
    worst = report.worst_scenario
    least = float(min(then["scenario_pnl"]))
    if worst is None:
        assert not report.lines or float(then["basis_contingency"]) < least
    else:
        assert float(then["scenario_pnl"][worst.scenario_index]) == pytest.approx(least)
        assert float(worst.profit_ccy) == pytest.approx(least, rel=1e-7, abs=1e-6)


def is_sure(given: Mapping[str, Any]) -> bool:
    """Whether every feed that counts is sure enough."""
    feeds = [given["spot_confidence"], *(each["confidence"] for each in given["collaterals"])]
    if given["perp_position"]:
        feeds.append(given["perp_confidence"])
    for each in given["expiries"]:
        feeds += [each[f"{name}_confidence"] for name in ("forward", "rate", "vol")]
    return all(each >= given["params"]["confidence_threshold"] for each in feeds)


CALL = option(2000, "call", coin="ETH", settlement="USDC")
PUT = option(2000, "put", coin="ETH", settlement="USDC")
BTC_CALL = option(2000, "call", settlement="USDC")


def of(
    positions: dict[str, Any] | None = None,
    balances: dict[str, Any] | None = None,
    *events: MarketEvent,
    dollar: Any = 1,
    **changes: Any,
) -> Any:
    """Ask for an account at spot 2000, perpetual 2000 and options at vol 0.5."""
    now = market(
        index("ETH", 2000),
        quote("ETH-PERP", 2000),
        option_quote(CALL, 2000, 0.5),
        option_quote(PUT, 2000, 0.5),
        *events,
        dollar=dollar,
    )
    terms = by_id(perpetual("ETH"), perpetual("DOGE"), CALL, PUT, BTC_CALL)
    return require(
        account(positions=positions, balances=balances), terms, now, portfolio(**changes)
    )


def test_the_packaged_scenarios_are_those_of_mainnet() -> None:
    """onchain-margin.md 3.2: 33, nine steps of spot, eight damped tails, two of skew."""
    cells = portfolio().scenarios
    assert len(cells) == 33
    assert sum(cell.vol_shock in ("linear", "abs") for cell in cells) == 2
    near = [cell for cell in cells if cell.dampening_frac == 1 and cell.vol_shock == "up"]
    assert [cell.spot_frac for cell in near] == [D("0.82") + D("0.045") * i for i in range(9)]
    tails = {cell.spot_frac: cell.dampening_frac for cell in cells if cell.dampening_frac != 1}
    assert tails == {
        D(spot): D(part)
        for spot, part in (
            ("0.34", "0.21"), ("0.67", "0.42"), ("1.5", "0.2772"), ("2", "0.1386"),
            ("3", "0.0693"), ("4", "0.0462"), ("5", "0.03465"), ("6", "0.02772"),
        )
    }  # fmt: skip


def test_a_perpetual_by_hand() -> None:
    """+3 at 2000: worst is spot x 0.82 or, damped by 0.21, x 0.34; 1.5 % and 0.5 % beside.

    18 % of 6000 is 1080, 66 % x 0.21 is 831.6; 80 % of 1080 + 90 to maintain, 1080 + 120 to begin.
    """
    report = of({"ETH-PERP": (3, 2000)}, {"USDC": 500})
    assert report.requirement_maintenance_ccy == D("954")
    assert report.requirement_initial_ccy == D("1200")
    assert report.equity_ccy == 500
    assert report.worst_scenario.price_move_frac == D("-0.18")
    assert report.worst_scenario.coin == "ETH"


def test_a_lost_peg_raises_the_initial_factor_and_what_collateral_is_worth() -> None:
    """(0.98 - 0.5) x 2 on top of one."""
    report = of({"ETH-PERP": (3, 2000)}, {"USDC": 500}, dollar="0.5")
    assert report.requirement_maintenance_ccy == D("954")
    assert report.requirement_initial_ccy == D("1080") * D("1.96") + 120


def test_cancelling_collateral_hedges_a_short_perpetual() -> None:
    """2 ETH against -2 perpetuals: no scenario loses; 60 for the perpetuals, 1.5 % of 4000."""
    report = of({"ETH-PERP": (-2, 2000)}, {"ETH": 2})
    assert report.requirement_maintenance_ccy == 120
    assert report.requirement_initial_ccy == 120 + 20 + 20
    assert report.equity_ccy == 4000


def test_another_coin_is_collateral_that_no_scenario_moves() -> None:
    report = of({"ETH-PERP": (-2, 2000)}, {"BTC": 1}, index("BTC", 4000))
    assert {line.subject for line in report.lines if line.rule.startswith("loss")} == {"ETH-PERP"}


def test_shorts_that_a_long_at_their_strike_covers_are_not_naked() -> None:
    naked = {line.rule for line in of({CALL.instrument_id: -2}).lines}
    covered = {line.rule for line in of({CALL.instrument_id: -2, PUT.instrument_id: 2}).lines}
    assert "naked short options" in naked - covered


def test_cash_alone_needs_nothing() -> None:
    report = of({}, {"USDC": 10})
    assert (report.equity_ccy, report.requirement_initial_ccy, report.lines) == (10, 0, ())


@pytest.mark.parametrize(
    ("positions", "balances", "told"),
    [
        ({"ETH-PERP": 1}, {}, "ETH-PERP"),
        ({"DOGE-PERP": (1, 1)}, {}, "no manager of DOGE for DOGE-PERP"),
        ({"ETH-PERP": (1, 1), BTC_CALL.instrument_id: 1}, {}, "ETH, BTC"),
        ({}, {"ETH": 1}, "its manager could be of"),
        ({"ETH-PERP": (1, 1)}, {"DOGE": 1}, "takes no DOGE"),
        ({"ETH-PERP": (1, 1)}, {"ETH": -1}, "ETH is owed"),
        ({"ETH-PERP": (1, 1)}, {"RSWETH": 1}, "RSWETH"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(
    positions: dict[str, Any], balances: dict[str, Any], told: str
) -> None:
    more: list[MarketEvent] = [index("DOGE", 1), quote("DOGE-PERP", 1), index("BTC", 2000)]
    failure = of(positions, balances, *more, option_quote(BTC_CALL, 2000, 0.5))
    assert isinstance(failure, Failure)
    assert told in failure.subject + failure.message


def test_a_leg_without_vol_or_past_its_expiry_is_refused_by_name() -> None:
    held = account(positions={CALL.instrument_id: -1})
    silent = require(held, by_id(CALL), market(index("ETH", 2000)), portfolio())
    assert isinstance(silent, Failure)
    assert (silent.subject, silent.reason) == (CALL.instrument_id, "missing_data")
    late = snapshot(index("ETH", 2000, time_ns=EXPIRY_NS), time_ns=EXPIRY_NS)
    expired = require(held, by_id(CALL), late, portfolio())
    assert isinstance(expired, Failure)
    assert (expired.subject, expired.reason) == (CALL.instrument_id, "unsupported")
    blind = replace(market(index("ETH", 2000), quote("ETH-PERP", 2000)), indices={})
    perp = account(positions={"ETH-PERP": (1, 1)})
    assert isinstance(require(perp, by_id(perpetual("ETH")), blind, portfolio()), Failure)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scenarios": []}, "scenarios must not be empty"),
        (
            {"scenarios": [ScenarioCell(spot_frac=D(2), vol_shock="abs")]},
            "scenarios.[0] moves the skew, so spot_frac must be 1, was 2",
        ),
        (
            {"scenarios": [ScenarioCell(spot_frac=D(1), vol_shock="up")] * 41},
            "scenarios must be at most 40, were 41",
        ),
        (
            {
                "collaterals": {
                    "ETH": {
                        "ETH": CollateralTerms(
                            haircut_maintenance_frac=D("0.9"),
                            haircut_initial_frac=D("0.2"),
                            is_risk_cancelling=True,
                        )
                    }
                }
            },
            "collaterals.ETH.ETH: its haircuts add up to more than 1",
        ),
    ],
)
def test_figures_that_contradict_each_other_are_named(changes: dict[str, Any], told: str) -> None:
    assert list(mistakes_of(portfolio(**changes))) == [told]
    assert list(mistakes_of(portfolio())) == []


def test_a_manager_knows_one_perpetual() -> None:
    other = perpetual("ETH", instrument_id="ETH-PERP-2")
    held = account(positions={"ETH-PERP": (1, 2000), "ETH-PERP-2": (-1, 2000)})
    now = market(index("ETH", 2000), quote("ETH-PERP", 2000), quote("ETH-PERP-2", 2000))
    failure = require(held, by_id(perpetual("ETH"), other), now, portfolio())
    assert isinstance(failure, Failure)
    assert "ETH-PERP, ETH-PERP-2" in failure.message


def test_the_basis_contingency_by_hand() -> None:
    """A call struck at nothing much is its forward: a basis 4.5 % lower costs 90 of 2,000.

    With one scenario that moves nothing the basis is the worst: 0.5 + 2 x 0.2 years of it count.
    A put as far out gains nothing in either direction, and never takes off what the call loses.
    """
    deep = option("0.01", "call", coin="ETH", settlement="USDC")
    still = ScenarioCell(spot_frac=D(1), vol_shock="none", dampening_frac=D(0))
    held = account(positions={deep.instrument_id: 1})
    now = market(index("ETH", 2000), option_quote(deep, 2000, 0.5))
    book = portfolio(scenarios=[still], rate_frac_per_year=D(0))
    report = require(held, by_id(deep), now, book)
    assert isinstance(report, MarginReport)
    (line,) = report.lines
    assert line.rule == "basis contingency"
    assert float(line.amount_initial_ccy or 0) == pytest.approx(90 * 0.9)
    assert float(line.amount_ccy) == pytest.approx(90 * 0.9 * 0.8)
    assert report.worst_scenario is None
