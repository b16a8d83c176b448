"""Closed forms of the methods sheet: repairs of a loan, and prices at which a position breaks."""

from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import OutOfDomain
from hedgerow.solvency import inverse_price_usd, linear_price_usd, loan_price_frac, loan_repair
from tests.golden.read import numbers

D, F = Decimal, Fraction
LOAN = numbers("lending_repair")
PRICE = numbers("liquidation_price")
STEP = D("0.000001")


def repair(fee: str = "0", **changed: Any) -> Any:
    given: dict[str, Any] = {
        "collateral_usd": D(LOAN["C"]),
        "debt_usd": D(LOAN["D"]),
        "threshold_frac": D(LOAN["LT"]),
        "target_frac": D(LOAN["target"]),
        "fee_frac": D(fee),
    } | changed
    collateral, debt = given.pop("collateral_usd"), given.pop("debt_usd")
    return loan_repair(collateral, debt, **given)


def up(text: str) -> Decimal:
    """What the sheet prints, up to the step: its own digits are those of a float."""
    return D(text).quantize(D("1e-9")).quantize(STEP, rounding=ROUND_CEILING)


def test_the_loan_of_the_sheet() -> None:
    found = repair()
    assert found.health_frac == F(D(LOAN["hf"]))
    assert found.deposit_usd == D(LOAN["deposit"])
    assert found.repay_outside_usd == up(LOAN["repay_outside"])
    assert found.self_sale_usd == up(LOAN["self_sale"])
    assert repair("0.005").self_sale_usd == up(LOAN["self_sale_fee_50bp"])


AMOUNTS = st.decimals("1000", "1000000", places=2)


@given(
    collateral=AMOUNTS,
    debt=AMOUNTS,
    threshold=st.decimals("0.5", "0.95", places=3),
    target=st.decimals("1.01", "3", places=2),
    fee=st.decimals("0", "0.05", places=4),
)
def test_each_way_reaches_the_target_and_a_step_less_does_not(
    collateral: Decimal, debt: Decimal, threshold: Decimal, target: Decimal, fee: Decimal
) -> None:
    found = loan_repair(
        collateral, debt, threshold_frac=threshold, target_frac=target, fee_frac=fee
    )
    c, d, t, h = (F(each) for each in (collateral, debt, threshold, target))

    def reaches(deposit: Fraction, repaid: Fraction, sold: Fraction) -> bool:
        return t * (c + deposit - sold * (1 + F(fee))) >= h * (d - repaid - sold)

    if t * c >= h * d:
        assert found.deposit_usd == found.repay_outside_usd == found.self_sale_usd == 0
        return
    step = F(STEP)
    assert reaches(F(found.deposit_usd), F(0), F(0))
    assert not reaches(F(found.deposit_usd) - step, F(0), F(0))
    assert reaches(F(0), F(found.repay_outside_usd), F(0))
    assert not reaches(F(0), F(found.repay_outside_usd) - step, F(0))
    if found.self_sale_usd is not None:
        sold = F(found.self_sale_usd)
        assert reaches(F(0), F(0), sold)
        assert not reaches(F(0), F(0), sold - step)
        assert (sold - step) * (1 + F(fee)) <= c


def test_a_sale_that_costs_more_health_than_it_gives_is_none() -> None:
    # 0.8 · 1.4 = 1.12 is above the target.
    assert repair("0.4").self_sale_usd is None
    # 70,000 of collateral against 100,000: the sale would need all of it and more.
    assert repair(collateral_usd=D(70_000)).self_sale_usd is None
    assert repair(collateral_usd=D(0)).self_sale_usd is None


def test_collateral_that_just_pays_for_debt_and_fee_may_all_be_sold() -> None:
    # 100,000 owed and a fee of 5 %: 105,000 repays all of it, a cent less does not.
    assert repair("0.05", collateral_usd=D(105_000)).self_sale_usd == 100_000
    assert repair("0.05", collateral_usd=D("104999.99")).self_sale_usd is None


