"""What it costs to leave a node at once, and how long it takes not to be the market.

Cost is against the middle of the book: futures walk the ladder that stands there, options pay half
the quoted spread. What a node buys and what it sells of one instrument walk one side of the book
each, all accounts together, so a node may cost more than the sum of its leaves. Beyond the last
level nothing is known, and nothing is said. Time is size over a stated share of the volume last
traded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Literal, TypeAlias

import msgspec

from hedgerow.errors import Failure, Outcome, OutOfDomain
from hedgerow.exposure.aggregate import node_places, parts_of
from hedgerow.exposure.nodes import node_order, ordered, row_at
from hedgerow.instruments import (
    EntryContract,
    Instrument,
    Option,
    QuantoFuture,
    QuantoPerpetual,
    Spot,
    has_entry,
    is_inverse,
    settlement_of,
    slope_ccy_per_usd,
)
from hedgerow.market import Ladder, Level, Snapshot
from hedgerow.portfolio import Book
from hedgerow.pricing import Values, unit_ccy
from hedgerow.units import HOUR_NS, SECOND_NS, format_ns, to_model

__all__ = ["DepthSource", "ExitLine", "LiquidityRow", "LiquidityTable", "liquidity"]

DepthSource: TypeAlias = Literal["recorded", "assumed", "half spread", "none"]

_ROUNDING = 1e-12  # of a quantity: what subtracting levels one by one may leave of nothing


class ExitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One side of one instrument: all that a node must sell (or buy back) of it.

    `quantity_contracts` is what is held, long positive. `depth_source` says where the cost comes
    from: a recorded or an assumed order book, or half the quoted spread, which has no size and is
    taken for any. Cost and time are None where `cost_missing` and `exit_missing` say why; `missing`
    has both.
    """

    instrument_id: str
    quantity_contracts: float
    cost_usd: float | None
    exit_hours: float | None
    depth_source: DepthSource
    cost_missing: tuple[Failure, ...]
    exit_missing: tuple[Failure, ...]
    missing: tuple[Failure, ...]


class LiquidityRow(msgspec.Struct, frozen=True, kw_only=True):
    """One node: the sum of its costs, and the time of its slowest line, as far as known.

    Either leaves out what its own `cost_missing` or `exit_missing` names (`missing` has both), and
    is None where nothing of it is known. A node with nothing to leave costs nothing and is at once.
    """

    node: str
    cost_usd: float | None
    exit_hours: float | None
    lines: tuple[ExitLine, ...]
    cost_missing: tuple[Failure, ...]
    exit_missing: tuple[Failure, ...]
    missing: tuple[Failure, ...]


class LiquidityTable(msgspec.Struct, frozen=True, kw_only=True):
    """Every node, parents before children. `participation_frac` is our share of the volume."""

    time_ns: int
    participation_frac: float
    rows: tuple[LiquidityRow, ...]

    def row(self, node: str) -> Outcome[LiquidityRow]:
        """Find one node's row."""
        return row_at(self.rows, node, "no exposure")


@dataclass(slots=True)
class _Sides:
    """What a node holds of each instrument, longs and shorts apart, and what is wrong with it."""

    held_contracts: dict[tuple[str, bool], list[float]] = field(default_factory=dict)
    missing: dict[Failure, None] = field(default_factory=dict)


