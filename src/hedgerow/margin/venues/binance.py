"""Binance USD-M in cross mode: tiered maintenance over all positions of one wallet.

Equity is the wallet balance plus unrealised profit at the mark; every position's requirement comes
from the tier of its own notional (venue-margin.md section 2.1, [V]
binance-usdm-account-components).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, LinearPerpetual
from hedgerow.margin.engine import Charges, Engine, VenueTerms
from hedgerow.margin.records import MarginLine, MarginReport, Rulebook, report_of, unsupported
from hedgerow.margin.tiered import (
    Tier,
    deductions_usd,
    maintenance_usd,
    mistakes_of_tiers,
    tier_index,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINE", "TieredRulebook", "require"]


class TieredRulebook(Rulebook, frozen=True, kw_only=True, tag="tiered"):
    """Cross-margined perpetuals: each position's notional falls into tiers of its underlying."""

    currency: str
    tiers: dict[str, list[Tier]]
    fee_taker_frac: Decimal
    fee_liquidation_frac: Decimal


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: TieredRulebook,
) -> Outcome[MarginReport]:
    """Give the cross requirement; see `hedgerow.margin.require`."""
    lines: list[MarginLine] = []
    equity_lines = [
        MarginLine(
            rule="wallet balance",
            subject=rulebook.currency,
            amount_ccy=account.balance_coin(rulebook.currency),
            evidence=rulebook.known("equity"),
        )
    ]
    for position in account.positions:
        terms = instruments[position.instrument_id]
        if not isinstance(terms, LinearPerpetual) or terms.settlement != rulebook.currency:
            return unsupported(
                account, f"{position.instrument_id} is not a {rulebook.currency} perpetual"
            )
        tiers = rulebook.tiers.get(terms.underlying)
        if tiers is None:
            return unsupported(account, f"{rulebook.name} has no tiers for {terms.underlying}")
        if position.price_entry_ccy is None:
            return unsupported(account, f"{position.instrument_id} has no entry price")
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
                detail=f"{notional:f} x {tiers[at].rate_maintenance_frac} - "
                f"{deductions_usd(tiers)[at]} (tier {at}); "
                f"initial {notional:f} x {tiers[at].rate_initial_frac}; "
                f"{notional:f} = |{size_coin:f} x {mark:f}|",
                amount_initial_ccy=notional * tiers[at].rate_initial_frac,
                evidence=rulebook.known("tiered_maintenance"),
            )
        )
        equity_lines.append(
            MarginLine(
                rule="unrealised profit",
                subject=position.instrument_id,
                amount_ccy=size_coin * (mark - position.price_entry_ccy),
                detail=f"{size_coin:f} x ({mark:f} - {position.price_entry_ccy:f})",
                evidence=rulebook.known("equity"),
            )
        )
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=rulebook.currency,
        lines=lines,
        equity_lines=equity_lines,
        used=[rulebook.known("tiered_initial")] if lines else [],
    )


def _terms(rulebook: TieredRulebook) -> VenueTerms:
    return VenueTerms(
        instruments=(LinearPerpetual,),
        counted={rulebook.currency: (rulebook.currency,)},
        charges=Charges(
            fee_taker_frac=rulebook.fee_taker_frac,
            fee_liquidation_frac=rulebook.fee_liquidation_frac,
        ),
    )


def _mistakes(rulebook: TieredRulebook) -> Iterator[str]:
    return mistakes_of_tiers(rulebook.tiers)


ENGINE = Engine(
    kind=TieredRulebook,
    rules=("equity", "tiered_maintenance", "tiered_initial"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
)
