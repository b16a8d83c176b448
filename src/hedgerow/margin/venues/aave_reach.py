"""Aave v3: what a liquidator may take in one call (onchain-margin.md section 5).

The largest debt is repaid against the largest collateral, as much as the close factor lets. The
factor is of all debts together while its bounds are of the two reserves. Where that would leave
dust on either side, the most that leaves none is repaid. Debt of whoever has no collateral left is
lost in the same call. Pauses and grace periods are not in a snapshot: a reach assumes none.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.loans import PRICE_DECIMALS, RAY, in_coins
from hedgerow.margin.reach import LiquidationReach, LoanAmount, amount_of, with_loans
from hedgerow.margin.rules.aave_v3 import (
    Standing,
    close_factor_bps,
    collateral_base,
    deficits_raw,
    is_liquidatable,
    leaves_dust,
    liquidation_amounts_raw,
    repayable_raw,
)
from hedgerow.margin.venues.aave_rulebook import Held, LendingRulebook, read_held, standing_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import mul_div_down, mul_div_up

__all__ = ["reach"]

_WAD = 10**18
_NOTHING: Final[Mapping[str, int]] = {}


def reach(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: LendingRulebook,
) -> Outcome[LiquidationReach | None]:
    """Give the largest call there is; see `hedgerow.margin.reach_of`."""
    held = read_held(account, instruments, snapshot, rulebook)
    if isinstance(held, Failure):
        return held
    stands = standing_of(held, rulebook)
    if not is_liquidatable(stands.health_wad):
        return None
    debts = [each for each in held if each.loan.is_debt and each.amount_raw > 0]
    supplies = [each for each in held if _is_seizable(each, rulebook)]
    if not supplies:
        owed = {each.terms.instrument_id: each.amount_raw for each in debts}
        return _moved(account, rulebook, debts, lost_raw=owed)
    supply = max(supplies, key=lambda each: each.worth_base_raw)
    debt = max(debts, key=lambda each: each.worth_base_raw)
    call = _call(supply, debt, stands, rulebook)
    if call is None:
        return LiquidationReach(
            account_id=account.account_id,
            rulebook=rulebook.name,
            after=account,
            detail="no liquidation leaves both sides above the dust limit",
        )
    taken, paid, fee = call
    left = {each.terms.instrument_id: each.amount_raw for each in debts}
    left[debt.terms.instrument_id] -= paid
    lost = deficits_raw(
        left,
        collateral_total_base=stands.collateral_base_raw,
        seized_base=collateral_base(
            taken + fee, supply.loan.price_base, supply.terms.asset_decimals
        ),
    )
    return _moved(
        account,
        rulebook,
        [supply, *debts],
        taken_raw={supply.terms.instrument_id: taken},
        fee_raw={supply.terms.instrument_id: fee},
        paid_raw={debt.terms.instrument_id: paid},
        lost_raw=lost,
        told=[
            f"{_coins(supply, taken + fee)} seized for {_coins(debt, paid)} at health "
            f"{Decimal(stands.health_wad or 0) / _WAD:.4f}"
        ],
    )


def _is_seizable(held: Held, rulebook: LendingRulebook) -> bool:
    return (
        not held.loan.is_debt
        and held.amount_raw > 0
        and held.loan.price_base > 0
        and rulebook.threshold_bps(held.terms.asset) > 0
    )


def _call(
    supply: Held, debt: Held, stands: Standing, rulebook: LendingRulebook
) -> tuple[int, int, int] | None:
    """Give collateral to the liquidator, debt repaid and protocol fee of one liquidation."""
    assert stands.health_wad is not None
    closing_bps = close_factor_bps(
        health_wad=stands.health_wad,
        reserve_collateral_base=supply.worth_base_raw,
        reserve_debt_base=debt.worth_base_raw,
        partial_close_bps=rulebook.close_factor_bps,
        full_below_health_wad=int(rulebook.close_factor_full_below_health_frac.scaleb(18)),
        full_below_base=int(rulebook.close_factor_full_below_usd.scaleb(PRICE_DECIMALS)),
    )
    cover = repayable_raw(
        close_bps=closing_bps,
        debt_raw=debt.amount_raw,
        debt_price_base=debt.loan.price_base,
        debt_decimals=debt.terms.asset_decimals,
        debt_total_base=stands.debt_base_raw,
    )
    dust_base = int(rulebook.dust_base_usd.scaleb(PRICE_DECIMALS))
    # Leaving a little is refused, so a liquidator who may not take all takes less (trap 10).
    unit = 10**debt.terms.asset_decimals
    most = max(debt.worth_base_raw - dust_base, 0) * unit // debt.loan.price_base
    for attempt in (cover, min(cover, most)):
        if attempt <= 0:
            continue
        taken, paid, fee = liquidation_amounts_raw(
            collateral_price_base=supply.loan.price_base,
            collateral_decimals=supply.terms.asset_decimals,
            debt_price_base=debt.loan.price_base,
            debt_decimals=debt.terms.asset_decimals,
            debt_to_cover_raw=attempt,
            collateral_balance_raw=supply.amount_raw,
            liquidation_bonus_bps=rulebook.bonus_bps(supply.terms.asset),
            protocol_fee_bps=rulebook.liquidation_protocol_fee_bps,
        )
        if not leaves_dust(
            collateral_left_raw=supply.amount_raw - taken - fee,
            collateral_price_base=supply.loan.price_base,
            collateral_decimals=supply.terms.asset_decimals,
            debt_left_raw=debt.amount_raw - paid,
            debt_price_base=debt.loan.price_base,
            debt_decimals=debt.terms.asset_decimals,
            dust_base=dust_base,
        ):
            return taken, paid, fee
    return None


def _moved(
    account: Account,
    rulebook: LendingRulebook,
    touched: Sequence[Held],
    *,
    taken_raw: Mapping[str, int] = _NOTHING,
    fee_raw: Mapping[str, int] = _NOTHING,
    paid_raw: Mapping[str, int] = _NOTHING,
    lost_raw: Mapping[str, int] = _NOTHING,
    told: Sequence[str] = (),
) -> LiquidationReach:
    """Write down what a call moves, by instrument, and what it leaves in scaled units."""
    moved: dict[str, tuple[LoanAmount, ...]] = {}
    for name, amounts_raw in (
        ("seized", taken_raw),
        ("fee", fee_raw),
        ("repaid", paid_raw),
        ("lost", lost_raw),
    ):
        moved[name] = tuple(
            amount
            for each in touched
            for amount in amount_of(each.terms, amounts_raw.get(each.terms.instrument_id, 0))
        )
    left: dict[str, Decimal] = {}
    for each in touched:
        gone_raw = sum(
            amounts_raw.get(each.terms.instrument_id, 0)
            for amounts_raw in (taken_raw, fee_raw, paid_raw, lost_raw)
        )
        if gone_raw:
            coins = in_coins(_left_scaled_raw(each, gone_raw), each.terms.asset_decimals)
            left[each.terms.instrument_id] = -coins if each.loan.is_debt else coins
    written_off = (
        f"{amount.quantity_coin} {amount.asset} of bad debt written off" for amount in moved["lost"]
    )
    return LiquidationReach(
        account_id=account.account_id,
        rulebook=rulebook.name,
        **moved,
        after=with_loans(account, left),
        detail="; ".join((*told, *written_off)),
    )


def _coins(held: Held, amount_raw: int) -> str:
    return f"{in_coins(amount_raw, held.terms.asset_decimals)} {held.terms.asset}"


def _left_scaled_raw(held: Held, gone_raw: int) -> int:
    """Give the scaled units left after an amount left, rounded against the account."""
    if gone_raw >= held.amount_raw:
        return 0
    burn = mul_div_down if held.loan.is_debt else mul_div_up
    return max(held.loan.scaled_raw() - burn(gone_raw, RAY, held.loan.index_ray), 0)
