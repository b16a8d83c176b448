"""GMX v2: what a position is worth, what of it remains, and when it is liquidated."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.gmx_v2 import position

ONE = 10**30
dollars = st.integers(0, 10**40)
factors = st.integers(0, ONE)


def usd(value: str | int) -> int:
    whole = Fraction(value) * ONE
    assert whole.denominator == 1
    return whole.numerator


def test_a_profit_is_capped_as_a_part_of_its_sides_and_a_loss_is_not() -> None:
    def capped(pnl: str, side: str, pool: str = "1000", factor: str = "0.5") -> Fraction:
        found = position.capped_pnl_1e30(
            usd(pnl),
            side_pnl_1e30=usd(side),
            pool_1e30=usd(pool),
            factor_1e30_max=usd(factor),
        )
        return Fraction(found, ONE)

    assert capped("100", "500") == 100, "just the cap"
    assert capped("100", "1000") == 50
    assert capped("100", "501") == Fraction(usd(100) * 500 // 501, ONE), "floored"
    assert capped("-100", "1000") == -100
    assert capped("0", "1000") == 0
    assert capped("100", "-1") == 100, "the side loses: there is nothing to share out"
    assert capped("100", "0") == 100
    assert capped("100", "1000", factor="0") == 100, "a cap of nought caps nothing"
    with pytest.raises(OutOfDomain, match="pool_1e30 must not be negative"):
        capped("1", "1", pool="-1")


@given(st.lists(st.integers(1, 10**36), min_size=1, max_size=6), dollars, factors)
def test_a_capped_side_never_takes_more_than_its_cap(
    profits: list[int], pool: int, factor: int
) -> None:
    cap = pool * factor // ONE
    if cap == 0:
        return
    side = sum(profits)
    taken = sum(
        position.capped_pnl_1e30(each, side_pnl_1e30=side, pool_1e30=pool, factor_1e30_max=factor)
        for each in profits
    )
    assert taken == side if side <= cap else cap - len(profits) < taken <= cap


def left(**changed: str) -> int:
    values = {"collateral": "100", "pnl": "-20", "impact": "0", "fees": "5", "size": "1000"}
    given_usd = {name: usd(value) for name, value in {**values, **changed}.items()}
    cap = given_usd.pop("cap", None)
    return position.remaining_1e30(
        collateral_1e30=given_usd["collateral"],
        pnl_1e30=given_usd["pnl"],
        impact_1e30=given_usd["impact"],
        fees_1e30=given_usd["fees"],
        size_1e30=given_usd["size"],
        impact_factor_1e30_max=cap,
    )


def test_what_remains_by_hand() -> None:
    assert left() == usd(75)
    assert left(impact="30") == usd(75), "an impact in the trader's favour does not count"
    assert left(impact="-30") == usd(45)
    assert left(impact="-30", cap="0.005") == usd(70), "capped at a half per cent of the size"
    assert left(impact="-4", cap="0.005") == usd(71)
    assert left(impact="30", cap="0.005") == usd(75)
    assert left(impact="-30", cap="0") == usd(75)
    for name in ("collateral", "fees", "size"):
        with pytest.raises(OutOfDomain, match=f"{name}_1e30 must not be negative"):
            left(**{name: "-1"})
    with pytest.raises(OutOfDomain, match="impact_factor_1e30_max must not be negative"):
        left(cap="-1")


@pytest.mark.parametrize(
    ("remaining", "factor", "least", "expected"),
    [
        ("10", "0.01", "10", False),
        ("9.999999", "0.001", "10", True),  # below the minimum
        ("10", "0.010000001", "10", True),  # below a part of the size of 1,000
        ("0", "0", "0", True),  # nothing left
        ("-1", "0", "0", True),
        ("1e-30", "0", "0", False),
    ],
)
def test_a_position_is_liquidated_for_any_of_three_reasons(
    remaining: str, factor: str, least: str, *, expected: bool
) -> None:
    found = position.is_liquidatable(
        usd(remaining), size_1e30=usd(1000), factor_1e30_min=usd(factor), usd_1e30_min=usd(least)
    )
    assert found is expected


def test_impossible_minima_are_refused() -> None:
    for name in ("size_1e30", "factor_1e30_min", "usd_1e30_min"):
        values = {"size_1e30": 1, "factor_1e30_min": 1, "usd_1e30_min": 1, name: -1}
        with pytest.raises(OutOfDomain, match=f"{name} must not be negative, was -1"):
            position.is_liquidatable(1, **values)
    with pytest.raises(OutOfDomain, match="worth_1e30 must not be negative"):
        position.pnl_1e30(1, worth_1e30=-1, is_long=True)


@given(dollars, dollars)
def test_what_a_long_earns_a_short_loses(size: int, worth: int) -> None:
    earned = position.pnl_1e30(size, worth_1e30=worth, is_long=True)
    assert earned == worth - size
    assert position.pnl_1e30(size, worth_1e30=worth, is_long=False) == -earned
