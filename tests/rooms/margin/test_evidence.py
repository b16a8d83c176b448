"""A requirement is as sure as the least sure rule that it used, and says which that was."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import RulebookRejected
from hedgerow.margin import (
    RULES,
    Confidence,
    Evidence,
    LendingRulebook,
    MarginReport,
    ScanRulebook,
    confidence_of,
    decode_rulebook,
    require,
)
from hedgerow.margin.records import report_of
from hedgerow.portfolio import OpenOrder
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    debt,
    index,
    inverse,
    inverse_future,
    lending,
    lending_rulebook,
    option,
    option_quote,
    oracle,
    packaged,
    perpetual,
    quote,
    scan_rulebook,
    snapshot,
    supply,
    tiered_rulebook,
)

D = Decimal


@pytest.mark.parametrize(
    ("best", "used", "confidence"),
    [
        ("exact", "VV", "exact"), ("exact", "", "exact"), ("exact", "VR", "estimate"),
        ("exact", "DV", "estimate"), ("exact", "VS", "estimate"), ("exact", "UV", "estimate"),
        ("reconciled", "V", "reconciled"), ("estimate", "V", "estimate"),
    ],
)  # fmt: skip
def test_one_rule_that_is_not_verified_is_enough(
    best: Confidence, used: list[Evidence], confidence: Confidence
) -> None:
    assert confidence_of(best, used) == confidence


def dated(days: int, **changes: Any) -> MarginReport:
    """One future, judged by the packaged rulebook."""
    future = inverse_future("BTC-DATED", T0_NS + days * DAY_NS)
    held = account(currency="BTC", positions={"BTC-DATED": (1000, 80_000)}, balances={"BTC": 1})
    now = snapshot(index("BTC", 80_000), quote("BTC-DATED", 80_000))
    report = require(held, by_id(future), now, scan_rulebook(**changes))
    assert isinstance(report, MarginReport)
    return report


def test_the_exponential_branch_of_a_roll_shock_is_not_verified() -> None:
    """``exp(0.075 T) - 1`` passes 0.01 at 0.1327 years, which is 48.4 days."""
    for days, evidence, confidence in ((48, "V", "exact"), (49, "S", "estimate")):
        report = dated(days)
        (line,) = [line for line in report.lines if line.rule == "roll shock"]
        assert (line.evidence, report.confidence) == (evidence, confidence)


def test_an_untold_rule_is_unverified() -> None:
    bare = dated(20, evidence={})
    assert {line.evidence for line in (*bare.lines, *bare.equity_lines)} == {"U"}
    assert bare.confidence == "estimate"
    assert dated(20, confidence="estimate").confidence == "estimate"


def test_an_option_makes_its_own_line_less_sure_and_the_tail_makes_all() -> None:
    put = option(80_000, "put")
    now = snapshot(
        index("BTC", 80_000), quote("BTC-PERPETUAL", 80_000), option_quote(put, 80_000, 0.6)
    )

    def losses(puts: int, **changes: Any) -> tuple[bool, dict[str, Evidence]]:
        held = account(
            currency="BTC",
            positions={"BTC-PERPETUAL": (1000, 80_000), put.instrument_id: puts},
            balances={"BTC": 5},
        )
        report = require(held, by_id(inverse(), put), now, scan_rulebook(**changes))
        assert isinstance(report, MarginReport)
        assert report.confidence == "estimate"
        assert report.worst_scenario is not None
        lines = [line for line in report.lines if line.rule == "loss in the worst cell"]
        is_tail = report.worst_scenario.scenario_index >= 27
        return is_tail, {line.subject: line.evidence for line in lines}

    assert losses(1) == (False, {"BTC-PERPETUAL": "V", put.instrument_id: "D"})
    undamped = {"extended_dampener_usd": {"BTC": D(0), "ETH": D(0)}}
    assert losses(-20, **undamped) == (True, {"BTC-PERPETUAL": "S", put.instrument_id: "S"})


def test_initial_lines_add_up_on_every_venue() -> None:
    perps = account(
        positions={"BTC-PERP": (-20, 80_000), "ETH-PERP": (3, 2_000)}, balances={"USDC": 10_000}
    )
    tiers = tiered_rulebook([(0, "0.004"), (50_000, "0.005")], coins=("BTC", "ETH"))
    marks = snapshot(quote("BTC-PERP", 80_000), quote("ETH-PERP", 2_500))
    by_tier = require(perps, by_id(perpetual(), perpetual("ETH")), marks, tiers)
    assert isinstance(by_tier, MarginReport)
    assert [line.amount_initial_ccy for line in by_tier.lines] == [16_000, 60]
    assert by_tier.requirement_initial_ccy == 16_060

    loan = account(positions={"supply:ETH": 10, "debt:USDC": -5_000})
    market = snapshot(oracle("ETH", 2_500), oracle("USDC", 1), lending("ETH"), lending("USDC"))
    owed = require(
        loan, by_id(supply("ETH"), debt("USDC")), market, lending_rulebook(ETH=8000, USDC=8000)
    )
    assert isinstance(owed, MarginReport)
    assert [line.amount_initial_ccy for line in owed.lines] == [5_000]
    # That the debt is owed is known, and how much more may be borrowed is not.
    assert {(line.evidence, line.evidence_initial) for line in owed.lines} == {("V", "U")}
    assert "; the loan-to-value is not told (no ltv_bps)" in owed.lines[0].detail
    # Whether the supply was chosen as collateral nobody told.
    assert {line.evidence for line in owed.equity_lines} == {"U"}

    scanned = dated(20)
    initials = [line.amount_initial_ccy or D(0) for line in scanned.lines]
    assert sum(initials) == scanned.requirement_initial_ccy
    assert [line.amount_ccy for line in scanned.lines] == [D("0.8") * each for each in initials]


def test_a_tiered_requirement_is_no_surer_than_any_of_its_rules() -> None:
    held = account(positions={"BTC-PERP": (1, 80_000)}, balances={"USDC": 10_000})
    now = snapshot(quote("BTC-PERP", 80_000))
    known: dict[str, Evidence] = {"equity": "V", "tiered_maintenance": "V", "tiered_initial": "V"}

    def confidence(**less: Evidence) -> Confidence:
        rules = tiered_rulebook([(0, "0.01")], confidence="exact", evidence={**known, **less})
        report = require(held, by_id(perpetual()), now, rules)
        assert isinstance(report, MarginReport)
        return report.confidence

    assert confidence() == "exact"
    for rule in known:
        less: dict[str, Evidence] = {rule: "D"}
        assert confidence(**less) == "estimate"


def tiered_letters(name: str, **changes: Any) -> list[tuple[str, Evidence, Evidence | None]]:
    """A perpetual of a coin and an order in it, by the packaged rulebook: rule and letters."""
    held = account(
        positions={name: (1, 80_000)},
        balances={"USDC": 10_000},
        orders=(OpenOrder(instrument_id=name, quantity_contracts=D(1), price_ccy=D(80_000)),),
    )
    book = decode_rulebook(packaged("binance/2021-11-01"), where="packaged")
    now = snapshot(quote(name, 80_000))
    rules = msgspec.structs.replace(book, **changes)
    report = require(held, by_id(perpetual(), perpetual("ETH")), now, rules)
    assert isinstance(report, MarginReport)
    return [(line.rule, line.evidence, line.evidence_initial) for line in report.lines]


def test_a_line_says_how_well_its_initial_amount_is_known() -> None:
    """The rulebook: maintenance V, initial U (twice the maintenance), orders S; ETH's is BTC's."""
    assert tiered_letters("BTC-PERP") == [
        ("tiered maintenance", "V", "U"),
        ("open orders", "S", "U"),
    ]
    assert tiered_letters("ETH-PERP") == [
        ("tiered maintenance", "U", "U"),
        ("open orders", "S", "U"),
    ]
    known: dict[str, Evidence] = {
        "equity": "V", "tiered_maintenance": "V", "tiered_initial": "D", "open_orders": "R",
    }  # fmt: skip
    assert tiered_letters("BTC-PERP", evidence=known) == [
        ("tiered maintenance", "V", "D"), ("open orders", "R", "D"),
    ]  # fmt: skip
    assert tiered_letters("ETH-PERP", evidence=known) == [
        ("tiered maintenance", "U", "U"), ("open orders", "R", "U"),
    ]  # fmt: skip


def test_a_borrowed_table_of_no_coin_is_refused() -> None:
    raw = packaged("binance/2021-11-01").replace(b'["ETH"]', b'["SOL"]')
    with pytest.raises(RulebookRejected, match="tiers_borrowed: there are no tiers of SOL"):
        decode_rulebook(raw, where="rules.toml")


def test_a_line_whose_initial_rule_is_not_known_makes_the_report_an_estimate() -> None:
    made = dated(20)
    (first, *others) = made.lines
    now = account(currency="BTC")
    for letter, confidence in (("V", "exact"), (None, "exact"), ("D", "estimate")):
        report = report_of(
            now,
            scan_rulebook(),
            T0_NS,
            currency="BTC",
            lines=[msgspec.structs.replace(first, evidence_initial=letter), *others],
            equity_lines=made.equity_lines,
        )
        assert report.confidence == confidence


def test_a_loan_is_no_surer_than_its_rules() -> None:
    loan = account(positions={"supply:ETH": 10, "debt:USDC": -5_000})
    market = snapshot(oracle("ETH", 2_500), oracle("USDC", 1), lending("ETH"), lending("USDC"))
    cases: tuple[tuple[Evidence, Evidence, Confidence], ...] = (
        ("V", "V", "exact"),
        ("R", "V", "estimate"),
        ("V", "U", "estimate"),
    )
    told = lending_rulebook(ETH=8000, USDC=8000)
    lent = {
        asset: msgspec.structs.replace(each, ltv_bps=7500) for asset, each in told.reserves.items()
    }
    known: dict[str, Evidence] = {"debt": "V", "loan_to_value": "V"}
    for evidence, choice, confidence in cases:
        rules = msgspec.structs.replace(
            told,
            confidence="exact",
            evidence=known | {"collateral": evidence, "collateral_choice": choice},
            reserves=lent,
        )
        report = require(loan, by_id(supply("ETH"), debt("USDC")), market, rules)
        assert isinstance(report, MarginReport)
        assert report.confidence == confidence


def test_a_report_refuses_initial_lines_that_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="requirement_initial_ccy is 1 but its lines add up to"):
        msgspec.structs.replace(dated(20), requirement_initial_ccy=D(1))


@pytest.mark.parametrize("name", packaged_rulebooks())
def test_packaged_rulebooks_tag_every_rule(name: str) -> None:
    rulebook = decode_rulebook(packaged(name), where=name)
    unused: set[str] = set()
    if isinstance(rulebook, LendingRulebook):
        # Where it has figures for them, it must say how well they are known.
        assert rulebook.e_mode is None
        unused = {"e_mode"}
        if all(each.ltv_bps is None for each in rulebook.reserves.values()):
            unused |= {"loan_to_value"}
    assert set(rulebook.evidence) == set(RULES[type(rulebook)]) - unused


def test_what_the_reference_does_not_verify_is_not_verified_here() -> None:
    """venue-margin.md, section 1.4: step 4 and the exponent of step 6 are from third parties."""
    rulebook = decode_rulebook(packaged("deribit/2026-02-15"), where="packaged")
    assert isinstance(rulebook, ScanRulebook)
    assert {k: v for k, v in rulebook.evidence.items() if v != "V"} == {
        "options_scan": "D", "tail_multiplier": "S", "tail_dampener": "S", "roll_exponential": "S",
        "open_orders": "U",
    }  # fmt: skip


def test_a_tag_of_no_rule_is_refused() -> None:
    raw = packaged("deribit/2026-02-15").replace(b"futures_scan =", b"future_scan =")
    with pytest.raises(RulebookRejected, match=r"evidence\.future_scan is no rule of this kind"):
        decode_rulebook(raw, where="rules.toml")
