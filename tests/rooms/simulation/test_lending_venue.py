import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument, LoanDebt
from hedgerow.margin import LendingReserve, LendingRulebook, require
from hedgerow.margin.loans import loan_of
from hedgerow.portfolio import Account, Position
from hedgerow.simulation.lending_venue import liquidate, repaid, supplied, withdrawn
from hedgerow.simulation.perpetual_venue import Liquidated
from tests import builders as made
from tests.builders import account
from tests.rooms.margin import test_compound_v3 as compound
from tests.rooms.margin import test_maker as maker
from tests.rooms.simulation.desk import (
    DEBT,
    INSTRUMENTS,
    LENDING,
    RAY,
    SUPPLY,
    VECTORS,
    lent,
    loan,
    oracle,
    snapshot,
)

THIRD = RAY * 4 // 3  # an index of 1.333…, so that nothing divides evenly


def test_supplying_mints_rounded_down() -> None:
    change = supplied(loan("0", "1"), SUPPLY, Decimal(1), THIRD)
    # 1e18 / 1.333… = 750000000000000000.0…: the index is a hair below 4/3, and down still is 0.75
    assert change.account.quantity_contracts(SUPPLY.instrument_id) == Decimal(
        "0.750000000000000000"
    )
    assert [(f.quantity_coin, f.reason) for f in change.flows] == [
        (Decimal(1), "transit"),
        (Decimal(-1), "pool"),
    ]
    assert (
        supplied(loan("0", "1"), SUPPLY, Decimal("1e-18"), THIRD).account.quantity_contracts(
            SUPPLY.instrument_id
        )
        == 0
    )


def test_repaying_burns_rounded_down_and_all_of_it_at_the_end() -> None:
    # Debt of 100 scaled units at 1.333…: 133.333334 dollars, rounded up.
    change, rest = repaid(loan("1", "100"), DEBT, Decimal(1), THIRD)
    assert change.account.quantity_contracts(DEBT.instrument_id) == Decimal("-99.25")
    assert rest == 0
    change, rest = repaid(loan("1", "100"), DEBT, Decimal(200), THIRD)
    assert change.account.quantity_contracts(DEBT.instrument_id) == 0
    assert rest == Decimal("66.666666")
    assert [(f.quantity_coin, f.reason) for f in change.flows] == [
        (Decimal("133.333334"), "transit"),
        (Decimal("-133.333334"), "pool"),
    ]


def test_withdrawing_burns_rounded_up_and_refuses_more_than_there_is() -> None:
    change = withdrawn(loan("3", "1"), SUPPLY, Decimal("0.000000000000000001"), THIRD)
    assert change is not None
    assert change.account.quantity_contracts(SUPPLY.instrument_id) == Decimal(
        "2.999999999999999999"
    )
    assert withdrawn(loan("3", "1"), SUPPLY, Decimal("4.000000000000000001"), THIRD) is None


amounts = st.integers(1, 10**24)
indices = st.integers(RAY, 5 * RAY)


@given(amounts, indices)
def test_no_round_trip_creates_anything(raw: int, index_ray: int) -> None:
    coins = Decimal(raw).scaleb(-18)
    minted = supplied(loan("0", "1"), SUPPLY, coins, index_ray).account
    assert withdrawn(minted, SUPPLY, coins + Decimal("1e-18"), index_ray) is None


@given(st.integers(1, 10**15), st.integers(1, 10**15), indices)
def test_a_repayment_never_burns_more_than_it_pays(scaled: int, raw: int, index_ray: int) -> None:
    owed = loan("1", str(Decimal(scaled).scaleb(-6)))
    change, rest = repaid(owed, DEBT, Decimal(raw).scaleb(-6), index_ray)
    left = -change.account.quantity_contracts(DEBT.instrument_id)
    burned = int((Decimal(scaled).scaleb(-6) - left).scaleb(6))
    paid = raw - int(rest.scaleb(6))
    assert burned * index_ray <= paid * RAY


def test_a_reserve_is_found_by_market_asset_and_side() -> None:
    assert loan_of(INSTRUMENTS, "aave", "USDC", is_debt=True) == DEBT
    assert loan_of(INSTRUMENTS, "aave", "USDC", is_debt=False) is None
    assert loan_of(INSTRUMENTS, "other", "wstETH", is_debt=False) is None


