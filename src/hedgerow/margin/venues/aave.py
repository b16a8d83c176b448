"""Aave v3: collateral times liquidation threshold against debt, at the protocol's oracle.

Equity here is what the protocol sets against the debt, ``Σ collateral · threshold``, in dollars;
the requirement is the debt. Their ratio is the health factor. All arithmetic is in the protocol's
integers (onchain-margin.md section 5, [V] for the arithmetic); e-mode is not modelled.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.records import MarginLine, MarginReport, Rulebook, report_of, unsupported
from hedgerow.margin.rules.aave_v3 import (
    balance_raw,
    collateral_base,
    debt_base,
    debt_raw,
    health_factor_wad,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import quantise

__all__ = ["ENGINE", "LendingReserve", "LendingRulebook", "price_base", "require", "scaled_raw"]

_BASE = Decimal(10) ** 8
_BPS = 10_000


class LendingReserve(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reserve of a lending market, in the protocol's basis points."""

    liquidation_threshold_bps: int
    liquidation_bonus_bps: int
    asset_decimals: int


class LendingRulebook(Rulebook, frozen=True, kw_only=True, tag="lending"):
    """Over-collateralised loans, liquidated when the health factor falls below one."""

    market: str
    close_factor_bps: int
    close_factor_full_below_health_frac: Decimal
    close_factor_full_below_usd: Decimal
    liquidation_protocol_fee_bps: int
    dust_base_usd: Decimal
    reserves: dict[str, LendingReserve]


def scaled_raw(quantity_contracts: Decimal, decimals: int, *, is_debt: bool) -> int:
    """Turn a position (scaled units as a decimal) into the protocol's integer, without its sign.

    Digits beyond the token's own round against us: a supply down, a debt up.
    """
    units = abs(quantity_contracts).scaleb(decimals)
    return int(quantise(units, Decimal(1), "up" if is_debt else "down"))


def price_base(price_usd: Decimal, *, is_debt: bool) -> int:
    """Turn an oracle price into dollars scaled 1e8; a shocked price rounds against us."""
    return int(quantise(price_usd * _BASE, Decimal(1), "up" if is_debt else "down"))


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: LendingRulebook,
) -> Outcome[MarginReport]:
    """Give debt against weighted collateral; see `hedgerow.margin.require`."""
    lines: list[MarginLine] = []
    equity_lines: list[MarginLine] = []
    weighted_base_bps = 0
    debt_total_base = 0
    for position in account.positions:
        terms = instruments[position.instrument_id]
        if not isinstance(terms, LoanSupply | LoanDebt) or terms.market != rulebook.market:
            return unsupported(account, f"{position.instrument_id} is no loan on {rulebook.market}")
        reserve = rulebook.reserves.get(terms.asset)
        if reserve is None:
            return unsupported(account, f"{rulebook.name} has no reserve {terms.asset}")
        is_debt = isinstance(terms, LoanDebt)
        if position.quantity_contracts > 0 if is_debt else position.quantity_contracts < 0:
            return unsupported(
                account, f"{position.instrument_id}: debt is held short, supply long"
            )
        oracle = snapshot.oracle_usd(terms.asset)
        if isinstance(oracle, Failure):
            return oracle
        index = snapshot.lending(terms.market, terms.asset)
        if isinstance(index, Failure):
            return index
        price = price_base(oracle, is_debt=is_debt)
        units = scaled_raw(position.quantity_contracts, reserve.asset_decimals, is_debt=is_debt)
        if is_debt:
            amount = debt_raw(units, index.borrow_index_ray)
            base = debt_base(amount, price, reserve.asset_decimals)
            debt_total_base += base
            lines.append(
                MarginLine(
                    rule="debt",
                    subject=terms.asset,
                    amount_ccy=Decimal(base) / _BASE,
                    detail=f"{amount} / 10^{reserve.asset_decimals} x {Decimal(price) / _BASE}; "
                    f"{amount} = {units} x {index.borrow_index_ray} / 10^27",
                    amount_initial_ccy=Decimal(base) / _BASE,
                    evidence=rulebook.known("debt"),
                )
            )
        else:
            amount = balance_raw(units, index.liquidity_index_ray)
            base = collateral_base(amount, price, reserve.asset_decimals)
            weighted_base_bps += base * reserve.liquidation_threshold_bps
            equity_lines.append(
                MarginLine(
                    rule="collateral x threshold",
                    subject=terms.asset,
                    amount_ccy=Decimal(base * reserve.liquidation_threshold_bps) / (_BASE * _BPS),
                    detail=f"{amount} / 10^{reserve.asset_decimals} x {Decimal(price) / _BASE} x "
                    f"{reserve.liquidation_threshold_bps} / {_BPS}; "
                    f"{amount} = {units} x {index.liquidity_index_ray} / 10^27",
                    evidence=rulebook.known("collateral"),
                )
            )
    health = health_factor_wad(weighted_base_bps, debt_total_base)
    if lines:
        shown = "infinite" if health is None else str(Decimal(health) / 10**18)
        lines[-1] = msgspec.structs.replace(
            lines[-1], detail=f"{lines[-1].detail}; health factor {shown}"
        )
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=lines,
        equity_lines=equity_lines,
    )


def _terms(rulebook: LendingRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LoanSupply, LoanDebt),
        market=rulebook.market,
        threshold_frac={
            asset: Decimal(reserve.liquidation_threshold_bps) / _BPS
            for asset, reserve in rulebook.reserves.items()
        },
    )


ENGINE = Engine(
    kind=LendingRulebook,
    rules=("collateral", "debt"),
    require=require,
    terms=_terms,
)
