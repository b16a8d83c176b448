"""Bybit's options in a unified account: what a short one needs, and what orders in them tie up.

A long option is paid for and needs nothing. All is in the option's own dollar, at its price.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from hedgerow.errors import Failure, Outcome
from hedgerow.instruments import Instrument, Option
from hedgerow.margin.contracts import rounded_up_ccy
from hedgerow.margin.holdings import black_written
from hedgerow.margin.records import Evidence, MarginLine, unsupported, weaker
from hedgerow.margin.rules import bybit as rules
from hedgerow.margin.venues.bybit_rulebook import UnifiedRulebook
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, OpenOrder
from hedgerow.pricing import value_usd
from hedgerow.units import to_exact, to_model

__all__ = ["OptionLines", "option_lines"]

# The model's mark is kept to eight decimals, up: who is short owes it.
_MARK_STEP_USD = Decimal("1e-8")


class OptionLines(NamedTuple):
    """Lines of positions and of orders."""

    held: list[MarginLine]
    ordered: list[MarginLine]


class _Quoted(NamedTuple):
    terms: Option
    index_usd: Decimal
    mark_usd: Decimal
    mark_how: str
    out_usd: Decimal  # out of the money by so much
    settled_usd: Decimal  # the price of the dollar it settles in
    is_heard: bool  # all that has gone by of its settlement window was

    def known(self, evidence: Evidence) -> Evidence:
        """Give how well it is known what is counted at the mark."""
        return evidence if self.is_heard else "U"


class _Need(NamedTuple):
    maintenance_usd: Decimal
    initial_usd: Decimal
    told_maintenance: str
    told_initial: str


def option_lines(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: UnifiedRulebook,
) -> Outcome[OptionLines]:
    """Give the lines of an account's options; a Failure where one has no price."""
    found = OptionLines([], [])
    for position in account.positions:
        quoted = _quoted(account, instruments[position.instrument_id], snapshot, rulebook)
        if isinstance(quoted, Failure):
            return quoted
        if position.quantity_contracts >= 0:
            continue
        paid_usd = position.price_entry_ccy
        need = _short(quoted, position.quantity_contracts, paid_usd, rulebook)
        maintained = quoted.known(rulebook.known("option_maintenance"))
        # Initial is of the average price where that is above the mark; untold, it may be.
        initially = "U" if paid_usd is None else rulebook.known("option_initial")
        found.held.append(
            MarginLine(
                rule="short option",
                subject=position.instrument_id,
                amount_ccy=need.maintenance_usd * quoted.settled_usd,
                amount_initial_ccy=need.initial_usd * quoted.settled_usd,
                detail=f"{need.told_maintenance} x {quoted.settled_usd}; initial "
                f"{need.told_initial} x {quoted.settled_usd}; {quoted.mark_how}",
                evidence=maintained,
                # The larger of what is maintained and of a formula of its own.
                evidence_initial=weaker(maintained, initially),
            )
        )
    for order in account.orders:
        quoted = _quoted(account, instruments[order.instrument_id], snapshot, rulebook)
        if isinstance(quoted, Failure):
            return quoted
        cost = _order(quoted, order, rulebook)
        if isinstance(cost, str):
            return unsupported(account, cost)
        found.ordered.append(cost)
    return found


def _quoted(
    account: Account, terms: Instrument, snapshot: Snapshot, rulebook: UnifiedRulebook
) -> Outcome[_Quoted]:
    assert isinstance(terms, Option), "the account was parted by kind"
    if terms.settlement not in rulebook.settlements:
        return unsupported(
            account, f"{terms.instrument_id} settles in {terms.settlement}, not in a dollar"
        )
    index_usd = snapshot.spot_usd(terms.underlying)
    if isinstance(index_usd, Failure):
        return index_usd
    settled_usd = snapshot.spot_usd(terms.settlement)
    if isinstance(settled_usd, Failure):
        return settled_usd
    mark = snapshot.option(terms)
    if isinstance(mark, Failure):
        return mark
    is_call = terms.right == "call"
    worth = value_usd(
        np.array([mark.average_usd]),
        np.array([to_model(terms.strike_usd)]),
        np.array([mark.vol_average_frac]),
        np.array([mark.expiry_years]),
        np.array([is_call]),
    )
    out_usd = terms.strike_usd - index_usd if is_call else index_usd - terms.strike_usd
    # Only what is sold is margined by it, so up is against ourselves.
    mark_usd = to_exact(float(worth[0]), _MARK_STEP_USD, "up")
    how = black_written(
        terms,
        forward_usd=mark.average_usd,
        vol_frac=mark.vol_average_frac,
        years=mark.expiry_years,
    )
    return _Quoted(
        terms=terms,
        index_usd=index_usd,
        mark_usd=mark_usd,
        mark_how=f"{mark_usd:f} = {how}",
        out_usd=max(out_usd, Decimal(0)),
        settled_usd=settled_usd,
        is_heard=mark.is_heard,
    )


