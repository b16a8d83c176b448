"""Hyperliquid portfolio margin: spot lent against, losses of perpetuals borrowed.

The venue compares a requirement (an offset, what all perpetuals need, what is borrowed) with 95 per
cent of a liquidation value (cash, and collateral at its threshold under its caps). Here the 95 per
cent are taken off each part of equity, so that the account is liquidatable exactly where equity is
below the requirement. Cash that a loss of perpetuals uses up is borrowed.

Balances above zero are held, balances below zero are borrowed, as the venue reports both. How much
may newly be borrowed is given by the loan to value, which is less than the threshold: what lies
between is added to the initial requirement ([U]: the venue's pages give the figure, not the test).

References
----------
venue-margin.md section 5; hl-pm-ratio, which is a reading of the venue's page and not verified.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.margin.bounds import outside
from hedgerow.margin.contracts import Held, held_contracts, profit_lines
from hedgerow.margin.engine import Engine, VenueTerms
from hedgerow.margin.records import (
    MarginLine,
    MarginReport,
    Rulebook,
    report_of,
    unsupported,
    weaker,
)
from hedgerow.margin.rules.hyperliquid import portfolio as rules
from hedgerow.margin.venues.hyperliquid import (
    LeverageTier,
    mistakes_of_leverage,
    not_covered,
    position_line,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINE", "HyperliquidPortfolioRulebook", "LentAgainst", "require"]

# A threshold has eighteen decimals, rounded down: against the holder.
_STEP_FRAC = Fraction(1, 10**18)


class LentAgainst(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token that may be borrowed against, with the most that counts and the most lent."""

    loan_to_value_frac: Decimal
    supply_coin_max: Decimal
    borrow_usd_max: Decimal


class HyperliquidPortfolioRulebook(
    Rulebook, frozen=True, kw_only=True, tag="hyperliquid_portfolio"
):
    """One ratio over spot and perpetuals."""

    currency: str
    tiers: dict[str, list[LeverageTier]]
    leverage_set_frac: dict[str, Decimal] = msgspec.field(default_factory=dict)
    collateral: dict[str, LentAgainst]
    offset_usd: Decimal
    liquidated_frac: Decimal


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: HyperliquidPortfolioRulebook,
) -> Outcome[MarginReport]:
    """Give numerator and scaled denominator of the ratio; see `hedgerow.margin.require`."""
    currency = rulebook.currency
    held = held_contracts(
        account,
        instruments,
        snapshot,
        lambda terms: not_covered(terms, currency, rulebook.tiers, rulebook.name),
    )
    if isinstance(held, Failure):
        return held
    cash = _cash(account, held, rulebook)
    lines = [
        _offset_line(rulebook),
        *_position_lines(held, rulebook),
        *_borrowed_lines(account, cash, rulebook),
    ]
    equity_lines = [_cash_line(cash, rulebook)]
    for asset in dict.fromkeys(balance.asset for balance in account.balances):
        if asset == currency:
            continue
        counted = _collateral(account, asset, snapshot, rulebook)
        if isinstance(counted, Failure):
            return counted
        equity_lines.append(counted[0])
        lines.append(counted[1])
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=currency,
        lines=lines,
        equity_lines=equity_lines,
    )


def _offset_line(rulebook: HyperliquidPortfolioRulebook) -> MarginLine:
    return MarginLine(
        rule="offset",
        subject=rulebook.currency,
        amount_ccy=rulebook.offset_usd,
        amount_initial_ccy=rulebook.offset_usd,
        detail=f"{rulebook.offset_usd}",
        evidence=rulebook.known("offset"),
        evidence_initial=weaker(rulebook.known("offset"), rulebook.known("initial")),
    )


class _Cash(NamedTuple):
    """Cash with the profits of perpetuals, and how that was added up; below zero it is borrowed."""

    amount_ccy: Decimal
    told: str


def _cash(account: Account, held: Sequence[Held], rulebook: HyperliquidPortfolioRulebook) -> _Cash:
    profits = list(profit_lines(account, held, rulebook.known("cash")))
    profit_ccy = sum((line.amount_ccy for line in profits), Decimal(0))
    cash_ccy = sum((each for each in _rows(account, rulebook.currency) if each > 0), Decimal(0))
    told = f"{cash_ccy} + " + (" + ".join(line.detail for line in profits) or "0")
    return _Cash(cash_ccy + profit_ccy, told)


