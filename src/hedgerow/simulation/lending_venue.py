"""A lending market: supply, repay, withdraw, and liquidation, in the protocol's own integers.

Balances are scaled units times an index (`margin.rules.aave_v3`). Every rounding goes against the
account: supplying mints rounded down, repaying burns rounded down, withdrawing burns rounded up. A
liquidator repays the largest debt against the largest collateral, as much as the close factor lets
it, again and again until the health factor is back at one (Aave v3, onchain-margin.md section 5).
It acts on the protocol's oracle, not on the market.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin import LendingRulebook
from hedgerow.margin.rules.aave_v3 import (
    balance_raw,
    close_factor_bps,
    collateral_base,
    debt_base,
    debt_raw,
    health_factor_wad,
    is_liquidatable,
    leaves_dust,
    liquidation_amounts_raw,
    repayable_raw,
)
from hedgerow.margin.venues.aave import price_base, scaled_raw
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.simulation.ledger import Change, Flow, FlowReason, with_position
from hedgerow.simulation.perpetual_venue import Liquidated
from hedgerow.units import mul_div_down, mul_div_up

__all__ = ["liquidate", "loan_of", "repaid", "supplied", "withdrawn"]

_RAY = 10**27
_WAD = 10**18
_BASE = Decimal(10) ** 8


def loan_of(
    instruments: Mapping[str, Instrument], market: str, asset: str, *, is_debt: bool
) -> LoanSupply | LoanDebt | None:
    """Find the instrument of a reserve; None where nobody described it."""
    for terms in instruments.values():
        if (
            isinstance(terms, LoanDebt if is_debt else LoanSupply)
            and terms.market == market
            and terms.asset == asset
        ):
            return terms
    return None


def supplied(account: Account, terms: LoanSupply, quantity_coin: Decimal, index_ray: int) -> Change:
    """Mint scaled units for an amount that arrived."""
    amount = _raw(quantity_coin, terms.asset_decimals)
    quantity = account.quantity_contracts(terms.instrument_id)
    held = scaled_raw(quantity, terms.asset_decimals, is_debt=False)
    minted = mul_div_down(amount, _RAY, index_ray)
    return Change(
        account=_scaled(account, terms, held + minted),
        flows=_through(terms.asset, quantity_coin, "transit", "pool"),
    )


def repaid(
    account: Account, terms: LoanDebt, quantity_coin: Decimal, index_ray: int
) -> tuple[Change, Decimal]:
    """Burn scaled debt for an amount that arrived; the second is what was more than the debt."""
    offered = _raw(quantity_coin, terms.asset_decimals)
    quantity = account.quantity_contracts(terms.instrument_id)
    held = scaled_raw(quantity, terms.asset_decimals, is_debt=True)
    owed = debt_raw(held, index_ray)
    paid = min(offered, owed)
    burned = held if paid == owed else mul_div_down(paid, _RAY, index_ray)
    paid_coin = _coin(paid, terms.asset_decimals)
    change = Change(
        account=_scaled(account, terms, held - burned),
        flows=_through(terms.asset, paid_coin, "transit", "pool"),
    )
    return change, quantity_coin - paid_coin


def withdrawn(
    account: Account, terms: LoanSupply, quantity_coin: Decimal, index_ray: int
) -> Change | None:
    """Burn scaled units and put the amount into the account's balance; None beyond the supply."""
    amount = _raw(quantity_coin, terms.asset_decimals)
    quantity = account.quantity_contracts(terms.instrument_id)
    held = scaled_raw(quantity, terms.asset_decimals, is_debt=False)
    if amount > balance_raw(held, index_ray):
        return None
    burned = min(held, mul_div_up(amount, _RAY, index_ray))
    flows = (Flow(asset=terms.asset, quantity_coin=quantity_coin, reason="pool"),)
    return Change(account=_scaled(account, terms, held - burned), flows=flows)