def _short(
    quoted: _Quoted, quantity_contracts: Decimal, price_usd: Decimal | None, book: UnifiedRulebook
) -> _Need:
    """Give what selling so many needs; the price is what they were or would be sold at."""
    index, mark, out = quoted.index_usd, quoted.mark_usd, quoted.out_usd
    size_coin = quantity_contracts * quoted.terms.multiplier_coin_per_contract
    least, liquidation = book.option_maintenance_frac, book.fee_option_liquidation_frac
    sold_usd = mark if price_usd is None else price_usd
    maintenance_usd = rules.short_option_maintenance_usd(
        Fraction(size_coin),
        index_usd=Fraction(index),
        mark_usd=Fraction(mark),
        factor_frac=Fraction(least),
        liquidation_fee_frac=Fraction(liquidation),
    )
    initial_usd = rules.short_option_initial_usd(
        Fraction(size_coin),
        index_usd=Fraction(index),
        mark_usd=Fraction(mark),
        order_usd=Fraction(sold_usd),
        out_of_the_money_usd=Fraction(out),
        maintenance_usd=maintenance_usd,
        most_frac=Fraction(book.option_initial_frac_max),
        least_frac=Fraction(book.option_initial_frac_min),
    )
    first = (
        f"(max({least} x {index}, {least} x {mark:f}) + {mark:f} + {liquidation} x {index}) "
        f"x {-size_coin}"
    )
    then = (
        f"(max({book.option_initial_frac_max} x {index} - {out}, "
        f"{book.option_initial_frac_min} x {index}) + max({sold_usd:f}, {mark:f})) "
        f"x {-size_coin}"
    )
    return _Need(
        maintenance_usd=rounded_up_ccy(maintenance_usd),
        initial_usd=rounded_up_ccy(initial_usd),
        told_maintenance=first,
        told_initial=f"max({first}, {then})",
    )


def _order(quoted: _Quoted, order: OpenOrder, book: UnifiedRulebook) -> MarginLine | str:
    """Give what an order ties up: premium and fee to buy, the short's need to sell.

    A sale's premium is taken off. One that only reduces is free. A sentence where no fee is known.
    """
    name, taker = order.instrument_id, book.fee_option_taker_frac
    initial_usd, told, how = Decimal(0), "0", "only reduces"
    if not order.is_reduce_only:
        if taker is None:
            return f"{book.name} has no fee for options, which the order in {name} ties up"
        size_coin = order.quantity_contracts * quoted.terms.multiplier_coin_per_contract
        bought = rules.long_option_order(
            abs(Fraction(size_coin)),
            Fraction(order.price_ccy),
            index_usd=Fraction(quoted.index_usd),
            taker_frac=Fraction(taker),
            cap_of_price_frac=Fraction(book.fee_option_of_price_frac_max),
        )
        fee_told = (
            f"min({taker} x {quoted.index_usd}, {book.fee_option_of_price_frac_max} x "
            f"{order.price_ccy}) x {abs(size_coin)}"
        )
        if size_coin > 0:
            initial_usd = rounded_up_ccy(bought.cost_usd)
            told, how = f"{order.price_ccy} x {size_coin} + {fee_told}", ""
        else:
            need = _short(quoted, order.quantity_contracts, order.price_ccy, book)
            initial_usd = rounded_up_ccy(
                Fraction(need.initial_usd) + bought.fee_usd - bought.premium_usd
            )
            told = f"{need.told_initial} + {fee_told} - {order.price_ccy} x {-size_coin}"
            how = quoted.mark_how
    return MarginLine(
        rule="open orders",
        subject=name,
        amount_ccy=Decimal(0),
        amount_initial_ccy=initial_usd * quoted.settled_usd,
        detail=f"initial ({told}) x {quoted.settled_usd}" + (how and f"; {how}"),
        evidence=quoted.known(book.known("option_orders")),
    )
