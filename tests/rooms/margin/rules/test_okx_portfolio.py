"""OKX's portfolio margin rule by rule, against numbers worked by hand from the venue's pages."""

from decimal import Decimal
from fractions import Fraction

import pytest

from hedgerow.margin.rules.okx import (
    cash_delta_hedges_usd,
    charge_multiplier,
    price_moves_frac,
    sliced_charge_usd,
    spot_in_use_coin,
    worst_move,
)

D, F = Decimal, Fraction
# OKX help, 2 January 2025, "MR7: minimum charge", BTC and ETH before the adjustment:
# [0 - 10,000] 1, (10,000 - 70,000] 2, (70,000 - 170,000] 4, (170,000 - 300,000] 6,
# (300,000 - 470,000] 8, (470,000 - 700,000] 10, (700,000 - ) 12.
CHARGES = [
    (D(0), D(1)), (D(10_000), D(2)), (D(70_000), D(4)), (D(170_000), D(6)),
    (D(300_000), D(8)), (D(470_000), D(10)), (D(700_000), D(12)),
]  # fmt: skip


def test_a_grid_goes_both_ways_over_nothing() -> None:
    moves = price_moves_frac([D("0.04"), D("0.08"), D("0.12")])
    assert moves == [D(each) for each in ("-0.12", "-0.08", "-0.04", "0", "0.04", "0.08", "0.12")]


def test_long_loses_downwards_short_upwards_and_nothing_does_not_move() -> None:
    moves = [F(-1, 5), F(-1, 10), F(0), F(1, 10), F(1, 5)]
    assert worst_move(F(3), F(100), moves) == (0, F(60))
    assert worst_move(F(-3), F(100), moves) == (4, F(60))
    assert worst_move(F(0), F(100), moves) == (2, F(0))


@pytest.mark.parametrize(
    ("equity", "delta", "used"),
    [(10, -4, 4), (3, -4, 3), (10, 4, 0), (-2, -4, 0), (0, -4, 0), (10, 0, 0)],
)
def test_spot_joins_only_where_it_hedges(equity: int, delta: int, used: int) -> None:
    assert spot_in_use_coin(F(equity), F(delta)) == used


@pytest.mark.parametrize(
    ("cash", "hedged"),
    [
        # USDT against USD takes six of ten, USDT against USDC three of the four that are left.
        ({"USDT": 10, "USD": -6, "USDC": -3}, (6, 3, 0)),
        # The short side too is left with what was not taken: four of its ten.
        ({"USDT": -10, "USD": 6, "USDC": 9}, (6, 4, 0)),
        # USDT and USD have one sign; USDC gives four to USDT and the rest to USD.
        ({"USDT": -4, "USDC": 10, "USD": -8}, (0, 4, 6)),
        ({"USDT": 5, "USDC": 2, "USD": 1}, (0, 0, 0)),
        ({"USDC": -7, "USD": 2}, (0, 0, 2)),
        ({}, (0, 0, 0)),
    ],
)
def test_dollars_hedge_each_other_in_the_venues_order(
    cash: dict[str, int], hedged: tuple[int, int, int]
) -> None:
    found = cash_delta_hedges_usd({name: F(worth) for name, worth in cash.items()})
    assert list(found) == [("USDT", "USD"), ("USDT", "USDC"), ("USDC", "USD")]
    assert [*found.values()] == [F(volume) for volume in hedged]


def test_the_worked_example_of_a_peg() -> None:
    """A restatement's: 1M at 0.75 %, 4M at 1.75 % and 5M at 2.5 % are 202,500."""
    tiers = [
        (F(0), F("0.0075")), (F(1_000_000), F("0.0175")), (F(5_000_000), F("0.025")),
    ]  # fmt: skip
    assert sliced_charge_usd(F(10_000_000), tiers) == 202_500
    assert sliced_charge_usd(F(5_000_000), tiers) == 77_500
    assert sliced_charge_usd(F(1_000_001), tiers) == 7_500 + F("0.0175")
    assert sliced_charge_usd(F(400_000), tiers) == 3_000


@pytest.mark.parametrize(
    ("raw", "times"),
    [
        ("0", 1), ("10000", 1), ("10000.01", 2), ("70000", 2), ("70000.01", 4), ("170000", 4),
        ("170000.01", 6), ("300000", 6), ("300000.01", 8), ("470000", 8), ("470000.01", 10),
        ("700000", 10), ("700000.01", 12), ("9000000", 12),
    ],
)  # fmt: skip
def test_a_charge_is_multiplied_by_its_range(raw: str, times: int) -> None:
    assert charge_multiplier(D(raw), CHARGES) == times
