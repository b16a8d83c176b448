"""A borrower of one Morpho Blue market: what it must hold, and what a liquidator may take."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure, MarketRejected
from hedgerow.instruments import LoanDebt, LoanSupply
from hedgerow.margin import LiquidationReach, MarginReport, mistakes_of, reach_of, require
from hedgerow.margin.rules.morpho_blue import Debt
from hedgerow.margin.venues.morpho_blue import MorphoPreLiquidation, MorphoRulebook
from hedgerow.market import LendingIndex, MarketEvent
from hedgerow.portfolio import Account
from tests.builders import (
    RAY,
    T0_NS,
    Number,
    Positions,
    account,
    by_id,
    exact,
    lending,
    oracle,
    perpetual,
    snapshot,
)
from tests.rooms.margin.onchain import assert_needed, assert_refused, cases

D = Decimal
MARKET = "wsteth-usdc-86"
SUPPLY = LoanSupply(instrument_id="supply", market=MARKET, asset="wstETH", asset_decimals=18)
DEBT = LoanDebt(instrument_id="debt", market=MARKET, asset="USDC", asset_decimals=6)
TERMS = by_id(SUPPLY, DEBT)
# 2,000,000 USDC owed by 1,600,000 million shares: 1.25 a million.
TOTALS = Debt(assets_raw=2 * 10**12, shares_raw=16 * 10**17)


def rulebook(lltv: Number = "0.86", **more: Any) -> MorphoRulebook:
    return msgspec.structs.replace(
        MorphoRulebook(
            name="morpho/2026-01-01",
            venue="morpho",
            source="made for tests",
            as_of="2026-01-01",
            confidence="exact",
            confidence_note="",
            evidence={"collateral": "V", "debt": "V", "pre_liquidation": "V"},
            market=MARKET,
            loan_asset="USDC",
            loan_decimals=6,
            collateral_asset="wstETH",
            collateral_decimals=18,
            lltv_frac=exact(lltv),
        ),
        **more,
    )


RULES = rulebook()
EARLY = MorphoPreLiquidation(
    lltv_frac=D("0.8"),
    close_min_frac=D("0.2"),
    close_max_frac=D("0.8"),
    incentive_min_frac=D("1.01"),
    incentive_max_frac=D("1.01"),
)


def borrowed(totals: Debt = TOTALS) -> LendingIndex:
    return LendingIndex(
        time_ns=T0_NS,
        market=MARKET,
        asset="USDC",
        liquidity_index_ray=RAY,
        borrow_index_ray=totals.index_ray,
        borrowed_raw=totals.assets_raw,
        borrowed_shares_raw=totals.shares_raw,
    )


def events(price: Number = 2000, totals: Debt = TOTALS) -> list[MarketEvent]:
    idle = msgspec.structs.replace(lending("wstETH"), market=MARKET)
    return [oracle("wstETH", price), oracle("USDC", 1), idle, borrowed(totals)]


def loan(supplied: Number, shares: Number) -> Account:
    """Shares in millions."""
    return account("morpho", positions={"supply": supplied, "debt": -exact(shares)})


def required(held: Account, price: Number = 2000, rules: MorphoRulebook = RULES) -> MarginReport:
    report = require(held, TERMS, snapshot(*events(price)), rules)
    assert isinstance(report, MarginReport), report
    return report


def reached(
    held: Account, price: Number = 2000, rules: MorphoRulebook = RULES
) -> LiquidationReach | None:
    outcome = reach_of(held, TERMS, snapshot(*events(price)), rules)
    assert not isinstance(outcome, Failure), outcome
    return outcome


def test_what_the_collateral_carries_against_what_the_shares_owe() -> None:
    """10 · 2000 · 0.86 = 17,200; 13,600 million shares owe a hair less than 17,000."""
    report = required(loan(10, 13_600))
    assert report.equity_ccy == 17_200
    # 1.36e16 · (2e12 + 1) / (1.6e18 + 1e6) = 1.7e10 · (1 - 1.25e-13), a 2,000th of a unit below.
    assert report.requirement_maintenance_ccy == 17_000
    assert report.requirement_initial_ccy == report.requirement_maintenance_ccy
    assert (report.currency, report.confidence) == ("USDC", "exact")
    assert report.lines[0].detail == (
        "13600000000000000 shares x (2000000000000 + 1) / (1600000000000000000 + 1000000), to 1e-6 "
        "up; loan to value 0.85, the market liquidates above 0.86"
    )
    assert report.equity_lines[0].detail == (
        "10000000000000000000 x 2000000000000000000000000000 / 1e36 (2000 / 1 x 1e24 down), to "
        "1e-6 down, that times 0.86 down"
    )


def vector_events(given_: dict[str, Any]) -> list[MarketEvent]:
    totals = Debt(
        assets_raw=int(given_["total_borrow_assets"]), shares_raw=int(given_["total_borrow_shares"])
    )
    price = D(given_["price"]).scaleb(-36)
    return events(price, totals)


def vector_account(given_: dict[str, Any]) -> Account:
    return loan(D(given_["collateral"]).scaleb(-6), D(given_["borrow_shares"]).scaleb(-12))


# Both tokens with six decimals, so that a price of one is 1e36 as in the cases.
SIX = by_id(msgspec.structs.replace(SUPPLY, asset_decimals=6), DEBT)


def test_the_positions_of_the_vectors_through_the_engine() -> None:
    for case in cases("morpho_blue", "position_risk"):
        given_, then = case["given"], case["then"]
        rules = rulebook(D(given_["lltv"]).scaleb(-18), collateral_decimals=6)
        now = snapshot(*vector_events(given_))
        report = require(vector_account(given_), SIX, now, rules)
        assert isinstance(report, MarginReport)
        assert report.is_liquidatable != then["healthy"], case["id"]
        if "max_borrowable_assets" in then:
            assert report.headroom_ccy == D(then["max_borrowable_assets"]).scaleb(-6)
            used = report.use_frac
            assert used == D(then["borrow_capacity_usage"]).scaleb(-18)
            ltv = D(then["ltv"]).scaleb(-18).normalize()
            assert f"loan to value {ltv}," in report.lines[0].detail
        if then.get("health_factor") == "infinite":
            assert report.requirement_maintenance_ccy == 0


def test_the_pre_liquidation_of_the_vectors_through_the_engine() -> None:
    (case,) = cases("morpho_blue", "pre_liquidation_seizable")
    given_ = case["given"]
    early = MorphoPreLiquidation(
        lltv_frac=D(given_["pre_lltv"]).scaleb(-18),
        close_min_frac=D(given_["pre_lcf1"]).scaleb(-18),
        close_max_frac=D(given_["pre_lcf2"]).scaleb(-18),
        incentive_min_frac=D(given_["pre_lif1"]).scaleb(-18),
        incentive_max_frac=D(given_["pre_lif2"]).scaleb(-18),
    )
    rules = rulebook(D(given_["lltv"]).scaleb(-18), collateral_decimals=6, pre_liquidation=early)
    now = snapshot(*vector_events(given_))
    report = require(vector_account(given_), SIX, now, rules)
    assert isinstance(report, MarginReport)
    assert report.is_liquidatable
    reach = reach_of(vector_account(given_), SIX, now, rules)
    assert isinstance(reach, LiquidationReach)
    assert [a.quantity_coin for a in reach.seized] == [D(case["then"]["value"]).scaleb(-6)]


def test_a_contract_acts_before_the_market_and_on_a_part() -> None:
    """At 0.83 of 0.80 to 0.86 the part is half way: a close factor of 0.5."""
    held = loan(10, 13_280)  # 16,600 of 20,000
    assert reached(held) is None
    rules = rulebook(pre_liquidation=EARLY)
    report = required(held, rules=rules)
    assert report.is_liquidatable
    assert report.equity_ccy == 16_000
    reach = reached(held, rules=rules)
    assert reach is not None
    (repaid,), (seized,) = reach.repaid, reach.seized
    assert repaid.quantity_coin == pytest.approx(D(8300), abs=D("1e-4"))
    assert seized.quantity_coin == pytest.approx(D(8300) / 2000 * D("1.01"), abs=D("1e-7"))
    assert reach.lost == ()
    # Below the contract's threshold nobody acts, beyond the market's the market does.
    assert reached(loan(10, 12_800), rules=rules) is None
    beyond, alone = reached(loan(10, 13_900), rules=rules), reached(loan(10, 13_900))
    assert beyond == alone
    assert beyond is not None
    assert beyond.after.quantity_contracts("debt") == 0


def test_beyond_the_threshold_all_debt_may_go_with_the_incentive() -> None:
    """17,500 owed; 17,500 / 2000 · 1.043841336116910229 leave of 10."""
    reach = reached(loan(10, 14_000))
    assert reach is not None
    (repaid,), (seized,) = reach.repaid, reach.seized
    assert repaid.quantity_coin == D(17_500)
    assert seized.quantity_coin == pytest.approx(
        D(17_500) / 2000 * D("1.043841336116910229"), abs=D("1e-8")
    )
    assert [p.instrument_id for p in reach.after.positions] == ["supply"]
    assert reach.after.quantity_contracts("supply") == 10 - seized.quantity_coin
    assert (reach.lost, reach.fee, reach.returned) == ((), (), ())


def test_where_collateral_does_not_suffice_lenders_lose_the_rest() -> None:
    reach = reached(loan(10, 14_000), 1500)
    assert reach is not None
    (repaid,), (seized,), (lost,) = reach.repaid, reach.seized, reach.lost
    assert seized.quantity_coin == 10
    assert repaid.quantity_coin == pytest.approx(
        D(15_000) / D("1.043841336116910229"), abs=D("1e-5")
    )
    assert repaid.quantity_coin + lost.quantity_coin == pytest.approx(D(17_500), abs=D("1e-5"))
    assert reach.after.positions == ()


def test_debt_without_collateral_cannot_be_called() -> None:
    reach = reached(account(positions={"debt": -1}))
    assert reach is not None
    assert reach.after.positions == account(positions={"debt": -1}).positions
    assert reach.detail == "no collateral of any worth is left to seize"
    # Nor does it need the price of a collateral that is not held.
    report = require(account(positions={"debt": -1}), TERMS, snapshot(*events()[1:]), RULES)
    assert isinstance(report, MarginReport)
    assert report.is_liquidatable


def test_collateral_of_no_worth_cannot_be_called() -> None:
    reach = reached(loan(1, 1), "1e-25")
    assert reach is not None
    assert reach.after == loan(1, 1)


def test_how_well_a_contract_is_known_counts() -> None:
    known = {"collateral": "V", "debt": "V"}
    for evidence, confidence in ((known, "estimate"), ({**known, "pre_liquidation": "V"}, "exact")):
        rules = rulebook(pre_liquidation=EARLY, evidence=evidence)
        assert required(loan(10, 1), rules=rules).confidence == confidence


def test_an_input_that_is_missing_is_named() -> None:
    subjects = ["wstETH", "USDC", f"{MARKET} wstETH", f"{MARKET} USDC"]
    assert_needed(subjects, loan(10, 1), TERMS, events(), RULES)


def test_totals_must_be_there_and_say_what_the_index_says() -> None:
    bare = msgspec.structs.replace(borrowed(), borrowed_raw=None, borrowed_shares_raw=None)
    outcome = require(loan(10, 1), TERMS, snapshot(*events()[:3], bare), RULES)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "missing_data"
    assert outcome.message == (
        f"no total of what is borrowed, and of its shares, for {MARKET} USDC"
    )
    off = msgspec.structs.replace(borrowed(), borrow_index_ray=TOTALS.index_ray + 1)
    outcome = require(loan(10, 1), TERMS, snapshot(*events()[:3], off), RULES)
    assert isinstance(outcome, Failure)
    assert "but the market's totals give" in outcome.message
    with pytest.raises(MarketRejected, match="come together"):
        msgspec.structs.replace(borrowed(), borrowed_raw=None).__post_init__()
    with pytest.raises(MarketRejected, match="not negative, were -1"):
        msgspec.structs.replace(borrowed(), borrowed_raw=-1).__post_init__()


def test_what_is_no_position_of_this_market_is_refused() -> None:
    lent = LoanSupply(instrument_id="lent", market=MARKET, asset="USDC", asset_decimals=6)
    again = LoanSupply(instrument_id="again", market=MARKET, asset="wstETH", asset_decimals=18)
    refusals: dict[str, tuple[Positions, dict[str, Any]]] = {
        f"BTC-PERP is no loan on {MARKET}": ({"BTC-PERP": (1, 1)}, by_id(perpetual())),
        f"lent: on {MARKET} USDC is owed and wstETH is collateral": ({"lent": 1}, by_id(lent)),
        "again: one position a side, there is another": (
            {"supply": 1, "again": 1}, by_id(SUPPLY, again)),
    }  # fmt: skip
    assert_refused(refusals, snapshot(*events()), RULES)


def test_figures_that_contradict_each_other_are_told() -> None:
    replaced = msgspec.structs.replace
    early = replaced(
        EARLY, lltv_frac=D("0.86"), close_max_frac=D("0.1"), incentive_min_frac=D("0.9"),
        incentive_max_frac=D("1.2"),
    )  # fmt: skip
    assert list(mistakes_of(rulebook(pre_liquidation=EARLY))) == []
    assert list(mistakes_of(rulebook(1, collateral_asset="USDC"))) == [
        "lltv_frac must be below 1",
        "loan_asset and collateral_asset must be two assets",
    ]
    assert list(mistakes_of(rulebook(pre_liquidation=early))) == [
        "pre_liquidation: lltv_frac must be below the market's",
        "pre_liquidation: close_max_frac must be within close_min_frac and 1",
        "pre_liquidation: incentive_max_frac must not be below incentive_min_frac, nor that 1",
        "pre_liquidation: incentive_max_frac may be at most one over the market's lltv_frac",
    ]


shares_raw = st.integers(0, 10**18)
totals = st.builds(
    lambda shares, grown: Debt(assets_raw=shares * grown // 10**12, shares_raw=shares),
    st.integers(10**18, 10**24),
    st.integers(10**6, 3 * 10**6),
)


@given(totals, shares_raw)
def test_a_position_valued_by_its_index_is_within_a_unit_of_what_it_owes(
    debt: Debt, shares: int
) -> None:
    """What the pricing room takes, contracts times index, against the protocol's integer."""
    valued = Fraction(shares, 10**6) * Fraction(debt.index_ray, RAY)
    assert 0 <= debt.assets_up_raw(shares) - valued < 1 + Fraction(shares, 10**6 * RAY)


@given(
    st.integers(0, 10**21).map(lambda n: D(n).scaleb(-18)),
    st.integers(1, 10**17).map(lambda n: D(n).scaleb(-12)),
    st.integers(1, 4000),
    st.sampled_from([RULES, rulebook(pre_liquidation=EARLY)]),
)
def test_nothing_is_made_or_lost_in_a_liquidation(
    supplied: Decimal, shares: Decimal, price: int, rules: MorphoRulebook
) -> None:
    held = loan(supplied, shares)
    reach, report = reached(held, price, rules), required(held, price, rules)
    assert (reach is not None) == report.is_liquidatable
    if reach is None or not reach.seized:
        return
    (seized,) = reach.seized
    assert seized.quantity_coin + reach.after.quantity_contracts("supply") == supplied
    gone = sum(a.quantity_coin for a in (*reach.repaid, *reach.lost))
    kept = required(reach.after, price, rules).requirement_maintenance_ccy
    # Three roundings up, each below one unit, of what was one.
    assert 0 <= gone + kept - report.requirement_maintenance_ccy <= D("3e-6")
