"""Binance COIN-M in cross mode: inverse perpetuals and futures, one wallet per coin.

Everything is counted in the account's coin: a position of Q dollars has a notional of ``Q / mark``
and needs ``Q / mark · rate - cum``, cum being the tiers' deduction in coins (venue-margin.md
section 2.2: the figure [V] against a live position; initial cut off after eight decimals [V]
binance-pm-position-btcusdt). Orders that rest are margined as on USD-M ([S]).
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import EntryContract, Instrument, InverseFuture, InversePerpetual
from hedgerow.margin.bounds import outside
from hedgerow.margin.brackets import Brackets, brackets_key, mistakes_of_brackets, required
from hedgerow.margin.contracts import held_contracts, order_lines, wallet_lines
from hedgerow.margin.engine import Charges, Engine, VenueTerms, unwritten
from hedgerow.margin.model import Cells, TierColumns, tiered_cells
from hedgerow.margin.records import MarginLine, MarginReport, Rulebook, report_of
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import quantise

__all__ = ["ENGINE", "CoinTieredRulebook", "require"]

_STEP_COIN = Decimal("1e-8")


class CoinTieredRulebook(Rulebook, frozen=True, kw_only=True, tag="tiered_coin"):
    """Tiers of every coin in that coin, such as ``BTC/BTC``; fees where a source tells them."""

    brackets: dict[str, Brackets]
    fee_taker_frac: Decimal | None = None
    fee_liquidation_frac: Decimal | None = None


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: CoinTieredRulebook,
) -> Outcome[MarginReport]:
    """Give the cross requirement of one coin's wallet; see `hedgerow.margin.require`."""
    coin = account.currency

    def covers(terms: Instrument) -> str | None:
        return _not_covered(account, terms)

    def initial(terms: EntryContract, notional_coin: Decimal) -> Outcome[tuple[Decimal, str]]:
        need = required(rulebook.brackets, terms, notional_coin)
        if isinstance(need, Failure):
            return need
        return quantise(need.initial_ccy, _STEP_COIN, "down"), f"down({need.told_initial}, 1e-8)"

    held = held_contracts(account, instruments, snapshot, covers)
    if isinstance(held, Failure):
        return held
    lines = []
    for each in held:
        need = required(rulebook.brackets, each.terms, each.notional_ccy)
        if isinstance(need, Failure):
            return need
        lines.append(
            MarginLine(
                rule="tiered maintenance",
                subject=each.terms.instrument_id,
                amount_ccy=need.maintenance_ccy,
                amount_initial_ccy=quantise(need.initial_ccy, _STEP_COIN, "down"),
                detail=f"{need.told_maintenance} (tier {need.tier_index}); "
                f"initial down({need.told_initial}, 1e-8); {each.told}",
                evidence=rulebook.known("tiered_maintenance"),
                evidence_initial=rulebook.known("tiered_initial"),
            )
        )
    ordered = order_lines(
        account,
        instruments,
        snapshot,
        covers,
        initial=initial,
        counts_open_loss=True,
        evidence=rulebook.known("open_orders"),
        evidence_initial=lambda _: rulebook.known("tiered_initial"),
    )
    if isinstance(ordered, Failure):
        return ordered
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency=coin,
        lines=(*lines, *ordered),
        equity_lines=wallet_lines(
            account,
            held,
            rule="wallet balance",
            asset=coin,
            evidence=rulebook.known("equity"),
        ),
    )


def _not_covered(account: Account, terms: Instrument) -> str | None:
    coin = account.currency
    if not isinstance(terms, InversePerpetual | InverseFuture) or terms.underlying != coin:
        return f"{terms.instrument_id} is no inverse contract of {coin}"
    return None


def _model(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    snapshots: Sequence[Snapshot],
    rulebook: CoinTieredRulebook,
) -> Cells:
    return tiered_cells(
        accounts,
        instruments,
        snapshots,
        covers=_not_covered,
        table_of=brackets_key,
        tables={
            name: TierColumns.of(
                [tier.floor_ccy for tier in table.tiers],
                [tier.rate_maintenance_frac for tier in table.tiers],
                [tier.rate_initial_frac for tier in table.tiers],
                table.notional_ccy_max,
            )
            for name, table in rulebook.brackets.items()
        },
        asset_of=lambda account: account.currency,
    )


def _terms(rulebook: CoinTieredRulebook) -> VenueTerms:
    taker, liquidation = rulebook.fee_taker_frac, rulebook.fee_liquidation_frac
    coins = [name.split("/")[1] for name in rulebook.brackets]
    return VenueTerms(
        instruments=(InversePerpetual, InverseFuture),
        counted={coin: (coin,) for coin in coins},
        charges=None
        if taker is None or liquidation is None
        else Charges(fee_taker_frac=taker, fee_liquidation_frac=liquidation),
        fees_unwritten=unwritten(rulebook, "fee_taker_frac", "fee_liquidation_frac"),
    )


def _mistakes(rulebook: CoinTieredRulebook) -> Iterator[str]:
    for name in rulebook.brackets:
        if len(set(name.split("/"))) != 1 or "/" not in name:
            yield f"brackets.{name} must name one coin twice, such as BTC/BTC"
    yield from mistakes_of_brackets(rulebook.brackets)
    yield from outside(rulebook, "[0, 1)", "fee_taker_frac", "fee_liquidation_frac")


ENGINE = Engine(
    kind=CoinTieredRulebook,
    rules=("equity", "tiered_maintenance", "tiered_initial", "open_orders"),
    require=require,
    terms=_terms,
    mistakes=_mistakes,
    knows_orders=True,
    model=_model,
)
