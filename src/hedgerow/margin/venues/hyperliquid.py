"""Hyperliquid perpetuals, cross margined in USDC; an isolated position is an account of its own.

Equity is the balance plus unrealised profit at the mark. A tier of notional has a largest
leverage; maintenance is half of what that would ask for, less a deduction that keeps it continuous;
initial is the notional over the leverage in use. What must stay behind when something is taken out
(that, and at least a tenth of all notional) is no initial requirement and is not counted.

References
----------
venue-margin.md section 5: [V] hl-tier-*, hl-isolated-eth-liqpx, hl-clearinghouse-identities.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import EntryContract, Instrument, LinearPerpetual
from hedgerow.margin.bounds import outside
from hedgerow.margin.contracts import (
    Held,
    held_contracts,
    order_lines,
    rounded_up_ccy,
    wallet_lines,
)
from hedgerow.margin.engine import Charges, Engine, VenueTerms, unwritten
from hedgerow.margin.model import Cells, TierColumns, tiered_cells
from hedgerow.margin.records import MarginLine, MarginReport, Rulebook, report_of
from hedgerow.margin.rules.hyperliquid import tiers as rules
from hedgerow.margin.tiered import no_tiers
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = [
    "ENGINE",
    "HyperliquidRulebook",
    "LeverageTier",
    "mistakes_of_leverage",
    "not_covered",
    "position_line",
    "require",
]


class LeverageTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `floor_usd` of notional on at most so much leverage."""

    floor_usd: Decimal
    leverage_frac_max: Decimal


class HyperliquidRulebook(Rulebook, frozen=True, kw_only=True, tag="hyperliquid"):
    """Cross margin by margin tables.

    `leverage_set_frac` is what the holder has set, by coin; where nothing is told the most that the
    tier permits is in use. `fee_taker_frac` is None where no source tells it.
    """

    currency: str
    tiers: dict[str, list[LeverageTier]]
    leverage_set_frac: dict[str, Decimal] = msgspec.field(default_factory=dict)
    fee_taker_frac: Decimal | None = None
    fee_liquidation_frac: Decimal


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: HyperliquidRulebook,
) -> Outcome[MarginReport]:
    """Give the cross requirement; see `hedgerow.margin.require`."""

    def covers(terms: Instrument) -> str | None:
        return not_covered(terms, rulebook.currency, rulebook.tiers, rulebook.name)

    def initial(terms: EntryContract, notional: Decimal) -> tuple[Decimal, str]:
        return _initial(
            notional, rulebook.tiers[terms.underlying], rulebook.leverage_set_frac, terms
        )

    held = held_contracts(account, instruments, snapshot, covers)
    if isinstance(held, Failure):
        return held
    ordered = order_lines(
        account,
        instruments,
        snapshot,
        covers,
        initial=initial,
        counts_open_loss=False,
        evidence=rulebook.known("open_orders"),
        evidence_initial=lambda _: rulebook.known("initial"),
    )
    if isinstance(ordered, Failure):
        return ordered
    lines = [
        position_line(
            each,
            rulebook.tiers[each.terms.underlying],
            rulebook.leverage_set_frac,
            rulebook,
        )
        for each in held
    ]
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=rulebook.currency,
        lines=(*lines, *ordered),
        equity_lines=wallet_lines(
            account,
            held,
            rule="balance",
            asset=rulebook.currency,
            evidence=rulebook.known("equity"),
        ),
    )


def not_covered(
    terms: Instrument, currency: str, tiers: Mapping[str, object], name: str
) -> str | None:
    """Say why an instrument is none that margin tables cover."""
    if not isinstance(terms, LinearPerpetual) or terms.settlement != currency:
        return f"{terms.instrument_id} is not a {currency} perpetual"
    if terms.underlying not in tiers:
        coin = terms.underlying
        key = f"tiers.{coin}"
        said = no_tiers(coin, instrument_id=terms.instrument_id, key=key, known=tiers)
        return f"{name} has {said}"
    return None


def position_line(
    held: Held,
    table: Sequence[LeverageTier],
    leverage_set_frac: Mapping[str, Decimal],
    rulebook: Rulebook,
) -> MarginLine:
    """Give what one position needs, maintenance and initial."""
    notional = held.notional_ccy
    tier = rules.tier_of(Fraction(notional), _tiers(table))
    deduction = rounded_up_ccy(tier.deduction_usd)
    maintenance = rounded_up_ccy(Fraction(notional) * tier.maintenance_frac - tier.deduction_usd)
    leverage = _tier_leverage(notional, table)
    initial_ccy, told = _initial(notional, table, leverage_set_frac, held.terms)
    return MarginLine(
        rule="tiered maintenance",
        subject=held.terms.instrument_id,
        amount_ccy=maintenance,
        detail=f"{notional:f} / (2 x {leverage}) - {deduction:f}; initial {told}; {held.told}",
        amount_initial_ccy=initial_ccy,
        evidence=rulebook.known("tiered_maintenance"),
        evidence_initial=rulebook.known("initial"),
    )