def liquidity(
    book: Book, values: Values, snapshot: Snapshot, *, participation_frac: float
) -> LiquidityTable:
    """Estimate the exit of every node.

    Parameters
    ----------
    participation_frac
        Share of the traded volume that an exit takes, in (0, 1].

    Raises
    ------
    OutOfDomain
        If the share is none.

    Notes
    -----
    Balances of dollar coins are what an exit ends in: they cost nothing and appear in no line.
    Other coins, and loans and shares even of dollar coins, have no order book here: their cost and
    their time are missing.
    """
    if not 0.0 < participation_frac <= 1.0:
        raise OutOfDomain(f"participation must lie in (0, 1], was {participation_frac}")
    nodes: dict[str, _Sides] = {"desk": _Sides()}
    terms_of = {terms.instrument_id: terms for terms in book.instruments}
    for h, part in enumerate(parts_of(book, values, snapshot)):
        quantity_contracts = float(book.holding_quantity_contracts[h])
        is_dollar = isinstance(part.instrument, Spot) and part.own in snapshot.dollars_usd
        above, alone = node_places(part, part.own)
        for node in (*above, *alone):
            sides = nodes.setdefault(node, _Sides())
            if quantity_contracts == 0.0 or is_dollar:
                continue
            key = (part.instrument.instrument_id, quantity_contracts > 0)
            sides.held_contracts.setdefault(key, []).append(quantity_contracts)
            stale = (each for each in part.troubles if each.subject == part.account.account_id)
            sides.missing.update(dict.fromkeys(stale))

    known: dict[tuple[str, float], ExitLine] = {}

    def line(instrument_id: str, quantity_contracts: float) -> ExitLine:
        found = known.get((instrument_id, quantity_contracts))
        if found is None:
            terms = terms_of[instrument_id]
            found = known[instrument_id, quantity_contracts] = _line(
                terms, quantity_contracts, snapshot, participation_frac
            )
        return found

    return LiquidityTable(
        time_ns=snapshot.time_ns,
        participation_frac=participation_frac,
        rows=_rows(
            {
                node: (
                    [
                        line(key[0], fsum(sides.held_contracts[key]))
                        for key in sorted(sides.held_contracts)
                    ],
                    list(sides.missing),
                )
                for node, sides in nodes.items()
            }
        ),
    )


def _rows(
    nodes: Mapping[str, tuple[Sequence[ExitLine], Sequence[Failure]]],
) -> tuple[LiquidityRow, ...]:
    rows = []
    for node in sorted(nodes, key=node_order):
        lines, stale = nodes[node]
        costs = [one.cost_usd for one in lines if one.cost_usd is not None]
        hours = [one.exit_hours for one in lines if one.exit_hours is not None]
        of_cost = dict.fromkeys((*stale, *(each for one in lines for each in one.cost_missing)))
        of_exit = dict.fromkeys((*stale, *(each for one in lines for each in one.exit_missing)))
        rows.append(
            LiquidityRow(
                node=node,
                cost_usd=fsum(costs) if costs or not lines else None,
                exit_hours=max(hours, default=None if lines else 0.0),
                lines=tuple(lines),
                cost_missing=ordered(of_cost),
                exit_missing=ordered(of_exit),
                missing=ordered(of_cost | of_exit),
            )
        )
    return tuple(rows)


def _line(
    terms: Instrument, quantity_contracts: float, snapshot: Snapshot, participation_frac: float
) -> ExitLine:
    source: DepthSource = "none"
    cost: Outcome[float] = _no_book(terms)
    hours: Outcome[float] = cost
    if has_entry(terms):
        book = snapshot.ladder(terms.instrument_id)
        if isinstance(book, Failure):
            cost = book
        else:
            source = "assumed" if book.is_assumed else "recorded"
            cost = _walked(terms, quantity_contracts, book, snapshot)
        hours = _hours(terms, quantity_contracts, snapshot, participation_frac)
    elif isinstance(terms, Option):
        cost = _half_spread(terms, quantity_contracts, snapshot)
        source = "none" if isinstance(cost, Failure) else "half spread"
        hours = _hours(terms, quantity_contracts, snapshot, participation_frac)
    return ExitLine(
        instrument_id=terms.instrument_id,
        quantity_contracts=quantity_contracts,
        cost_usd=None if isinstance(cost, Failure) else cost,
        exit_hours=None if isinstance(hours, Failure) else hours,
        depth_source=source,
        cost_missing=(cost,) if isinstance(cost, Failure) else (),
        exit_missing=(hours,) if isinstance(hours, Failure) else (),
        missing=tuple(dict.fromkeys(each for each in (cost, hours) if isinstance(each, Failure))),
    )


