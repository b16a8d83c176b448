"""The two measurements on Aave v2, on made-up calls and accounts: every reason is given its due."""

from decimal import Decimal

import pytest

from benchmarks.bonus_history import learn_bonuses
from benchmarks.measure_lending_accounts import (
    COLLATERAL_UNLISTED,
    DEBT_UNLISTED,
    NEAR,
    OTHER,
    SPECK_UNLISTED,
    SUPPLY_IDLE,
    compared,
    figures,
    reason,
)
from benchmarks.measure_liquidations import CHANGED, DUST, FIRST, MISMATCH, STALE, reasons
from hedgerow.margin import LendingReserve
from hedgerow.margin.liquidation_call import LiquidationCall
from hedgerow.margin.rules.aave_v2 import Standing

RESERVES = {
    "A": LendingReserve(
        liquidation_threshold_bps=8000, liquidation_bonus_bps=11_000, asset_decimals=18
    ),
    "X": LendingReserve(liquidation_threshold_bps=0, liquidation_bonus_bps=0, asset_decimals=6),
}


def call(time_ns: int, seized: str, repaid: str = "100", collateral: str = "A") -> LiquidationCall:
    """Make a call whose two coins are worth a dollar each."""
    return LiquidationCall(
        time_ns=time_ns,
        user="u",
        collateral=collateral,
        debt="X",
        seized_coin=Decimal(seized),
        repaid_coin=Decimal(repaid),
        price_collateral_usd=Decimal(1),
        price_debt_usd=Decimal(1),
    )


CALLS = [
    (call(1, "110"), FIRST),
    (call(2, "110"), FIRST),
    (call(3, "110.005"), "near"),
    (call(4, "110.02"), STALE),
    (call(5, "150"), MISMATCH),
    (call(6, "107.5"), CHANGED),
    (call(7, "107.5"), CHANGED),
    (call(8, "107.5"), "near"),
    (call(9, "110"), CHANGED),
    (call(10, "0.001081", "0.001"), DUST),
]


def test_each_call_has_its_reason() -> None:
    calls = [each for each, _ in CALLS]
    table = reasons(calls, RESERVES, learn_bonuses(calls))
    assert table["reason"].to_list() == [expected for _, expected in CALLS]
    assert table["by_learnt"].to_list() == [expected == "near" for _, expected in CALLS]
    assert table["is_known"].to_list() == [False, False, *[True] * 8]
    assert [i for i, is_near in enumerate(table["by_dated"]) if is_near] == [0, 1, 2, 8]
    assert [i for i, is_near in enumerate(table["by_either"]) if is_near] == [0, 1, 2, 7]


def test_an_asset_without_a_bonus_is_never_explained_by_one() -> None:
    calls = [call(1, "100", collateral="X")]
    table = reasons(calls, RESERVES, learn_bonuses(calls))
    assert not table["by_dated"].any()
    assert table["reason"].to_list() == [MISMATCH]


def test_what_a_call_seized_explains_no_call_up_to_it() -> None:
    """The last call may say what it likes: whether the others are explained stays."""
    calls = [each for each, _ in CALLS]
    for last in ("100", "107.5", "110", "110.5"):
        changed = [*calls[:-1], call(10, last)]
        table = reasons(changed, RESERVES, learn_bonuses(changed))
        before = reasons(calls, RESERVES, learn_bonuses(calls))
        assert table["by_learnt"][:-1].equals(before["by_learnt"][:-1])


@pytest.mark.parametrize(
    ("collateral", "debt", "health", "threshold_bps", "expected"),
    [
        (0.0, 1e-7, -1e-7, 0, NEAR),
        (0.0, -1e-3, 1e-3, 0, DEBT_UNLISTED),
        (-0.5, -1e-3, -0.5, 0, DEBT_UNLISTED),
        (-0.5, 1e-7, -0.5, -30, COLLATERAL_UNLISTED),
        (0.5, 1e-7, 0.5, 0, SUPPLY_IDLE),
        (-1e-8, 1e-7, 1.2e-4, 1, SPECK_UNLISTED),
        (-1e-8, 1e-7, -1.2e-4, -1, SPECK_UNLISTED),
        (-1e-8, 1e-7, 2.4e-4, 2, OTHER),
        (0.0, 1e-3, -1e-3, 0, OTHER),
    ],
)
def test_each_account_has_its_reason(
    collateral: float, debt: float, health: float, threshold_bps: int, expected: str
) -> None:
    row = {
        "collateral_frac": collateral,
        "debt_frac": debt,
        "health_frac": health,
        "threshold_bps": threshold_bps,
    }
    assert reason(row) == expected


def test_shares_are_of_those_they_say() -> None:
    """Two right, one whose collateral is not all known, one that owes more than is known."""
    whole = Standing(
        collateral_base_raw=10**9,
        debt_base_raw=10**9,
        threshold_average_bps=8000,
        health_wad=8 * 10**17,
    )
    other = Standing(
        collateral_base_raw=2 * 10**9,
        debt_base_raw=10**9,
        threshold_average_bps=8000,
        health_wad=16 * 10**17,
    )
    owes = Standing(
        collateral_base_raw=10**9,
        debt_base_raw=2 * 10**9,
        threshold_average_bps=8000,
        health_wad=4 * 10**17,
    )
    ours = dict.fromkeys("abcd", whole)
    table = compared(ours, {"a": whole, "b": whole, "c": other, "d": owes})
    values = {each["name"]: each["value"] for each in figures(table)}
    assert values == {
        "lending_debt_near_frac": 0.75,
        "lending_collateral_listed_frac": 0.75,
        "lending_health_listed_near_frac": 2 / 3,
        "lending_health_near_frac": 0.5,
    }
