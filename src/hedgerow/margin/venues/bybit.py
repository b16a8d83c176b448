"""Bybit unified account in cross mode: perpetuals, futures and options against one dollar balance.

Margin balance is every coin of the wallet at its index plus the unrealised profit of perpetuals; an
option's value is no part of it. Rates are account wide: liquidation comes where the maintenance of
all positions reaches the margin balance. What of a coin's worth is no collateral lowers what is
available and not what keeps the account alive, so it stands in the initial requirement. A coin that
is owed is refused: no source here tells what the venue requires for lending it.

Futures need ``N rate - deduction`` and what closing them is estimated to cost; the venue takes that
fee at the bankruptcy price, here it is of the notional at the mark ([U]).

References
----------
venue-margin.md section 3.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import (
    EntryContract,
    Instrument,
    InverseFuture,
    InversePerpetual,
    LinearFuture,
    LinearPerpetual,
    Option,
    settlement_of,
)
from hedgerow.margin.brackets import position_lines, required
from hedgerow.margin.contracts import borrowed, held_contracts, order_lines, profit_lines
from hedgerow.margin.engine import Engine
from hedgerow.margin.records import MarginLine, MarginReport, report_of, unsupported
from hedgerow.margin.venues.bybit_options import option_lines
from hedgerow.margin.venues.bybit_rulebook import UnifiedRulebook, mistakes, venue_terms
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["ENGINE", "UnifiedRulebook", "require"]


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: UnifiedRulebook,
) -> Outcome[MarginReport]:
    """Give the requirement in dollars; see `hedgerow.margin.require`."""
    futures, options = _apart(account, instruments)
    wallet = _wallet(account, snapshot, rulebook)
    if isinstance(wallet, Failure):
        return wallet
    equity_lines, lines = wallet
    perpetuals = _futures(futures, instruments, snapshot, rulebook)
    if isinstance(perpetuals, Failure):
        return perpetuals
    written = option_lines(options, instruments, snapshot, rulebook)
    if isinstance(written, Failure):
        return written
    profits, needed, ordered = perpetuals
    return report_of(
        account,
        rulebook,
        snapshot.time_ns,
        currency="USD",
        lines=(*lines, *needed, *written.held, *ordered, *written.ordered),
        equity_lines=(*equity_lines, *profits),
    )


def _apart(account: Account, instruments: Mapping[str, Instrument]) -> tuple[Account, Account]:
    """Give the account with everything but options, and with nothing else."""

    def only(is_option: bool) -> Account:
        def kept(name: str) -> bool:
            return isinstance(instruments[name], Option) is is_option

        return msgspec.structs.replace(
            account,
            positions=tuple(each for each in account.positions if kept(each.instrument_id)),
            orders=tuple(each for each in account.orders if kept(each.instrument_id)),
        )

    return only(False), only(True)


def _wallet(
    account: Account, snapshot: Snapshot, rulebook: UnifiedRulebook
) -> Outcome[tuple[list[MarginLine], list[MarginLine]]]:
    """Give what every coin is worth, and what of that cannot be used for new positions."""
    worth, haircuts = [], []
    for asset in dict.fromkeys(balance.asset for balance in account.balances):
        price_usd = snapshot.spot_usd(asset)
        if isinstance(price_usd, Failure):
            return price_usd
        amount_coin = account.balance_coin(asset)
        owing = borrowed(account, rulebook, asset)
        if owing is not None:
            return owing
        value_usd = amount_coin * price_usd
        ratio = rulebook.collateral_ratio_frac.get(asset)
        worth.append(
            MarginLine(
                rule="wallet balance",
                subject=asset,
                amount_ccy=value_usd,
                detail=f"{amount_coin} x {price_usd}",
                # That what is no collateral at all still keeps an account alive, the reference
                # says of coins in general, and of none in particular.
                evidence="U" if ratio == 0 else rulebook.known("equity"),
            )
        )
        if ratio is None and asset not in rulebook.settlements:
            return unsupported(account, f"{rulebook.name} has no collateral ratio of {asset}")
        part_frac = Decimal(1) if ratio is None else ratio
        haircuts.append(
            MarginLine(
                rule="collateral haircut",
                subject=asset,
                amount_ccy=Decimal(0),
                amount_initial_ccy=value_usd * (1 - part_frac),
                detail="initial 0; settles contracts, counted in full: no source tells its ratio"
                if ratio is None
                else f"initial {value_usd:f} x (1 - {ratio})",
                evidence="U" if ratio is None else rulebook.known("collateral_haircut"),
            )
        )
    return worth, haircuts


def _futures(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: UnifiedRulebook,
) -> Outcome[tuple[list[MarginLine], list[MarginLine], list[MarginLine]]]:
    """Give profits, requirements and what orders need, of all that has an entry price."""
    fee = rulebook.fee_closing_frac

    def covers(terms: Instrument) -> str | None:
        match terms:
            case InversePerpetual() | InverseFuture():
                return None
            case LinearPerpetual() | LinearFuture() if terms.settlement in rulebook.settlements:
                return None
        return f"{terms.instrument_id} is not margined in a unified account by {rulebook.name}"

    def initial(terms: EntryContract, notional: Decimal) -> Outcome[tuple[Decimal, str]]:
        need = required(rulebook.brackets, terms, notional)
        if isinstance(need, Failure):
            return need
        return need.initial_ccy + notional * fee, f"({need.told_initial} + {notional:f} x {fee})"

    held = held_contracts(account, instruments, snapshot, covers)
    if isinstance(held, Failure):
        return held
    needed: list[MarginLine] = []
    for each in held:
        price_usd = snapshot.spot_usd(settlement_of(each.terms))
        if isinstance(price_usd, Failure):
            return price_usd
        lines = position_lines(
            each,
            rulebook.brackets,
            evidence=rulebook.known("tiered_maintenance"),
            evidence_initial=rulebook.known("initial"),
            price_usd=price_usd,
            fee_frac=fee,
            fee_evidence=rulebook.known("closing_fee"),
            is_fee_initial=True,
        )
        if isinstance(lines, Failure):
            return lines
        needed.extend(lines)
    profits = list(profit_lines(account, held, rulebook.known("equity")))
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
    earned = _in_dollars(profits, instruments, snapshot)
    if isinstance(earned, Failure):
        return earned
    resting = _in_dollars(ordered, instruments, snapshot)
    return resting if isinstance(resting, Failure) else (earned, needed, resting)


def _in_dollars(
    lines: Sequence[MarginLine], instruments: Mapping[str, Instrument], snapshot: Snapshot
) -> Outcome[list[MarginLine]]:
    """Turn lines in each instrument's own settlement currency into dollars."""
    found = []
    for line in lines:
        price_usd = snapshot.spot_usd(settlement_of(instruments[line.subject]))
        if isinstance(price_usd, Failure):
            return price_usd
        initial_ccy = line.amount_initial_ccy
        found.append(
            msgspec.structs.replace(
                line,
                amount_ccy=line.amount_ccy * price_usd,
                amount_initial_ccy=None if initial_ccy is None else initial_ccy * price_usd,
                detail=_priced(line.detail, price_usd),
            )
        )
    return found


def _priced(detail: str, price_usd: Decimal) -> str:
    """Multiply what a chain gives, first and initially, by a price; its equations stay."""
    first, *steps = detail.split("; ")
    if first.startswith("initial "):
        told = f"initial ({first.removeprefix('initial ')}) x {price_usd}"
    else:
        told = f"({first}) x {price_usd}"
    return "; ".join([told, *steps])


ENGINE = Engine(
    kind=UnifiedRulebook,
    rules=(
        "equity",
        "collateral_haircut",
        "tiered_maintenance",
        "closing_fee",
        "initial",
        "option_maintenance",
        "option_initial",
        "option_orders",
        "open_orders",
    ),
    require=require,
    terms=venue_terms,
    mistakes=mistakes,
    knows_orders=True,
)