def _walked(
    terms: EntryContract, quantity_contracts: float, book: Ladder, snapshot: Snapshot
) -> Outcome[float]:
    """Trade through the levels; give what that costs against the middle, in dollars."""
    levels: tuple[Level, ...] = book.bids if quantity_contracts > 0 else book.asks
    settlement = snapshot.asset(settlement_of(terms))
    if isinstance(settlement, Failure):
        return settlement
    middle = to_model(unit_ccy(terms, book.price_mid_usd))
    left, lost_ccy = abs(quantity_contracts), []
    for level in levels:
        taken = min(left, to_model(level.quantity_contracts))
        lost_ccy.append(taken * abs(to_model(unit_ccy(terms, level.price_usd)) - middle))
        left -= taken
        if left <= _ROUNDING * abs(quantity_contracts):
            return settlement.price_usd * fsum(lost_ccy)
    side = "bids" if quantity_contracts > 0 else "asks"
    return Failure(
        subject=terms.instrument_id,
        reason="missing_data",
        message=f"the {'assumed ' if book.is_assumed else ''}{side} of {terms.instrument_id} end "
        f"at {levels[-1].price_usd}, with {left:g} of {abs(quantity_contracts):g} contracts left",
    )


def _half_spread(terms: Option, quantity_contracts: float, snapshot: Snapshot) -> Outcome[float]:
    settlement = snapshot.asset(terms.settlement)
    if isinstance(settlement, Failure):
        return settlement
    mark = snapshot.option(terms)
    if isinstance(mark, Failure):
        return mark
    quote = snapshot.options[terms.instrument_id]
    bid, ask = quote.price_bid_ccy, quote.price_ask_ccy
    if bid is None or ask is None:
        side = "bid" if bid is None else "ask"
        return Failure(
            subject=terms.instrument_id,
            reason="missing_data",
            message=f"no {side} for {terms.instrument_id} at {format_ns(quote.time_ns)}",
        )
    half_ccy = to_model((ask - bid) / 2 * terms.multiplier_coin_per_contract)
    return abs(quantity_contracts) * half_ccy * settlement.price_usd


def _hours(
    terms: EntryContract | Option,
    quantity_contracts: float,
    snapshot: Snapshot,
    participation_frac: float,
) -> Outcome[float]:
    """Give size over our share of the volume of the last candle."""
    candle = snapshot.candles.get(terms.instrument_id)
    if candle is None:
        return _trouble(terms, "missing_data", f"no traded volume of {terms.instrument_id}")
    age_ns = snapshot.time_ns - candle.time_ns
    if age_ns > snapshot.ages.quote_ns_max:
        return _trouble(
            terms,
            "stale_data",
            f"the last traded volume of {terms.instrument_id} is {age_ns / SECOND_NS:.0f} s old, "
            f"the limit is {snapshot.ages.quote_ns_max / SECOND_NS:.0f} s",
        )
    span_hours = (candle.time_ns - candle.time_open_ns) / HOUR_NS
    volume_coin = to_model(candle.volume_coin)
    if volume_coin <= 0.0 or span_hours <= 0.0:
        return _trouble(terms, "missing_data", f"nothing of {terms.instrument_id} was traded")
    if isinstance(terms, Option):
        size_coin = to_model(terms.multiplier_coin_per_contract)
    elif is_inverse(terms):
        size_coin = to_model(terms.multiplier_usd_per_contract / candle.price_close_usd)
    else:
        size_coin = to_model(slope_ccy_per_usd(terms))
    if isinstance(terms, QuantoPerpetual | QuantoFuture):
        # It moves like so many coins as its slope is worth.
        paid_in = snapshot.asset(terms.settlement)
        if isinstance(paid_in, Failure):
            return paid_in
        size_coin *= paid_in.price_usd
    return abs(quantity_contracts) * size_coin / (participation_frac * volume_coin / span_hours)


def _trouble(
    terms: EntryContract | Option, reason: Literal["missing_data", "stale_data"], message: str
) -> Failure:
    return Failure(subject=terms.instrument_id, reason=reason, message=message)


def _no_book(terms: Instrument) -> Failure:
    return Failure(
        subject=terms.instrument_id,
        reason="unsupported",
        message=f"no order book to leave {terms.instrument_id} by",
    )