def test_a_loan_that_is_there_needs_nothing() -> None:
    # A target below one, and collateral that would not pay for the debt: still nothing to repair.
    found = repair(collateral_usd=D(90_000), target_frac=D("0.5"))
    assert (found.deposit_usd, found.repay_outside_usd, found.self_sale_usd) == (0, 0, 0)


@pytest.mark.parametrize(
    ("collateral", "improves", "under"),
    [("105000.01", True, False), ("105000", False, False), ("104999.99", False, True)],
)
def test_what_a_liquidation_does(collateral: str, improves: bool, under: bool) -> None:
    # With a bonus of 5 % the turn is at 1.05 of collateral to debt.
    found = repair(collateral_usd=D(collateral), bonus_frac=D("0.05"))
    assert (found.is_improved_by_liquidation, found.is_under_water) == (improves, under)


def test_a_pair_breaks_at_debt_over_counted_collateral() -> None:
    # 100,000 owed against 50 coins at 0.8: 2,500.
    assert loan_price_frac(F(50), F(100_000), threshold_frac=F(4, 5)) == 2_500


@pytest.mark.parametrize("side", ["long", "short"])
def test_prices_of_the_sheet(side: str) -> None:
    entry, leverage, rate = F(PRICE["E"]), F(PRICE["leverage"]), F(PRICE["mmr"])
    at: Any = "long" if side == "long" else "short"
    linear = linear_price_usd(at, entry, leverage_frac=leverage, maintenance_frac=rate)
    inverse = inverse_price_usd(at, entry, leverage_frac=leverage, maintenance_frac=rate)
    assert inverse is not None
    assert float(linear) == pytest.approx(float(PRICE[f"linear_{side}"]), rel=1e-14)
    assert float(inverse) == pytest.approx(float(PRICE[f"inverse_{side}"]), rel=1e-14)


@given(
    entry=st.integers(1, 100_000),
    leverage=st.integers(2, 100),
    rate=st.fractions(0, F(1, 200), max_denominator=1000),
)
def test_at_its_price_an_inverse_position_has_what_it_must(
    entry: int, leverage: int, rate: Fraction
) -> None:
    for side, sign in (("long", 1), ("short", -1)):
        at: Any = side
        price = inverse_price_usd(at, F(entry), leverage_frac=F(leverage), maintenance_frac=rate)
        assert price is not None
        equity = F(1, entry * leverage) + sign * (F(1, entry) - 1 / price)
        assert equity == rate / price


def test_a_short_with_all_of_its_coins_never_breaks() -> None:
    found = inverse_price_usd("short", F(100), leverage_frac=F(1), maintenance_frac=F(1, 100))
    assert found is None


REFUSED: list[dict[str, Any]] = [
    {"collateral_usd": D(-1)},
    {"debt_usd": D(0)},
    {"threshold_frac": D("1.1")},
    {"threshold_frac": D(0)},
    {"target_frac": D(0)},
    {"fee_frac": D("-0.1")},
    {"bonus_frac": D("-0.1")},
    {"step_usd": D(0)},
    {"collateral_usd": D("NaN")},
]


@pytest.mark.parametrize("changed", REFUSED, ids=str)
def test_a_loan_that_cannot_be_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(OutOfDomain):
        repair(**changed)


def test_a_position_that_cannot_be_is_refused() -> None:
    for entry, leverage, rate in ((F(0), F(2), F(0)), (F(1), F(0), F(0)), (F(1), F(2), F(1))):
        with pytest.raises(OutOfDomain):
            linear_price_usd("long", entry, leverage_frac=leverage, maintenance_frac=rate)
    for coins, owed, threshold in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(OutOfDomain):
            loan_price_frac(F(coins), F(owed), threshold_frac=F(threshold))
    assert loan_price_frac(F(1, 2), F(1, 4), threshold_frac=F(1, 2)) == 1
