"""An account of one Compound III market: what it must hold, and what an absorption leaves."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.instruments import LoanDebt, LoanSupply
from hedgerow.margin import LiquidationReach, MarginReport, mistakes_of, reach_of, require
from hedgerow.margin.rules.compound_v3 import Collateral, liquidity_usd
from hedgerow.margin.venues.compound_v3 import CompoundCollateral, CompoundRulebook
from hedgerow.market import MarketEvent
from tests.builders import (
    RAY,
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
from tests.rooms.margin.onchain import assert_refused, cases

D = Decimal
MARKET = "comet-usdc"


def supply(asset: str, decimals: int = 18) -> LoanSupply:
    return LoanSupply(
        instrument_id=f"supply:{asset}", market=MARKET, asset=asset, asset_decimals=decimals
    )


DEBT = LoanDebt(instrument_id="debt:USDC", market=MARKET, asset="USDC", asset_decimals=6)
TERMS = by_id(DEBT, supply("USDC", 6), supply("WETH"), supply("COMP"))


def factors(borrow: Number, liquidate: Number, liquidation: Number = 1) -> CompoundCollateral:
    return CompoundCollateral(
        borrow_frac=exact(borrow),
        liquidate_frac=exact(liquidate),
        liquidation_frac=exact(liquidation),
        asset_decimals=18,
    )


def rulebook(**collateral: CompoundCollateral) -> CompoundRulebook:
    return CompoundRulebook(
        name="compound/2026-01-01",
        venue="compound",
        source="made for tests",
        as_of="2026-01-01",
        confidence="exact",
        confidence_note="",
        evidence={"base": "V", "collateral": "V", "borrow": "V"},
        market=MARKET,
        base_asset="USDC",
        base_decimals=6,
        collateral=collateral,
    )


RULES = rulebook(WETH=factors("0.8", "0.85", "0.95"), COMP=factors("0.65", "0.7", "0.9"))


def events(
    prices: dict[str, Number], supply_ray: int = RAY, debt_ray: int = RAY
) -> list[MarketEvent]:
    """Collateral has an index of one; the base asset has both of its own."""
    return [
        event
        for asset, price in prices.items()
        for event in (
            oracle(asset, price),
            msgspec.structs.replace(
                lending(asset, supply_ray=supply_ray, debt_ray=debt_ray)
                if asset == "USDC"
                else lending(asset),
                market=MARKET,
            ),
        )
    ]


PRICES: dict[str, Number] = {"USDC": 1, "WETH": 2000, "COMP": 40}


def required(positions: Positions, prices: dict[str, Number], **more: Any) -> MarginReport:
    rules = more.pop("rules", RULES)
    now = snapshot(*events(prices, **more))
    report = require(account("comet", positions=positions), TERMS, now, rules)
    assert isinstance(report, MarginReport), report
    return report


def absorbed(
    positions: Positions, prices: dict[str, Number], supply_ray: int = RAY
) -> LiquidationReach | None:
    held = account("comet", positions=positions)
    outcome = reach_of(held, TERMS, snapshot(*events(prices, supply_ray)), RULES)
    assert not isinstance(outcome, Failure), outcome
    return outcome


def test_what_keeps_it_and_what_it_may_borrow() -> None:
    """10 · 2000 · 0.85 + 100 · 40 · 0.7 = 19,800; with the borrow factors 18,600."""
    report = required({"debt:USDC": -18_700, "supply:WETH": 10, "supply:COMP": 100}, PRICES)
    assert (report.equity_ccy, report.requirement_maintenance_ccy) == (D(19_800), D(18_700))
    assert report.equity_ccy - report.requirement_initial_ccy == D(18_600) - D(18_700)
    assert not report.is_liquidatable
    assert (report.currency, report.confidence) == ("USD", "exact")
    assert report.lines[0].detail == "18700000000 / 10^6 x 1, to 1e-8 USD down"
    assert report.equity_lines[0].detail == (
        "10000000000000000000 / 10^18 x 2000, to 1e-8 USD down, that times 0.85 down"
    )


def test_debt_grows_by_its_index_and_is_rounded_down_like_supply() -> None:
    """The protocol cuts a debt of 1.0000005 to its token's last digit."""
    third = RAY * 4 // 3
    owed = required({"debt:USDC": -1, "supply:WETH": 1}, PRICES, debt_ray=third)
    assert owed.requirement_maintenance_ccy == D("1.333333")
    lent = required({"supply:USDC": 1}, PRICES, supply_ray=third)
    assert lent.equity_ccy == D("1.333333")
    assert lent.requirement_maintenance_ccy == lent.use_frac == 0