def done(held: Account, price: str, rulebook: LendingRulebook = LENDING) -> Liquidated:
    now = snapshot(oracle("wstETH", price), oracle("USDC", "1"), lent("wstETH"), lent("USDC"))
    result = liquidate(held, INSTRUMENTS, now, rulebook)
    assert not isinstance(result, Failure)
    return result


def left(result: Liquidated) -> tuple[Decimal, Decimal]:
    ended = result.change.account
    return (
        ended.quantity_contracts(SUPPLY.instrument_id),
        -ended.quantity_contracts(DEBT.instrument_id),
    )


def test_a_healthy_loan_is_left_alone() -> None:
    held = loan("10", "16000")
    assert done(held, "2000").change.account == held  # 10·2000·0.8 = 16000: health exactly one


def test_just_below_one_half_of_the_debt_is_repaid() -> None:
    # 10 · 2000 · 0.8 = 16000 against 16500: health 0.9697. 8250 repaid takes 8250/2000·1.05.
    result = done(loan("10", "16500"), "2000")
    assert left(result) == (Decimal("5.66875"), Decimal(8250))
    assert result.loss_ccy == Decimal(
        "412.5"
    )  # the bonus of 5 %, of which the protocol keeps a tenth
    assert result.currency == "USD"


def test_far_below_one_all_of_the_debt_is_repaid() -> None:
    result = done(loan("10", "18000"), "2000")  # health 0.889
    assert left(result) == (Decimal("0.55"), Decimal(0))  # 18000/2000·1.05 = 9.45


def test_a_small_loan_is_closed_as_a_whole() -> None:
    result = done(loan("1", "1650"), "2000")  # health 0.9697, but below 2000 dollars
    assert left(result) == (Decimal("0.13375"), Decimal(0))


def test_collateral_that_is_not_enough_leaves_bad_debt_written_off() -> None:
    result = done(loan("10", "30000"), "2000")
    assert left(result) == (Decimal(0), Decimal(0))
    assert "bad debt written off" in result.message


def test_the_amounts_are_the_protocols() -> None:
    path = VECTORS / "aave_v3.json"
    if not path.exists():
        pytest.skip("shared/vectors/onchain/aave_v3.json is not beside the repository")
    cases: list[dict[str, Any]] = json.loads(path.read_text())["cases"]
    found = {case["id"]: case for case in cases}
    for name in ("liq_calc_1", "liq_calc_3", "liq_calc_4"):
        given, then = found[name]["given"], found[name]["then"]
        decimals = given["collateral_decimals"], given["debt_decimals"]
        supply = msgspec.structs.replace(SUPPLY, asset_decimals=decimals[0])
        debt = msgspec.structs.replace(DEBT, asset_decimals=decimals[1])
        bonus = given["liquidation_bonus_bps"]
        rulebook = msgspec.structs.replace(
            LENDING,
            liquidation_protocol_fee_bps=given["protocol_fee_bps"],
            reserves={
                "wstETH": LendingReserve(
                    liquidation_threshold_bps=1,
                    liquidation_bonus_bps=bonus,
                    asset_decimals=decimals[0],
                ),
                "USDC": LendingReserve(
                    liquidation_threshold_bps=1,
                    liquidation_bonus_bps=bonus,
                    asset_decimals=decimals[1],
                ),
            },
        )
        held = loan(
            str(Decimal(given["collateral_balance"]).scaleb(-decimals[0])),
            str(Decimal(given["debt_to_cover"]).scaleb(-decimals[1])),
        )
        now = snapshot(
            oracle("wstETH", str(Decimal(given["collateral_price_1e8"]).scaleb(-8))),
            oracle("USDC", str(Decimal(given["debt_price_1e8"]).scaleb(-8))),
            lent("wstETH"),
            lent("USDC"),
        )
        terms: dict[str, Instrument] = {supply.instrument_id: supply, debt.instrument_id: debt}
        result = liquidate(held, terms, now, rulebook)
        assert not isinstance(result, Failure)
        flows = {(f.asset, f.reason): f.quantity_coin for f in result.change.flows}
        seized = int(then["collateral_to_liquidator"]) + int(then["protocol_fee"])
        assert int(flows["wstETH", "pool"].scaleb(decimals[0])) == seized, name
        assert int(flows["USDC", "seized"].scaleb(decimals[1])) == int(then["debt_repaid"]), name