def _cash_line(cash: _Cash, rulebook: HyperliquidPortfolioRulebook) -> MarginLine:
    return MarginLine(
        rule="cash",
        subject=rulebook.currency,
        amount_ccy=rulebook.liquidated_frac * max(cash.amount_ccy, Decimal(0)),
        detail=f"{rulebook.liquidated_frac} x max(0, {cash.told})",
        evidence=rulebook.known("cash"),
    )


def _position_lines(
    held: Sequence[Held], rulebook: HyperliquidPortfolioRulebook
) -> Iterator[MarginLine]:
    for each in held:
        yield position_line(
            each,
            rulebook.tiers[each.terms.underlying],
            rulebook.leverage_set_frac,
            rulebook,
        )


def _borrowed_lines(
    account: Account, cash: _Cash, rulebook: HyperliquidPortfolioRulebook
) -> Iterator[MarginLine]:
    """Ask for what is borrowed in full: as the venue reports it, and where losses used up cash."""
    owed = [-each for each in _rows(account, rulebook.currency) if each < 0]
    for amount_ccy, why in (
        *((each, f"{each:f}") for each in owed),
        (max(-cash.amount_ccy, Decimal(0)), f"-({cash.told})"),
    ):
        if amount_ccy > 0:
            yield MarginLine(
                rule="borrowed",
                subject=rulebook.currency,
                amount_ccy=amount_ccy,
                amount_initial_ccy=amount_ccy,
                detail=why,
                evidence=rulebook.known("borrowed"),
                evidence_initial=weaker(rulebook.known("borrowed"), rulebook.known("initial")),
            )


def _rows(account: Account, asset: str) -> list[Decimal]:
    return [balance.quantity_coin for balance in account.balances if balance.asset == asset]


def _collateral(
    account: Account, asset: str, snapshot: Snapshot, rulebook: HyperliquidPortfolioRulebook
) -> Outcome[tuple[MarginLine, MarginLine]]:
    """Give what a token counts for, and what of that may not newly be borrowed against."""
    rows = _rows(account, asset)
    if any(each < 0 for each in rows):
        return unsupported(account, f"{asset} is borrowed; only {rulebook.currency} is lent")
    terms = rulebook.collateral.get(asset)
    if terms is None:
        return unsupported(account, f"{rulebook.name} does not know {asset} as collateral")
    price_usd = snapshot.spot_usd(asset)
    if isinstance(price_usd, Failure):
        return price_usd
    part, held_coin = rulebook.liquidated_frac, sum(rows, Decimal(0))
    threshold = rules.threshold_frac(Fraction(terms.loan_to_value_frac))
    threshold_frac = Decimal(int(threshold / _STEP_FRAC)).scaleb(-18).normalize()
    value_usd = min(held_coin, terms.supply_coin_max) * price_usd
    counted = part * min(terms.borrow_usd_max, value_usd * threshold_frac)
    lent = min(terms.borrow_usd_max, value_usd * terms.loan_to_value_frac)
    worth = f"min({held_coin}, {terms.supply_coin_max}) x {price_usd}"
    return (
        MarginLine(
            rule="collateral",
            subject=asset,
            amount_ccy=counted,
            detail=f"{part} x min({terms.borrow_usd_max}, {worth} x {threshold_frac})",
            evidence=rulebook.known("collateral"),
        ),
        MarginLine(
            rule="not lent against",
            subject=asset,
            amount_ccy=Decimal(0),
            amount_initial_ccy=max(counted - lent, Decimal(0)),
            detail=f"initial max({counted:f} - min({terms.borrow_usd_max}, {worth} x "
            f"{terms.loan_to_value_frac}), 0)",
            evidence=rulebook.known("initial"),
        ),
    )


def _terms(rulebook: HyperliquidPortfolioRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LinearPerpetual,),
        counted={rulebook.currency: (rulebook.currency, *rulebook.collateral)},
        owed=(rulebook.currency,),
    )


def _mistakes(rulebook: HyperliquidPortfolioRulebook) -> Iterator[str]:
    yield from mistakes_of_leverage(rulebook.tiers, rulebook.leverage_set_frac)
    for name, terms in rulebook.collateral.items():
        yield from outside(terms, "[0, 1]", "loan_to_value_frac", under=f"collateral.{name}")
    yield from outside(rulebook, "(0, 1]", "liquidated_frac")


ENGINE = Engine(
    kind=HyperliquidPortfolioRulebook,
    rules=(
        "cash",
        "collateral",
        "tiered_maintenance",
        "initial",
        "borrowed",
        "offset",
    ),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
)
