"""A simulated lending market gives one collateral for another, all or nothing, and books it."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.instruments import LoanSupply
from hedgerow.planning import Swap, SwapWay
from hedgerow.simulation import World
from tests.rooms.simulation.desk import INSTRUMENTS, LENDING, T0, held, loan, market, snapshot

DOLLARS = LoanSupply(
    instrument_id="aave:supply:USDC", market="aave", asset="USDC", asset_decimals=6
)
WAY = SwapWay(
    account_id="loan",
    asset="wstETH",
    asset_take="USDC",
    fee_frac=Decimal("0.003"),
    half_spread_frac=Decimal("0.001"),
    step_coin=Decimal("0.01"),
    gas_usd=3.0,
)


def world(owed: str = "1900", *ways: SwapWay) -> World:
    """One coin of 2,500 dollars is supplied."""
    made = World(
        accounts=(loan("1", owed),),
        instruments={**INSTRUMENTS, DOLLARS.instrument_id: DOLLARS},
        rulebooks={"lending": LENDING},
        swaps=ways or (WAY,),
    )
    made.settle(snapshot(*market()))
    return made


def swap(**changes: Any) -> Swap:
    terms: dict[str, Any] = {
        "client_id": "s1",
        "account_id": "loan",
        "asset": "wstETH",
        "asset_take": "USDC",
        "quantity_coin": Decimal("0.5"),
        "quantity_take_coin_min": Decimal(1240),
        "cost_expected_usd": 8.0,
        "reason": "",
    }
    return Swap(**terms | changes)


def test_half_a_coin_brings_its_price_less_what_it_costs() -> None:
    """Half of 2,500 dollars less 0.4 %: 1,245, supplied at an index of one."""
    here = world()
    before = {each.instrument_id: each.quantity_contracts for each in held(here, "loan").positions}
    receipt = here.swap(swap(), T0)
    assert (receipt.status, receipt.filled_contracts) == ("filled", Decimal("0.5"))
    assert here.query("s1", T0) == receipt
    assert here.swap(swap(), T0) == receipt, "a repeated client id is the same leg"
    after = {each.instrument_id: each.quantity_contracts for each in held(here, "loan").positions}
    assert after.pop(DOLLARS.instrument_id) == Decimal(1245)
    changed = {name: after[name] - before[name] for name in before}
    assert sorted(changed.values()) == [Decimal("-0.5"), Decimal(0)]
    assert held(here, "loan").balances == ()
    assert here.fees_usd == 0.0


def test_every_coin_is_booked_somewhere() -> None:
    here = world()
    here.swap(swap(), T0)
    out = {(each.asset, each.reason): each.quantity_coin for each in here.outflows()}
    assert out == {
        ("wstETH", "pool"): Decimal("-0.5"),
        ("wstETH", "trade"): Decimal("0.5"),
        ("USDC", "trade"): Decimal(-1245),
        ("USDC", "pool"): Decimal(1245),
    }


@pytest.mark.parametrize(
    ("owed", "changes", "said"),
    [
        ("1900", {"quantity_take_coin_min": Decimal(1246)}, "it brings 1245.0000 USDC, less"),
        ("1900", {"quantity_coin": Decimal("0.005")}, "not a positive multiple of 0.01"),
        ("1900", {"quantity_coin": Decimal(2)}, "supplies less than 2 wstETH"),
        ("1900", {"asset_take": "wstETH"}, "nobody swaps wstETH for wstETH on loan"),
        ("1900", {"account_id": "nobody"}, "no account nobody here"),
    ],
)
def test_what_may_not_be_swapped_changes_nothing(
    owed: str, changes: dict[str, Any], said: str
) -> None:
    here = world(owed)
    before = held(here, "loan")
    receipt = here.swap(swap(**changes), T0)
    assert receipt.status == "rejected"
    assert said in receipt.message
    assert held(here, "loan") == before
    assert here.outflows() == ()


def test_before_the_market_has_opened_nothing_is_swapped() -> None:
    here = World(
        accounts=(loan("1", "1"),), instruments=INSTRUMENTS, rulebooks={"lending": LENDING}
    )
    assert "has not opened" in here.swap(swap(), T0).message


def test_a_swap_that_leaves_a_health_factor_below_one_is_refused() -> None:
    """At a fee of a tenth half a coin brings 1,123.75 dollars: 1,000 + 955.1875 against 1,990."""
    here = world("1990", msgspec.structs.replace(WAY, fee_frac=Decimal("0.1")))
    receipt = here.swap(swap(quantity_take_coin_min=Decimal(1000)), T0)
    assert receipt.status == "rejected"
    assert "would hold 1955.187500000000 USD against 1990.0" in receipt.message


def test_more_than_is_swapped_at_once_is_refused() -> None:
    here = world("1900", msgspec.structs.replace(WAY, quantity_coin_max=Decimal("0.49")))
    receipt = here.swap(swap(), T0)
    assert receipt.status == "rejected"
    assert "0.5 wstETH are more than the 0.49 that are swapped at once" in receipt.message