def test_a_side_of_the_base_asset_that_is_empty_is_no_second_balance() -> None:
    report = required({"supply:USDC": 0, "debt:USDC": -1, "supply:WETH": 1}, PRICES)
    assert report.requirement_maintenance_ccy == 1


def test_collateral_alone_needs_nothing() -> None:
    report = required({"supply:WETH": 10}, PRICES)
    assert report.lines == ()
    assert report.requirement_initial_ccy == 0


@pytest.mark.parametrize("kind", ["is_liquidatable", "is_borrow_collateralised"])
def test_the_accounts_of_the_vectors_through_the_engine(kind: str) -> None:
    for case in cases("compound_v3", kind):
        given_ = case["given"]
        factor = factors(given_["collateral_factor"], given_["collateral_factor"])
        report = required(
            {"debt:USDC": given_["base_balance"], "supply:WETH": given_["collateral"]},
            {"USDC": 1, "WETH": given_["collateral_price"]},
            rules=rulebook(WETH=factor),
        )
        if kind == "is_liquidatable":
            assert report.is_liquidatable == case["then"]["value"], case["id"]
        else:
            may = report.equity_ccy >= report.requirement_initial_ccy
            assert may == case["then"]["value"], case["id"]


def test_the_absorption_of_the_vectors_through_the_engine() -> None:
    (case,) = cases("compound_v3", "absorb")
    given_, then = case["given"], case["then"]
    # The factor that makes it liquidatable is not in the case: none of the collateral counts.
    factor = factors(0, 0, given_["liquidation_factor"])
    assets = [each["asset"] for each in given_["collaterals"]]
    rules = rulebook(**dict.fromkeys(assets, factor))
    positions: dict[str, Number] = {"debt:USDC": D(given_["base_balance"]).scaleb(-6)}
    positions |= {f"supply:{each['asset']}": each["amount"] for each in given_["collaterals"]}
    prices: dict[str, Number] = {"USDC": 1}
    prices |= {each["asset"]: each["price"] for each in given_["collaterals"]}
    terms = by_id(DEBT, supply("USDC", 6), *(supply(asset) for asset in assets))
    held = account(positions=positions)
    reach = reach_of(held, terms, snapshot(*events(prices)), rules)
    assert isinstance(reach, LiquidationReach)
    left = reach.after.quantity_contracts("supply:USDC")
    assert left == D(then["new_base_balance"]).scaleb(-6)
    assert [p.instrument_id for p in reach.after.positions] == ["supply:USDC"]
    paid = sum(a.quantity_coin for a in (*reach.repaid, *reach.returned))
    assert -paid == D(then["reserves_change_base"]).scaleb(-6)
    assert reach.lost == ()


def test_what_collateral_does_not_cover_the_reserves_pay() -> None:
    """10 · 1000 · 0.95 credited against 9,600: a hundred is lost, and all collateral is gone."""
    prices = {**PRICES, "WETH": 1000}
    reach = absorbed({"debt:USDC": -9600, "supply:WETH": 10}, prices)
    assert reach is not None
    assert [a.quantity_coin for a in reach.repaid] == [9500]
    assert [a.quantity_coin for a in reach.lost] == [100]
    assert [(a.asset, a.quantity_coin) for a in reach.seized] == [("WETH", D(10))]
    assert (reach.fee, reach.returned, reach.after.positions) == ((), (), ())
    assert reach.detail == (
        "10.000000000000000000 WETH absorbed, 9500.000000 USDC credited against 9600.000000"
    )


def test_what_is_left_comes_back_as_supply_in_its_own_scaled_units() -> None:
    prices = {**PRICES, "WETH": 1000}
    reach = absorbed({"debt:USDC": -9000, "supply:WETH": 10}, prices, supply_ray=2 * RAY)
    assert reach is not None
    assert [a.quantity_coin for a in reach.returned] == [500]
    assert reach.after.quantity_contracts("supply:USDC") == 250
    # A base asset of two dollars: half as many of them are credited.
    twice = absorbed(
        {"debt:USDC": -4500, "supply:WETH": 10}, {**prices, "USDC": 2}, supply_ray=2 * RAY
    )
    assert twice is not None
    assert [a.quantity_coin for a in twice.returned] == [250]


