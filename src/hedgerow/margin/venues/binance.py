"""Binance USD-M in cross mode: tiered maintenance over all positions of one wallet.

Equity is the wallet balance plus unrealised profit at the mark; every position's requirement comes
from the tier of its own notional (venue-margin.md section 2.1, [V]
binance-usdm-account-components).
"""

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.margin.records import MarginLine, MarginReport, confidence_of
from hedgerow.margin.rulebook import TieredRulebook
from hedgerow.margin.tiered import deductions_usd, maintenance_usd, tier_index
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["require"]


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: TieredRulebook,
) -> Outcome[MarginReport]:
    """Give the cross requirement; see `hedgerow.margin.require`."""
    lines: list[MarginLine] = []
    known = rulebook.evidence
    equity_lines = [
        MarginLine(
            rule="wallet balance",
            subject=rulebook.currency,
            amount_ccy=account.balance_coin(rulebook.currency),
            evidence=known.get("equity", "U"),
        )
    ]
    for position in account.positions:
        terms = instruments[position.instrument_id]
        if not isinstance(terms, LinearPerpetual) or terms.settlement != rulebook.currency:
            return _refuse(
                account, f"{position.instrument_id} is not a {rulebook.currency} perpetual"
            )
        tiers = rulebook.tiers.get(terms.underlying)
        if tiers is None:
            return _refuse(account, f"{rulebook.name} has no tiers for {terms.underlying}")
        if position.price_entry_ccy is None:
            return _refuse(account, f"{position.instrument_id} has no entry price")
        mark = snapshot.mark_usd(terms.instrument_id, terms.underlying)
        if isinstance(mark, Failure):
            return mark
        size_coin = position.quantity_contracts * terms.multiplier_coin_per_contract
        notional = abs(size_coin) * mark
        at = tier_index(tiers, notional)
        lines.append(
            MarginLine(
                rule="tiered maintenance",
                subject=position.instrument_id,
                amount_ccy=maintenance_usd(tiers, notional),
                detail=f"{notional} x {tiers[at].rate_maintenance_frac} - "
                f"{deductions_usd(tiers)[at]} (tier {at}); "
                f"initial x {tiers[at].rate_initial_frac}",
                amount_initial_ccy=notional * tiers[at].rate_initial_frac,
                evidence=known.get("tiered_maintenance", "U"),
            )
        )
        equity_lines.append(
            MarginLine(
                rule="unrealised profit",
                subject=position.instrument_id,
                amount_ccy=size_coin * (mark - position.price_entry_ccy),
                detail=f"{size_coin} x ({mark} - {position.price_entry_ccy})",
                evidence=known.get("equity", "U"),
            )
        )
    used = {line.evidence for line in (*lines, *equity_lines)}
    if lines:
        used.add(known.get("tiered_initial", "U"))
    return MarginReport(
        account_id=account.account_id,
        rulebook=rulebook.name,
        currency=rulebook.currency,
        time_ns=snapshot.time_ns,
        confidence=confidence_of(rulebook.confidence, used),
        equity_ccy=sum((line.amount_ccy for line in equity_lines), Decimal(0)),
        requirement_maintenance_ccy=sum((line.amount_ccy for line in lines), Decimal(0)),
        requirement_initial_ccy=sum(
            (line.amount_initial_ccy or Decimal(0) for line in lines), Decimal(0)
        ),
        lines=tuple(lines),
        equity_lines=tuple(equity_lines),
    )


def _refuse(account: Account, message: str) -> Failure:
    return Failure(subject=account.account_id, reason="unsupported", message=message)