def _initial(
    notional: Decimal,
    table: Sequence[LeverageTier],
    leverage_set_frac: Mapping[str, Decimal],
    terms: EntryContract,
) -> tuple[Decimal, str]:
    most = _tier_leverage(notional, table)
    leverage = min(leverage_set_frac.get(terms.underlying, most), most)
    return rounded_up_ccy(Fraction(notional) / Fraction(leverage)), f"{notional:f} / {leverage}"


def _tiers(table: Sequence[LeverageTier]) -> tuple[rules.Tier, ...]:
    return rules.tiers_of(
        [Fraction(tier.floor_usd) for tier in table],
        [Fraction(tier.leverage_frac_max) for tier in table],
    )


def _tier_leverage(notional: Decimal, table: Sequence[LeverageTier]) -> Decimal:
    """Give the largest leverage of a notional: a bound belongs to the tier above it."""
    (*_, last) = (tier for tier in table if tier.floor_usd <= notional)
    return last.leverage_frac_max


def mistakes_of_leverage(
    tables: Mapping[str, Sequence[LeverageTier]], leverage_set_frac: Mapping[str, Decimal]
) -> Iterator[str]:
    """Name margin tables that do not begin at nothing or do not tighten, and leverage below one."""
    for name, table in tables.items():
        floors = [tier.floor_usd for tier in table]
        if not floors or floors[0] != 0 or floors != sorted(set(floors)):
            yield f"tiers.{name} must start at 0 and rise, floors were {list(map(str, floors))}"
        leverages = [tier.leverage_frac_max for tier in table]
        if leverages != sorted(leverages, reverse=True):
            listed = list(map(str, leverages))
            yield f"tiers.{name} leverage must fall, was {listed}"
        for at, tier in enumerate(table):
            under = f"tiers.{name}.[{at}]"
            yield from outside(tier, "at least 1", "leverage_frac_max", under=under)
    for name, leverage in leverage_set_frac.items():
        if leverage < 1 or name not in tables:
            yield f"leverage_set_frac.{name} must be at least 1 and of a coin with tiers"


def _model(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    snapshots: Sequence[Snapshot],
    rulebook: HyperliquidRulebook,
) -> Cells:
    def columns(coin: str, table: Sequence[LeverageTier]) -> TierColumns:
        most = [Fraction(tier.leverage_frac_max) for tier in table]
        told = rulebook.leverage_set_frac.get(coin)
        used = most if told is None else [min(Fraction(told), each) for each in most]
        return TierColumns.of(
            [Fraction(tier.floor_usd) for tier in table],
            [1 / (2 * each) for each in most],
            [1 / each for each in used],
        )

    return tiered_cells(
        accounts,
        instruments,
        snapshots,
        covers=lambda _, terms: not_covered(
            terms, rulebook.currency, rulebook.tiers, rulebook.name
        ),
        table_of=lambda terms: terms.underlying,
        tables={coin: columns(coin, table) for coin, table in rulebook.tiers.items()},
        asset_of=lambda _: rulebook.currency,
    )


def _terms(rulebook: HyperliquidRulebook) -> VenueTerms:
    fee = rulebook.fee_taker_frac
    return VenueTerms(
        instruments=(LinearPerpetual,),
        counted={rulebook.currency: (rulebook.currency,)},
        charges=None
        if fee is None
        else Charges(fee_taker_frac=fee, fee_liquidation_frac=rulebook.fee_liquidation_frac),
        fees_unwritten=unwritten(rulebook, "fee_taker_frac"),
    )


def _mistakes(rulebook: HyperliquidRulebook) -> Iterator[str]:
    yield from mistakes_of_leverage(rulebook.tiers, rulebook.leverage_set_frac)
    yield from outside(rulebook, "[0, 1)", "fee_taker_frac", "fee_liquidation_frac")


ENGINE = Engine(
    kind=HyperliquidRulebook,
    rules=("equity", "tiered_maintenance", "initial", "open_orders"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
    knows_orders=True,
    model=_model,
)