@dataclass(frozen=True, slots=True)
class _Reserve:
    """One side of one reserve, in integers."""

    terms: LoanSupply | LoanDebt
    scaled_raw: int
    amount_raw: int
    index_ray: int
    price_base_usd: int
    value_base_usd: int
    threshold_bps: int
    bonus_bps: int


def liquidate(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: LendingRulebook,
) -> Outcome[Liquidated]:
    """Let liquidators repay debt for collateral until the health factor is at least one."""
    flows: list[Flow] = []
    loss_base = 0
    done: list[str] = []
    while True:
        read = _reserves(account, instruments, snapshot, rulebook)
        if isinstance(read, Failure):
            return read
        supplies, debts = read
        owed_base = sum(debt.value_base_usd for debt in debts)
        weighted = sum(s.value_base_usd * s.threshold_bps for s in supplies)
        health = health_factor_wad(weighted, owed_base)
        if health is None or not is_liquidatable(health):
            break
        if not supplies:
            for debt in debts:
                account = _scaled(account, debt.terms, 0)
                amount = _coin(debt.amount_raw, debt.terms.asset_decimals)
                done.append(f"{amount} {debt.terms.asset} of bad debt written off")
            break
        supply = max(supplies, key=lambda reserve: reserve.value_base_usd)
        debt = max(debts, key=lambda reserve: reserve.value_base_usd)
        call = _call(supply, debt, owed_base, health, rulebook)
        if call is None:
            done.append("no liquidation leaves both sides above the dust limit")
            break
        seized, paid = call
        account = _scaled(account, supply.terms, _burned(supply, seized, is_debt=False))
        account = _scaled(account, debt.terms, _burned(debt, paid, is_debt=True))
        seized_coin = _coin(seized, supply.terms.asset_decimals)
        paid_coin = _coin(paid, debt.terms.asset_decimals)
        flows += _through(supply.terms.asset, seized_coin, "pool", "seized")
        flows += _through(debt.terms.asset, paid_coin, "seized", "pool")
        loss_base += collateral_base(seized, supply.price_base_usd, supply.terms.asset_decimals)
        loss_base -= debt_base(paid, debt.price_base_usd, debt.terms.asset_decimals)
        done.append(
            f"{seized_coin} {supply.terms.asset} seized for {paid_coin} {debt.terms.asset} "
            f"at health {Decimal(health) / _WAD:.4f}"
        )
    return Liquidated(
        change=Change(account=account, flows=tuple(flows)),
        loss_ccy=max(Decimal(loss_base) / _BASE, Decimal(0)),
        currency="USD",
        message="; ".join(done),
    )


def _call(
    supply: _Reserve, debt: _Reserve, owed_base: int, health_wad: int, rulebook: LendingRulebook
) -> tuple[int, int] | None:
    """Give collateral that leaves (protocol fee included) and debt repaid by one liquidation."""
    closing_bps = close_factor_bps(
        health_wad=health_wad,
        reserve_collateral_base=supply.value_base_usd,
        reserve_debt_base=debt.value_base_usd,
        partial_close_bps=rulebook.close_factor_bps,
        full_below_health_wad=int(rulebook.close_factor_full_below_health_frac * _WAD),
        full_below_base=int(rulebook.close_factor_full_below_usd * _BASE),
    )
    # The factor applies to all debt of the account, measured in dollars (trap 6).
    cover = repayable_raw(
        close_bps=closing_bps,
        debt_raw=debt.amount_raw,
        debt_price_base=debt.price_base_usd,
        debt_decimals=debt.terms.asset_decimals,
        debt_total_base=owed_base,
    )
    dust_base = int(rulebook.dust_base_usd * _BASE)
    # Leaving a little is refused, so a liquidator who may not take all takes less (trap 10).
    unit = 10**debt.terms.asset_decimals
    most = max(debt.value_base_usd - dust_base, 0) * unit // debt.price_base_usd
    for attempt in (cover, min(cover, most)):
        if attempt <= 0:
            continue
        taken, paid, fee = liquidation_amounts_raw(
            collateral_price_base=supply.price_base_usd,
            collateral_decimals=supply.terms.asset_decimals,
            debt_price_base=debt.price_base_usd,
            debt_decimals=debt.terms.asset_decimals,
            debt_to_cover_raw=attempt,
            collateral_balance_raw=supply.amount_raw,
            liquidation_bonus_bps=supply.bonus_bps,
            protocol_fee_bps=rulebook.liquidation_protocol_fee_bps,
        )
        seized = taken + fee
        if not leaves_dust(
            collateral_left_raw=supply.amount_raw - seized,
            collateral_price_base=supply.price_base_usd,
            collateral_decimals=supply.terms.asset_decimals,
            debt_left_raw=debt.amount_raw - paid,
            debt_price_base=debt.price_base_usd,
            debt_decimals=debt.terms.asset_decimals,
            dust_base=dust_base,
        ):
            return seized, paid
    return None


