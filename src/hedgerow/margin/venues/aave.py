"""Aave v3: collateral times liquidation threshold against debt, at the protocol's oracle.

Equity is what the protocol sets against the debt, ``Σ collateral · threshold``, in dollars; the
maintenance requirement is the debt, the initial one what the loan-to-values leave to borrow. Where
they are not told it is the debt too, the least it can be, and unverified. All arithmetic is in the
protocol's integers (onchain-margin.md section 5, [V] for the arithmetic), and an account is
liquidatable where its health factor is below 1e18, to the last unit.

What an account chose is not in its positions: every supply held counts as collateral
(`collateral_choice`; a supply whose use as collateral was switched off, or that isolation mode or a
debt ceiling bars, would not), and accounts under one rulebook have all joined its efficiency
category (e-mode), or none.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LoanDebt, LoanSupply
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.loans import PRICE_DECIMALS, in_coins, worth_told
from hedgerow.margin.records import MarginLine, MarginReport, beyond_digits, report_of, weaker
from hedgerow.margin.rules.aave_v3 import Standing
from hedgerow.margin.venues.aave_model import lending_cells
from hedgerow.margin.venues.aave_reach import reach
from hedgerow.margin.venues.aave_rulebook import (
    Held,
    LendingRulebook,
    mistakes,
    read_held,
    standing_of,
)
from hedgerow.margin.venues.aave_switch import switch_refusal
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINE", "require"]

_BPS = 10_000
_BPS_DECIMALS = 4
_WAD = 10**18
_NO_LOAN_TO_VALUE = (
    "; the loan-to-value is not told (no ltv_bps), so initial is only the least it can be, and "
    "what may still be borrowed is unknown"
)


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: LendingRulebook,
) -> Outcome[MarginReport]:
    """Give debt against weighted collateral; see `hedgerow.margin.require`."""
    held = read_held(account, instruments, snapshot, rulebook)
    if isinstance(held, Failure):
        return held
    stands = standing_of(held, rulebook)
    lines = [_debt_line(each, rulebook) for each in held if each.loan.is_debt]
    supplies = [each for each in held if not each.loan.is_debt]
    equity_lines = [_collateral_line(each, rulebook) for each in supplies]
    weighted = sum(
        each.worth_base_raw * rulebook.threshold_bps(each.terms.asset) for each in supplies
    )
    beyond = beyond_digits(account, weighted, stands.debt_base_raw * _BPS)
    if beyond is not None:
        return beyond
    if lines:
        health = stands.health_wad
        shown = "infinite" if health is None else str(Decimal(health) / _WAD)
        lines[-1] = msgspec.structs.replace(
            lines[-1], detail=f"{lines[-1].detail}; health factor {shown}"
        )
        forgiven = _forgiven_base_bps(stands, weighted)
        if forgiven > 0:
            equity_lines.append(_rounding_line(forgiven, stands, rulebook))
        lines += _initial_line(stands, weighted + forgiven, rulebook)
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=lines,
        equity_lines=equity_lines,
        used=() if rulebook.e_mode is None else (rulebook.known("e_mode"),),
        health_wad=stands.health_wad,
    )


def _debt_line(held: Held, rulebook: LendingRulebook) -> MarginLine:
    worth = in_coins(held.worth_base_raw, PRICE_DECIMALS)
    return MarginLine(
        rule="debt",
        subject=held.terms.asset,
        amount_ccy=worth,
        detail=_worth(held) + ("" if _tells_loan_to_value(rulebook) else _NO_LOAN_TO_VALUE),
        amount_initial_ccy=worth,
        evidence=rulebook.known("debt"),
        evidence_initial=None if _tells_loan_to_value(rulebook) else "U",
    )


def _collateral_line(held: Held, rulebook: LendingRulebook) -> MarginLine:
    threshold_bps = rulebook.threshold_bps(held.terms.asset)
    return MarginLine(
        rule="collateral x threshold",
        subject=held.terms.asset,
        amount_ccy=_weighted_usd(held.worth_base_raw * threshold_bps),
        detail=_worth(held, f" x {threshold_bps} / {_BPS}"),
        evidence=weaker(rulebook.known("collateral"), rulebook.known("collateral_choice")),
    )


def _worth(held: Held, weighed: str = "") -> str:
    """Say how a loan's worth comes about, then how its amount does."""
    loan = held.loan
    return (
        f"{worth_told(loan, held.amount_raw)}{weighed}; "
        f"worth cut to 1e-8 USD {'up' if loan.is_debt else 'down'}; "
        f"{held.amount_raw} = {loan.scaled_raw()} x {loan.index_ray} / 10^27"
    )


def _forgiven_base_bps(stands: Standing, weighted_base_bps: int) -> int:
    """Give what half-up rounding forgives: a health factor of one with collateral short of it.

    So little that it takes a debt of 2e10 dollars; but then the protocol does not liquidate.
    """
    if stands.health_wad is None or stands.health_wad < _WAD:
        return 0
    return max(stands.debt_base_raw * _BPS - weighted_base_bps, 0)


def _rounding_line(
    forgiven_base_bps: int, stands: Standing, rulebook: LendingRulebook
) -> MarginLine:
    return MarginLine(
        rule="health factor rounded half up",
        subject=rulebook.market,
        amount_ccy=_weighted_usd(forgiven_base_bps),
        detail=f"the debt of {stands.debt_base_raw} (1e-8 dollars) less the weighted collateral, "
        "not above half of 1e-18 of that debt",
        evidence=rulebook.known("collateral"),
    )


def _initial_line(
    stands: Standing, weighted_base_bps: int, rulebook: LendingRulebook
) -> list[MarginLine]:
    """Give what the loan-to-values ask beyond the thresholds; nothing where none is known."""
    if not _tells_loan_to_value(rulebook):
        return []
    power = stands.collateral_base_raw * stands.ltv_average_bps // _BPS
    return [
        MarginLine(
            rule="collateral x (threshold - loan to value)",
            subject=rulebook.market,
            amount_ccy=Decimal(0),
            detail=f"collateral of {stands.collateral_base_raw} (1e-8 dollars) weighs "
            f"{_weighted_usd(weighted_base_bps)} dollars and lets borrow {power} (1e-8 dollars), "
            f"its average loan to value of {stands.ltv_average_bps} bps rounded down",
            amount_initial_ccy=_weighted_usd(weighted_base_bps - power * _BPS),
            evidence=rulebook.known("loan_to_value"),
        )
    ]


def _tells_loan_to_value(rulebook: LendingRulebook) -> bool:
    return all(each.ltv_bps is not None for each in rulebook.reserves.values())


def _weighted_usd(base_bps: int) -> Decimal:
    return in_coins(base_bps, PRICE_DECIMALS + _BPS_DECIMALS)


def _terms(rulebook: LendingRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LoanSupply, LoanDebt),
        market=rulebook.market,
        threshold_frac={
            asset: Decimal(rulebook.threshold_bps(asset)) / _BPS for asset in rulebook.reserves
        },
        # A reserve that is no collateral has no bonus.
        penalty_frac={
            asset: Decimal(rulebook.bonus_bps(asset) - _BPS) / _BPS
            for asset in rulebook.reserves
            if rulebook.threshold_bps(asset) > 0
        },
    )


ENGINE = Engine(
    kind=LendingRulebook,
    rules=("collateral", "collateral_choice", "debt", "loan_to_value", "e_mode"),
    require=require,
    terms=_terms,
    mistakes=mistakes,
    reach=reach,
    switch_refusal=switch_refusal,
    model=lending_cells,
)
