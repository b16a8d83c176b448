"""What a loan account must hold, and what a liquidator may take of it."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, VaultShare
from hedgerow.margin import (
    LendingCategory,
    LendingReserve,
    LendingRulebook,
    LiquidationReach,
    MarginReport,
    mistakes_of,
    reach_of,
    require,
)
from hedgerow.margin.loans import price_base, scaled_raw
from hedgerow.margin.rules.aave_v3 import health_factor_wad
from hedgerow.market import MarketEvent, Shock
from hedgerow.portfolio import Account
from hedgerow.units import HOUR_NS
from tests.builders import (
    RAY,
    T0_NS,
    Number,
    Positions,
    account,
    by_id,
    debt,
    lending,
    lending_rulebook,
    oracle,
    perpetual,
    power,
    quanto,
    scan_rulebook,
    snapshot,
    staking,
    supply,
)
from tests.rooms.margin.onchain import assert_refused, cases

D = Decimal
VAULT = VaultShare(instrument_id="v", vault="yield", asset="USDC")


def test_every_rounding_is_against_the_borrower() -> None:
    assert price_base(D("1.000000005"), is_debt=False) == 100000000
    assert price_base(D("1.000000005"), is_debt=True) == 100000001
    assert scaled_raw(D("-1.5"), 6, is_debt=True) == 1500000
    assert scaled_raw(D("-1.5000005"), 6, is_debt=True) == 1500001
    assert scaled_raw(D("1.5000005"), 6, is_debt=False) == 1500000


LOAN = account(
    "loan",
    venue="aave",
    currency="USD",
    positions={"supply:wstETH": 50, "debt:USDC": -100_000},
)
LOAN_TERMS = by_id(supply("wstETH"), debt("USDC"))
MARKET: tuple[MarketEvent, ...] = (
    oracle("wstETH", 2400),
    oracle("USDC", 1),
    lending("wstETH"),
    lending("USDC"),
    staking("wstETH", "ETH", "1.2"),
)
RULES = lending_rulebook(wstETH=8000, USDC=8500)


def test_the_loan_of_the_sheet() -> None:
    """C = 120k, D = 100k, LT = 0.8: health factor 0.96 (methods.md 16.1)."""
    report = require(LOAN, LOAN_TERMS, snapshot(*MARKET), RULES)
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == 96_000
    assert report.requirement_maintenance_ccy == report.requirement_initial_ccy == 100_000
    assert report.is_liquidatable
    assert (report.currency, report.account_id) == ("USD", "loan")
    assert report.lines[-1].detail.endswith("health factor 0.96")
    assert report.health_wad == 960_000_000_000_000_000
    assert report.equity_lines[0].detail == (
        "50000000000000000000 / 10^18 x 2400 x 8000 / 10000; worth cut to 1e-8 USD down; "
        f"50000000000000000000 = 50000000000000000000 x {RAY} / 10^27"
    )


def test_interest_grows_both_sides_by_their_index() -> None:
    grown = (
        *MARKET[:2],
        lending("wstETH", supply_ray=RAY * 11 // 10),
        lending("USDC", debt_ray=RAY * 5 // 4),
        MARKET[4],
    )
    report = require(LOAN, LOAN_TERMS, snapshot(*grown), RULES)
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == D("105600")
    assert report.requirement_maintenance_ccy == D("125000")


def test_a_fall_of_the_base_coin_falls_on_the_staked_collateral() -> None:
    halved = snapshot(*MARKET).shocked(Shock(spot_factor_frac={"ETH": 0.5}))
    report = require(LOAN, LOAN_TERMS, halved, RULES)
    assert isinstance(report, MarginReport)
    assert report.equity_ccy == 48_000


def test_missing_inputs_and_foreign_positions() -> None:
    for left_out in range(4):
        events = [event for at, event in enumerate(MARKET) if at != left_out]
        outcome = require(LOAN, LOAN_TERMS, snapshot(*events), RULES)
        assert isinstance(outcome, Failure)
        assert outcome.reason == "missing_data"
    late = snapshot(*MARKET, time_ns=T0_NS + 2 * HOUR_NS)
    outcome = require(LOAN, LOAN_TERMS, late, RULES)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "stale_data"
    refusals: dict[str, tuple[Positions, dict[str, Instrument]]] = {
        "BTC-PERP is no loan on aave": ({"BTC-PERP": (1, 1)}, by_id(perpetual())),
        "ETH-QUANTO is no loan on aave": ({"ETH-QUANTO": (1, 1)}, by_id(quanto())),
        "oSQTH is no loan on aave": ({"oSQTH": 1}, by_id(power())),
        "v is no loan on aave": ({"v": 1}, by_id(VAULT)),
        "aave/2023-06-20 has no reserve DOGE": ({"supply:DOGE": 1}, by_id(supply("DOGE"))),
        "debt:USDC: debt is held short, supply long": ({"debt:USDC": 1}, LOAN_TERMS),
        "supply:wstETH: debt is held short, supply long": ({"supply:wstETH": -1}, LOAN_TERMS),
    }
    assert_refused(refusals, snapshot(*MARKET), RULES)


def test_a_loan_elsewhere_is_not_of_this_market() -> None:
    terms = type(supply("wstETH"))(
        instrument_id="s", market="other", asset="wstETH", asset_decimals=18
    )
    outcome = require(account(positions={"s": 1}), by_id(terms), snapshot(*MARKET), RULES)
    assert isinstance(outcome, Failure)
    assert outcome.message == "s is no loan on aave"


def test_supply_alone_needs_nothing_and_has_no_health_factor() -> None:
    held = account(positions={"supply:wstETH": 50})
    report = require(held, LOAN_TERMS, snapshot(*MARKET), RULES)
    assert isinstance(report, MarginReport)
    assert report.requirement_maintenance_ccy == 0
    assert report.use_frac == 0


# --- the protocol's own decision ------------------------------------------------------------------


BASE = 10**8


def decided(
    weights_bps: int, supply_base: int, debt_base: int, ltv_bps: int | None = None
) -> tuple[MarginReport, int | None]:
    """One supply and one debt of so many 1e-8 dollars, and the health factor the rules give."""
    terms = by_id(supply("A", 8), debt("B", 8))
    held = account(
        positions={
            "supply:A": D(supply_base).scaleb(-8),
            "debt:B": -D(debt_base).scaleb(-8),
        }
    )
    rules = lending_rulebook(A=weights_bps, B=0)
    rules = msgspec.structs.replace(
        rules,
        reserves={
            asset: msgspec.structs.replace(
                each, asset_decimals=8, ltv_bps=None if ltv_bps is None else min(ltv_bps, 1)
            )
            for asset, each in rules.reserves.items()
        },
    )
    now = snapshot(oracle("A", 1), oracle("B", 1), lending("A"), lending("B"))
    report = require(held, terms, now, rules)
    assert isinstance(report, MarginReport)
    return report, health_factor_wad(supply_base * weights_bps, debt_base)


@given(st.integers(1, 10_000), st.integers(0, 10**20), st.integers(1, 10**20))
def test_liquidatable_is_what_the_protocols_integer_says(bps: int, coins: int, owed: int) -> None:
    report, health = decided(bps, coins, owed)
    assert health is not None
    assert report.is_liquidatable == (health < 10**18)
    assert report.health_wad == health


@pytest.mark.parametrize("short", [0, 1, 2, 3, 10_001])
def test_a_debt_of_twenty_billions_is_where_half_up_begins_to_forgive(short: int) -> None:
    """4e18 / 2e18 = 2 units of weighted collateral may be missing; with a threshold of 1 bp too."""
    owed = 4 * 10**18
    report, health = decided(1, owed * 10_000 - short, owed)
    assert health == (10**18 if short <= 2 else 10**18 - 1)
    assert report.is_liquidatable == (short > 2)
    # With a loan-to-value of one basis point too, a unit less may be borrowed than is owed.
    lending_, _ = decided(1, owed * 10_000 - short, owed, ltv_bps=1)
    free = lending_.equity_ccy - lending_.requirement_initial_ccy
    power = (owed * 10_000 - short) // 10_000
    if short <= 2:
        assert free == D(power - owed).scaleb(-8)
    forgiven = [line for line in report.equity_lines if "half up" in line.rule]
    assert [line.amount_ccy for line in forgiven] == (
        [] if short in (0, 3, 10_001) else [D(short).scaleb(-12)]
    )


def test_the_accounts_of_the_vectors_through_the_engine() -> None:
    for case in cases("aave_v3", "account_summary"):
        given_, then = case["given"], case["then"]
        reserves: dict[str, LendingReserve] = {}
        positions: dict[str, Number] = {}
        events: list[MarketEvent] = []
        terms: list[Instrument] = []
        for each in given_["reserves"]:
            asset = each["asset"]
            reserves[asset] = LendingReserve(
                liquidation_threshold_bps=each["lt_bps"],
                liquidation_bonus_bps=10_500,
                asset_decimals=18,
                ltv_bps=each["ltv_bps"],
            )
            positions |= {f"supply:{asset}": each["supplied"], f"debt:{asset}": -each["borrowed"]}
            price = each["price_base"] * given_["base_price_usd"]
            events += [oracle(asset, price), lending(asset)]
            terms += [supply(asset), debt(asset, 18)]
        category = given_["emode"]
        joined = category and LendingCategory(
            ltv_bps=category["ltv_bps"],
            liquidation_threshold_bps=category["lt_bps"],
            liquidation_bonus_bps=10_100,
            members=category["members"],
        )
        rules = msgspec.structs.replace(RULES, reserves=reserves, e_mode=joined)
        report = require(account(positions=positions), by_id(*terms), snapshot(*events), rules)
        assert isinstance(report, MarginReport)
        health = report.equity_ccy / report.requirement_maintenance_ccy
        assert health == D(then["health_factor"]), case["id"]
        assert report.requirement_maintenance_ccy == D(then.get("debt_usd", "20000"))
        free = report.equity_ccy - report.requirement_initial_ccy
        assert max(free, D(0)) == D(then["available_borrows_usd"]), case["id"]
        assert f"average loan to value of {then['avg_ltv_bps']} bps" in report.lines[-1].detail


def with_ltv(rules: LendingRulebook, **ltv_bps: int) -> LendingRulebook:
    return msgspec.structs.replace(
        rules,
        reserves={
            asset: msgspec.structs.replace(each, ltv_bps=ltv_bps[asset])
            for asset, each in rules.reserves.items()
        },
    )


def test_what_may_be_borrowed_is_above_what_keeps_it_from_liquidation() -> None:
    """120,000 dollars at a threshold of 80 % and a loan-to-value of 75 %: 96,000 and 90,000."""
    report = require(LOAN, LOAN_TERMS, snapshot(*MARKET), with_ltv(RULES, wstETH=7500, USDC=8000))
    assert isinstance(report, MarginReport)
    assert (report.equity_ccy, report.requirement_maintenance_ccy) == (D(96_000), D(100_000))
    assert report.requirement_initial_ccy == 106_000
    assert report.equity_ccy - report.requirement_initial_ccy == 90_000 - 100_000


def test_in_a_category_members_count_by_it_and_may_lose_their_loan_to_value() -> None:
    base = with_ltv(RULES, wstETH=7500, USDC=8000)
    category = LendingCategory(
        ltv_bps=9000, liquidation_threshold_bps=9300, liquidation_bonus_bps=10_100,
        members=["wstETH"],
    )  # fmt: skip
    for ltv_zero, isolated, free in (
        ([], False, 108_000 - 100_000),
        (["wstETH"], False, -100_000),
        ([], True, 108_000 - 100_000),
    ):
        joined = msgspec.structs.replace(
            base,
            e_mode=msgspec.structs.replace(
                category, ltv_zero_members=ltv_zero, is_isolated=isolated
            ),
        )
        report = require(LOAN, LOAN_TERMS, snapshot(*MARKET), joined)
        assert isinstance(report, MarginReport)
        assert report.equity_ccy == 111_600
        assert report.equity_ccy - report.requirement_initial_ccy == free
    # Outside the category, and it is isolated: the supply keeps its threshold and lends nothing.
    outside = msgspec.structs.replace(
        base, e_mode=msgspec.structs.replace(category, members=["USDC"], is_isolated=True)
    )
    report = require(LOAN, LOAN_TERMS, snapshot(*MARKET), outside)
    assert isinstance(report, MarginReport)
    assert (report.equity_ccy, report.requirement_initial_ccy) == (D(96_000), D(196_000))


def test_how_well_a_category_is_known_counts() -> None:
    category = LendingCategory(
        ltv_bps=0, liquidation_threshold_bps=9000, liquidation_bonus_bps=10_000, members=[]
    )
    known = dict.fromkeys(("collateral", "collateral_choice", "debt", "loan_to_value"), "V")
    base = with_ltv(RULES, **dict.fromkeys(RULES.reserves, 0))
    for evidence, confidence in ((known, "estimate"), ({**known, "e_mode": "V"}, "exact")):
        rules = msgspec.structs.replace(
            base, e_mode=category, confidence="exact", evidence=evidence
        )
        report = require(LOAN, LOAN_TERMS, snapshot(*MARKET), rules)
        assert isinstance(report, MarginReport)
        assert report.confidence == confidence


def test_figures_that_contradict_each_other_are_told() -> None:
    book = with_ltv(lending_rulebook(A=8000, B=8000), A=8001, B=0)
    half = msgspec.structs.replace(book.reserves["B"], ltv_bps=None)
    low = msgspec.structs.replace(
        book.reserves["A"], ltv_bps=0, liquidation_bonus_bps=9999, liquidation_threshold_bps=10_001
    )
    category = LendingCategory(
        ltv_bps=9000, liquidation_threshold_bps=8900, liquidation_bonus_bps=10_000,
        members=["C"], ltv_zero_members=["A"],
    )  # fmt: skip
    replaced = msgspec.structs.replace
    for made, told in (
        (book, ["reserves.A: ltv_bps must not be above liquidation_threshold_bps"]),
        (replaced(book, reserves={"A": low, "B": half}), [
            "reserves: ltv_bps must be given for all of them or for none",
            "reserves.A: liquidation_threshold_bps must not be above 10000",
            "reserves.A: liquidation_bonus_bps must not be below 10000",
        ]),
        (replaced(RULES, e_mode=category), [
            "e_mode: C is no reserve",
            "e_mode: A is no reserve",
            "e_mode: A is no member",
            "e_mode: ltv_bps must not be above liquidation_threshold_bps",
        ]),
    ):  # fmt: skip
        assert list(mistakes_of(made)) == told


def test_terms_with_other_decimals_than_the_rulebook_are_refused() -> None:
    outcome = require(LOAN, by_id(supply("wstETH"), debt("USDC", 18)), snapshot(*MARKET), RULES)
    assert isinstance(outcome, Failure)
    assert outcome.message == "debt:USDC has 18 decimals, aave/2023-06-20 has 6"


def test_more_digits_than_a_report_adds_exactly_are_refused() -> None:
    held = account(positions={"supply:wstETH": 10**13, "debt:USDC": -1})
    outcome = require(held, LOAN_TERMS, snapshot(*MARKET), RULES)
    assert isinstance(outcome, Failure)
    assert "has more than 28 digits" in outcome.message


def test_a_position_of_more_than_28_digits_keeps_them_all() -> None:
    """In Decimals of 28 digits the nines would become one more token than is held."""
    assert scaled_raw(D("999999999999.999999999999999999"), 18, is_debt=False) == 10**30 - 1


# --- what a liquidator may take -------------------------------------------------------------------


def reached(held: Account, price: str, rules: LendingRulebook) -> LiquidationReach | None:
    events = (oracle("wstETH", price), oracle("USDC", 1), lending("wstETH"), lending("USDC"))
    outcome = reach_of(held, LOAN_TERMS, snapshot(*events), rules)
    assert not isinstance(outcome, Failure)
    return outcome


def loan(supplied: str, owed: str) -> Account:
    return account("loan", positions={"supply:wstETH": supplied, "debt:USDC": f"-{owed}"})


def test_half_of_the_debt_with_its_bonus_of_which_the_protocol_keeps_a_tenth() -> None:
    # 10 · 2000 · 0.8 against 16500: health 0.9697. 8250 / 2000 · 1.05 = 4.33125 leave, of which the
    # bonus is 0.20625 and its tenth 0.020625.
    reach = reached(loan("10", "16500"), "2000", RULES)
    assert reach is not None
    assert [(a.asset, a.quantity_coin) for a in reach.repaid] == [("USDC", D(8250))]
    assert [a.quantity_coin for a in reach.seized] == [D("4.310625")]
    assert [a.quantity_coin for a in reach.fee] == [D("0.020625")]
    assert (reach.lost, reach.returned) == ((), ())
    assert reach.after == loan("5.66875", "8250")
    assert reach.detail == (
        "4.331250000000000000 wstETH seized for 8250.000000 USDC at health 0.9697"
    )


def test_a_member_is_seized_at_the_bonus_of_its_category() -> None:
    category = LendingCategory(
        ltv_bps=0, liquidation_threshold_bps=8000, liquidation_bonus_bps=10_200, members=["wstETH"]
    )
    rules = msgspec.structs.replace(RULES, e_mode=category)
    reach = reached(loan("10", "16500"), "2000", rules)
    assert reach is not None
    assert sum(a.quantity_coin for a in (*reach.seized, *reach.fee)) == D("4.2075")


def test_collateral_without_a_threshold_is_never_seized() -> None:
    terms = by_id(supply("wstETH"), supply("USDC", 6), debt("USDC"))
    held = account(positions={"supply:wstETH": 1, "supply:USDC": 10**6, "debt:USDC": -1700})
    now = snapshot(oracle("wstETH", 2000), oracle("USDC", 1), lending("wstETH"), lending("USDC"))
    reach = reach_of(held, terms, now, lending_rulebook(wstETH=8000, USDC=0))
    assert isinstance(reach, LiquidationReach)
    assert [a.asset for a in reach.seized] == ["wstETH"]


def test_where_the_last_collateral_goes_every_debt_left_is_lost() -> None:
    reach = reached(loan("10", "30000"), "2000", RULES)
    assert reach is not None
    # ceil(20000 / 1.05)
    assert [a.quantity_coin for a in reach.repaid] == [D("19047.619048")]
    assert [a.quantity_coin for a in reach.lost] == [D("30000") - D("19047.619048")]
    assert reach.after.positions == ()


def test_collateral_without_a_price_is_not_seized_and_its_debt_is_lost() -> None:
    reach = reached(loan("10", "30000"), "1e-9", RULES)
    assert reach is not None
    assert (reach.seized, reach.repaid) == ((), ())
    assert [a.quantity_coin for a in reach.lost] == [30_000]
    assert [p.instrument_id for p in reach.after.positions] == ["supply:wstETH"]


@given(st.integers(RAY, 3 * RAY))
def test_scaled_units_that_a_call_leaves_are_rounded_against_the_account(index_ray: int) -> None:
    """At a health of 0.97 whatever the index, half of the debt goes, and both sides are left."""
    events: tuple[MarketEvent, ...] = (
        *(oracle("wstETH", 2000), oracle("USDC", 1)),
        *(lending(each, supply_ray=index_ray, debt_ray=index_ray) for each in ("wstETH", "USDC")),
    )
    reach = reach_of(loan("10", "16500"), LOAN_TERMS, snapshot(*events), RULES)
    assert isinstance(reach, LiquidationReach)
    grown = Fraction(index_ray, RAY)
    gone = sum(a.quantity_coin for a in (*reach.seized, *reach.fee))
    left = Fraction(reach.after.quantity_contracts("supply:wstETH"))
    assert left > 0
    assert -2 * grown <= (Fraction(gone) + (left - 10) * grown) * 10**18 <= 0
    settled = sum(a.quantity_coin for a in reach.repaid)
    still = -Fraction(reach.after.quantity_contracts("debt:USDC"))
    assert still > 0
    assert 0 <= (Fraction(settled) + (still - 16_500) * grown) * 10**6 <= 2 * grown


def test_nothing_may_be_taken_of_a_healthy_loan_and_an_exchange_has_no_reach() -> None:
    assert reached(loan("10", "16000"), "2000", RULES) is None
    refused = reach_of(account(), {}, snapshot(), scan_rulebook())
    assert isinstance(refused, Failure)
    assert refused.message == "deribit/2026-02-15 liquidates through an order book"


def test_a_refused_liquidation_moves_nothing() -> None:
    # 1,000 dollars must stay of a debt of 950, half of which may be repaid as the bounds are lower.
    rules = msgspec.structs.replace(RULES, close_factor_full_below_usd=D(1))
    reach = reached(loan("0.57", "950"), "2000", rules)
    assert reach is not None
    assert reach.after == loan("0.57", "950")
    assert (reach.repaid, reach.seized, reach.fee, reach.lost) == ((), (), (), ())
    assert reach.detail == "no liquidation leaves both sides above the dust limit"