def _burned(reserve: _Reserve, amount_raw: int, *, is_debt: bool) -> int:
    """Give the scaled units left after an amount left, rounded against the account."""
    if amount_raw >= reserve.amount_raw:
        return 0
    burn = (
        mul_div_down(amount_raw, _RAY, reserve.index_ray)
        if is_debt
        else mul_div_up(amount_raw, _RAY, reserve.index_ray)
    )
    return max(reserve.scaled_raw - burn, 0)


def _reserves(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: LendingRulebook,
) -> Outcome[tuple[list[_Reserve], list[_Reserve]]]:
    """Read supplies and debts that are not zero; a Failure where one cannot be valued."""
    supplies: list[_Reserve] = []
    debts: list[_Reserve] = []
    for position in account.positions:
        terms = instruments[position.instrument_id]
        if not isinstance(terms, LoanSupply | LoanDebt):
            continue
        oracle = snapshot.oracle_usd(terms.asset)
        if isinstance(oracle, Failure):
            return oracle
        index = snapshot.lending(terms.market, terms.asset)
        if isinstance(index, Failure):
            return index
        is_debt = isinstance(terms, LoanDebt)
        scaled = scaled_raw(position.quantity_contracts, terms.asset_decimals, is_debt=is_debt)
        ray = index.borrow_index_ray if is_debt else index.liquidity_index_ray
        amount = debt_raw(scaled, ray) if is_debt else balance_raw(scaled, ray)
        price = price_base(oracle, is_debt=is_debt)
        value = (debt_base if is_debt else collateral_base)(amount, price, terms.asset_decimals)
        if amount == 0:
            continue
        parameters = rulebook.reserves[terms.asset]
        (debts if is_debt else supplies).append(
            _Reserve(
                terms=terms,
                scaled_raw=scaled,
                amount_raw=amount,
                index_ray=ray,
                price_base_usd=price,
                value_base_usd=value,
                threshold_bps=parameters.liquidation_threshold_bps,
                bonus_bps=parameters.liquidation_bonus_bps,
            )
        )
    return supplies, debts


def _scaled(account: Account, terms: LoanSupply | LoanDebt, scaled: int) -> Account:
    """Set the position to so many scaled units; debt is held short."""
    quantity = _coin(scaled, terms.asset_decimals)
    return with_position(
        account, terms.instrument_id, -quantity if isinstance(terms, LoanDebt) else quantity
    )


def _through(
    asset: str, quantity_coin: Decimal, source: FlowReason, target: FlowReason
) -> tuple[Flow, ...]:
    """Pass an amount through the account: in for one reason, out for another."""
    return (
        Flow(asset=asset, quantity_coin=quantity_coin, reason=source),
        Flow(asset=asset, quantity_coin=-quantity_coin, reason=target),
    )


def _raw(quantity_coin: Decimal, decimals: int) -> int:
    return int(quantity_coin.scaleb(decimals))


def _coin(amount_raw: int, decimals: int) -> Decimal:
    return Decimal(amount_raw).scaleb(-decimals)
