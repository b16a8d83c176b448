"""Futures and perpetuals as a venue sees them that margins each position on its own.

What a position is worth at the mark, what it has earned, and the rule for orders that rest. All in
the currency the contract is settled in: coins for an inverse one. A division is kept to twelve
decimals, rounded against the holder, so that every line can be repeated with a calculator.

References
----------
venue-margin.md sections 0 and 2.1: in hedge mode the long and the short of one instrument are
margined side by side, so positions are added up by instrument and side.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import EntryContract, Instrument, has_entry, is_inverse, slope_ccy_per_usd
from hedgerow.margin.legs import are_both_sides_held
from hedgerow.margin.records import Evidence, MarginLine, Rulebook, unsupported, weaker
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, OpenOrder, Position
from hedgerow.units import quantise, quantise_fraction_up

__all__ = [
    "Held",
    "Initial",
    "borrowed",
    "held_contracts",
    "order_lines",
    "profit_lines",
    "rounded_up_ccy",
    "wallet_lines",
]

_STEP_CCY = Decimal("1e-12")


class Held(NamedTuple):
    """One side of one instrument: what is held of it and what that is worth at the mark.

    `told` says how the notional is computed.
    """

    terms: EntryContract
    quantity_contracts: Decimal
    mark_usd: Decimal
    notional_ccy: Decimal
    told: str


# What a notional of an instrument needs initially, and how that is computed.
Initial = Callable[[EntryContract, Decimal], Outcome[tuple[Decimal, str]]]


def held_contracts(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    covers: Callable[[Instrument], str | None],
) -> Outcome[list[Held]]:
    """Give every side held, in the order of its first position; what is nothing is left out.

    Parameters
    ----------
    covers
        Says in a sentence why an instrument is not covered; None where it is.

    Returns
    -------
    list or Failure
        A Failure naming the first instrument that is not covered, has no mark or no entry price.
    """
    sides: dict[tuple[str, bool], Decimal] = {}
    for position in account.positions:
        side = (position.instrument_id, position.quantity_contracts > 0)
        sides[side] = sides.get(side, Decimal(0)) + position.quantity_contracts
    found = []
    for (name, _), quantity in sides.items():
        marked = _marked(account, instruments[name], snapshot, covers)
        if isinstance(marked, Failure):
            return marked
        if quantity != 0:
            terms, mark_usd = marked
            notional_ccy, told = _notional(terms, quantity, mark_usd)
            found.append(Held(terms, quantity, mark_usd, notional_ccy, told))
    for position in account.positions:
        if position.price_entry_ccy is None:
            return unsupported(account, f"{position.instrument_id} has no entry price")
    return found


def borrowed(account: Account, rulebook: Rulebook, asset: str) -> Failure | None:
    """Refuse a coin that is owed where a venue lends it against a requirement nobody knows."""
    amount_coin = account.balance_coin(asset)
    if amount_coin >= 0:
        return None
    return unsupported(
        account,
        f"{-amount_coin} {asset} are borrowed, and what {rulebook.name} requires for borrowing is "
        "not in its reference",
    )


def wallet_lines(
    account: Account, held: Iterable[Held], *, rule: str, asset: str, evidence: Evidence
) -> Iterator[MarginLine]:
    """Give a wallet of one asset: its balance, under the venue's own word, and every profit."""
    yield MarginLine(
        rule=rule, subject=asset, amount_ccy=account.balance_coin(asset), evidence=evidence
    )
    yield from profit_lines(account, held, evidence)


def profit_lines(
    account: Account, held: Iterable[Held], evidence: Evidence
) -> Iterator[MarginLine]:
    """Give what every position has earned since its entry, unrealised, one line each."""
    by_name = {each.terms.instrument_id: each for each in held}
    for position in account.positions:
        side = by_name.get(position.instrument_id)
        if side is None:  # nothing of it is held
            continue
        amount_ccy, told = _profit(position, side.terms, side.mark_usd)
        yield MarginLine(
            rule="unrealised profit",
            subject=position.instrument_id,
            amount_ccy=amount_ccy,
            detail=told,
            evidence=evidence,
        )


