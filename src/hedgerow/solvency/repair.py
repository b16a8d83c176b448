"""How much repairs a loan, and at which price a lone position breaks: closed forms, exact.

For one collateral and one debt in dollars, and for one isolated position; a whole account, with its
rulebook's tiers, is asked of `solvency.distance` and of the plan of `collateral`. Amounts
are exact and round up to a step: less than them does not repair.

References
----------
Methods sheet, section 16.1. Linear prices are `hedgerow.margin.rules.binance`'s with nothing else
in the account.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypeAlias

import msgspec

from hedgerow.errors import OutOfDomain
from hedgerow.margin.rules.binance import linear_liquidation_price_usd
from hedgerow.units import quantise_fraction_up

__all__ = [
    "Holding",
    "LoanRepair",
    "inverse_price_usd",
    "linear_price_usd",
    "loan_price_frac",
    "loan_repair",
]

Holding: TypeAlias = Literal["long", "short"]


class LoanRepair(msgspec.Struct, frozen=True, kw_only=True):
    """Three ways to bring a loan to a health factor, each enough alone; zero where it is there.

    `self_sale_usd` is the debt repaid by selling collateral; None where no sale gets there, as
    the sale takes more health than the repayment gives. `is_improved_by_liquidation` says whether
    being liquidated at the bonus given would raise the health factor, and `is_under_water` whether
    the collateral no longer pays debt and bonus.
    """

    health_frac: Fraction
    deposit_usd: Decimal
    repay_outside_usd: Decimal
    self_sale_usd: Decimal | None
    is_improved_by_liquidation: bool
    is_under_water: bool


def loan_repair(
    collateral_usd: Decimal,
    debt_usd: Decimal,
    *,
    threshold_frac: Decimal,
    target_frac: Decimal,
    fee_frac: Decimal = Decimal(0),
    bonus_frac: Decimal = Decimal(0),
    step_usd: Decimal = Decimal("0.000001"),
) -> LoanRepair:
    """Size the deposit, the repayment from outside and the sale of collateral, each by itself.

    ``(H D - T C) / T``, ``(H D - T C) / H`` and ``(H D - T C) / (H - T (1 + φ))``.

    Raises
    ------
    OutOfDomain
        If collateral, a fee or the bonus is negative, the debt, target, threshold or step not
        positive, or the threshold above one.
    """
    numbers = (
        collateral_usd,
        debt_usd,
        threshold_frac,
        target_frac,
        fee_frac,
        bonus_frac,
        step_usd,
    )
    if not all(each.is_finite() for each in numbers):
        raise OutOfDomain("a loan's amounts and rates are finite")
    if collateral_usd < 0 or fee_frac < 0 or bonus_frac < 0:
        raise OutOfDomain("collateral, fee and bonus are not negative")
    if debt_usd <= 0 or target_frac <= 0 or step_usd <= 0 or not 0 < threshold_frac <= 1:
        raise OutOfDomain(
            "debt, target and step are positive, and the threshold lies in (0, 1]; were "
            f"{debt_usd}, {target_frac}, {step_usd}, {threshold_frac}"
        )
    C, D = Fraction(collateral_usd), Fraction(debt_usd)
    T, H, phi = Fraction(threshold_frac), Fraction(target_frac), Fraction(fee_frac)
    missing = max(H * D - T * C, Fraction(0))
    gain = H - T * (1 + phi)
    # Collateral that does not pay for debt and fee gets nowhere by being sold: all of it would go.
    sale = missing / gain if gain > 0 and D * (1 + phi) <= C else None
    if missing == 0:
        sale = Fraction(0)
    worth_after = C - D * (1 + Fraction(bonus_frac))
    return LoanRepair(
        health_frac=T * C / D,
        deposit_usd=_up(missing / T, step_usd),
        repay_outside_usd=_up(missing / H, step_usd),
        self_sale_usd=None if sale is None else _up(sale, step_usd),
        is_improved_by_liquidation=worth_after > 0,
        is_under_water=worth_after < 0,
    )


def loan_price_frac(
    collateral_coin: Fraction, debt_coin: Fraction, *, threshold_frac: Fraction
) -> Fraction:
    """Give the price of the collateral in the debt's coin at which a pair breaks: ``D / (C T)``.

    Raises
    ------
    OutOfDomain
        If an amount or the threshold is not positive.
    """
    if collateral_coin <= 0 or debt_coin <= 0 or threshold_frac <= 0:
        raise OutOfDomain("a pair has collateral, debt and a threshold, all positive")
    return debt_coin / (collateral_coin * threshold_frac)


def linear_price_usd(
    side: Holding, entry_usd: Fraction, *, leverage_frac: Fraction, maintenance_frac: Fraction
) -> Fraction:
    """Give the mark at which an isolated linear position breaks; zero or less means never.

    Raises
    ------
    OutOfDomain
        If entry or leverage is not positive, or the rate does not lie in [0, 1).
    """
    _check(entry_usd, leverage_frac, maintenance_frac)
    return linear_liquidation_price_usd(
        wallet_usd=entry_usd / leverage_frac,
        quantity_coin=Fraction(1 if side == "long" else -1),
        entry_usd=entry_usd,
        rate_frac=maintenance_frac,
    )


def inverse_price_usd(
    side: Holding, entry_usd: Fraction, *, leverage_frac: Fraction, maintenance_frac: Fraction
) -> Fraction | None:
    """Give the mark at which an isolated position paid in its coin breaks; None means never.

    ``(1 + m) / (1/E + 1/(E l))`` long, ``(1 - m) / (1/E - 1/(E l))`` short: a short at a leverage
    of one or less holds coins enough at any price.

    Raises
    ------
    OutOfDomain
        As `linear_price_usd`.
    """
    _check(entry_usd, leverage_frac, maintenance_frac)
    if side == "long":
        return (1 + maintenance_frac) * entry_usd / (1 + 1 / leverage_frac)
    if leverage_frac <= 1:
        return None
    return (1 - maintenance_frac) * entry_usd / (1 - 1 / leverage_frac)


def _up(amount_usd: Fraction, step_usd: Decimal) -> Decimal:
    return int(quantise_fraction_up(amount_usd / Fraction(step_usd), Fraction(1))) * step_usd


def _check(entry_usd: Fraction, leverage_frac: Fraction, maintenance_frac: Fraction) -> None:
    if entry_usd <= 0 or leverage_frac <= 0 or not 0 <= maintenance_frac < 1:
        raise OutOfDomain(
            "entry and leverage are positive, and the rate lies in [0, 1); were "
            f"{float(entry_usd)}, {float(leverage_frac)}, {float(maintenance_frac)}"
        )
