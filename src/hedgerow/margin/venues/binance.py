"""Binance USD-M in cross mode: tiered maintenance over all positions of one wallet.

Equity is the wallet balance plus unrealised profit at the mark; every position's requirement comes
from the tier of its own notional (venue-margin.md section 2.1, [V]
binance-usdm-account-components; initial cut off after eight decimals: [V]
binance-pm-position-btcusdt). Orders that rest add to the initial requirement what the worse
side filled would need, and what they would lose at once at the mark ([S]: the venue's page on the
cost of an order names both parts, the formula of the worse side is a third party's).
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import EntryContract, Instrument, LinearPerpetual
from hedgerow.margin.bounds import outside
from hedgerow.margin.contracts import Held, held_contracts, order_lines, wallet_lines
from hedgerow.margin.engine import Charges, Engine, VenueTerms
from hedgerow.margin.model import Cells, TierColumns, tiered_cells
from hedgerow.margin.records import Evidence, MarginLine, MarginReport, Rulebook, report_of
from hedgerow.margin.tiered import (
    Tier,
    deductions_usd,
    maintenance_usd,
    mistakes_of_tiers,
    no_tiers,
    tier_index,
)
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import quantise

__all__ = ["ENGINE", "TieredRulebook", "require"]


# What is not told is not written either: the digest of a rulebook is that of its figures.
class TieredRulebook(Rulebook, frozen=True, kw_only=True, omit_defaults=True, tag="tiered"):
    """Cross-margined perpetuals: each position's notional falls into tiers of its underlying.

    `tiers_borrowed` names underlyings whose table is another's, for want of a source: what is
    computed from it is unverified, however well the rules are known.
    """

    currency: str
    tiers: dict[str, list[Tier]]
    tiers_borrowed: list[str] = msgspec.field(default_factory=list)
    fee_taker_frac: Decimal
    fee_liquidation_frac: Decimal

    def known_of(self, rule: str, underlying: str) -> Evidence:
        """Say how well a rule is known where it reads an underlying's table."""
        return "U" if underlying in self.tiers_borrowed else self.known(rule)


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: TieredRulebook,
) -> Outcome[MarginReport]:
    """Give the cross requirement; see `hedgerow.margin.require`."""

    def covers(terms: Instrument) -> str | None:
        return _not_covered(terms, rulebook)

    def initial(terms: EntryContract, notional: Decimal) -> tuple[Decimal, str]:
        tiers = rulebook.tiers[terms.underlying]
        rate = tiers[tier_index(tiers, notional)].rate_initial_frac
        return _initial(notional, rate)

    held = held_contracts(account, instruments, snapshot, covers)
    if isinstance(held, Failure):
        return held
    lines = [_line(each, rulebook) for each in held]
    ordered = order_lines(
        account,
        instruments,
        snapshot,
        covers,
        initial=initial,
        counts_open_loss=True,
        evidence=rulebook.known("open_orders"),
        evidence_initial=lambda terms: rulebook.known_of("tiered_initial", terms.underlying),
    )
    if isinstance(ordered, Failure):
        return ordered
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=rulebook.currency,
        lines=(*lines, *ordered),
        equity_lines=wallet_lines(
            account,
            held,
            rule="wallet balance",
            asset=rulebook.currency,
            evidence=rulebook.known("equity"),
        ),
    )


def _not_covered(terms: Instrument, rulebook: TieredRulebook) -> str | None:
    if not isinstance(terms, LinearPerpetual) or terms.settlement != rulebook.currency:
        return f"{terms.instrument_id} is not a {rulebook.currency} perpetual"
    if terms.underlying not in rulebook.tiers:
        coin = terms.underlying
        said = no_tiers(
            coin, instrument_id=terms.instrument_id, key=f"tiers.{coin}", known=rulebook.tiers
        )
        return f"{rulebook.name} has {said}"
    return None


def _line(held: Held, rulebook: TieredRulebook) -> MarginLine:
    tiers = rulebook.tiers[held.terms.underlying]
    notional, at = held.notional_ccy, tier_index(tiers, held.notional_ccy)
    initial_usd, told_initial = _initial(notional, tiers[at].rate_initial_frac)
    return MarginLine(
        rule="tiered maintenance",
        subject=held.terms.instrument_id,
        amount_ccy=maintenance_usd(tiers, notional),
        detail=f"{notional:f} x {tiers[at].rate_maintenance_frac} - "
        f"{deductions_usd(tiers)[at]} (tier {at}); "
        f"initial {told_initial}; {held.told}",
        amount_initial_ccy=initial_usd,
        evidence=rulebook.known_of("tiered_maintenance", held.terms.underlying),
        evidence_initial=rulebook.known_of("tiered_initial", held.terms.underlying),
    )


def _initial(notional: Decimal, rate_frac: Decimal) -> tuple[Decimal, str]:
    """Cut the initial requirement off after eight decimals, as the venue prints it; say how."""
    cut = quantise(notional * rate_frac, Decimal("1e-8"), "down")
    return cut, f"down({notional:f} x {rate_frac}, 1e-8)"


def _model(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    snapshots: Sequence[Snapshot],
    rulebook: TieredRulebook,
) -> Cells:
    return tiered_cells(
        accounts,
        instruments,
        snapshots,
        covers=lambda _, terms: _not_covered(terms, rulebook),
        table_of=lambda terms: terms.underlying,
        tables={
            coin: TierColumns.of(
                [tier.floor_usd for tier in tiers],
                [tier.rate_maintenance_frac for tier in tiers],
                [tier.rate_initial_frac for tier in tiers],
            )
            for coin, tiers in rulebook.tiers.items()
        },
        asset_of=lambda _: rulebook.currency,
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
    yield from mistakes_of_tiers(rulebook.tiers)
    for coin in rulebook.tiers_borrowed:
        if coin not in rulebook.tiers:
            yield f"tiers_borrowed: there are no tiers of {coin}"
    yield from outside(rulebook, "[0, 1)", "fee_taker_frac", "fee_liquidation_frac")


ENGINE = Engine(
    kind=TieredRulebook,
    rules=("equity", "tiered_maintenance", "tiered_initial", "open_orders"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
    knows_orders=True,
    model=_model,
)