def order_lines(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    covers: Callable[[Instrument], str | None],
    *,
    initial: Initial,
    counts_open_loss: bool,
    evidence: Evidence,
    evidence_initial: Callable[[EntryContract], Evidence],
) -> Outcome[list[MarginLine]]:
    """Give what orders that rest add to the initial requirement: that of the worse side filled.

    Per instrument the exposure is ``max(|P|, |P + B|, |P - S|)``, with P the signed notional of the
    position at the mark, B and S those of its buys and sells at their own prices; what that needs
    beyond |P| is the line. Orders that only reduce are free. An open loss is what an order would
    lose at once at the mark.

    Parameters
    ----------
    evidence
        How well it is known what orders may lead to.
    evidence_initial
        How well it is known what an instrument's exposure needs to begin with.

    Returns
    -------
    list or Failure
        One line an instrument. A Failure where both sides of an instrument are held: no rule says
        which of them an order joins.
    """
    orders: dict[str, list[OpenOrder]] = {}
    for order in account.orders:
        orders.setdefault(order.instrument_id, []).append(order)
    lines = []
    for name, resting in orders.items():
        marked = _marked(account, instruments[name], snapshot, covers)
        if isinstance(marked, Failure):
            return marked
        terms, mark_usd = marked
        if are_both_sides_held(account, name):
            return unsupported(account, f"both sides of {name} are held, and orders rest in it")
        quantity = account.quantity_contracts(name)
        position_ccy = _notional(terms, quantity, mark_usd)[0].copy_sign(quantity)
        filled = {
            sign: sum(
                (
                    _notional(terms, each.quantity_contracts, each.price_ccy)[0]
                    for each in resting
                    if not each.is_reduce_only and each.quantity_contracts * sign > 0
                ),
                Decimal(0),
            )
            for sign in (1, -1)
        }
        buys_ccy, sells_ccy = filled[1], filled[-1]
        most_ccy = max(
            abs(position_ccy), abs(position_ccy + buys_ccy), abs(position_ccy - sells_ccy)
        )
        then, now = initial(terms, most_ccy), initial(terms, abs(position_ccy))
        if isinstance(then, Failure):
            return then
        if isinstance(now, Failure):
            return now
        loss_ccy = sum(
            (_open_loss(each, terms, mark_usd) for each in resting if not each.is_reduce_only),
            Decimal(0),
        )
        told = (
            f"; {most_ccy:f} = max(|{position_ccy:f}|, |{position_ccy:f} + {buys_ccy:f}|, "
            f"|{position_ccy:f} - {sells_ccy:f}|)"
        )
        if counts_open_loss:
            told = f" + {loss_ccy:f}{told}; open loss {loss_ccy:f}"
        lines.append(
            MarginLine(
                rule="open orders",
                subject=name,
                amount_ccy=Decimal(0),
                amount_initial_ccy=then[0] - now[0] + (loss_ccy if counts_open_loss else 0),
                detail=f"initial {then[1]} - {now[1]}{told}",
                evidence=evidence,
                evidence_initial=weaker(evidence, evidence_initial(terms)),
            )
        )
    return lines


def rounded_up_ccy(amount_ccy: Fraction) -> Decimal:
    """Keep twelve decimals of what is owed."""
    kept = quantise_fraction_up(amount_ccy, Fraction(_STEP_CCY))
    if kept.denominator == 1:
        return Decimal(kept.numerator)
    steps = kept / Fraction(_STEP_CCY)
    return Decimal(steps.numerator).scaleb(-12).normalize()


def _marked(
    account: Account,
    terms: Instrument,
    snapshot: Snapshot,
    covers: Callable[[Instrument], str | None],
) -> Outcome[tuple[EntryContract, Decimal]]:
    wrong = covers(terms)
    if wrong is not None:
        return unsupported(account, wrong)
    if not has_entry(terms):
        return unsupported(account, f"{terms.instrument_id} is neither future nor perpetual")
    mark_usd = snapshot.mark_usd(terms.instrument_id, terms.underlying)
    return mark_usd if isinstance(mark_usd, Failure) else (terms, mark_usd)


def _notional(
    terms: EntryContract, quantity_contracts: Decimal, price_usd: Decimal
) -> tuple[Decimal, str]:
    """Give the unsigned notional in the settlement currency, and how it is computed."""
    if is_inverse(terms):
        size_usd = abs(quantity_contracts) * terms.multiplier_usd_per_contract
        notional_coin = quantise(size_usd / price_usd, _STEP_CCY, "up")
        return notional_coin, f"{notional_coin:f} = {size_usd:f} / {price_usd:f}"
    size = abs(quantity_contracts) * slope_ccy_per_usd(terms)
    return size * price_usd, f"{size * price_usd:f} = {size:f} x {price_usd:f}"


def _profit(position: Position, terms: EntryContract, mark_usd: Decimal) -> tuple[Decimal, str]:
    entry_usd = position.price_entry_ccy
    assert entry_usd is not None, "held_contracts refuses a position without an entry"
    if is_inverse(terms):
        size_usd = position.quantity_contracts * terms.multiplier_usd_per_contract
        # In fractions: an inverse cut to 28 digits may fall below the step that it stands on.
        earned = Fraction(size_usd) * (1 / Fraction(entry_usd) - 1 / Fraction(mark_usd))
        told = f"down({size_usd:f} x (1 / {entry_usd:f} - 1 / {mark_usd:f}), 1e-12)"
        return -rounded_up_ccy(-earned), told
    size = position.quantity_contracts * slope_ccy_per_usd(terms)
    return size * (mark_usd - entry_usd), f"{size:f} x ({mark_usd:f} - {entry_usd:f})"


def _open_loss(order: OpenOrder, terms: EntryContract, mark_usd: Decimal) -> Decimal:
    filled = Position(
        instrument_id=order.instrument_id,
        quantity_contracts=order.quantity_contracts,
        price_entry_ccy=order.price_ccy,
    )
    return max(Decimal(0), -_profit(filled, terms, mark_usd)[0])