def test_without_an_instrument_for_what_comes_back_there_is_no_answer() -> None:
    held = account(positions={"debt:USDC": -9000, "supply:WETH": 10})
    now = snapshot(*events({**PRICES, "WETH": 1000}))
    outcome = reach_of(held, by_id(DEBT, supply("WETH")), now, RULES)
    assert isinstance(outcome, Failure)
    assert outcome.message.startswith("no instrument for USDC supplied to comet-usdc")


def test_a_healthy_account_has_no_reach() -> None:
    assert absorbed({"debt:USDC": -17_000, "supply:WETH": 10}, PRICES) is None
    assert absorbed({"debt:USDC": -17_001, "supply:WETH": 10}, PRICES) is not None
    assert absorbed({"supply:USDC": 1, "supply:WETH": 10}, PRICES) is None


def test_what_is_no_account_of_this_market_is_refused() -> None:
    refusals: dict[str, tuple[Positions, dict[str, Any]]] = {
        "BTC-PERP is no loan on comet-usdc": ({"BTC-PERP": (1, 1)}, by_id(perpetual())),
        "compound/2026-01-01 has no reserve DOGE": ({"supply:DOGE": 1}, by_id(supply("DOGE"))),
        "supply:USDC and debt:USDC: the base asset has one balance, supplied or owed": (
            {"supply:USDC": 1, "debt:USDC": -1}, TERMS),
        "debt:WETH: only USDC is lent on comet-usdc": (
            {"debt:WETH": -1},
            by_id(LoanDebt(
                instrument_id="debt:WETH", market=MARKET, asset="WETH", asset_decimals=18)),
        ),
    }  # fmt: skip
    assert_refused(refusals, snapshot(*events(PRICES)), RULES)


def test_collateral_that_grows_is_refused() -> None:
    now = snapshot(
        *events(PRICES)[:2],
        oracle("WETH", 2000),
        msgspec.structs.replace(lending("WETH", supply_ray=RAY + 1), market=MARKET),
    )
    outcome = require(account(positions={"supply:WETH": 1}), TERMS, now, RULES)
    assert isinstance(outcome, Failure)
    assert outcome.message == (
        f"supply:WETH: collateral earns nothing on comet-usdc, its index must be {RAY}, "
        f"was {RAY + 1}"
    )


def test_figures_that_contradict_each_other_are_told() -> None:
    made = rulebook(USDC=factors("0.8", "0.9"), A=factors("0.9", "0.8"), B=factors(1, "1.1"))
    assert list(mistakes_of(made)) == [
        "collateral.USDC is the base asset",
        "collateral.A: borrow_frac must not be above liquidate_frac",
        "collateral.B: no part of a collateral may be above 1",
    ]


micro = st.integers(0, 10**15).map(lambda n: D(n).scaleb(-6))
wei = st.integers(0, 10**24).map(lambda n: D(n).scaleb(-18))


@given(micro, wei, wei, st.integers(RAY, 3 * RAY))
def test_the_exact_rule_differs_by_less_than_a_unit_a_rounding(
    owed: Decimal, eth: Decimal, comp: Decimal, debt_ray: int
) -> None:
    """Debt is cut twice, each collateral twice: the last digits are 1e-6 and 1e-8 dollars."""
    report = required(
        {"debt:USDC": -owed, "supply:WETH": eth, "supply:COMP": comp}, PRICES, debt_ray=debt_ray
    )
    liquidity = liquidity_usd(
        -Fraction(owed) * Fraction(debt_ray, RAY),
        [
            Collateral(
                quantity_coin=Fraction(held),
                price_usd=Fraction(price),
                factor_frac=Fraction(D(factor)),
            )
            for held, price, factor in ((eth, 2000, "0.85"), (comp, 40, "0.7"))
        ],
    )
    cut = Fraction(report.headroom_ccy) - liquidity
    assert -4 * Fraction(1, 10**8) < cut < Fraction(1, 10**6) + Fraction(1, 10**8)


@given(micro, wei, wei)
def test_nothing_is_made_or_lost_in_an_absorption(
    owed: Decimal, eth: Decimal, comp: Decimal
) -> None:
    positions = {"debt:USDC": -owed, "supply:WETH": eth, "supply:COMP": comp}
    reach = absorbed(positions, PRICES)
    is_due = required(positions, PRICES).is_liquidatable
    assert (reach is not None) == is_due
    if reach is None:
        return
    assert sum(a.quantity_coin for a in (*reach.repaid, *reach.lost)) == owed
    seized = {a.asset: a.quantity_coin for a in reach.seized}
    assert seized == {k: v for k, v in (("WETH", eth), ("COMP", comp)) if v > 0}
    # Either something is lost or something comes back, never both.
    assert not (reach.lost and reach.returned)