def test_an_unknown_price_is_a_failure() -> None:
    now = snapshot(oracle("wstETH", "2000"), lent("wstETH"), lent("USDC"))
    assert isinstance(liquidate(loan("1", "1650"), INSTRUMENTS, now, LENDING), Failure)


@given(
    st.integers(1, 10**21).map(lambda n: str(Decimal(n).scaleb(-18))),
    st.integers(1, 10**13).map(lambda n: str(Decimal(n).scaleb(-6))),
    st.integers(100, 5000).map(str),
)
def test_liquidation_ends_healthy_or_without_one_side(supply: str, debt: str, price: str) -> None:
    result = done(loan(supply, debt), price)
    now = snapshot(oracle("wstETH", price), oracle("USDC", "1"), lent("wstETH"), lent("USDC"))
    report = require(result.change.account, INSTRUMENTS, now, LENDING)
    assert not isinstance(report, Failure)
    assert not report.is_liquidatable
    assert min(left(result)) >= 0
    assert sum((f.quantity_coin for f in result.change.flows), Decimal(0)) == 0


def test_a_liquidator_who_may_not_leave_dust_takes_less() -> None:
    # Debts of 2100 and 200: half of all debt is 1150, which would leave 950 of the larger one. The
    # protocol refuses to leave less than 1000, so 1100 is repaid.
    borrowed = LoanDebt(
        instrument_id="aave:debt:wstETH", market="aave", asset="wstETH", asset_decimals=18
    )
    terms: dict[str, Instrument] = {**INSTRUMENTS, borrowed.instrument_id: borrowed}
    held = loan("1.4", "2100")
    two = msgspec.structs.replace(
        held,
        positions=(
            *held.positions,
            Position(instrument_id=borrowed.instrument_id, quantity_contracts=Decimal("-0.1")),
        ),
    )
    now = snapshot(oracle("wstETH", "2000"), oracle("USDC", "1"), lent("wstETH"), lent("USDC"))
    result = liquidate(two, terms, now, LENDING)  # health 1.4 · 2000 · 0.8 / 2300 = 0.974
    assert not isinstance(result, Failure)
    first = next(f for f in result.change.flows if f.asset == "USDC")
    assert first.quantity_coin == Decimal(1100)


def test_what_comes_back_is_no_loss() -> None:
    """Compound absorbs a coin at 0.95 of 1170: 1000 pay the debt and 111.5 come back as supply."""
    held = account("comet", positions={"debt:USDC": -1000, "supply:WETH": 1})
    now = made.snapshot(*compound.events({"USDC": 1, "WETH": 1170, "COMP": 40}))
    done = liquidate(held, compound.TERMS, now, compound.RULES)
    assert isinstance(done, Liquidated)
    assert done.loss_ccy == Decimal("58.5")
    moved = {
        asset: sum(
            flow.quantity_coin
            for flow in done.change.flows
            if flow.asset == asset and flow.reason == "pool"
        )
        for asset in ("WETH", "USDC")
    }
    assert moved == {"WETH": 1, "USDC": Decimal("-1111.5")}
    assert done.change.account.quantity_contracts("supply:USDC") == Decimal("111.5")


def test_a_debt_at_par_has_no_feed_and_its_penalty_is_paid_out_of_the_collateral() -> None:
    """A vault of one coin at 1490 that owes 1000: the auction has the coin, the debt is gone."""
    held = account("vault", positions={"art": -1000, "ink": 1})
    done = liquidate(held, maker.TERMS, made.snapshot(*maker.events(1490)), maker.RULES)
    assert isinstance(done, Liquidated)
    assert done.loss_ccy == 490
    assert sum(f.quantity_coin for f in done.change.flows if f.asset == "DAI") == 0
    paid = [f.quantity_coin for f in done.change.flows if f.asset == "DAI" and f.reason == "pool"]
    assert paid == [-1000]
